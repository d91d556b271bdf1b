"""The gamma law: its quantile function has no formula, so it is tabulated once for each shape, to about 1e-11.

With ``x = mean * e**d`` the density of d is proportional to ``exp(-shape * (e**d - 1 - d))``, which needs neither the
gamma function nor the difference of large numbers, whatever the shape. It is integrated between knots from both ends,
so that both tails keep their relative precision; each probability becomes a standard normal z, and d as a function of
z, smooth and nearly straight, is interpolated by quintics that have its value and two derivatives at each knot. All of
it is plain arithmetic on :mod:`batchsim.engine.elementary`, so every machine draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from batchsim.engine.elementary import Floats, excess, exp, log, normal_quantile
from batchsim.engine.laws.law import Law
from batchsim.engine.laws.roots import root
from batchsim.engine.laws.simple import Percentile

LEAST_SHAPE = 0.01
"""Below, the table would need too many knots; half of such a law is less than 1e-30 of its mean."""

_REACH = 8.75
"""Knots go so far, in deviations; the least uniform number, 2**-53, lies at 8.2."""
_STEP = 1 / 32
_NEWTON_STEPS = 9
_NODES = (0.5384693101056831, 0.9061798459386640)
_WEIGHTS = (0.5688888888888889, 0.4786286704993665, 0.2369268850561891)
"""Gauss-Legendre on five points: the middle, and two pairs beside it."""
_SQRT_2PI = 2.5066282746310002


@dataclass(frozen=True, slots=True)
class Gamma(Law):
    """Of mean ``mean_ms`` and coefficient of variation ``1 / sqrt(shape)``."""

    shape: float
    scale_ms: float

    @classmethod
    def from_mean(cls, mean_ms: float, cv: float, least_ms: int = 0) -> Gamma:
        """By mean and coefficient of variation (above 0): ``shape = 1 / cv**2``, ``scale = mean cv**2``."""
        return cls(1.0 / (cv * cv), mean_ms * (cv * cv), least_ms=least_ms)

    @classmethod
    def from_percentiles(cls, low: Percentile, high: Percentile, least_ms: int = 0) -> Gamma:
        """By two different quantiles: the shape is that whose quantiles have their ratio."""
        (p, low_ms), (q, high_ms) = low, high
        z_low, z_high = normal_quantile(np.array([p, q])).tolist()
        shape = _shape(z_low, z_high, high_ms / low_ms)
        unit_low = _exp(float(_table(shape).log_ratio(np.array([z_low]))[0]))
        return cls(shape, low_ms / unit_low / shape, least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """``shape * scale``."""
        return self.shape * self.scale_ms

    def quantile(self, u: Floats) -> Floats:
        """``mean e**d(z)``, z the standard normal quantile."""
        return self.mean_ms * exp(_table(self.shape).log_ratio(normal_quantile(u)))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """``ln(x / mean)`` as a function of z: knots in z, and a quintic for each cell between two of them."""

    knots: Floats
    widths: Floats
    quintics: Floats
    """Shape (6, cells), the constants first; of the part of a cell's width."""

    def log_ratio(self, z: Floats) -> Floats:
        """``ln(x / mean)`` at standard normal numbers; shape as ``z``."""
        cell = np.clip(np.searchsorted(self.knots, z, side="right") - 1, 0, len(self.widths) - 1)
        part = (z - self.knots[cell]) / self.widths[cell]
        result: Floats = self.quintics[5][cell] * part
        for coefficients in self.quintics[4:0:-1]:
            result += coefficients[cell]
            result *= part
        result += self.quintics[0][cell]
        return result


@lru_cache(maxsize=64)
def _table(shape: float) -> _Table:
    """The table of one shape: some 600 knots, more for shapes below 1, whose bend is sharper."""
    d = _places(shape)
    density = exp(-shape * excess(d))
    below, above = _masses(shape, d, density)
    total = below[-1] + above[-1]
    low = below < above
    z = normal_quantile(np.where(low, below, above) / total)
    z = np.where(low, z, -z)
    slope = exp(shape * excess(d) - z * z / 2) * (total / _SQRT_2PI)
    bend = slope * (shape * (exp(d) - 1.0) * slope - z)
    return _Table(z, np.diff(z), _quintics(np.diff(z), d, slope, bend))


def _places(shape: float) -> Floats:
    """Where the knots lie: evenly in the signed root of the deviance, ``shape (e**d - 1 - d) = eta**2 / 2``."""
    step = _STEP * min(1.0, sqrt(shape))
    half = (np.arange(int(_REACH / step)) + 0.5) * step
    r = half * half / (2 * shape)
    right = log(1.0 + np.sqrt(2 * r) + r)
    left = -(np.sqrt(2 * r) + r)
    for _ in range(_NEWTON_STEPS):
        right -= (excess(right) - r) / (exp(right) - 1.0)
        left -= (excess(left) - r) / (exp(left) - 1.0)
    return np.concatenate([left[::-1], right])


def _masses(shape: float, d: Floats, density: Floats) -> tuple[Floats, Floats]:
    """The integrals of the density from below and from above to each knot, the tails beyond by Laplace's method."""
    middle, half = (d[1:] + d[:-1]) / 2, (d[1:] - d[:-1]) / 2
    cells = _WEIGHTS[0] * exp(-shape * excess(middle))
    for node, weight in zip(_NODES, _WEIGHTS[1:], strict=True):
        for side in (-node, node):
            cells += weight * exp(-shape * excess(middle + side * half))
    cells *= half
    falls = density[[0, -1]] / (shape * np.abs(exp(d[[0, -1]]) - 1.0))
    below = np.cumsum(np.concatenate([falls[:1], cells]))
    above = np.cumsum(np.concatenate([falls[1:], cells[::-1]]))[::-1]
    return below, above


def _quintics(width: Floats, value: Floats, slope: Floats, bend: Floats) -> Floats:
    """The coefficients of each cell's quintic, from value and two derivatives at both ends."""
    first, second = slope[:-1] * width, bend[:-1] * width * width / 2
    a = value[1:] - value[:-1] - first - second
    b = slope[1:] * width - first - 2 * second
    c = bend[1:] * width * width - 2 * second
    high = (10 * a - 4 * b + c / 2, -15 * a + 7 * b - c, 6 * a - 3 * b + c / 2)
    return np.stack([value[:-1], first, second, *high])


@lru_cache(maxsize=64)
def _shape(z_low: float, z_high: float, ratio: float) -> float:
    """The shape whose quantiles at two normal numbers have a ratio; it falls nearly as the square of ``ln ratio``."""
    z, rise = np.array([z_low, z_high]), _log(ratio)

    def lacking(log_shape: float) -> float:
        low, high = _table(_exp(log_shape)).log_ratio(z).tolist()
        return _log((high - low) / rise)

    least = _log(LEAST_SHAPE)
    like_lognormal = 2.0 * _log((z_high - z_low) / rise)
    return _exp(root(lacking, least, max(like_lognormal, least) + 3.0))


def _exp(x: float) -> float:
    return float(exp(np.array([x]))[0])


def _log(x: float) -> float:
    return float(log(np.array([x]))[0])
