"""The statistics of a comparison: means over replications, and paired differences with Student's t intervals.

Two variants that run the same replications see the same random numbers, so their results come in pairs, and the
interval is that of the mean of the differences (paired t: Law, *Simulation Modeling and Analysis*, ch. 10). The
percentage is the ratio of the two means less one; its interval is Fieller's for paired series, which excludes nought
exactly when the interval of the difference does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_OF_ONE_SIGN = 6
"""So many equal differences are rarer than 5 % by chance: 2 * 0.5**6 (sign test); five are not."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its confidence interval, None where one replication, or the sums, do not give one."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_other_than_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric of one variant over its replications."""

    n: int
    mean: Estimate
    sd: float | None
    least: float
    most: float
    method: str = "t"
    """How the interval of the mean was made: ``t``, or ``bca`` for a bootstrap."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric of a variant against the baseline, over the replications in which both have it."""

    n: int
    baseline_mean: float
    mean: float
    difference: Estimate
    sd: float | None
    """Of the paired differences."""
    percent: Estimate | None
    """Of the baseline's mean; None where that may be zero."""
    correlation: float | None
    """Of the pairs; None where one of the series is constant."""
    higher: float
    """Share of the replications in which the variant's value is higher; a tie counts half."""
    different: bool | None
    """Whether the interval excludes zero; None of one replication."""


def spread(values: Floats, level: float) -> Spread | None:
    """Mean with its t interval, standard deviation and range of one series; None of an empty one."""
    if not len(values):
        return None
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(len(values), _mean(values, level), sd, float(values.min()), float(values.max()))


def paired(baseline: Floats, variant: Floats, level: float) -> Pair | None:
    """Compare two equally long series, replication by replication; None of empty ones."""
    n = len(baseline)
    if not n:
        return None
    differences = variant - baseline
    difference = _mean(differences, level)
    return Pair(
        n=n,
        baseline_mean=float(baseline.mean()),
        mean=float(variant.mean()),
        difference=difference,
        sd=float(np.std(differences, ddof=1)) if n > 1 else None,
        percent=percent(baseline, variant, level),
        correlation=_correlation(baseline, variant),
        higher=float(np.mean((differences > 0) + 0.5 * (differences == 0))),
        different=difference.is_other_than_zero and _is_no_accident(baseline, variant) if n > 1 else None,
    )


def percent(baseline: Floats, variant: Floats, level: float) -> Estimate | None:
    """100 (mean variant / mean baseline - 1), of the size of a negative baseline, with Fieller's interval.

    None where the baseline's mean is zero, or does not differ from zero at this level: the ratio then has no bounds.
    """
    base = float(baseline.mean())
    if base == 0:
        return None
    ratio = float(variant.mean()) / base
    factor = 100 * copysign(1, base)
    if len(baseline) < 2:
        return Estimate(factor * (ratio - 1))
    bounds = _fieller(baseline, variant, ratio, level)
    if bounds is None:
        return None
    low, high = sorted(factor * (ratio - 1 + bound) for bound in bounds)
    return Estimate(factor * (ratio - 1), low, high)


def t_quantile(level: float, n: int) -> float:
    """Student's t at which an interval of this level from ``n`` values ends: 2.045 for 95 % and 30."""
    from scipy.special import stdtrit  # a hundredth of what scipy.stats would load

    return float(stdtrit(n - 1, (1 + level) / 2))


def bonferroni(confidence: float, comparisons: int) -> float:
    """The level of each of several intervals that shall all hold together with ``confidence``."""
    return 1 - (1 - confidence) / max(comparisons, 1)


def _mean(values: Floats, level: float) -> Estimate:
    """Mean and t interval; equal values have that value and nothing else as both."""
    first = float(values[0])
    if np.all(values == first):  # their mean, by floating-point sums, would be a hair beside
        return Estimate(first, first, first) if len(values) > 1 else Estimate(first)
    mean = float(values.mean())
    half = t_quantile(level, len(values)) * float(np.std(values, ddof=1)) / sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)


def _fieller(baseline: Floats, variant: Floats, ratio: float, level: float) -> tuple[float, float] | None:
    """Bounds of what must be added to the ratio of the means, or None where there are none.

    Those r for which the mean of ``variant - (ratio + r) * baseline`` is within its t interval of zero. With residuals
    ``e = variant - ratio * baseline`` (mean zero) that is a quadratic in r, free of cancellation.
    """
    n = len(baseline)
    residuals = variant - ratio * baseline
    scale = t_quantile(level, n) ** 2 / n
    ((own, cross), (_, base)) = np.cov(residuals, baseline).tolist()
    lead = float(baseline.mean()) ** 2 - scale * base
    if lead <= 0:
        return None
    middle = -scale * cross
    root = sqrt(middle * middle + lead * scale * own)
    return (middle - root) / lead, (middle + root) / lead


def _correlation(first: Floats, second: Floats) -> float | None:
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _is_no_accident(baseline: Floats, variant: Floats) -> bool:
    """Whether equal differences, which make an interval of no width, can be trusted.

    Counts differ by whole numbers: that a few random nights differ by one each time shows nothing. Nights without
    chance do.
    """
    differences = variant - baseline
    if len(differences) >= FEWEST_OF_ONE_SIGN or np.ptp(differences) > 0:
        return True
    return bool(np.ptp(baseline) == 0)


def defined_in_both(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """In which replications both series have a value."""
    both: NDArray[np.bool_] = ~(np.isnan(first) | np.isnan(second))
    return both


def as_floats(values: Any) -> Floats:
    """Values with None as NaN: float64."""
    return np.array(values, dtype=np.float64)
