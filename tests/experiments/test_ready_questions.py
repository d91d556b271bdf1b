"""The ready questions of scenarios/studies: studies are sound, answers have intervals, known answers come out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import batchsim
from batchsim.experiments.inputs import inputs_hash
from batchsim.experiments.sweep import asked_of
from batchsim.formats import study_yaml
from batchsim.selftest.formulas.restarts import best_interval_s
from batchsim.spec.study import question_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "scenarios" / "studies"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "scripts"))

from studies.markets import Intervals  # noqa: E402
from studies.nights import Nights, best, chance, crossing, lowest  # noqa: E402
from update_studies import QUESTIONS, fingerprint, renewed  # noqa: E402

FEW: dict[str, dict[str, Any]] = {
    "how_large": {"etl.maxvCpus": [640, 1280]},
    "which_strategy": {
        "world.market": ["typical"],
        "etl.allocationStrategy": ["BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED"],
    },
    "when_to_checkpoint": {
        "world.spot_hazard": [1],
        "steps.checkpoint.every": ["3m", "6m", "10m", "20m", "30m", "3h"],
        "steps.arrayProperties.size": [10],
    },
    "how_many_partitions": {"logs.partitions": [500, 1000]},
    "fargate_or_ec2": {"jobs.run.lognormal.mean": ["2m", "80m"], "jobs.jobQueue": ["ec2", "fargate"]},
    "instance_size": {
        "computeResources.instanceTypes": [["c5.xlarge", "c6i.xlarge"], ["c6i.16xlarge", "c6a.16xlarge"]],
        "paths.submit.arrayProperties.size": [1000],
    },
    "spot_retries": {"world.spot_hazard": [0.1, 0.6], "pool.computeResources.type": ["EC2", "SPOT"]},
    "share_weights": {"imaging.weightFactor": [1, 8]},
    "idle_instances": {"world.scale_down_idle": ["0s", "20m"]},
    "x86_or_graviton": {"world.speed.c7g": [0.65, 0.95], "pool.instanceTypes": [["c7i.4xlarge"], ["c7g.4xlarge"]]},
    "savings_plan": {"peak.arrayProperties.size": [32]},
}
"""The least of each study that still has an answer."""


def few(name: str, **given: Any) -> batchsim.Study:
    return batchsim.sweep(FOLDER / f"{name}.yaml", FEW[name], **{"replications": 2, **given})


def test_each_study_has_an_answer_and_its_marks_in_the_readme() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(QUESTIONS) == set(FEW)
    assert re.findall(r"^<!-- (\w+) -->$", README, re.MULTILINE) == list(QUESTIONS)


@pytest.mark.parametrize("path", sorted((FOLDER / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_scenario_beside_the_studies_is_sound_and_in_use(path: Path) -> None:
    assert batchsim.load(path).name == path.stem
    assert any(f"scenario: scenarios/{path.name}" in study.read_text() for study in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_study_file_says_what_it_asks_and_rests_on_ten_replications(name: str) -> None:
    spec, text = study_yaml.load(FOLDER / f"{name}.yaml"), (FOLDER / f"{name}.yaml").read_text()
    assert spec is not None
    assert spec.replications >= 10
    assert spec.seed is not None
    assert text.startswith("# Asks: ")
    assert set(FEW[name]) >= set(spec.vary)


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_of_the_readme_is_of_the_question_that_the_file_asks(name: str) -> None:
    asked = asked_of(FOLDER / f"{name}.yaml", {})
    answer = README.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    question = question_of(asked.spec)
    of = fingerprint(inputs_hash(asked.scenario.with_("simulation.seed", 0), question), question)
    assert f"`{of}`" in answer, f"out of date: python scripts/update_studies.py {name}"
    assert f"{asked.spec.replications} replications of seed {asked.spec.seed}" in answer


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_least_of_a_study_gives_an_answer_with_intervals(name: str) -> None:
    answer = QUESTIONS[name](few(name))
    shown = answer.markdown()
    assert answer.sentences
    assert all(len(row) == len(answer.head) for row in answer.rows)
    assert all(re.search(r"± \$?[0-9]|\(95 %: ", " ".join(row)) for row in answer.rows)
    assert re.search(r"± \$?[0-9]|\(95 %: ", " ".join(answer.sentences))
    assert "nan" not in shown


def test_an_answer_stands_between_its_marks_and_nothing_else_is_touched() -> None:
    text = "before\n<!-- a -->\nold\n<!-- /a -->\nafter\n"
    assert renewed(text, "a", "new\n") == text.replace("old", "new")
    with pytest.raises(ValueError, match="the marks of b are missing"):
        renewed(text, "b", "new\n")


def test_fargate_is_cheaper_for_short_jobs_and_ec2_for_long_ones() -> None:
    nights = Nights(few("fargate_or_ec2"))
    gap = {
        length: nights.of("cost_usd", {"jobs.run.lognormal.mean": length, "jobs.jobQueue": "ec2"})
        - nights.of("cost_usd", {"jobs.run.lognormal.mean": length, "jobs.jobQueue": "fargate"})
        for length in ("2m", "80m")
    }
    assert (gap["2m"] > 0).all()
    assert (gap["80m"] < 0).all()


def test_graviton_pays_from_about_the_ratio_of_the_prices_on() -> None:
    told = QUESTIONS["x86_or_graviton"](few("x86_or_graviton")).sentences[0]
    speed = float(re.search(r"does ([0-9.]+) %", told)[1])  # type: ignore[index]
    assert speed / 100 == pytest.approx(0.58 / 0.714, rel=0.05)


@pytest.mark.slow
def test_the_curve_of_checkpoints_is_lowest_near_lamberts_interval() -> None:
    vary = {
        "world.spot_hazard": [1],
        "steps.checkpoint.every": ["3m", "4m", "6m", "8m", "10m", "15m", "20m", "3h"],
        "steps.arrayProperties.size": [30],
    }
    study = batchsim.sweep(FOLDER / "when_to_checkpoint.yaml", vary, replications=6)
    found = Intervals(Nights(study), 1)
    least = found.least()
    assert least is not None
    assert least.low is not None
    assert least.high is not None
    assert least.low < best_interval_s(30, 1 / 3600) < least.high
    assert best_interval_s(30, 1 / 3600) / 2 < least.value < 2 * best_interval_s(30, 1 / 3600)


def test_a_crossing_lies_between_its_points_and_its_interval_opens_where_they_end() -> None:
    noise = np.array([-0.1, 0.1, -0.1, 0.1])
    found = crossing([1, 10, 100], np.array([-1 + noise, 0 + noise, 1 + noise]))
    assert found is not None
    assert found.value == pytest.approx(10)
    assert found.low is not None
    assert found.high is not None
    assert found.low * found.high == pytest.approx(100)
    assert found.low < 10 < found.high
    wild = crossing([1, 100], np.array([-1 + 100 * noise, 1 + 100 * noise]))
    assert wild is not None
    assert (wild.low, wild.high) == (None, None)
    assert crossing([1, 100], np.array([1 + noise, 2 + noise])) is None


def test_a_curve_of_known_form_is_lowest_where_its_minimum_is() -> None:
    xs = [100, 200, 300, 450, 600, 900]
    assert lowest(xs, np.array([x + 300**2 / x for x in xs])) == pytest.approx(300, rel=0.03)
    assert np.isnan(lowest(xs, np.array([float(x) for x in xs])))


def test_the_best_names_those_that_the_nights_do_not_tell_from_it() -> None:
    one = np.array([1.0, 2.0, 3.0, 4.0])
    found = best(np.array([one + 5, one, one + np.array([0.5, -0.4, 0.3, -0.2])]))
    assert (found.at, found.rivals) == (1, (2,))


def test_a_chance_has_wilsons_interval() -> None:
    found = chance([True] * 80)
    assert (found.hits, found.of) == (80, 80)
    assert found.low == pytest.approx(80 / (80 + 1.959964**2), rel=1e-6)
    assert found.high == 1
