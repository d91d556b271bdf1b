"""Optimisations killed at random moments: called again, they end in the answer of one that was never stopped."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from effort import effort
from experiments.small import night
from processes import by_proc, members

from batchsim.formats import scenario_yaml

KILLS = effort(fast=2, verify=3, long=40)
SEED = int(os.environ.get("BATCHSIM_SEED", "1"))


Kept = dict[tuple[int, int, int], bytes]


def kept(store: Path) -> Kept:
    """Study, point and replication of what the store has at this moment, for another reader."""
    if not store.exists():
        return {}
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as db:
        try:
            rows = db.execute("SELECT study, point, replication, measured FROM runs").fetchall()
        except sqlite3.OperationalError:  # its tables are not there yet
            return {}
    return {(study, point, replication): blob for study, point, replication, blob in rows}


def command(folder: Path, store: str, out: str, workers: int) -> list[str]:
    (folder / "night.yaml").write_text(scenario_yaml.dump(night()))
    return [
        sys.executable, "-m", "batchsim", "optimise", "night.yaml", "--minimise", "cost_usd", "--subject-to",
        "P(ready_at < 15m) >= 0.7", "--over", "spot.maxvCpus=2..16", "--over", "world.market=calm,stormy",
        "--trials", "12", "--replications", "6", "--first", "3", "--fresh", "6", "--workers", str(workers),
        "--store", store, "--format", "csv", "--out", out,
    ]  # fmt: skip


def killed(words: list[str], folder: Path, at_least: int, dice: random.Random) -> None:
    """Begin, and SIGKILL all processes a moment after so many runs are kept."""
    with subprocess.Popen(words, cwd=folder, stdout=-3, stderr=-3, start_new_session=True) as process:
        until = time.monotonic() + 120
        while len(kept(folder / "s.sqlite")) < at_least and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(dice.random() * 0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
@by_proc
def test_a_killed_optimisation_ends_in_the_same_bytes(tmp_path: Path) -> None:
    whole = subprocess.run(command(tmp_path, "w.sqlite", "whole", 1), cwd=tmp_path, capture_output=True, check=True)
    total, dice = len(kept(tmp_path / "w.sqlite")), random.Random(SEED)  # noqa: S311 -- moments to kill at
    words = command(tmp_path, "s.sqlite", "out", 2)
    before: Kept = {}
    for number in range(KILLS):
        killed(words, tmp_path, len(before) + 1 + (total - len(before)) // (KILLS - number + 2), dice)
        now = kept(tmp_path / "s.sqlite")
        assert before.items() <= now.items()  # nothing is lost, nothing is other
        before = now
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    assert ended.stdout == whole.stdout
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name


@by_proc
def test_ctrl_c_ends_with_how_to_go_on(tmp_path: Path) -> None:
    words = [*command(tmp_path, "s.sqlite", "out", 2), "--trials", "1000"]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from batchsim.cli import main; main()"
    )
    words[1:3] = ["-c", code]  # a test may run where SIGINT is ignored
    with subprocess.Popen(words, cwd=tmp_path, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        until = time.monotonic() + 60
        while not kept(tmp_path / "s.sqlite") and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "every finished run is kept in s.sqlite; go on with: batchsim" in said
    assert "Traceback" not in said
    until = time.monotonic() + 10
    while members(process.pid) and time.monotonic() < until:
        time.sleep(0.05)  # workers end with their parent, in a moment
    assert members(process.pid) == []
