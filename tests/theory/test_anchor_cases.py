"""The families of retries, restarts, makespans, packings, shares and bills, at other parameters than the plan's.

On each change estimates run a sixteenth as long, with half-widths four times as wide, as in ``test_cases.py``; under
``verify`` a quarter, with half-widths twice as wide; under ``long`` as long as the plan's own.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from effort import LEVEL, effort
from theory.seeds import campaign_seed

from batchsim.selftest.cases import billing, identities, makespan, packing, retries, shares, spot
from batchsim.selftest.cases.packing import CutList
from batchsim.selftest.formulas import laws
from batchsim.selftest.formulas.restarts import Checkpointed
from batchsim.selftest.runner import run_case, run_twice

HOURLY = 1 / 3600
FAMILY = 1000
"""More estimates than are judged here, so that hardly one fails by chance."""
COARSER = effort(fast=4.0, verify=2.0, long=1.0)
SEED = campaign_seed()


def chance(seed):
    """Python's own random numbers: none of batchsim's."""
    return random.Random(seed)  # noqa: S311 (nothing is to be kept secret)


def held(case, cases):
    """Run a case and say what it found."""
    coarse = case.coarser(COARSER) if case.kind == "ci" else case
    (report,) = [run_case(coarse, SEED, judged_among=FAMILY)] if LEVEL == "fast" else run_twice([coarse], SEED)
    cases(len(report.verdicts))
    return [verdict for verdict in report.verdicts if not verdict.ok]


ESTIMATES = {
    "ten attempts": retries.single_jobs("X", 0.4, 10),
    "hardly a success": retries.single_jobs("X", 0.05, 2),
    "a sure success": retries.single_jobs("X", 1.0, 3),
    "a small array": retries.arrays("X", 20, 0.95, 1),
    "an array of two attempts": retries.arrays("X", 50, 0.9, 2),
    "two losses in the work": spot.restart("X", 7200, HOURLY),
    "rare losses": spot.restart("X", 1200, HOURLY / 4),
    "a long gap": spot.restart_with_gap("X", 1800, 2 * HOURLY, 300),
    "three attempts": spot.capped("X", 3600, HOURLY, 3),
    "ten attempts with gaps": spot.capped("X", 7200, HOURLY, 10, 120),
    "one attempt": spot.capped("X", 1800, HOURLY, 1),
    "dear checkpoints": spot.checkpointed("X", Checkpointed(7200, 600, 60, 120, 30, 2 * HOURLY)),
    "checkpoints for nothing": spot.checkpointed("X", Checkpointed(6000, 300, 0, 0, 0, HOURLY)),
    "checkpoints at the best interval": spot.checkpointed("X", Checkpointed(4450, 445, 30, 20, 90, HOURLY)),
    "long tails": makespan.largest_of_lognormals("X", 25, 120, 2.0),
    "hardly a spread": makespan.largest_of_lognormals("X", 4, 3000, 0.05),
    "the largest of seven": makespan.largest_of_exponentials("X", 7, 30),
    "more slots than jobs": makespan.exponential_jobs("X", 50, 64).longer(25),  # their largest varies by a quarter
    "three slots": makespan.exponential_jobs("X", 200, 3),
    "one slot": makespan.exponential_jobs("X", 400, 1),
    "a short chain": makespan.chain("X", 3, 10),
    "three weights": shares.long_run("X", (1, 0.5, 0.25), 14),
    "equal weights": shares.long_run("X", (1, 1, 1), 9),
    "eight times": shares.long_run("X", (0.125, 1), 9, run_s=30),
    "two to three": shares.long_run("X", (2, 3), 5, window_s=3600),
    "two to one in a short window": shares.long_run("X", (0.5, 1), 6, window_s=60),
    "four shares": shares.long_run("X", (0.5, 0.25, 0.125, 1), 15, window_s=0),
}


@pytest.mark.parametrize("case", ESTIMATES.values(), ids=ESTIMATES.keys())
def test_an_estimate_agrees_at_other_parameters(case, cases):
    assert held(case, cases) == []


EXACT = {
    "waves": makespan.equal_jobs("X", 101, 10, 7),
    "one wave": makespan.equal_jobs("X", 5, 8),
    "fewer dependencies": makespan.list_schedule(
        "X", "", makespan.GRAHAM, 3, {job: each for job, each in makespan.GRAHAM_NEEDS.items() if job not in {4, 5}}
    ),
    "as bad as lists get": makespan.list_schedule("X", "", (*[1] * 12, 4), 4),
    "next fit's other lists": packing.memory_bound("X", "", (1, 20) * 20, 20),
    "twice Johnson's list": packing.memory_bound("X", "", sorted(2 * packing.JOHNSON), 101),
    "decreasing": packing.memory_bound("X", "", sorted(packing.JOHNSON, reverse=True), 101),
    "larger bins": packing.memory_bound("X", "", (44, 24, 24, 22, 21, 17, 8, 8, 6, 6), 61),
    "reservations of thirds": shares.reservation("X", 100, 30, 4),
    "nearly all reserved": shares.reservation("X", 7, 99, 2),
    "nothing reserved": shares.reservation("X", 50, 0, 2),
    "other on-times": billing.on_times("X", (1, 999, 60_001, 61_000, 119_500, 86_400_001)),
    "a cheap instance": billing.instance_bill("X", 1, Decimal("0.0116")),
    "a dear one": billing.instance_bill("X", 3_601_500, Decimal("32.7726")),
    "half a nano-dollar": billing.instance_bill("X", 60_000, Decimal("0.00000003")),
    "a large task": billing.task_bill("X", 3_600_001, Decimal(4), 30_720),
    "another task": billing.task_bill("X", 61_000, Decimal("0.5"), 3072),
    "longer than the minimum": billing.shared_minimum("X", 7, 61_000),
    "taken in its first hour": billing.reclaimed_bill("X", 3_599_999),
    "taken as it is over": billing.reclaimed_bill("X", 3_600_000),
    "taken later": billing.reclaimed_bill("X", 4_000_500),
    "Little, to the end": identities.paths("X", ("Σ(end - submit) - ∫N dt",), jobs=25),
    "Little, On-Demand": identities.paths("X", ("Σ(end - submit) - ∫N dt",), jobs=25, until="10m", spot=False),
    "work, cut off": identities.paths("X", ("Σ run·vCPU - ∫ in use dt", "∫ in use dt"), jobs=25, until="5m"),
    "another best interval": spot.best_interval("X", 600, 1 / 900),
    "few jobs, many slots": makespan.bounds("X", 12, 30, laws.exponential(60), (3,), 5),
    "one slot": makespan.bounds("X", 12, 1, laws.lognormal(60, 3), (4,), 5),
    "constant runs": makespan.bounds("X", 30, 7, laws.constant(10), (5, 6), 1),
    "many bins": packing.limits(
        "X", [CutList(20, (997,), 6, 1), CutList(10, (32, 128), 5, 2), CutList(3, (50,), 2, 3)]
    ),
}


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT.keys())
def test_an_exact_value_or_bound_agrees_at_other_parameters(case, cases):
    assert held(case, cases) == []


def random_list(draw):
    jobs = draw.randint(2, 12)
    needs = {job: draw.sample(range(job), draw.randint(0, min(3, job))) for job in range(1, jobs)}
    order = draw.sample(range(jobs), jobs)
    return [draw.randint(1, 9) for _ in range(jobs)], draw.randint(1, 5), needs, order


@pytest.mark.parametrize("number", range(effort(fast=25, verify=150, long=4000)))
def test_any_list_with_any_graph_is_served_as_grahams_list(number, cases):
    runs, slots, needs, order = random_list(chance(SEED + number))
    assert held(makespan.list_schedule("X", "", runs, slots, needs, order), cases) == []


@pytest.mark.parametrize("number", range(effort(fast=25, verify=150, long=4000)))
def test_any_jobs_are_packed_by_first_fit(number, cases):
    draw = chance(SEED + number)
    capacity = (draw.randint(2, 16), draw.randint(4, 64))
    jobs = tuple(tuple(draw.randint(1, most) for most in capacity) for _ in range(draw.randint(1, 30)))
    assert held(packing.two_dimensional("X", "", jobs, capacity), cases) == []
