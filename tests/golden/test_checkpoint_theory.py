"""Checkpoints under random reclaims, against the renewal formula that Young's and Daly's intervals approximate.

A container is lost at rate ``a`` and replaced at once. A segment of length L (work, and its checkpoint) that is entered
at work and redone after a restore of R until it comes through takes ``(exp(a L) - 1) exp(a R) / a`` on average; without
anything saved before it there is no restore.
"""

from __future__ import annotations

from functools import cache
from math import exp, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scenario_builder import environment, job, scenario

from batchsim import run

JOBS = 800
HOUR, MINUTE = 3600.0, 60.0
WORK, COST, RESTORE = 1 * HOUR, 1 * MINUTE, 2 * MINUTE
LOSSES_PER_H = 1.5
BEST = sqrt(2 * COST * HOUR / LOSSES_PER_H)
"""Young's interval: about 9 minutes."""
INTERVALS = (*(round(BEST * times) for times in (0.25, 1, 4)), round(WORK))


def expected_s(every: int) -> float:
    """The mean completion time for a checkpoint after every so many seconds of work, none at the end."""
    rate = LOSSES_PER_H / HOUR
    segments = int(np.ceil(WORK / every))
    last = WORK - (segments - 1) * every
    lengths = [*[every + COST] * (segments - 1), last]
    restores = [0.0, *[RESTORE] * (segments - 1)]
    pairs = zip(lengths, restores, strict=True)
    return sum((exp(rate * length) - 1) * exp(rate * restore) / rate for length, restore in pairs)


@cache
def simulated_s(every: int) -> NDArray[np.float64]:
    """Turnarounds of many jobs, each on instances of its own, lost at the market's hazard and replaced at once."""
    rule = {"every": f"{every}s", "cost": f"{COST}s", "restore": f"{RESTORE}s"}
    hosts = environment("hosts", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", maxvCpus=JOBS)
    work = job("a", f"{WORK}s", size=JOBS, attempts=1000, checkpoint=rule)
    world = {"spot_hazard": LOSSES_PER_H, "strict_limits": False}
    result = run(scenario(work, environments=[hosts], world=world), seed=7)
    assert (result.jobs["state"] == "SUCCEEDED").all()
    return np.asarray(result.jobs["turnaround_s"])


@pytest.mark.parametrize("every", INTERVALS)
def test_the_mean_completion_time_is_the_renewal_formula_s(every: int) -> None:
    took = simulated_s(every)
    assert abs(took.mean() - expected_s(every)) < 4 * took.std() / sqrt(JOBS)


def test_young_s_interval_is_better_than_a_quarter_and_than_four_times_of_it() -> None:
    often, best, seldom, never = (simulated_s(every).mean() for every in INTERVALS)
    assert best < min(often, seldom) < never
