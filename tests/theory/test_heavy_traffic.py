"""M/M/64 at 0.95 and M/M/256 at 0.98 in two steps, for at full length they take an hour.

The waits of a run are those of the Kiefer-Wolfowitz recursion on the arrivals and run times that the product samples,
exactly; and the recursion on as many samples as the case asks for is held to the closed form by the same judge.
"""

from __future__ import annotations

import numpy as np
import pytest
from effort import LEVEL
from theory import twins
from theory.seeds import campaign_seed
from theory.twins import Recorded, recorded

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import expand
from batchsim.formats.trace_csv import read_trace
from batchsim.selftest.case import Case
from batchsim.selftest.cases import queueing
from batchsim.selftest.cases.measures import time_average
from batchsim.selftest.judge import judge
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.registry import family
from batchsim.spec import parse

SEED = campaign_seed()
MS = 1000
SLOTS = {"T1.8": 64, "T1.9": 256}
HEAVY = [case for case in all_cases() if case.id in SLOTS]


def sampled(case: Case, replication: int) -> Recorded:
    """What a run of the case would record of its jobs, without their starts."""
    (data,) = case.data()
    (entry,) = expand(parse(data), Draws(SEED, replication), 0, read_trace).entries
    came, work = entry.due_at_ms.tolist(), entry.work.work_ms().tolist()
    return Recorded(came, work, [], [], [], [])


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
    rows = [measured(sampled(case, number), servers, warmup_s) for number in range(case.replications)]
    return judge(case, rows, family())


def test_the_sampled_jobs_are_those_that_a_run_records():
    case = queueing.mmc("T1.90", 16, 0.9).longer(0.02)
    (result,) = case.results(SEED, 3)
    jobs, given = recorded(result), sampled(case, 3)
    assert (jobs.came, jobs.work) == (given.came, given.work)
    assert twins.first_come(given, 16) == jobs.started


def test_the_recursion_measures_what_the_case_measures():
    case = queueing.mmc("T1.90", 4, 0.7).longer(0.02)
    by_recursion = measured(sampled(case, 0), 4, case.measure.args[0])
    assert case.simulate(SEED, 0) == pytest.approx(by_recursion, rel=1e-12)


@pytest.mark.skipif(LEVEL != "verify", reason="under BATCHSIM_EFFORT=verify; under long, test_cases.py runs them whole")
@pytest.mark.parametrize("case", HEAVY, ids=lambda case: case.id)
def test_the_recursion_on_the_sampled_jobs_agrees_with_theory(case, cases):
    verdicts = judged(case, SLOTS[case.id])
    if not all(verdict.ok for verdict in verdicts):
        verdicts = judged(case.longer(1.5), SLOTS[case.id])
    cases(len(verdicts))
    assert all(verdict.ok for verdict in verdicts), [verdict for verdict in verdicts if not verdict.ok]
