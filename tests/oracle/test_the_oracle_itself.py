"""That the comparison means something: the oracle shares no code, its scenarios reach every corner, errors show."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from oracle.comparison import differences, oracle_run
from oracle.errors import ERRORS, EndlessError, around, bounded, plant
from oracle.generator import scenario
from oracle.marks import marks
from oracle.replay import story

from batchsim.engine.kernel import Kernel, Rank

HERE = Path(__file__).parent
OWN = [
    "allocation", "bills", "capacity", "changes", "dependencies", "ending", "generator", "licences", "line", "marks",
    "plain", "quantities", "reading", "retry", "scaling", "shortage", "telling", "turns", "widening",
]  # fmt: skip
NUMBERS = range(2_000)
FIRST_OF_THEM = range(400)
"""Among which every planted error must show."""


def imported(module: str) -> set[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", [*OWN, "simulator"])
def test_it_shares_no_code_with_batchsim(module: str) -> None:
    standard = {"__future__", "collections.abc", "dataclasses", "fractions", "itertools", "random", "re", "typing"}
    assert imported(module) <= standard | {"oracle"} | {f"oracle.{other}" for other in OWN}


# -- what the scenarios of the fast tier reach, as the oracle tells it

PURCHASES = (
    "BEST_FIT On-Demand", "BEST_FIT Spot", "BEST_FIT_PROGRESSIVE On-Demand", "BEST_FIT_PROGRESSIVE Spot",
    "BEST_FIT_PROGRESSIVE_ORDERED On-Demand", "SPOT_CAPACITY_OPTIMIZED Spot",
    "SPOT_PRICE_CAPACITY_OPTIMIZED Spot", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED Spot",
)  # fmt: skip
LEAST = {
    500: ["job SUCCEEDED", "job FAILED", "attempt succeeded", "attempt failed", "scaled out", "waited for a boot",
          "failed by a dependency: plain", "some pulled, some did not", "scaled in", "reclaimed"],
    200: ["attempt timed_out", "attempt reclaimed", "job RUNNABLE", "job PENDING", "initial capacity", "replaced",
          "drained", "failed by a dependency: SEQUENTIAL", "launched in two zones", "set state",
          "took another than the first type of the list", "started out of the order in which they came"],
    50: ["attempt terminated", "attempt None", "cancelled while pending", "retried front", "retried original",
         "retried back", "exited at SIGTERM", "failed by a dependency: N_TO_N", "not retried by a rule",
         "more than maxvCpus", "launched in spite of capacity errors", "job NOT_SUBMITTED", "spilled over to a scaler",
         "spilled over to a fleet", "set maxvCpus", "set minvCpus", "set priority",
         "a share's job passed an older one", "a licence came back", "a licence never came back",
         "waited for a licence"],
    30: [f"{each} {what}" for each in PURCHASES for what in ("chose", "scaled in")],
    10: ["killed after SIGTERM", "set desiredvCpus", "set totalQuantity", "shares took turns",
         "a reservation kept jobs waiting", "kept a licence between attempts",
         *(f"{each} {what}" for each in PURCHASES for what in ("launched several types", "met capacity errors"))],
}  # fmt: skip
"""In so many of two thousand scenarios at least each of these happens: seen in the run, not drawn for it."""


@pytest.mark.slow  # of the oracle alone, which no change of batchsim moves
def test_the_scenarios_reach_every_corner(cases) -> None:
    reached = Counter(mark for number in NUMBERS for mark in set(marks(oracle_run(scenario(number))[0])))
    cases(len(NUMBERS))
    seldom = {mark: reached[mark] for least, of in LEAST.items() for mark in of if reached[mark] < least}
    assert not seldom, seldom


# -- errors planted in batchsim

FEW = 9


def at_length(error: str) -> object:
    """An error that is planted in `make verify` alone: what moves the oracle's power is seldom a change of batchsim."""
    return pytest.param(error, marks=pytest.mark.slow)


@pytest.mark.parametrize("error", [*islice(ERRORS, FEW), *map(at_length, islice(ERRORS, FEW, None))])
def test_an_error_planted_in_batchsim_shows(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(error, monkeypatch)
    assert any(shows(number) for number in FIRST_OF_THEM)


def test_a_run_under_a_planted_error_is_given_up_if_it_never_leaves_an_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    around(Kernel, "advance", bounded)(monkeypatch)
    kernel = Kernel()

    def again(_: None) -> None:
        kernel.call_at(0, Rank.SCALE_UP, again)

    again(None)
    with pytest.raises(EndlessError):
        kernel.advance(1, lambda: False, lambda: False)


def shows(number: int) -> bool:
    """Whether batchsim's run differs from the oracle's, or has no end."""
    try:
        return bool(differences(scenario(number)))
    except EndlessError:
        return True


def test_a_difference_is_told_with_its_scenario_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    plant("the lowest priority is served first", monkeypatch)
    number = next(each for each in FIRST_OF_THEM if differences(scenario(each)))
    told, small = story(number), story(number, smaller=True)
    assert f"again: python tests/oracle/replay.py {number}" in told
    assert " s: only " in told
    assert small.count("jobName") < told.count("jobName")
    assert len(small) < len(told) / 2
