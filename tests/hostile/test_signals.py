"""Ctrl-C, SIGTERM and SIGKILL while results are computed and written (B71-B73), and two at one folder (B77)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from effort import effort
from hostile.accidents import PLAIN
from hostile.surroundings import COMMAND, code_of, contents, desk_of, shell

from batchsim.cli.init import starter

LONG = starter().replace("size: 40", "size: 10000").replace("at: 0s ", "at: 0s\n    count: 300 ")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "long.yaml").write_text(LONG)
    return desk_of(tmp_path)


@contextmanager
def started(desk: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that has begun to hold its folder ``out``."""
    with subprocess.Popen([*COMMAND, *words], cwd=desk, env=PLAIN, stdout=-1, stderr=-1, text=True) as process:
        until = time.monotonic() + 120
        while not (desk / "out" / ".batchsim-staged-lock").exists() and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_at_once_who_holds_the_folder(desk: Path) -> None:
    with started(desk, "run", "long.yaml", "--out", "out") as holder:
        second = shell(desk, "batchsim run s.yaml --out out --force")
        assert code_of(second) == 4
        assert second.stderr.startswith(
            f"out: E191: another batchsim is writing here at this moment (process {holder.pid} on "
        )
        holder.kill()
        holder.wait()
    assert code_of(shell(desk, "batchsim run s.yaml --out out")) in (0, 1)
    assert not list((desk / "out").glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize(("numbers", "code"), [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 143)])
def test_signals_leave_no_folder_and_tell_how_to_run_again(desk: Path, numbers: tuple[int, ...], code: int) -> None:
    with started(desk, "run", "long.yaml", "--out", "out") as process:
        began = time.monotonic()
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.05)
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - began < 20
    assert (process.returncode, (desk / "out").exists()) == (code, False)
    assert "Traceback" not in said


@pytest.mark.slow
def test_killed_at_any_moment_the_old_results_or_the_new_are_whole(desk: Path, cases: object) -> None:
    assert code_of(shell(desk, "batchsim run s.yaml --out out --seed 1 --events --costs")) in (0, 1)
    old = contents(desk / "out")
    assert code_of(shell(desk, "batchsim run s.yaml --out new --seed 2")) in (0, 1)
    new = contents(desk / "new")
    dice = random.Random(int(os.environ.get("BATCHSIM_SEED", "1")))  # noqa: S311 -- no secret
    ends = set()
    kills = effort(fast=3, verify=3, long=200)
    for _ in range(kills):
        assert code_of(shell(desk, "batchsim run s.yaml --out out --seed 1 --events --costs --force")) in (0, 1)
        with started(desk, "run", "s.yaml", "--out", "out", "--seed", "2", "--force") as process:
            time.sleep(dice.random() * 0.6)
            process.kill()
            process.wait()
        found = {name: held for name, held in contents(desk / "out").items() if not name.startswith(".")}
        assert found in (old, new) or "summary.json" not in found
        ends.add("old" if found == old else "new" if found == new else "between")
        assert code_of(shell(desk, "batchsim run s.yaml --out out --seed 2 --force")) in (0, 1)
        assert contents(desk / "out") == new
    assert "old" in ends
    cases(kills)  # type: ignore[operator]
