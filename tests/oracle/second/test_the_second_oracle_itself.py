"""That the comparison means something: the second oracle shares no code, scenarios reach corners, errors show."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from oracle.errors import EndlessError
from oracle.replay import story
from oracle.second.comparison import differences, oracle_run
from oracle.second.errors import BEGINS, ERRORS, plant
from oracle.second.kinds import KINDS
from oracle.second.marks import marks

HERE = Path(__file__).parent
OWN = [
    "bills", "blocked", "bucket", "checkpoint_scenarios", "course", "drawing", "ending", "fargate_scenarios", "hosts",
    "kinds", "line", "marks", "notices", "objects", "reading", "simulator", "tasks", "telling",
]  # fmt: skip
OF_THE_FIRST = {"oracle", "oracle.dependencies", "oracle.plain", "oracle.quantities", "oracle.retry", "oracle.second"}
NUMBERS = range(300)
FIRST_OF_THEM = range(500)
"""Among which every planted error must show."""


def imported(module: str) -> set[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", OWN)
def test_it_shares_no_code_with_batchsim(module: str) -> None:
    standard = {"__future__", "collections.abc", "dataclasses", "fractions", "math", "random", "typing"}
    assert imported(module) <= standard | OF_THE_FIRST | {f"oracle.second.{other}" for other in OWN}


LEAST = {
    100: ["job SUCCEEDED", "job FAILED", "job RUNNABLE", "attempt succeeded", "attempt failed", "attempt reclaimed",
          "noticed", "spilled over"],
    50: ["went on from what was saved"],
    30: ["attempt timed_out", "backed off", "blocked until then", "blocked until the end", "saved and exited",
         "lost at once", "retried front", "retried original", "retried back", "reclaimed with None",
         "reclaimed with 137", "reclaimed with 143", "maintained",
         "blocked MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", "blocked UNDETERMINED"],
    10: ["attempt terminated", "cancelled while pending", "cancelled by a limit", "above the quota",
         "blocked MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "blocked CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"],
    2: ["blocked ACTION_REQUIRED", "blocked MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "reclaimed with None in STARTING", "lost while it saved"],
}  # fmt: skip
"""In so many of three hundred scenarios of each kind at least each of these happens."""


@pytest.mark.slow  # of the oracle alone, which no change of batchsim moves
def test_the_scenarios_reach_every_corner(cases) -> None:
    runs = [oracle_run(scenario(number)) for scenario in KINDS.values() for number in NUMBERS]
    reached = Counter(mark for run in runs for mark in set(marks(run)))
    cases(len(runs))
    seldom = {mark: reached[mark] for least, of in LEAST.items() for mark in of if reached[mark] < least}
    assert not seldom, seldom


@pytest.mark.parametrize(("kind", "error"), [(kind, error) for kind, errors in ERRORS.items() for error in errors])
def test_an_error_planted_in_batchsim_shows(kind: str, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(kind, error, monkeypatch)
    begins = BEGINS.get(error, 0)
    assert any(shows(kind, number) for number in [*FIRST_OF_THEM[begins:], *FIRST_OF_THEM[:begins]])


def shows(kind: str, number: int) -> bool:
    """Whether batchsim's run differs from the oracle's, or has no end."""
    try:
        return bool(differences(KINDS[kind](number)))
    except EndlessError:
        return True


def test_a_difference_is_told_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    plant("fargate", "storage that is included is billed", monkeypatch)
    number = next(each for each in NUMBERS if shows("fargate", each))
    told = story(number, kind="fargate")
    assert f"again: python tests/oracle/replay.py --fargate {number}" in told
    assert ": cost: the oracle says " in told
