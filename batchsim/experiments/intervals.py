"""Intervals that are not Student's: Wilson's for proportions."""

from __future__ import annotations

from batchsim.experiments.paired import Estimate


def proportion(successes: int, n: int, level: float) -> Estimate | None:
    """The share of ``n`` runs, with Wilson's score interval (no interval of one run); None of no runs.

    E. B. Wilson, "Probable inference", J. Am. Stat. Assoc. 22 (1927). It stays within 0 and 1, and is none too short
    where all runs, or none, are successes: of 30 out of 30 the interval of 95 % begins at 0.886.
    """
    if n == 0:
        return None
    if n == 1:
        return Estimate(float(successes))
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(level, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high))
