"""What the answers ask a study: the nights of a point, means, differences, crossings and the best, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import numpy as np

from batchsim import Study
from batchsim.experiments.paired import Estimate, Floats, bonferroni, defined_in_both, paired, spread, t_quantile

LEVEL = 0.95
DRAWS = 2000
"""Of a bootstrap."""


@dataclass(frozen=True, slots=True)
class Nights:
    """The replications of a study by what varies."""

    study: Study

    def levels(self, path: str) -> list[Any]:
        """The values of a knob, in the order of the design."""
        found = [dict(settings)[path] for settings in self.study.points]
        return [value for at, value in enumerate(found) if value not in found[:at]]

    def point(self, at: Mapping[str, Any]) -> int:
        """The number of the point with these values. Raises ``ValueError`` for none."""
        for number, settings in enumerate(self.study.points):
            if at.items() <= dict(settings).items():
                return number
        raise ValueError(f"no point has {at}")

    def of(self, metric: str, at: Mapping[str, Any]) -> Floats:
        """One value a replication: what the metric was at this point."""
        series: Floats = self.study.measured[self.point(at), :, self.study.metrics.index(metric)]
        return series

    def along(self, metric: str, path: str, at: Mapping[str, Any] | None = None) -> Floats:
        """Shape (levels of the knob, replications)."""
        return np.array([self.of(metric, {**(at or {}), path: level}) for level in self.levels(path)])


def mean(values: Floats) -> Estimate:
    """The mean with Student's t interval. Raises ``ValueError`` where a night has no value."""
    held = None if np.isnan(values).any() else spread(values, LEVEL)
    if held is None:
        raise ValueError("a night has no value: more attempts, or fewer nights, would give it one")
    return held.mean


def difference(of: Floats, less: Floats, level: float = LEVEL) -> Estimate:
    """The mean of the paired differences with its interval: night by night, with the same random numbers in both.

    Nights in which one of them has no value are left out.
    """
    both = defined_in_both(of, less)
    pair = paired(less[both], of[both], level)
    if pair is None:
        raise ValueError("no nights")
    return pair.difference


@dataclass(frozen=True, slots=True)
class Best:
    """The level with the least mean, and those that the nights do not tell from it (Bonferroni over all others)."""

    at: int
    rivals: tuple[int, ...]


def best(series: Floats) -> Best:
    """Of shape (levels, replications)."""
    at = int(np.argmin(series.mean(axis=1)))
    level = bonferroni(LEVEL, len(series) - 1)
    near = [n for n, one in enumerate(series) if n != at and not difference(one, series[at], level).is_other_than_zero]
    return Best(at, tuple(near))


@dataclass(frozen=True, slots=True)
class Chance:
    """In how many of all nights something held, with Wilson's interval."""

    hits: int
    of: int
    low: float
    high: float


def chance(held: Sequence[bool] | Any) -> Chance:
    """Wilson's score interval of the share of nights in which it held."""
    from scipy.stats import binomtest

    hits, of = int(np.sum(held)), len(held)
    found = binomtest(hits, of).proportion_ci(LEVEL, method="wilson")
    return Chance(hits, of, float(found.low), float(found.high))


def crossing(xs: Sequence[float], differences: Floats) -> Estimate | None:
    """Where the mean difference changes its sign, between the points along log x; None if it does not.

    ``differences`` has the shape (points, replications). The interval holds each x at which zero lies within the
    interval of the difference; a bound is None where the points do not reach so far.
    """
    middle = differences.mean(axis=1)
    half = t_quantile(LEVEL, differences.shape[1]) * differences.std(axis=1, ddof=1) / sqrt(differences.shape[1])
    value = _zero(xs, middle)
    if value is None:
        return None
    early, late = (middle - half, middle + half) if middle[-1] > middle[0] else (middle + half, middle - half)
    return Estimate(value, _zero(xs, late), _zero(xs, early))


def _zero(xs: Sequence[float], ys: Floats) -> float | None:
    """The first zero of straight lines between the points, along log x."""
    for (x0, y0), (x1, y1) in zip(zip(xs, ys, strict=True), zip(xs[1:], ys[1:], strict=True), strict=False):
        if y0 != y1 and y0 * y1 <= 0:
            return exp(log(x0) + float(y0 / (y0 - y1)) * (log(x1) - log(x0)))
    return None


def bootstrap(count: int, of: Callable[[Any], float]) -> Estimate:
    """A statistic of the nights, as ``of`` gives it for their numbers, with the percentile interval of nights redrawn.

    Without bounds where more of the sets of nights do not define it (NaN) than lie beyond one bound.
    """
    draw = np.random.default_rng(1)
    drawn = np.array([of(draw.integers(0, count, count)) for _ in range(DRAWS)])
    if np.isnan(drawn).mean() > (1 - LEVEL) / 2:
        return Estimate(of(np.arange(count)))
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(of(np.arange(count)), float(low), float(high))


def lowest(xs: Sequence[float], ys: Floats) -> float:
    """Where a cubic of log x through the points is least; NaN if that is not between them."""
    logs = np.log(xs)
    third, second, first, _ = np.polyfit(logs - logs.mean(), ys, 3)
    roots = np.roots([3 * third, 2 * second, first])
    found = [
        float(root.real) + float(logs.mean())
        for root in roots
        if abs(root.imag) < 1e-9 and 6 * third * root.real + 2 * second > 0
    ]
    inside = [exp(each) for each in found if logs[0] <= each <= logs[-1]]
    return inside[0] if inside else float("nan")
