"""Recorded AWS Batch runs beside simulated ones, all with the one scenario of ``benchmarks/fidelity.py``.

The recorded files are not part of the repository: BATCHSIM_DATA names their folder; without it the tests are skipped.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import batchsim
from batchsim.formats.yaml_writer import write_yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import fidelity

MOST = {"rnaseq": 0.35, "methylseq": 0.35, "sarek g5": 0.30, "hello": 0.50, "sarek spot": 0.75}
"""Distance of simulated waits from recorded ones, over the recorded mean: at most this, on average over ten seeds."""
LOOSE = 1.5
"""Three seeds stray further than ten."""


recorded = cache(fidelity.recorded)


@pytest.fixture(params=MOST)
def run(request: pytest.FixtureRequest) -> fidelity.Recorded:
    return here(request.param)


def here(name: str) -> fidelity.Recorded:
    """The run of that name, or a skip where its file is missing."""
    path = fidelity.DATA / "nextflow_awsbatch" / fidelity.RUNS[name]
    if not path.is_file():
        pytest.skip(f"the recorded run {path.name} is not here (BATCHSIM_DATA names its folder)")
    return recorded(path, name)


def distance(run: fidelity.Recorded, seeds: range) -> float:
    return float(np.mean([fidelity.distance(run, one) for one in fidelity.simulated(run, seeds)]))


def test_three_seeds_of_a_run_are_not_far_from_it(run: fidelity.Recorded) -> None:
    assert distance(run, range(1, 4)) <= LOOSE * MOST[run.name]


@pytest.mark.slow
def test_the_page_shows_the_table_that_the_command_prints() -> None:
    runs = [here(name) for name in fidelity.RUNS]
    page = (fidelity.PROJECT / "docs" / "recorded_runs.md").read_text(encoding="utf-8")
    printed = fidelity.table([(run, fidelity.simulated(run, range(1, fidelity.SEEDS + 1))) for run in runs])
    assert f"<!-- table -->\n{printed}\n" in page


@pytest.mark.slow
def test_ten_seeds_of_a_run_are_as_near_as_is_said(run: fidelity.Recorded) -> None:
    assert distance(run, range(1, 11)) <= MOST[run.name]


@pytest.mark.parametrize("name", ["hello", "sarek g5", "methylseq"])
def test_every_task_that_ran_is_a_job_and_breaks_no_invariant(name: str) -> None:
    run = here(name)
    text = write_yaml(fidelity.scenario_of(run))
    result = batchsim.run(batchsim.loads(text, str(run.path.parent / "run.yaml")), seed=1)
    assert len(result.jobs) == len(run.tasks)
    assert result.jobs.work_s.tolist() == run.tasks.run_s.clip(lower=0.001).tolist()
    assert not result.check()


@pytest.mark.parametrize("name", [name for name in MOST if name != "hello"])
def test_cost_by_the_share_asked_for_is_near_the_recorded_cost(name: str) -> None:
    """Not of *hello*: a fifth of a cent, for jobs that are shorter than the client's clock is fine."""
    run = here(name)
    costs = [one.cost_usd for one in fidelity.simulated(run, range(1, 3))]
    assert np.mean(costs) == pytest.approx(run.cost_usd, rel=0.2)


# -- the benchmark itself, on a table of our own

TASKS = """status,submit,start,complete,cpus,memory_mib,container,machine_type,az,price_model,cost_usd
COMPLETED,2026-01-01T00:00:00Z,2026-01-01T00:03:00Z,2026-01-01T00:13:00Z,2,4096,a:1,m6i.large,us-east-1a,spot,0.01
FAILED,2026-01-01T00:00:00Z,2026-01-01T00:03:00Z,2026-01-01T00:04:00Z,4,4096,a:1,c6i.xlarge,us-east-1b,standard,0.01
CACHED,2026-01-01T00:00:00Z,2026-01-01T00:03:00Z,2026-01-01T00:04:00Z,4,4096,a:1,r6i.xlarge,us-east-1c,spot,0.01
FAILED,2026-01-01T00:20:00Z,,,2,4096,b:1,,,spot,
COMPLETED,2026-01-01T00:20:00Z,2026-01-01T00:20:10Z,2026-01-01T00:20:40Z,1,1024,b:1,m6i.large,us-east-1a,spot,0.01
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TASKS)
    return path


def test_what_the_scenario_needs_is_read_from_the_file(mine: Path) -> None:
    run = fidelity.recorded(mine)
    data = fidelity.scenario_of(run)
    found = {
        each["computeEnvironmentName"]: (each["computeResources"]["type"], each["computeResources"]["instanceTypes"])
        for each in data["computeEnvironments"]
    }
    assert found == {"spot": ("SPOT", ["m6i"]), "standard": ("EC2", ["c6i"])}
    assert data["world"]["region"] == "us-east-1"
    assert (len(run.tasks), run.left_out) == (3, 2)
    assert run.waits_s.tolist() == [180, 180, 10]


def test_graviton_families_have_an_environment_of_their_own(mine: Path) -> None:
    mine.write_text(TASKS.replace("c6i.xlarge,us-east-1b,standard", "c7g.xlarge,us-east-1b,spot"))
    run = fidelity.recorded(mine)
    (one,) = fidelity.simulated(run, [1])
    assert [each["jobQueueName"] for each in fidelity.scenario_of(run)["jobQueues"]] == ["spot", "spot-arm64"]
    assert (len(one.waits_s), one.unfinished) == (3, 0)


def test_a_run_of_a_region_without_known_prices_runs_at_those_of_another_and_says_so(mine: Path) -> None:
    mine.write_text(TASKS.replace("us-east-1", "eu-west-2"))
    run = fidelity.recorded(mine)
    ones = list(fidelity.simulated(run, [1]))
    assert [len(one.waits_s) for one in ones] == [3]
    assert "at the prices of us-east-1: none of eu-west-2 are known" in list(fidelity.notes(run, ones))


def test_the_client_sees_waits_in_tens() -> None:
    assert fidelity.polled(pd.Series([0, 8.9, 9.0, 9.1, 171.0])).tolist() == [9, 9, 9, 19, 179]


def test_the_command_prints_recorded_and_simulated(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["fidelity.py", str(mine), "--seeds", "2", "--world", "market=calm"])
    assert fidelity.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| mine, 3 jobs | recorded | 180 | 180 |")
    assert lines[3].startswith("|  | simulated |")
    assert lines[4] == "mine: 2 rows left out: cached, never started, or without an instance"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "no column submit, start"),
        (TASKS.splitlines()[0] + "\n", "no task that ran"),
        (TASKS.replace("us-east-1b", "eu-west-1b"), "several regions"),
        (TASKS.replace("m6i.large", "zz9.large"), "zz9"),
    ],
)
def test_a_file_that_is_no_such_run_is_told_and_exits_2(
    text: str, told: str, mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.write_text(text)
    monkeypatch.setattr(sys, "argv", ["fidelity.py", str(mine), "--seeds", "1"])
    assert fidelity.main() == 2
    assert told in capsys.readouterr().err
