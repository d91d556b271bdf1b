"""Whatever goes wrong, the user gets a sentence and an exit code, and never a traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import hears_hangups
from typer.testing import Result

from batchsim.errors import OutputError

Command = Callable[..., Result]
Simulated = Callable[..., None]
COMMAND = [sys.executable, "-m", "batchsim"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutputError("out: no room"), 4),
        (PermissionError(13, "Permission denied", "file"), 4),
        (MemoryError(), 4),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("division by zero"), 70),
        (RuntimeError("can't start new thread"), 4),
        (AssertionError(), 70),
    ],
)
def test_every_failure_has_its_exit_code(
    batchsim: Command, scenario: Path, simulated: Simulated, error: BaseException, code: int
) -> None:
    simulated(error)
    result = batchsim("run", scenario)
    assert result.exit_code == code
    assert result.stderr
    assert "Traceback" not in result.output


def test_a_bug_prints_what_to_report(batchsim: Command, scenario: Path, simulated: Simulated) -> None:
    simulated(ZeroDivisionError("division by zero"))
    lines = batchsim("run", scenario).stderr.splitlines()
    assert "bug in batchsim" in lines[0]
    assert "ZeroDivisionError: division by zero" in lines[0]
    assert "seed 1; batchsim " in lines[1]
    assert lines[1].endswith("--seed 1")


def test_a_failed_run_leaves_no_folder(batchsim: Command, scenario: Path, simulated: Simulated, tmp_path: Path) -> None:
    simulated(ZeroDivisionError())
    batchsim("run", scenario, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_scenario_is_exit_code_4(batchsim: Command, tmp_path: Path) -> None:
    result = batchsim("run", tmp_path / "none.yaml")
    assert result.exit_code == 4
    assert "none.yaml" in result.stderr


def test_a_wrong_scenario_is_exit_code_2_with_its_place(batchsim: Command, scenario: Path) -> None:
    scenario.write_text(scenario.read_text().replace("maxvCpus", "maxvCpu"))
    result = batchsim("run", scenario)
    assert result.exit_code == 2
    assert "scenario.yaml:13:7: computeEnvironments[0].computeResources.maxvCpu: " in result.stderr
    assert "Did you mean maxvCpus?" in result.stderr


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "x", "--sed", "1"], ["run", "x", "--seed", "one"]])
def test_a_wrong_command_line_is_exit_code_2(batchsim: Command, arguments: list[str]) -> None:
    result = batchsim(*arguments)
    assert result.exit_code == 2
    assert "Usage: batchsim" in result.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen([*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["schema"]])
def test_a_full_disk_under_stdout_is_exit_code_4(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("batchsim: ")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stdout_is_no_bug(scenario: Path) -> None:
    shell = f"{shlex.join(COMMAND)} run {shlex.quote(str(scenario))} >&-"
    done = subprocess.run(["/bin/sh", "-c", shell], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_tidily(tmp_path: Path, scenario: Path, number: int, code: int) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text(
        "import time, batchsim.simulation as s\n"
        "def run(*_, **__):\n    print('running', flush=True)\n    time.sleep(300)\n"
        "s.run = run\nfrom batchsim.cli import main\nmain()\n"
    )
    command = [sys.executable, str(sleeper), "run", str(scenario), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command,
        stdout=-1,
        stderr=-1,
        text=True,
        env=environment,
        preexec_fn=hears_hangups,  # noqa: PLW1509 -- it sets a signal and no more
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "run again with: batchsim run" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
