"""Whole runs through the command line, with nothing put in the engine's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batchsim.cli.init import starter

ROOT = Path(__file__).resolve().parents[2]


def batchsim(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "batchsim", *map(str, arguments)]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, check=False)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "scenario.yaml").write_text(starter())
    return tmp_path


def test_the_starter_runs_and_holds_every_invariant(desk: Path) -> None:
    done = batchsim("run", "scenario.yaml", "--out", "out", "--check", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert batchsim("check", "out", cwd=desk).returncode == 0


def test_neither_hash_seed_nor_zone_nor_locale_moves_a_byte(desk: Path) -> None:
    batchsim("run", "scenario.yaml", "--out", "one", "--events", "--costs", cwd=desk, PYTHONHASHSEED="0")
    strange = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8"}
    batchsim("run", desk / "scenario.yaml", "--out", "two", "--events", "--costs", cwd=desk, **strange)
    one, two = ({path.name: path.read_bytes() for path in (desk / name).iterdir()} for name in ("one", "two"))
    assert len(one) == 14
    assert one == two


def test_another_seed_changes_the_bytes(desk: Path) -> None:
    texts = [batchsim("run", "scenario.yaml", "--seed", seed, "--format", "json", cwd=desk).stdout for seed in (1, 2)]
    assert json.loads(texts[0])["cost"]["total_usd"] != json.loads(texts[1])["cost"]["total_usd"]


def test_the_resolved_scenario_repeats_the_run(desk: Path) -> None:
    batchsim("run", "scenario.yaml", "--seed", 3, "--out", "one", cwd=desk)
    batchsim("run", "one/scenario.resolved.yaml", "--out", "two", cwd=desk)
    assert (desk / "one" / "summary.json").read_bytes() == (desk / "two" / "summary.json").read_bytes()


def test_a_stuck_job_is_told_first(desk: Path) -> None:
    settings = ["--set", "containerProperties.memory=9000000", "--set", "allow_unplaceable=true"]
    done = batchsim("run", "scenario.yaml", *settings, cwd=desk)
    assert done.stdout.lstrip().startswith("STUCK: 40 jobs can never start")
