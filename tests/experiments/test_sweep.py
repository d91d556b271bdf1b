"""``batchsim.sweep``: points that are runs of their own, the same bytes for any number of workers, and resumption."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments.small import night

import batchsim
from batchsim import ExperimentError, Scenario, ScenarioError, Simulation, Study
from batchsim.experiments import study_runs
from batchsim.experiments.design import points_of
from batchsim.experiments.store import Store, StoreError
from batchsim.experiments.study_runs import Nobody, Worker
from batchsim.experiments.sweep import Stopped
from batchsim.formats import scenario_yaml
from batchsim.report.summary_json import dumps
from batchsim.spec.study import parse_study

VARY = {"spot.maxvCpus": [2, 4, 8], "world.scale_up_delay": ["30s", "90s"]}


def swept(**options: Any) -> Study:
    return batchsim.sweep(options.pop("scenario", night()), VARY, **{"replications": 3, **options})


def content(study: Study) -> tuple[str, str]:
    """All that the files are made of."""
    return study.runs.to_csv(), dumps(study.summary())


def files(study: Study) -> dict[str, str]:
    return {name: "".join(pieces) for name, pieces in study.files().items()}


class Until(Nobody):
    """Ends the study after so many runs."""

    def __init__(self, most: int) -> None:
        self.most, self.seen = most, 0

    @property
    def is_over(self) -> bool:  # type: ignore[override]
        return self.seen >= self.most

    def ended(self, *_: Any) -> None:
        self.seen += 1


def test_each_row_is_a_run_of_its_own() -> None:
    study = swept()
    row = study.runs[(study.runs["point"] == 3) & (study.runs["replication"] == 2)].iloc[0]
    alone = batchsim.run(
        night().with_("spot.maxvCpus", 4).with_("world.scale_up_delay", "90s").with_("simulation.replication", 2),
        seed=1,
    )
    assert (row["spot.maxvCpus"], row["world.scale_up_delay"]) == (4, "90s")
    assert row["cost_usd"] == alone.metrics("cost_usd")["cost_usd"]
    assert study.replay(3, 2).jobs.equals(alone.jobs)


def test_a_row_of_a_table_names_the_run_that_is_to_be_had_again() -> None:
    study = swept()
    row = study.runs.loc[study.runs["cost_usd"].idxmax(), ["point", "replication", "cost_usd"]]
    point, replication = study.runs[["point", "replication"]].to_numpy()[row.name]  # whole numbers of numpy
    assert study.replay(point, replication).metrics("cost_usd")["cost_usd"] == row["cost_usd"]


def test_points_see_the_same_jobs() -> None:
    study = swept(replications=2)
    for replication in range(2):
        works = [study.replay(point, replication).jobs.work_s for point in (0, 5)]
        assert works[0].equals(works[1])


def test_the_same_bytes_for_any_number_of_workers_and_with_or_without_a_store(tmp_path: Path) -> None:
    alone, two = swept(name="n"), swept(name="n", workers=2, store=tmp_path / "s")
    assert files(two) == files(alone)
    assert content(swept(name="n", run_limit_s=60)) == content(alone)


def test_a_study_that_was_stopped_goes_on_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = content(swept(name="n"))
    made: list[int] = []
    finish = Simulation.finish
    monkeypatch.setattr(Simulation, "finish", lambda self: (made.append(1), finish(self))[1])
    for most in (1, 7, 4):
        with pytest.raises(Stopped, match="of 18 runs are done"):
            swept(name="n", store=tmp_path / "s", watch=Until(most))
    assert content(swept(name="n", store=tmp_path / "s")) == whole
    assert len(made) == 18
    assert content(swept(name="n", store=tmp_path / "s")) == whole
    assert len(made) == 18


def test_more_replications_keep_those_that_are_there(tmp_path: Path) -> None:
    swept(store=tmp_path / "s")
    told: list[int] = []

    class Counting(Nobody):
        def ended(self, point: int, *_: Any) -> None:
            told.append(point)

    more = swept(store=tmp_path / "s", replications=5, watch=Counting())
    assert len(told) == 12
    assert content(more) == content(swept(replications=5))
    assert swept(store=tmp_path / "s", replications=2).replications == 2


def test_other_metrics_need_no_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept(store=tmp_path / "s")
    monkeypatch.setattr(Simulation, "finish", lambda _: pytest.fail("nothing is run again"))
    assert swept(store=tmp_path / "s", metrics=["reclaims"]).metrics == ("reclaims", "cost_usd", "ready_at_s")


class Thief(Nobody):
    """Takes every run out of the store as soon as it is there."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def ended(self, *_: Any) -> None:
        with closing(sqlite3.connect(self.store, isolation_level=None)) as db:
            db.execute("DELETE FROM runs")


def test_runs_that_do_not_stay_in_the_store_are_not_made_for_ever(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"replication 0 of point 0 was kept, and is not there any more.*E192"):
        swept(store=tmp_path / "s", watch=Thief(tmp_path / "s"))


def test_a_changed_scenario_is_refused_with_both_hashes(tmp_path: Path) -> None:
    first = swept(store=tmp_path / "s")
    with pytest.raises(ExperimentError, match="E190") as caught:
        swept(scenario=night(jobs=7), store=tmp_path / "s")
    assert first.question.scenario_hash in str(caught.value)
    assert str(caught.value).count(" there, ") == 1
    with pytest.raises(ExperimentError, match="another seed: 1 there, 2 now"):
        swept(store=tmp_path / "s", seed=2)


@pytest.mark.parametrize("name", ["times.csv", "times"])
def test_a_changed_trace_is_refused_too(name: str, tmp_path: Path) -> None:
    law = {"empirical": {"file": name, "column": "t"}}
    (tmp_path / name).write_text("t\n60\n70\n")
    (tmp_path / "s.yaml").write_text(scenario_yaml.dump(night(jobs=1).with_("job-0.run", law)))
    batchsim.sweep(tmp_path / "s.yaml", VARY, replications=1, store=tmp_path / "s")
    (tmp_path / name).write_text("t\n60\n71\n")
    with pytest.raises(ExperimentError, match=r"another scenario.*E190"):
        batchsim.sweep(tmp_path / "s.yaml", VARY, replications=1, store=tmp_path / "s")


def test_a_seed_that_is_drawn_stays_the_studys(tmp_path: Path) -> None:
    scenario = unseeded(tmp_path)
    with pytest.raises(Stopped):
        batchsim.sweep(scenario, VARY, replications=2, store=tmp_path / "s", watch=Until(1))
    first = Store(tmp_path / "s").studies()[0].question.seed
    assert batchsim.sweep(scenario, VARY, replications=2, store=tmp_path / "s").seed == first


def unseeded(folder: Path) -> Path:
    text = scenario_yaml.dump(night())
    (folder / "n.yaml").write_text(text.replace("  seed: 1\n", ""))
    assert scenario_yaml.load(folder / "n.yaml").simulation.seed is None
    return folder / "n.yaml"


# -- processes that are lost


class Dying(Worker):
    """Its process dies at one run, the first time or each time."""

    each_time = False
    mark: Path

    def __call__(self, point: int, settings: Any, replication: int) -> Any:
        if (point, replication) == (1, 1) and not (type(self).mark_of().exists() and not self.each_time):
            type(self).mark_of().touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(point, settings, replication)

    @classmethod
    def mark_of(cls) -> Path:
        return Path(os.environ["BATCHSIM_TEST_MARK"])


class AlwaysDying(Dying):
    each_time = True


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Worker]], None]:
    monkeypatch.setenv("BATCHSIM_TEST_MARK", str(tmp_path / "mark"))
    return lambda kind: monkeypatch.setattr(study_runs, "Worker", kind)


def test_a_process_that_dies_costs_one_retry(dying: Callable[[type[Worker]], None], tmp_path: Path) -> None:
    whole = content(swept(name="n"))
    dying(Dying)
    assert content(swept(name="n", workers=2, store=tmp_path / "s")) == whole


def test_a_run_that_fails_twice_is_told_and_tried_again_by_the_next_call(
    dying: Callable[[type[Worker]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = content(swept(name="n"))
    with monkeypatch.context():
        dying(AlwaysDying)
        study = swept(name="n", workers=2, store=tmp_path / "s")
    assert [run[:2] for run in study.failed] == [(1, 1)]
    assert np.isnan(study.measured[1, 1]).all()
    assert np.isnan(study.measured).sum() - np.isnan(study.measured[1, 1]).sum() == 0
    assert "replication 1 of point 1 failed twice" in study.notes()[0]
    assert Store(tmp_path / "s").studies()[0].failed == 1
    monkeypatch.setattr(study_runs, "Worker", Worker)
    assert content(swept(name="n", store=tmp_path / "s")) == whole
    assert Store(tmp_path / "s").studies()[0].failed == 0


# -- designs


def test_a_grid_has_every_combination_once_the_last_knob_fastest() -> None:
    points = points_of(parse_study({"vary": {"a": [1, 2], "b": ["x", "y", "z"]}}), 1)
    assert [tuple(value for _, value in point) for point in points] == [
        (1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_latin_hypercube_has_each_part_of_each_knob_once(seed: int) -> None:
    study = parse_study(
        {
            "vary": {name: {"uniform": {"low": 0.0, "high": 50.0}} for name in "abc"},
            "design": "latin_hypercube",
            "points": 50,
        }
    )
    points = points_of(study, seed)
    for knob in range(3):
        assert sorted(int(point[knob][1]) for point in points) == list(range(50))


def test_a_random_design_hangs_on_the_seed_and_on_each_knob_alone() -> None:
    one = {"vary": {"a": {"from": 0.0, "to": 1.0}}, "design": "random", "points": 400}
    two = {**one, "vary": {"b": {"from": 0.0, "to": 1.0}, **one["vary"]}}  # type: ignore[dict-item]
    first, second = points_of(parse_study(one), 1), points_of(parse_study(two), 1)
    assert [dict(point)["a"] for point in first] == [dict(point)["a"] for point in second]
    assert first != points_of(parse_study(one), 2)
    assert abs(np.mean([point[0][1] for point in first]) - 0.5) < 4 / np.sqrt(12 * 400)


def test_equal_draws_are_one_point() -> None:
    study = parse_study({"vary": {"a": [1, 2]}, "design": "random", "points": 30})
    assert len(points_of(study, 1)) == 2


def test_too_many_runs_are_counted_before_a_point_is_made() -> None:
    study = {f"k{number}": {"from": 1, "to": 10, "step": 1} for number in range(7)}
    with pytest.raises(ExperimentError, match=r"10,000,000 points of 10 replications are 100,000,000 runs.*E195"):
        batchsim.sweep(night(), study)


def test_what_is_wrong_at_a_point_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulation, "finish", lambda _: pytest.fail("nothing runs"))
    with pytest.raises(ScenarioError, match=r"point 1 \(spot.instanceTypes=\['t3.nano'\]\).*E132"):
        batchsim.sweep(night(), {"spot.instanceTypes": [["m5.large"], ["t3.nano"]]})
    with pytest.raises(ScenarioError, match=r"point 1 .*4000 calls of 1 jobs do not make the 2000 partitions.*E143"):
        batchsim.sweep(Path(__file__).parents[2] / "scenarios" / "etl_10tb.yaml", {"logs.partitions": [4000, 2000]})
    with pytest.raises(ScenarioError, match=r"unknown path \(got spot.maxvCpu\). Did you mean spot.maxvCpus.*E106"):
        batchsim.sweep(night(), {"spot.maxvCpu": [1]})
    with pytest.raises(ExperimentError, match="Did you mean cost_usd"):
        batchsim.sweep(night(), VARY, metrics=["cost_us"])


# -- study files


def study_file(folder: Path, text: str, scenario: Scenario | None = None) -> Path:
    (folder / "night.yaml").write_text(scenario_yaml.dump(scenario or night()))
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


def test_a_study_file_is_the_same_study_as_its_arguments(tmp_path: Path) -> None:
    text = "scenario: night.yaml\nname: n\nvary: {spot.maxvCpus: [2, 4, 8], world.scale_up_delay: [30s, 90s]}\n"
    file = study_file(tmp_path, text + "replications: 3\n")
    assert content(batchsim.sweep(file)) == content(swept(name="n"))
    assert batchsim.sweep(file, replications=2).replications == 2


def test_what_a_study_sets_is_set_at_all_points(tmp_path: Path) -> None:
    file = study_file(tmp_path, "scenario: night.yaml\nset: {world.market: stormy}\nvary: {spot.maxvCpus: [2]}\n")
    study = batchsim.sweep(file, replications=1)
    assert study.scenario is not None
    assert study.scenario.world.market == "stormy"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scenario: night.yaml\nvary: {spot.maxvCpus: 7}\n", r"study.yaml:2:\d+: vary.spot.maxvCpus: not a list"),
        ("scenario: night.yaml\nvarry: {a: [1]}\nreplications: 2\n", "varry: unknown key.*Did you mean vary"),
        ("scenario: none.yaml\nvary: {a: [1]}\n", "none.yaml: cannot be read.*E100"),
        ("vary: {a: [1]}\n", "a study file names its scenario"),
        ("scenario: night.yaml\nvary: {a: [1]}\nvary: {a: [2]}\n", "given twice"),
    ],
)
def test_what_is_wrong_in_a_study_file_is_told_at_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises((ScenarioError, ExperimentError), match=told):
        batchsim.sweep(study_file(tmp_path, text))


# -- what it tells


def test_the_tables_are_tidy() -> None:
    study = swept()
    assert list(study.runs.columns) == ["point", "replication", *VARY, *study.metrics]
    assert len(study.runs) == 18
    assert len(study.means) == 6 * len(study.metrics)
    by_hand = study.runs.groupby("point")["cost_usd"].mean()
    assert list(study.means[study.means["metric"] == "cost_usd"]["mean"]) == pytest.approx(list(by_hand))
    assert set(study.levels["knob"]) == set(VARY)


def test_a_single_run_shows_no_interval() -> None:
    study = swept(replications=1)
    assert study.means[["mean_low", "mean_high", "sd"]].isna().all(axis=None)
    assert study.levels["effect_low"].isna().all()
    assert "±" not in study.report().replace("Means ± half", "Means half")
    assert "1 replication: no interval" in study.notes()[0]


def test_no_jobs_that_succeed_leave_no_front(tmp_path: Path) -> None:
    failing = night().with_("job-0.fails", [{"probability": 1.0, "exit_code": 1, "after": "1s"}])
    study = swept(scenario=failing, replications=2)
    assert study.summary()["front"]["points"] == []
    assert "there is no front" in study.sentences()[0]
    study.write(tmp_path / "out")
    assert study.report()
    assert study._repr_html_()


def test_names_of_a_scenario_are_no_markup(tmp_path: Path) -> None:
    study = batchsim.sweep(night(), {"name": ["<b>x</b>", "=1+1"]}, replications=2)
    study.write(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>x</b>" not in page.partition('id="drawn"')[0]
    assert "<b>" not in study._repr_html_().replace("<b>$", "")
    assert "'=1+1" in (tmp_path / "out" / "runs.csv").read_text()
