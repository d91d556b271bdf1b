"""``batchsim fuzz`` as its user meets it: options, table, JSON, what is kept, exit codes, interrupts."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import planted
from typer.testing import CliRunner, Result

from batchsim.cli.app import app

ROOT = Path(__file__).parent.parent.parent
HELLO = ROOT / "scenarios" / "hello_fargate.yaml"
SPOT = ROOT / "scenarios" / "deterministic.yaml"


def fuzz(*words: object) -> Result:
    return CliRunner().invoke(app, ["fuzz", "--workers", "1", *map(str, words)])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """batchsim with a reader that falls over large numbers."""
    monkeypatch.setattr("batchsim.cli.trial.try_out", planted.reader_raises)
    monkeypatch.chdir(tmp_path)


def test_a_campaign_without_failures_is_a_table_and_exit_code_0() -> None:
    done = fuzz("--seed", 3, "-n", 3, "--kinds", "bytes,tokens", HELLO)
    assert done.exit_code == 0, done.stderr
    assert "Mutants from seed 3" in done.stdout
    assert "6 mutants, none failed" in done.stdout
    assert "seed 3: 3 mutants each of bytes, tokens" in done.stderr


def test_the_same_as_json() -> None:
    page = json.loads(fuzz("--seed", 3, "-n", 3, "--kinds", "bytes", "--format", "json", HELLO).stdout)
    (kind,) = page["kinds"]
    assert (page["seed"], page["cases"], page["failures"]) == (3, 3, [])
    assert kind["refused"] + kind["unchanged"] + kind["ran"] == 3


@pytest.mark.usefixtures("broken")
def test_a_failure_is_exit_code_1_and_kept_small_with_the_command_that_repeats_it() -> None:
    done = fuzz("--seed", 10, "-n", 8, "--kinds", "structure", "--format", "json", HELLO)
    assert done.exit_code == 1
    (failure,) = json.loads(done.stdout)["failures"]
    kept = Path(failure["kept"])
    assert kept.parent.parent == Path("fuzz-failures")
    assert kept.stat().st_size == failure["bytes_shrunk"] < failure["bytes"]
    again = fuzz(*shlex.split(failure["again"])[2:])
    assert again.exit_code == 1
    assert failure["what"] in again.stdout


def test_one_mutant_can_be_looked_at(tmp_path: Path) -> None:
    done = fuzz("--seed", 0, "--only", "bytes", "--keep", tmp_path / "kept", HELLO)
    assert done.exit_code == 0
    assert "bytes 0: " in done.stdout
    assert (tmp_path / "kept" / HELLO.name).exists()


def test_fault_plans_are_measured_against_the_undisturbed_run() -> None:
    done = fuzz("--faults", SPOT, "-n", 12, "--seed", 0, "--format", "json")
    assert done.exit_code == 0, done.output
    page = json.loads(done.stdout)
    assert page["fault_plans"] == 12
    assert any(plan["with_faults"] > plan["undisturbed"] for plan in page["worst_fault_plans"])


def test_outside_of_a_checkout_mutants_are_made_of_the_starter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("batchsim.cli.fuzz.SHIPPED", tmp_path)
    done = fuzz("--seed", 0, "--only", "tokens")
    assert "mutants are made of `batchsim init`'s" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kinds", "bites"], "Did you mean bytes?"),
        (["--only", "bytes"], "Give --seed N too"),
        (["--faults"], "name the scenario whose faults are drawn"),
        (["-n", "0"], "-n"),
        (["nowhere.yaml"], "nowhere.yaml: cannot be read"),
    ],
)
def test_what_makes_no_campaign_is_refused(words: list[str], said: str) -> None:
    done = fuzz(*words)
    assert done.exit_code in (2, 4)
    assert said in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it_with_the_table_so_far(number: int, code: int) -> None:
    command = [sys.executable, "-m", "batchsim", "fuzz", "--workers", "1", "--seconds", "300", "--kinds", "bytes"]
    with subprocess.Popen(
        [*command, str(HELLO)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stderr is not None
        assert "seed" in process.stderr.readline()
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert "mutants, none failed" in out
    assert "run again with: batchsim fuzz" in err
    assert "Traceback" not in err
