"""Processes that share a comparison's runs and crash or hang: told by their run, tried once more, the others finish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from experiments.small import night
from hostile.accidents import PLAIN

import batchsim
from batchsim.errors import ExperimentError, PolicyError
from batchsim.formats import scenario_yaml

HERE = Path(__file__).parent


def compared(tmp_path: Path, accident: str, *options: str) -> subprocess.CompletedProcess[str]:
    """``batchsim compare`` of a night, where replication 3 of the second scenario has an accident."""
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    (tmp_path / "other.yaml").write_text(scenario_yaml.dump(night(name="other")))
    words = ["compare", "night.yaml", "other.yaml", "--workers", "2", "--replications", "6", "--seed", "5", *options]
    command = [sys.executable, str(HERE / "accidents.py"), *words]
    environment = {**PLAIN, "ACCIDENT": accident}
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_run_that_crashes_twice_is_told_with_its_seed_and_the_others_finish(tmp_path: Path) -> None:
    done = compared(tmp_path, "kill always", "--format", "csv")
    assert done.returncode == 5
    wanted = (
        "batchsim: replication 3 of other failed twice: its process was killed by SIGKILL, perhaps for want of memory"
    )
    assert done.stderr.startswith(wanted)
    assert "--seed 5 --set simulation.replication=3" in done.stderr
    assert done.stderr.count("\n") == 1
    rows = [line.split(",") for line in done.stdout.splitlines()]
    counts = {row[rows[0].index("variant")]: row[rows[0].index("n")] for row in rows[1:] if row[0] == "cost_usd"}
    assert counts == {"night": "6", "other": "5"}


@pytest.mark.slow
def test_a_run_that_crashes_once_is_tried_once_more(tmp_path: Path) -> None:
    crashed = compared(tmp_path, "kill once", "--format", "json")
    (tmp_path / "marks").unlink()
    plain = compared(tmp_path, "none", "--format", "json")
    assert (crashed.returncode, crashed.stderr) == (0, "")
    assert crashed.stdout == plain.stdout


@pytest.mark.slow
def test_a_run_that_hangs_is_ended_and_told(tmp_path: Path) -> None:
    done = compared(tmp_path, "hang always", "--run-limit", "3s")
    assert done.returncode == 5
    assert "replication 3 of other failed twice: it took longer than 3 s" in done.stderr
    assert "replication 3 of other failed twice and is left out" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_where_nothing_comes_to_its_end_nobody_waits_for_the_rest(tmp_path: Path) -> None:
    done = compared(tmp_path, "kill everywhere", "--replications", "40")
    assert done.returncode == 2
    assert "no run comes to its end: its process was killed by SIGKILL" in done.stderr
    assert "Traceback" not in done.stderr


def broken(_: Any) -> float:
    return "late"  # type: ignore[return-value]


@pytest.mark.slow
def test_a_policy_that_answers_the_impossible_in_another_process_is_told_by_name() -> None:
    with pytest.raises(PolicyError, match="the policy broken"):
        batchsim.compare(night(), policies={"own": {"ordering": broken}}, replications=2, workers=2)


@pytest.mark.parametrize("limit", [0, -1, "soon", float("nan")])
def test_a_limit_is_some_seconds(limit: Any) -> None:
    with pytest.raises(ExperimentError, match="run_limit_s must be seconds"):
        batchsim.replicate(night(), replications=2, run_limit_s=limit)
