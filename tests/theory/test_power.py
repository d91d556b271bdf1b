"""The suite must fail when we make it wrong: nine planted errors, and the cases that notice each.

Eight are planted in the product's own rules, one in the measurement. Under ``verify`` each error meets several cases at
full length and through the real judge; on each change the one that notices it fastest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from effort import LEVEL, effort
from plain_engine import plainly

from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.launch import Launcher
from batchsim.engine.laws import Sampler
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.workload import firings
from batchsim.policies.ordering import serving_order
from batchsim.selftest.case import Case
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.runner import Report, run_case

Patch = pytest.MonkeyPatch
CASES = {case.id: case for case in all_cases()}
TRACE = "T9.1"


# -- the errors


def longer_services(patch: Patch) -> None:
    """Every duration that is drawn is 5 % too long."""
    draw = Sampler.block_ms
    patch.setattr(Sampler, "block_ms", lambda self, *given: np.rint(draw(self, *given) * 1.05).astype(np.int64))


def more_arrivals(patch: Patch) -> None:
    """Poisson arrivals come 5 % too often."""
    arrivals = firings.poisson_firings_ms
    patch.setattr(firings, "poisson_firings_ms", lambda rate, *given: arrivals(rate * 1.05, *given))


def no_boots(patch: Patch) -> None:
    """Instances are ready when they are launched."""
    patch.setattr(Launcher, "_boot", lambda *_: (0, 0))


def another_slot(patch: Patch) -> None:
    """Every instance has room for one job more."""
    launch = InstanceTable.launch

    def launched(self: InstanceTable, *given: Any) -> int:
        row = launch(self, *given)
        self.free_vcpus[row] += 1
        return row

    patch.setattr(InstanceTable, "launch", launched)


def swapped_priorities(patch: Patch) -> None:
    """Queues are served from the lowest priority up."""
    patch.setattr("batchsim.engine.scheduler.serving_order", lambda given: serving_order([-each for each in given]))


def another_attempt(patch: Patch) -> None:
    """The first attempt does not count."""
    used = Lifecycle._used
    patch.setattr(Lifecycle, "_used", lambda self, *given: used(self, *given) - 1)


def no_minimum(patch: Patch) -> None:
    """Less than a minute is billed as it is."""
    patch.setattr("batchsim.analysis.bills.MINIMUM_S", 0)


def last_come(patch: Patch) -> None:
    """The latest submission is served first: the mean wait stays what it was."""
    plainly(patch)  # the loop of engine/flow.py pushes by itself
    push = JobQueue.push
    patch.setattr(JobQueue, "push", lambda self, key, high: push(self, (-key[0], key[1], key[2]), high))


def nothing(_patch: Patch) -> None:
    """No error in the product."""


def as_it_is(case: Case) -> Case:
    """No error in the measurement."""
    return case


def from_the_start(case: Case) -> Case:
    """The warm-up is measured too."""
    assert isinstance(case.measure, partial)
    return replace(case, measure=partial(case.measure.func, 0.0, *case.measure.args[1:]))


@dataclass(frozen=True)
class Plant:
    """An error; the cases that must notice it, the fastest first; how coarse that one may be but under ``long``."""

    name: str
    error: Callable[[Patch], None]
    noticed_by: tuple[str, ...]
    measured: Callable[[Case], Case] = as_it_is
    coarser: float = 1.0

    def case(self, id_: str) -> Case:
        case = self.measured(CASES[id_])
        return case.coarser(self.coarser) if LEVEL != "long" and id_ == self.noticed_by[0] else case


PLANTS = [
    Plant("service mean x 1.05", longer_services, ("T9.1", "T8.3", "T1.1")),
    Plant("arrival rate x 1.05", more_arrivals, ("T1.1", "T8.3"), coarser=2.0),
    Plant("boot delay dropped", no_boots, ("T8.6", "T8.1", "T8.4")),
    Plant("one slot too many", another_slot, ("T9.1", "T9.2", "T1.1")),
    Plant("priorities swapped", swapped_priorities, ("T5.1",), coarser=5.0),
    Plant("retries off by one", another_attempt, ("T14.2", "T14.1")),
    Plant("minimum billing dropped", no_minimum, ("T21.1", "T21.5")),
    Plant("warm-up not removed", nothing, ("T2.1",), from_the_start, coarser=4.0),
    Plant("last come, first served", last_come, ("T9.1", "T9.2")),
]


def missed(report: Report) -> list[str]:
    return [f"{each.case} {each.quantity.name}" for each in report.verdicts if each.outcome == "fail"]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_an_error_turns_the_suite_red(plant, monkeypatch, cases, record_property):
    ids = plant.noticed_by[: effort(fast=1, verify=1, long=9)]
    plant.error(monkeypatch)
    found = {id_: missed(run_case(plant.case(id_))) for id_ in ids}
    record_property("noticed by", "; ".join(name for names in found.values() for name in names))
    cases(len(ids))
    assert all(found.values()), found


def test_there_are_nine_errors_and_each_case_passes_without_them():
    assert len(PLANTS) == 9
    assert run_case(CASES[TRACE]).ok


@pytest.mark.skipif(LEVEL == "fast", reason="needs T1.2 at length: under BATCHSIM_EFFORT=verify")
def test_the_mean_wait_and_the_95th_percentile_do_not_see_the_order_of_service(monkeypatch):
    last_come(monkeypatch)
    names = missed(run_case(CASES["T1.2"].coarser(effort(fast=4, verify=4, long=1))))
    assert "T1.2 p99(Wq)" in names
    assert "T1.2 E[Wq]" not in names


def test_the_checker_sees_the_order_of_service(monkeypatch):
    last_come(monkeypatch)
    (result,) = CASES[TRACE].results(1)
    assert "I29" in {violation.id for violation in result.check()}
