"""``batchsim.compare`` and ``replicate``: pairs by common random numbers, exact where nothing differs."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest
from experiments.small import column, measured, night

import batchsim
from batchsim import Comparison, ExperimentError, ScenarioError, Simulation
from batchsim.analysis.metrics import METRICS


def test_two_identical_variants_differ_by_exactly_nothing() -> None:
    found = batchsim.compare({"a": night(), "b": night()}, metrics="all", replications=4)
    rows = found.differences[found.differences.n > 0]
    zeros = rows[["difference", "difference_low", "difference_high", "sd"]].to_numpy()
    assert len(rows) > 20
    assert (zeros == 0).all()
    assert not rows.different.any()
    assert found.sentences() == ["b is identical to a: every metric was the same in each of 4 replications."]


def test_a_variant_that_changes_nothing_is_identical_too() -> None:
    found = batchsim.compare(night(), variants={"same": {"spot.maxvCpus": 8}}, replications=3)
    assert "same is identical to baseline" in found.sentences()[0]


def test_a_replication_is_a_run_of_its_own_that_can_be_had_again() -> None:
    found = batchsim.compare(night(), variants={"small": {"spot.maxvCpus": 2}}, replications=3, metrics=["cost_usd"])
    series = found.values[found.values.variant == "small"].value
    again = [found.replay("small", number).metrics("cost_usd")["cost_usd"] for number in range(3)]
    assert again == list(series)
    assert len(set(again)) == 3


def test_the_replication_of_a_file_repeats_it_on_the_command_line() -> None:
    third = Simulation(night(), seed=1, replication=2).finish()
    assert batchsim.run(third.scenario).jobs.equals(third.jobs)
    assert batchsim.run(night().with_("simulation.replication", 2), seed=1).jobs.equals(third.jobs)
    assert not batchsim.run(night(), seed=1).jobs.equals(third.jobs)


def test_pairs_see_the_same_jobs() -> None:
    found = batchsim.compare(night(), variants={"small": {"spot.maxvCpus": 2}}, replications=2)
    for replication in range(2):
        works = [found.replay(name, replication).jobs.work_s for name in found.names]
        assert works[0].equals(works[1])


def test_another_stream_changes_the_random_numbers_only() -> None:
    first, second = (batchsim.run(night(stream=stream), seed=1) for stream in ("a", "b"))
    assert not first.jobs.work_s.equals(second.jobs.work_s)
    assert first.jobs[["job_id", "due_at_s", "vcpus"]].equals(second.jobs[["job_id", "due_at_s", "vcpus"]])


def test_pairing_makes_intervals_narrower() -> None:
    dearer = {"dearer": {"world.gp3_gb_month": "$0.16"}}
    paired = batchsim.compare(night(), variants=dearer, replications=10, metrics=["cost_usd"]).differences.iloc[0]
    apart = batchsim.compare(
        night(stream="a"), night(name="other", stream="b"), replications=10, metrics=["cost_usd"]
    ).differences.iloc[0]
    assert paired.correlation > 0.99
    assert paired.sd < apart.sd / 10


def test_two_processes_give_the_same_bits_as_one() -> None:
    one, two = (
        batchsim.compare(night(), variants={"small": {"spot.maxvCpus": 2}}, replications=3, workers=workers)
        for workers in (1, 2)
    )
    assert one.measured.tobytes() == two.measured.tobytes()
    assert not multiprocessing.active_children()


def test_what_is_wrong_is_told_before_anything_runs() -> None:
    calls: list[int] = []
    tiny = {"tiny": {"spot.instanceTypes": ["t3.nano"]}}
    with pytest.raises(ScenarioError, match="E132"):
        batchsim.compare(night(), variants=tiny, told=lambda: calls.append(1))
    assert calls == []


def test_a_scenario_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(night())) == night()  # noqa: S301 -- our own bytes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"metrics": ["cost_us"]}, "Did you mean cost_usd"),
        ({"baseline": "smal"}, "Did you mean small"),
        ({"replications": 0}, "replications must be a whole number of at least 1"),
        ({"workers": 1.5}, "workers must be"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_bad_options_are_told(options: dict[str, object], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        batchsim.compare(night(), variants={"small": {"spot.maxvCpus": 2}}, **options)  # type: ignore[arg-type]


def test_the_seed_is_the_one_given_else_the_baselines_own() -> None:
    options = {"variants": {"b": {"name": "b"}}, "replications": 1, "metrics": ["cost_usd"]}
    assert batchsim.compare(night(), seed=7, **options).seed == 7  # type: ignore[arg-type]
    assert batchsim.compare(night().with_("simulation.seed", 9), **options).seed == 9  # type: ignore[arg-type]


def test_the_baseline_can_be_another_than_the_first() -> None:
    found = batchsim.compare({"a": night(), "b": night()}, baseline="b", replications=1)
    assert found.names == ("b", "a")


def test_tables_are_tidy() -> None:
    found = batchsim.compare({"a": night(), "b": night(stream="b"), "c": night()}, replications=2)
    assert list(found.values.columns) == ["variant", "replication", "metric", "value"]
    assert len(found.values) == 3 * 2 * len(found.metrics)
    assert list(found.table.variant[:3]) == ["a", "b", "c"]
    assert set(found.differences.variant) == {"b", "c"}
    by_hand = found.values.groupby(["metric", "variant"]).value.mean()
    rows = found.table.dropna(subset=["mean"])
    assert [by_hand[each.metric, each.variant] for each in rows.itertuples()] == pytest.approx(list(rows["mean"]))


def test_several_variants_get_wider_intervals() -> None:
    two = measured({"a": column(1, 2, 3), "b": column(2, 3, 5)})
    three = measured({"a": column(1, 2, 3), "b": column(2, 3, 5), "c": column(1, 2, 4)})
    assert (two.level, three.level) == (0.95, 0.975)
    assert three.differences.difference_high[0] > two.differences.difference_high[0]


def test_pairs_without_a_value_are_left_out_openly() -> None:
    found = measured({"a": column(1, 2, None, 4), "b": column(2, None, 3, 5.5)}, ["ready_at_s"])
    row = found.differences.iloc[0]
    assert (row.n, row.difference, row.undefined_here_only, row.undefined_in_baseline_only) == (2, 1.25, 1, 1)
    assert [note for note in found.notes() if "undefined in 1 of 4 replications" in note]


def test_a_metric_that_is_never_defined_has_no_figures() -> None:
    found = measured({"a": column(None, None), "b": column(1, 2)}, ["ready_at_s"])
    assert found.differences.n[0] == 0
    assert np.isnan(found.differences.difference[0])


def test_metrics_alone_are_those_of_the_summary() -> None:
    result = batchsim.run(night())
    page = result.summary()["metrics"]
    assert result.metrics(*METRICS) == {name: page[name]["value"] for name in METRICS}
    with pytest.raises(ValueError, match="Did you mean cost_usd"):
        result.metrics("cost_us")


def test_replicate_is_the_same_runs_of_one_scenario() -> None:
    alone = batchsim.replicate(night(), replications=4, metrics=["cost_usd", "wait_p99_s"])
    beside = batchsim.compare({"a": night(), "b": night()}, replications=4, metrics=["cost_usd"])
    assert list(alone.values.cost_usd) == list(beside.measured[0, :, 0])
    row = alone.table.loc["cost_usd"]
    assert row["mean_low"] < row["mean"] < row["mean_high"]
    assert row["least"] < row["mean"] < row["most"]
    assert (alone.table.loc["wait_p99_s", "n"], repr(alone)) == (0, "<4 replications of night, seed 1>")


def test_results_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    alive: list[weakref.ref[object]] = []
    most = 0
    finish = Simulation.finish

    def watched(self: Simulation) -> object:
        nonlocal most
        result = finish(self)
        alive.append(weakref.ref(result))
        most = max(most, sum(ref() is not None for ref in alive))
        return result

    monkeypatch.setattr(Simulation, "finish", watched)
    found: Comparison = batchsim.compare({"a": night(), "b": night()}, replications=5)
    assert len(alive) == 10
    assert found.replications == 5
    assert most <= 3
