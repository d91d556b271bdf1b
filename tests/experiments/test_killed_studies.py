"""Studies killed at random moments: called again, they end in the table of an uninterrupted run, to the byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from effort import effort
from experiments.kept_runs import kept
from experiments.small import night
from processes import by_proc, members

from batchsim.formats import scenario_yaml

SIZES = effort(fast="2,4,8", verify=",".join(map(str, range(2, 22, 8))), long=",".join(map(str, range(2, 22))))
DELAYS = effort(
    fast="30s,90s", verify=",".join(f"{n}s" for n in range(30, 130, 10)), long="30s,60s,90s,2m,3m,4m,5m,6m,7m,8m"
)
REPLICATIONS = 5
KILLS = effort(fast=2, verify=3, long=40)
SEED = int(os.environ.get("BATCHSIM_SEED", "1"))


def command(folder: Path, store: str, out: str, workers: int) -> list[str]:
    (folder / "night.yaml").write_text(scenario_yaml.dump(night()))
    return [
        sys.executable, "-m", "batchsim", "sweep", "night.yaml", "--vary", f"spot.maxvCpus={SIZES}",
        "--vary", f"world.scale_up_delay={DELAYS}", "--replications", str(REPLICATIONS), "--workers", str(workers),
        "--store", store, "--format", "csv", "--out", out,
    ]  # fmt: skip


def kill_at_random(words: list[str], folder: Path, dice: random.Random, at_least: int) -> None:
    """Begin the study; SIGKILL to all of its processes a moment after so many runs are done."""
    with subprocess.Popen(words, cwd=folder, stdout=-3, stderr=-3, start_new_session=True) as process:
        until = time.monotonic() + 120
        while len(kept(folder / "s.sqlite")) < at_least and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(dice.random() * 0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
    assert process.returncode == -signal.SIGKILL


@by_proc
def test_a_killed_study_ends_in_the_same_bytes(tmp_path: Path) -> None:
    total = len(SIZES.split(",")) * len(DELAYS.split(",")) * REPLICATIONS
    whole = subprocess.run(command(tmp_path, "w.sqlite", "whole", 1), cwd=tmp_path, capture_output=True, check=True)
    dice = random.Random(SEED)  # noqa: S311 -- moments to kill at
    words = command(tmp_path, "s.sqlite", "out", 2)
    before: dict[tuple[int, int], bytes] = {}
    for number in range(KILLS):
        low, high = len(before) + 1, len(before) + (total - len(before)) // (KILLS - number + 1)
        kill_at_random(words, tmp_path, dice, dice.randint(low, max(low, high)))
        now = kept(tmp_path / "s.sqlite")
        assert before.items() <= now.items()  # nothing is lost, nothing is other
        before = now
    assert 0 < len(before) < total
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    assert f"{len(before)} are done".encode() in ended.stderr
    assert ended.stdout == whole.stdout
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.slow
@by_proc
def test_two_processes_share_a_study_and_both_end_in_the_same_bytes(tmp_path: Path) -> None:
    words = [command(tmp_path, "s.sqlite", f"out-{n}", 1) for n in (1, 2)]
    both = [subprocess.Popen(each, cwd=tmp_path, stdout=-1, stderr=-1) for each in words]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    alone = subprocess.run(command(tmp_path, "w.sqlite", "whole", 1), cwd=tmp_path, capture_output=True, check=True)
    assert said[0][0] == said[1][0] == alone.stdout


def begun(folder: Path, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not kept(folder / "s.sqlite") and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)


LONG = ("--replications", effort(fast="3000", verify="400", long="400"))  # at most 100,000 runs


@by_proc
@pytest.mark.parametrize(("workers", "twice"), [pytest.param(1, False, marks=pytest.mark.slow), (2, False), (2, True)])
def test_ctrl_c_ends_with_how_to_go_on(workers: int, twice: bool, tmp_path: Path) -> None:
    words = [*command(tmp_path, "s.sqlite", "out", workers), *LONG]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from batchsim.cli import main; main()"
    )
    words[1:3] = ["-c", code]  # a test may run where SIGINT is ignored
    with subprocess.Popen(words, cwd=tmp_path, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        begun(tmp_path, process)
        for _ in range(1 + twice):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.02)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "every finished run is kept in s.sqlite; go on with: batchsim" in said
    assert ("stopping when the runs in flight are done" in said) is True
    assert "Traceback" not in said
    assert kept(tmp_path / "s.sqlite")
    assert not (tmp_path / "out").exists()
    until = time.monotonic() + 10
    while members(process.pid) and time.monotonic() < until:
        time.sleep(0.05)  # workers end with their parent, in a moment
    assert members(process.pid) == []
