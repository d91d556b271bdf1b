"""What may not be assumed of a confidence interval."""

from __future__ import annotations

import os
from math import sqrt

from anomalies.rows import scenario
from effort import effort

import batchsim


def test_about_one_interval_of_twenty_misses_the_truth(cases):
    made = effort(fast=20, verify=60, long=2000)
    seed = os.environ.get("BATCHSIM_SEED", "1")
    base = int(effort(fast="30", verify=seed, long=seed))
    missed = sum(_misses(base + number) for number in range(made))
    cases(made)
    print(f"{missed} of {made} intervals of 95 % miss the truth")
    spread = sqrt(made * 0.05 * 0.95)
    assert max(1, made * 0.05 - 4 * spread) <= missed <= made * 0.05 + 5 * spread


def _misses(seed):
    runs = batchsim.replicate(scenario("interval"), replications=10, seed=seed, metrics=["turnaround_mean_s"])
    interval = runs.table.loc["turnaround_mean_s"]
    return not interval["mean_low"] <= 60 <= interval["mean_high"]
