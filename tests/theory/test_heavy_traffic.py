"""The longest queues in two steps, for whole runs of them take hours.

The waits of a run are those of the Kiefer-Wolfowitz recursion on the arrivals and run times that the product samples,
exactly; and the recursion on as many samples as the case asks for is held to the closed form by the same judge.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from effort import LEVEL
from theory import twins
from theory.seeds import BY_RECURSION, SURER, campaign_seed
from theory.twins import Recorded, recorded

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import expand
from batchsim.formats.trace_csv import read_trace
from batchsim.selftest.case import Case
from batchsim.selftest.cases import queueing
from batchsim.selftest.cases.measures import time_average
from batchsim.selftest.formulas import laws
from batchsim.selftest.judge import judge
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.registry import family
from batchsim.selftest.runner import LONGER
from batchsim.spec import parse

SEED = campaign_seed()
MS = 1000
HEAVY = [case for case in all_cases() if case.id in BY_RECURSION]
LOADS = [
    (queueing.mmc("T1.90", 16, 0.9), 16, 0.02),
    (queueing.mdc("T3.90", 5, 0.8, 30), 5, 0.1),
    (queueing.mg1("T4.90", laws.hyperexponential(20, 9), 0.6), 1, 0.02),
    (queueing.arrays("T7.90", 10, 0.6, laws.exponential(60)), 1, 0.1),
]
"""Families of which long cases are judged by the recursion, their slots, and a part of their length."""


def sampled(case: Case, replication: int) -> Recorded:
    """What a run of the case would record of its jobs, without their starts."""
    (data,) = case.data()
    (entry,) = expand(parse(data), Draws(SEED, replication), 0, read_trace).entries
    work = entry.work.work_ms()
    came = np.repeat(entry.due_at_ms, len(work) // len(entry.due_at_ms))  # as often as an array has children
    return Recorded(came.tolist(), work.tolist(), [], [], [], [])


def measured(jobs: Recorded, servers: int, warmup_s: float) -> dict[str, float]:
    """The quantities of the case, from the recursion."""
    starts, came = np.array(twins.first_come(jobs, servers)), np.array(jobs.came)
    kept = came >= warmup_s * MS
    waits = (starts - came)[kept] / MS
    p95, p99 = np.quantile(waits, [0.95, 0.99])
    window = warmup_s, came[-1] / MS
    return {
        "E[Wq]": waits.mean(),
        "P(Wq>0)": (waits > 0).mean(),
        "p95(Wq)": p95,
        "p99(Wq)": p99,
        "Lq": time_average(came[kept], starts[kept], window),
        "E[S]": np.array(jobs.work)[kept].mean() / MS,
        "lambda": kept.sum() / (window[1] - window[0]),
    }


def judged(case: Case, servers: int):
    warmup_s = case.measure.args[0]
    numbers = range(case.first_replication, case.first_replication + case.replications)
    rows = [measured(sampled(case, number), servers, warmup_s) for number in numbers]
    return judge(case, rows, family())


@pytest.mark.parametrize(("case", "servers", "part"), LOADS, ids=[case.id for case, _, _ in LOADS])
def test_the_sampled_jobs_are_those_that_a_run_records(case, servers, part):
    short = case.longer(part)
    (result,) = short.results(SEED, 3)
    jobs, given = recorded(result), sampled(short, 3)
    assert (jobs.came, jobs.work) == (given.came, given.work)
    assert twins.first_come(given, servers) == jobs.started


def test_the_recursion_measures_what_the_case_measures():
    case = queueing.mmc("T1.90", 4, 0.7).longer(0.02)
    by_recursion = measured(sampled(case, 0), 4, case.measure.args[0])
    assert case.simulate(SEED, 0) == pytest.approx(by_recursion, rel=1e-12)


@pytest.mark.skipif(LEVEL != "verify", reason="under BATCHSIM_EFFORT=verify; under long, test_cases.py runs them whole")
@pytest.mark.parametrize("case", HEAVY, ids=lambda case: case.id)
def test_the_recursion_on_the_sampled_jobs_agrees_with_theory(case, cases):
    verdicts = judged(case.longer(SURER), BY_RECURSION[case.id])
    if not all(verdict.ok for verdict in verdicts):
        again = replace(case.longer(LONGER), first_replication=case.replications)
        verdicts = judged(again, BY_RECURSION[case.id])
    cases(len(verdicts))
    assert all(verdict.ok for verdict in verdicts), [verdict for verdict in verdicts if not verdict.ok]
