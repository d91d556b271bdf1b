"""``verify.py`` itself: it finds every planted fault, and passes a handful of the table's rows."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fidelity_rows import PROJECT, always, value_of
from planted import POSITIONS, VECTOR_4

from batchsim.spec import World

HANDFUL = ("V4", "B8", "2.3j", "3.3c", "7a")


def verify(*arguments):
    command = [sys.executable, "tests/fidelity/verify.py", "--workers", "1", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def told():
    return verify("--rows", "tests/fidelity/planted.py").stdout


def test_a_handful_of_rows_holds():
    done = verify(*HANDFUL)
    assert (done.returncode, done.stderr) == (0, "")
    assert "every mutation was noticed" in done.stdout


@pytest.mark.parametrize(
    ("row", "test", "fault"),
    [
        ("B2", VECTOR_4, "its own mutation: SURVIVED, the test still passes"),
        ("B3", VECTOR_4, "its own mutation: the test crashed, not by an assertion. ZeroDivisionError"),
        ("B4", VECTOR_4, "its own mutation: the test crashed, not by an assertion. AssertionError"),
        ("B5", VECTOR_4, "its own mutation: the test crashed, not by an assertion. the mutation cannot be made"),
        ("B6", "tests/golden/test_golden_vectors.py::test_vector_99", "there is no such test"),
        ("B7", VECTOR_4, "the row has no mutation"),
        ("B8 back", VECTOR_4, "world.retry_position read as front: SURVIVED, the test still passes"),
    ],
    ids=lambda value: value if value[:1] == "B" else "",
)
def test_a_row_that_is_not_held_is_told_with_its_test_and_what_was_changed(row, test, fault, told):
    assert f"{row}  {test}\n    {fault}" in told


def test_rows_that_hold_are_not_told(told):
    assert "B1 " not in told
    assert f"B8 front  {POSITIONS}" not in told
    assert "8 rows, 10 tests, " in told
    assert "7 are not held by their tests" in told


def test_a_mutation_fixes_what_the_engine_reads_and_not_what_was_written(monkeypatch):
    always("retry_delay", "5s")(monkeypatch)
    given = World.model_validate({"retry_delay": "7s"})
    assert (given.retry_delay, given.model_dump(include={"retry_delay"})) == (5_000, {"retry_delay": "7s"})
    monkeypatch.undo()
    assert given.retry_delay == 7_000


def test_values_are_as_in_a_file():
    assert value_of("retry_delay", "default") == World().retry_delay
    assert value_of("warm_start", "{lognormal: {median: 7.3s, sigma: 0.8}}") == World().warm_start
    assert value_of("spot_depth", "unlimited") == "unlimited"
