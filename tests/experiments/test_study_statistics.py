"""Studies: as many replications as a precision takes, the chance of each threshold at each point, and plots."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from experiments.small import night
from typer.testing import CliRunner

import batchsim
from batchsim import ExperimentError, ScenarioError, Study
from batchsim.cli.app import app
from batchsim.formats import scenario_yaml

VARY = {"spot.maxvCpus": [2, 4, 12]}
ROUGH = {"metric": "makespan_s", "rel": 0.12}


@pytest.fixture(scope="module")
def study() -> Study:
    limited = night().with_("thresholds", {"makespan_s": "< 20m", "wait_max_s": "< 10m"})
    return batchsim.sweep(limited, VARY, precision=ROUGH)


def test_all_points_run_equally_often_until_each_is_known_well_enough(study):
    assert study.stop.is_reached
    assert study.stop.replications == study.replications > 10
    before = batchsim.sweep(night(), VARY, replications=10, metrics=["makespan_s"]).means
    rows = before[before.metric == "makespan_s"]
    assert ((rows.mean_high - rows["mean"]) / rows["mean"]).max() > 0.12


def test_a_study_that_stops_itself_is_the_study_of_so_many_replications(study):
    fixed = batchsim.sweep(study.scenario, VARY, replications=study.replications, metrics=study.metrics)
    assert study.measured.tobytes() == fixed.measured.tobytes()


def test_a_store_takes_a_sequential_study_up_where_it_stopped(tmp_path):
    store = tmp_path / "kept.sqlite"
    first = batchsim.sweep(night(), VARY, precision=ROUGH, store=store)
    again = batchsim.sweep(night(), VARY, precision=ROUGH, store=store)
    assert again.files()["runs.csv"] is not None
    assert first.summary() == again.summary()


def test_every_point_has_its_chance_of_every_threshold(study):
    found = study.thresholds
    assert list(found.columns[:4]) == ["point", "metric", "condition", "n"]
    assert list(zip(found.point, found.metric, strict=True))[:3] == [
        (0, "makespan_s"),
        (0, "wait_max_s"),
        (1, "makespan_s"),
    ]
    by_hand = (study.runs[study.runs.point == 2].makespan_s < 1200).mean()
    row = found[(found.point == 2) & (found.metric == "makespan_s")].iloc[0]
    assert row.probability == by_hand
    assert row.probability_low < row.probability or row.probability == 0
    assert "P(makespan_s < 20m)" in study.report()
    assert "P(wait_max_s &lt; 10m)" in "".join(study.files()["report.html"]).replace("<wbr>", "")


def test_thresholds_may_vary_too():
    limited = night().with_("thresholds", {"makespan_s": "< 1s"})
    found = batchsim.sweep(limited, {"thresholds.makespan_s": ["< 1s", "< 9h"]}, replications=2).thresholds
    assert found.probability.tolist() == [0.0, 1.0]


def test_a_study_out_of_reach_stops_at_the_most_and_says_so():
    hard = {"metric": "makespan_s", "rel": 0.0001, "max_replications": 12}
    found = batchsim.sweep(night(), VARY, precision=hard)
    assert (found.replications, found.stop.is_reached) == (12, False)
    assert "precision not reached" in " ".join(found.notes())


def test_a_study_is_held_to_its_cap_by_the_most_that_it_may_run():
    with pytest.raises(ExperimentError, match=r"up to 500 replications are 1,500 runs.*E195"):
        batchsim.sweep(night(), VARY, precision={"metric": "cost_usd"}, max_runs=1_000)


def test_replications_and_precision_together_are_refused_and_the_caller_outranks_the_file(tmp_path):
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    study = tmp_path / "study.yaml"
    study.write_text("scenario: night.yaml\nvary: {spot.maxvCpus: [2, 4]}\nreplications: 2\n")
    assert batchsim.sweep(study, precision={"metric": "makespan_s", "rel": 0.9}).replications == 10
    study.write_text(study.read_text() + "precision: {metric: makespan_s, rel: 90%}\n")
    with pytest.raises(ScenarioError, match="two ways"):
        batchsim.sweep(study)


def test_the_command_leaves_with_one_if_a_required_precision_is_not_reached(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("night.yaml").write_text(scenario_yaml.dump(night()))
    hard = "{metric: makespan_s, rel: 0.01%, max_replications: 10}"
    asked = ["sweep", "night.yaml", "--vary", "spot.maxvCpus=2,4", "--precision", hard, "--format", "json"]
    found = CliRunner().invoke(app, asked)
    assert (found.exit_code, json.loads(found.stdout)["precision"]["reached"]) == (0, False)
    assert CliRunner().invoke(app, [*asked, "--require-precision"]).exit_code == 1
    assert CliRunner().invoke(app, [*asked[:4], "--require-precision"]).exit_code == 2


def test_plots_draw_the_front_the_effects_and_the_means_with_their_intervals(study):
    front, effects, means = study.plot.front(), study.plot.effects("makespan_s"), study.plot.means("makespan_s")
    assert (front.get_xlabel(), effects.get_title(loc="left")) == ("cost_usd (USD)", "What moves makespan_s")
    assert len(means.get_yticklabels()) == 3
    whiskers = [line for line in effects.get_lines() if len(line.get_xdata()) == 1 and line.get_marker() in ("|", 1, 2)]
    assert len(effects.get_yticklabels()) == 3
    assert whiskers or effects.collections
    with pytest.raises(ValueError, match="is not shown"):
        study.plot.means("cost_us")
