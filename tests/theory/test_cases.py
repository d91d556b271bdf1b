"""Every case of the selftest: in a short form on each change, at full length and fresh seeds under ``verify``.

On each change half-widths may be five times as wide, which takes a 25th of the jobs; exact values and bounds are as
ever. Under ``verify`` an estimate that fails is run once more, four times as long, and long queues go by their
recursion; under ``long`` they run whole.
"""

from __future__ import annotations

import pytest
from effort import LEVEL
from theory.seeds import SURER, campaign_seed

from batchsim.selftest.case import Case
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.registry import family, in_two_steps
from batchsim.selftest.runner import Report, run_all, run_case, run_twice

COARSER = 5.0
LIGHT = {"T1.2", "T1.5"}
"""Too slow to run whole at full length, but not in the short form."""
SEED = campaign_seed()


def due(case: Case) -> Case | None:
    """What this level runs of a case."""
    longer = case.longer(SURER) if case.kind == "ci" else case
    if LEVEL == "fast":
        return (case.coarser(COARSER) if case.kind == "ci" else case) if case.id in LIGHT or not case.heavy else None
    return longer if LEVEL == "long" else in_two_steps(longer)


def told(report: Report) -> str:
    """What failed, with the command that repeats it."""
    lines = [
        f"{each.quantity.name}: {each.measured} ± {each.half_width} for {each.quantity.theta}: {each.outcome}"
        for each in report.verdicts
        if not each.ok
    ]
    return "\n".join([*lines, f"BATCHSIM_EFFORT={LEVEL} BATCHSIM_SEED={SEED} pytest tests/theory -k {report.case.id}"])


@pytest.mark.parametrize("case", [*filter(None, map(due, all_cases()))], ids=lambda case: case.id)
def test_a_case_agrees_with_theory(case, cases):
    (report,) = [run_case(case, SEED)] if LEVEL == "fast" else run_twice([case], SEED)
    cases(len(report.verdicts))
    assert report.ok, told(report)


def test_the_figures_do_not_hang_on_the_number_of_processes():
    some = [case.coarser(3) for case in all_cases() if case.id in ("T8.3", "T8.7", "T13.1")]
    assert run_all(some, 5, workers=2) == run_all(some, 5, workers=1)


def test_the_family_counts_every_estimate_of_every_case():
    assert family() == sum(each.kind == "ci" for case in all_cases() for each in case.quantities) > 60


def test_cases_are_in_the_order_of_the_plan():
    ids = [case.id for case in all_cases()]
    assert ids == sorted(ids, key=lambda id_: [int(part) for part in id_[1:].split(".")])
    assert ids[0] == "T1.1"


def test_a_second_run_has_numbers_of_its_own():
    case = next(case for case in all_cases() if case.id == "T13.1")
    assert case.simulate(SEED, 0) != case.simulate(SEED, case.replications)
