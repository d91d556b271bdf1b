"""The command line in hostile surroundings: no home, no folder, no memory, no disk, no reader, signals."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from effort import effort
from processes import hears_hangups

from batchsim.cli.init import starter

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "batchsim"]
PLAIN = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the starter scenario."""
    (tmp_path / "s.yaml").write_text(starter())
    return tmp_path


def shell(desk: Path, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, where ``batchsim`` is the command, in an environment of nothing but ``variables``."""
    line = line.replace("batchsim", shlex.join(COMMAND))
    environment = {**PLAIN, **variables}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=desk,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def code_of(done: subprocess.CompletedProcess[str]) -> int:
    """The exit code; a traceback fails the test."""
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_run_in_no_home_no_language_and_another_order_of_hashing_has_the_same_bytes(desk: Path) -> None:
    assert code_of(shell(desk, "batchsim run s.yaml --out a --events --costs", PYTHONHASHSEED="1")) == 0
    strange = {"HOME": "/nonexistent", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "77"}
    assert code_of(shell(desk, "batchsim run s.yaml --out b --events --costs", PYTHONOPTIMIZE="2", **strange)) == 0
    assert contents(desk / "a") == contents(desk / "b")


def test_a_working_folder_that_is_gone_is_no_bug(desk: Path) -> None:
    gone = f"mkdir gone && cd gone && rmdir ../gone && batchsim run {desk}/s.yaml"
    assert code_of(shell(desk, gone)) == 0
    assert code_of(shell(desk, f"{gone} --out x")) == 4


def test_the_exit_code_tells_even_where_nobody_can_read_the_message(desk: Path) -> None:
    assert code_of(shell(desk, "batchsim run nowhere.yaml 2>/dev/full")) == 4
    assert code_of(shell(desk, "batchsim run nowhere.yaml >&- 2>&- <&-")) == 4


def test_a_file_that_may_not_grow_leaves_no_folder(desk: Path) -> None:
    done = shell(desk, "ulimit -f 1; batchsim run s.yaml --out out --events")
    assert (code_of(done), (desk / "out").exists()) == (4, False)
    assert done.stderr == "out: E182: cannot write results here: File too large\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_run_without_memory_is_exit_code_4(desk: Path) -> None:
    many = starter().replace("size: 40", "size: 10000").replace("at: 0s ", "at: 0s\n    count: 200 ")
    (desk / "many.yaml").write_text(many)
    done = shell(desk, "ulimit -v 400000; batchsim run many.yaml --out out")
    assert (code_of(done), (desk / "out").exists()) == (4, False)
    assert "not enough memory" in done.stderr


def test_a_library_that_finds_no_room_for_its_code_is_want_of_memory() -> None:
    from batchsim.cli.guard import _is_want_of_memory

    inner = ImportError("numpy.so: failed to map segment from shared object")
    outer = ImportError("Importing the numpy C-extensions failed")
    outer.__cause__ = inner
    assert _is_want_of_memory(outer)
    assert not _is_want_of_memory(ImportError("No module named x"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_the_middle_of_a_long_run_ends_it_at_once(desk: Path, number: int, code: int) -> None:
    (desk / "long.yaml").write_text(
        starter().replace("size: 40", "size: 10000").replace("at: 0s ", "at: 0s\n    count: 300 ")
    )
    command = [*COMMAND, "run", "long.yaml", "--out", "out"]
    with subprocess.Popen(
        command,
        cwd=desk,
        env=PLAIN,
        stdout=-1,
        stderr=-1,
        text=True,
        preexec_fn=hears_hangups,  # noqa: PLW1509 -- it sets a signal and no more
    ) as process:
        while not (desk / "out").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(number)
        began = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - began < 30  # the run itself takes minutes
    assert (process.returncode, (desk / "out").exists()) == (code, False)
    assert "run again with: batchsim run long.yaml" in said


def test_what_a_strange_folder_holds_cannot_steer_the_terminal(desk: Path) -> None:
    assert code_of(shell(desk, "batchsim run s.yaml --out out")) == 0
    table = desk / "out" / "jobs.csv"
    table.write_text(table.read_text().replace("SUCCEEDED", "\x1b[31mred\x07"))
    done = shell(desk, "batchsim check out")
    assert (code_of(done), "\\x1b[31mred" in done.stderr) == (1, True)
    assert "\x1b" not in done.stdout + done.stderr


def test_a_name_cannot_steer_the_terminal_or_the_spreadsheet(desk: Path) -> None:
    evil = r'"\e[31m[bold]x[/nope]\r\a\u202e<script>=1+1"'
    text = starter().replace("fails: [{probability: 0.05, ", f"fails: [{{reason: {evil}, probability: 1, ")
    (desk / "evil.yaml").write_text(text.replace("name: starter", f"name: {evil}", 1))
    done = shell(desk, "batchsim run evil.yaml --out out")
    assert code_of(done) in (0, 1), done.stderr
    assert "\\x1b[31m[bold]x[/nope]" in done.stdout
    assert not {"\x1b", "\r", "\a", "\u202e"} & set(done.stdout)


def test_devices_and_pipes_are_no_scenarios_and_no_folders(desk: Path) -> None:
    os.mkfifo(desk / "pipe")
    assert code_of(shell(desk, "batchsim run pipe")) == 2
    assert code_of(shell(desk, "batchsim validate /dev/zero")) == 2
    assert code_of(shell(desk, "batchsim check pipe")) == 4


ENDS_BY_ITSELF = ("OpenBLAS error", "libgcc_s.so.1 must be installed")
"""What a library says that ends the process where it cannot begin a thread, or end one."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
@pytest.mark.parametrize("megabytes", range(40, 500, effort(fast=60, verify=60, long=20)))
def test_any_amount_of_memory_is_enough_or_told(desk: Path, megabytes: int) -> None:
    done = shell(desk, f"ulimit -v {megabytes * 1000}; batchsim run s.yaml --out out")
    if not any(each in done.stderr for each in ENDS_BY_ITSELF):
        assert code_of(done) in (0, 1, 4)


@pytest.mark.slow
def test_of_two_that_write_into_one_folder_one_wins_whole(desk: Path) -> None:
    (desk / "mid.yaml").write_text(starter().replace("size: 40", "size: 5000"))
    assert code_of(shell(desk, "batchsim run mid.yaml --out alone --events")) in (0, 1)
    both = " & ".join(["batchsim run mid.yaml --out out --force --events"] * 3)
    assert code_of(shell(desk, f"{both}; wait")) in (0, 1, 4)
    assert contents(desk / "out") == contents(desk / "alone")
