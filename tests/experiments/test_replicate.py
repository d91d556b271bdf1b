"""``batchsim replicate``: how often a night runs, when it has run often enough, and how likely its thresholds are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from experiments.small import night
from typer.testing import CliRunner

import batchsim
from batchsim import ExperimentError, ScenarioError
from batchsim.cli.app import app
from batchsim.experiments.precision import of_differences, of_means, sampled
from batchsim.formats import scenario_yaml
from batchsim.spec.precision import Precision, parse_precision

HARD = {"metric": "makespan_s", "rel": 0.0001, "max_replications": 13}


def test_ten_replications_come_first_then_a_quarter_more_at_a_time():
    wanted = Precision(metric="cost_usd", max_replications=30)
    counts = [10]
    while counts[-1] < 30:
        counts.append(wanted.after(counts[-1]))
    assert counts == [10, 13, 17, 22, 28, 30]


def test_sampling_stops_as_soon_as_the_half_of_the_interval_is_small_enough():
    wanted, draws = Precision(metric="makespan_s", rel=0.05), np.random.default_rng(1).normal(100, 15, 500)
    known, stop = sampled(wanted, lambda n: draws[:n], lambda series: of_means(wanted, [series], 1, len(series)))
    assert stop.is_reached
    assert 10 < len(known) < 80  # a sample of fixed size would be (1.96 * 15 / 5)^2 = 35
    before = of_means(wanted, [draws[: int(len(known) / 1.25)]], 1, 0)
    assert not before.is_reached


def test_what_is_never_defined_is_not_waited_for():
    wanted = Precision(metric="cost_per_tb_usd")
    known, stop = sampled(
        wanted, lambda n: np.full(n, np.nan), lambda series: of_means(wanted, [series], 1, len(series))
    )
    assert (len(known), stop.is_reached, stop.row()["got"]) == (10, False, None)


def test_a_mean_of_nothing_has_no_relative_precision():
    wanted = Precision(metric="retries", max_replications=10)
    series = np.array([-1.0, 1.0] * 5)
    assert of_means(wanted, [series], 1, 10).row()["got"] is None
    assert of_means(wanted, [np.zeros(10)], 1, 10).is_reached


def test_a_comparison_stops_by_the_difference_and_not_by_the_means():
    nights = np.random.default_rng(2).normal(100, 30, 10)  # means are known to 20 % only; the difference to nothing
    wanted = Precision(metric="cost_usd", rel=0.01)
    assert of_differences(wanted, nights, [nights + 5], 10).is_reached
    assert not of_means(wanted, [nights], 1, 10).is_reached


def test_replications_that_stop_themselves_say_where_and_what_was_reached():
    found = batchsim.replicate(night(), metrics=["cost_usd"], precision={"metric": "makespan_s", "rel": 0.5})
    assert (found.stop.replications, found.stop.is_reached) == (10, True)
    assert "makespan_s was to be known to ± 50 %" in found.notes()[0]
    assert (
        found.measured.tobytes()
        == batchsim.replicate(night(), metrics=found.metrics, replications=10).measured.tobytes()
    )


def test_a_precision_out_of_reach_is_told_and_is_no_error():
    found = batchsim.compare(night(), variants={"small": {"spot.maxvCpus": 2}}, precision=HARD)
    assert (found.replications, found.stop.is_reached) == (13, False)
    assert "precision not reached: makespan_s was to be known to ± 0.01 %" in " ".join(found.notes())


@pytest.mark.parametrize(
    ("precision", "told"),
    [
        ({"metric": "cost_us"}, "Did you mean cost_usd"),
        ({"rel": 0.1}, "metric"),
        ({"metric": "cost_usd", "rel": 0}, "E114"),
        ({"metric": "cost_usd", "rel": "much"}, "E114"),
        ({"metric": "cost_usd", "max_replications": 5}, "E114"),
        ({"metric": "cost_usd", "conf": 95}, "E114"),
        ({"metric": "cost_usd", "relative": 0.1}, "rel"),
    ],
)
def test_a_precision_that_cannot_be_is_told(precision, told):
    with pytest.raises((ExperimentError, ScenarioError), match=told):
        batchsim.replicate(night(), precision=precision)


def test_replications_and_precision_together_are_refused():
    with pytest.raises(ExperimentError, match="give one of them"):
        batchsim.replicate(night(), replications=10, precision={"metric": "cost_usd"})


def test_percent_and_part_are_the_same_precision():
    assert parse_precision({"metric": "cost_usd", "rel": "2%"}) == parse_precision({"metric": "cost_usd", "rel": 0.02})


def test_each_threshold_has_its_chance_with_wilsons_interval():
    limit = float(np.median(batchsim.replicate(night(), metrics=["makespan_s"], replications=10).measured))
    limited = night().with_("thresholds", {"makespan_s": f"<= {limit:.3f}"})
    found = batchsim.replicate(limited, metrics=["cost_usd"], replications=10)
    row = found.thresholds.iloc[0]
    assert (row.metric, row.n, row.met, row.probability) == ("makespan_s", 10, 5, 0.5)
    assert (row.probability_low, row.probability_high) == pytest.approx((0.2366, 0.7634), abs=1e-4)  # Wilson, 5 of 10
    assert "50 % (24 to 76 %): met in 5 of 10 replications" in found.sentences()[-1]


def test_a_comparison_tells_each_variants_chance():
    limited = night().with_("thresholds", {"makespan_s": "< 1s"})
    found = batchsim.compare(limited, variants={"free": {"thresholds": {"cost_usd": "< 9"}}}, replications=2)
    assert found.thresholds[["variant", "metric", "probability"]].to_numpy().tolist()[0] == [
        "baseline",
        "makespan_s",
        0.0,
    ]
    assert found.thresholds.probability.tolist()[-1] == 1.0
    assert "P(makespan_s < 1s)" in found.report()


def test_one_replication_shows_no_interval_anywhere():
    alone = batchsim.replicate(night().with_("thresholds", {"cost_usd": "< 9"}), metrics="all", replications=1)
    assert alone.table[["mean_low", "mean_high", "interval", "sd"]].isna().all(axis=None)
    assert alone.thresholds[["probability_low", "probability_high"]].isna().all(axis=None)
    shown = alone.report()
    assert "±" not in shown
    assert " to " not in shown.partition("Notes")[0]
    assert "1 replication: no interval" in shown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.yaml"
    path.write_text(scenario_yaml.dump(night().with_("thresholds", {"cost_usd": "< 9"})))
    return path


def called(*words: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, [str(word) for word in words])
    return found.exit_code, found.stdout, found.stderr


def test_the_command_writes_its_folder_and_prints_the_same_figures(file, tmp_path):
    code, out, _ = called("replicate", file, "--replications", 3, "--out", tmp_path / "out", "--format", "json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "replications.json").read_text())
    assert (tmp_path / "out" / "thresholds.csv").read_text().startswith("metric,condition,n,met,probability")
    assert "P(cost_usd &lt; 9)" in (tmp_path / "out" / "report.html").read_text()


def test_a_precision_that_is_not_reached_is_a_warning_or_if_required_exit_code_one(file):
    hard = ("replicate", file, "--precision", "{metric: makespan_s, rel: 0.01%, max_replications: 10}")
    code, _, err = called(*hard)
    assert (code, "precision not reached" in err) == (0, True)
    assert called(*hard, "--require-precision")[0] == 1
    assert called("replicate", file, "--precision", "makespan_s=90%", "--require-precision")[0] == 0


def test_options_of_precision_that_do_not_go_together_are_usage_errors(file):
    assert called("replicate", file, "--require-precision")[0] == 2
    assert called("replicate", file, "--precision", "cost_usd=2%", "--replications", 5)[0] == 2
    assert called("replicate", file, "--precision", "cost_usd")[0] == 2


def test_a_notebook_and_a_plot_show_the_interval():
    found = batchsim.replicate(night(), replications=4)
    assert "interval of 95 %" in found._repr_html_()
    assert found.plot.spread("makespan_s").get_title(loc="left") == "makespan_s"
    with pytest.raises(ValueError, match="was not measured"):
        found.plot.spread("cost_us")
