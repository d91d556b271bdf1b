"""Which interval a mean over replications gets: Student's t, or a bootstrap; and Wilson's for proportions.

Means of replications are near enough to normal for Student's t where the metric is a mean or a sum of many things.
Percentiles, ratios of money and whatever turns out skewed get the bias-corrected and accelerated bootstrap (B. Efron,
"Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82, 1987), whose sides need not be alike. Replications are
what is resampled: jobs of one run are no independent draws.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import numpy as np

from batchsim.experiments.paired import Estimate, Floats, Spread, spread

if TYPE_CHECKING:
    from numpy.random import Generator

Method = Literal["t", "bca"]

RESAMPLES = 10_000
FEWEST_RESAMPLED = 10
"""From fewer replications a bootstrap has too few different samples to draw; they get Student's t."""
SKEWED = 1.0
"""Sample skewness from which a distribution is called highly skewed (M. G. Bulmer, *Principles of Statistics*)."""
_PERCENTILES = re.compile(r".*_(p\d+|max)_s")
_RATIOS = frozenset({"cost_per_job_usd", "cost_per_tb_usd", "saving_share", "useful_share"})


def spread_of(metric: str, values: Floats, level: float, seed: int) -> Spread | None:
    """What ``spread`` tells of a metric's defined values, with the interval that suits it; None of no values.

    The bootstrap's random numbers are keyed by ``seed`` and the metric: the same values have the same interval, and
    nothing else is drawn from that stream.
    """
    found = spread(values, level)
    if found is None or method_of(metric, values) == "t":
        return found
    return replace(found, mean=bootstrap(values, level, _stream(seed, metric)), method="bca")


def method_of(metric: str, values: Floats) -> Method:
    """``bca`` for percentiles, maxima, ratios of money, and what is highly skewed; ``t`` for all else, and for few."""
    if len(values) < FEWEST_RESAMPLED or np.ptp(values) == 0:
        return "t"
    is_other = _PERCENTILES.fullmatch(metric) or metric in _RATIOS
    return "bca" if is_other or abs(skewness(values)) > SKEWED else "t"


def skewness(values: Floats) -> float:
    """The third moment about the mean over the standard deviation's cube; of values that differ."""
    apart = values - values.mean()
    return float((apart**3).mean() / (apart**2).mean() ** 1.5)


def bootstrap(values: Floats, level: float, stream: Generator) -> Estimate:
    """The mean with its BCa interval of 10,000 resamples. The values must differ."""
    from scipy.stats import bootstrap as resampled

    found = resampled((values,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="BCa", rng=stream)
    interval = found.confidence_interval
    return Estimate(float(values.mean()), float(interval.low), float(interval.high))


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


def _stream(seed: int, metric: str) -> Generator:
    digest = blake2b(f"{seed}/bootstrap/{metric}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
