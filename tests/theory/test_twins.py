"""Pathwise twins: fed with the arrivals and run times that a run recorded, a plain recursion gives every start exactly.

That leaves to the closed forms what they are good at, the sampled laws; nothing here is statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import LEVEL, effort
from theory import twins
from theory.seeds import campaign_seed

from batchsim.records.tables import NEVER
from batchsim.selftest import recursions
from batchsim.selftest.case import Case
from batchsim.selftest.cases import elastic, populations, queueing
from batchsim.selftest.formulas import laws
from batchsim.selftest.recursions import Recorded, recorded
from batchsim.selftest.registry import cases as all_cases

SEED = campaign_seed()
JOBS = effort(fast=1_000, verify=5_000, long=200_000)
SLOTS = {"T1.3": 1, "T1.6": 8, "T1.8": 64, "T1.9": 256}
"""Cases in heavy traffic."""
SECONDS = 1000


def shortened(case: Case) -> Case:
    """The case with about so many jobs after its warm-up."""
    return case.longer(JOBS / max(case.jobs, 1))


def boots(result: Any) -> list[int]:
    """How long each instance booted."""
    table = result.records.instances
    return np.where(table.ready_at_ms == NEVER, 10**12, table.ready_at_ms - table.launched_at_ms).tolist()


def first_come(servers: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        jobs = recorded(result)
        assert recursions.first_come(jobs, servers).tolist() == jobs.started.tolist()

    return hold


def prioritised(result: Any) -> None:
    jobs = recorded(result)
    assert recursions.by_priority(jobs).tolist() == jobs.started.tolist()


def scaled(most: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        jobs = recorded(result)
        assert twins.scaled_to_zero(jobs, boots(result), most) == jobs.started.tolist()

    return hold


def cycled(cycle_ms: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        jobs = recorded(result)
        assert [-(-came // cycle_ms) * cycle_ms for came in jobs.came.tolist()] == jobs.started.tolist()

    return hold


def ordered(result: Any) -> None:
    jobs = recorded(result)
    assert twins.two_sizes(jobs) == jobs.started.tolist()


def impatient(servers: int, patience_s: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        jobs = recorded(result)
        assert twins.impatient(jobs, servers, patience_s * SECONDS) == jobs.started.tolist()

    return hold


def in_turns(servers: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        jobs = recorded(result)
        starts = twins.users(jobs, servers)
        rows = twins.rows(jobs.entry, jobs.occurrence, jobs.started)
        worked = {(entry, user): start for entry, user, start in rows if entry % 2 and start != NEVER}
        assert worked
        assert {key: starts[key] for key in worked} == worked

    return hold


def cut_off(timeout_s: int) -> Callable[[Any], None]:
    def hold(result: Any) -> None:
        attempts, jobs = result.records.attempts, result.records.jobs
        ran = attempts.ended_at_ms - attempts.running_at_ms
        assert ran.tolist() == np.minimum(jobs.work_ms[attempts.job], timeout_s * SECONDS).tolist()

    return hold


Hold = Callable[[Any], None]
TWINS: dict[str, tuple[Hold, ...]] = {
    "T1.1": (first_come(1),),
    "T1.2": (first_come(1),),
    "T1.3": (first_come(1),),
    "T1.5": (first_come(4),),
    "T1.6": (first_come(8),),
    "T1.8": (first_come(64),),
    "T1.9": (first_come(256),),
    "T2.1": (first_come(1000), first_come(1000)),
    "T3.1": (first_come(1),),
    "T3.2": (first_come(2),),
    "T3.4": (first_come(8),),
    "T3.5": (first_come(16),),
    "T4.1": (first_come(1),),
    "T4.2": (first_come(1),),
    "T4.3": (first_come(1),),
    "T4.5": (first_come(1),),
    "T5.1": (prioritised,),
    "T5.2": (prioritised,),
    "T6.1": (first_come(1),),
    "T7.1": (first_come(1),),
    "T8.1": (scaled(1),),
    "T8.3": (scaled(1),),
    "T8.4": (scaled(2),),
    "T8.7": (cycled(10_000), first_come(1000)),
    "T10.1": (in_turns(3),),
    "T11.1": (ordered,),
    "T12.2": (impatient(4, 600),),
    "T13.1": (cut_off(900),),
}
"""By case: what holds the result of each of its scenarios; of T11.1 only the strict one."""

OTHERS: list[tuple[Case, tuple[Hold, ...]]] = [
    (queueing.mmc("T1.90", 3, 0.7), (first_come(3),)),
    (queueing.mdc("T3.90", 5, 0.6, 30), (first_come(5),)),
    (queueing.mg1("T4.90", laws.hyperexponential(20, 4), 0.6), (first_come(1),)),
    (
        queueing.priorities("T5.90", [("a", 0.2, laws.uniform(10, 50)), ("b", 0.2, laws.constant(90))]),
        (prioritised,),
    ),
    (
        queueing.priorities("T5.91", [(name, 0.25, laws.exponential(30)) for name in ("a", "b", "c")]),
        (prioritised,),
    ),
    (queueing.arrays("T7.90", 3, 0.5, laws.uniform(30, 90)), (first_come(1),)),
    (elastic.set_up("T8.90", laws.uniform(10, 90), 0.7, 45), (scaled(1),)),
    (elastic.several_set_ups("T8.91", 4, 0.6, 60, 30), (scaled(4),)),
    (populations.closed_network("T10.90", 4, 1, 30, 20), (in_turns(1),)),
    (populations.two_sizes("T11.90", 0.006, 90, 0.25), (ordered,)),
    (populations.patience("T12.90", 2, 0.9, 60, 90), (impatient(2, 90),)),
    (populations.timeouts("T13.90", 300, 120), (cut_off(120),)),
]
"""Other loads, laws and sizes of the same families."""


def held(case: Case, holds: tuple[Hold, ...]) -> int:
    """How many results of a case its twins were held to, each by asserts of its own."""
    pairs = list(zip(case.results(SEED, 0), holds, strict=False))
    for result, hold in pairs:
        hold(result)
    return len(pairs)


@pytest.mark.parametrize("case", [case for case in all_cases() if case.id in TWINS], ids=lambda case: case.id)
def test_every_start_of_a_case_is_its_twins(case):
    short = shortened(case)
    if case.id in SLOTS and LEVEL == "fast":
        short = shortened(queueing.mmc(case.id, SLOTS[case.id], 0.8))  # as many slots; a shorter warm-up
    assert held(short, TWINS[case.id]) == len(TWINS[case.id])


@pytest.mark.parametrize(("case", "holds"), OTHERS, ids=[case.id for case, _ in OTHERS])
def test_every_start_of_other_loads_is_their_twins(case, holds):
    assert held(shortened(case), holds) == len(holds)


def test_every_estimate_of_the_first_thirteen_topics_has_a_twin():
    wanted = {case.id for case in all_cases() if case.kind == "ci" and int(case.id[1:].split(".")[0]) <= 13}
    assert wanted <= set(TWINS)


# -- the twins themselves, by hand


def jobs(*rows: tuple[int, int, int]) -> Recorded:
    """(arrival, run time, queue and entry) of each job."""
    came, work, queue = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Recorded(came, work, np.zeros(0, np.int64), queue, queue, np.zeros(len(rows), np.int64))


def test_the_twin_of_priorities_by_hand():
    line = jobs((0, 10, 1), (1, 10, 1), (2, 5, 0), (10, 1, 0), (40, 1, 1))
    assert recursions.by_priority(line).tolist() == [0, 16, 10, 15, 40]


def test_the_twin_of_a_scaler_by_hand():
    line = jobs((0, 10, 0), (1, 10, 0), (2, 10, 0), (80, 1, 0))
    assert twins.scaled_to_zero(line, [5, 50, 7], most=2) == [5, 15, 25, 87]


def test_the_twin_of_two_sizes_by_hand():
    line = jobs((0, 10, 0), (1, 20, 0), (2, 5, 1), (3, 1, 0))
    assert twins.two_sizes(line) == [0, 1, 21, 26]


def test_the_twin_of_patience_by_hand():
    line = jobs((0, 10, 0), (1, 10, 0), (2, 10, 0), (15, 1, 0))
    assert twins.impatient(line, 1, 10) == [0, 10, NEVER, 20]
