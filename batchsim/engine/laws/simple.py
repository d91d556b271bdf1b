"""Laws whose quantile function is a formula: constant, uniform, triangular, exponential, Weibull, lognormal."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from batchsim.engine.elementary import Floats, exp, log, log_gamma, normal_quantile
from batchsim.engine.laws.law import Law
from batchsim.engine.laws.roots import root

Percentile = tuple[float, float]
"""(probability, milliseconds)."""

_LEAST_SHAPE, _MOST_SHAPE = 0.04, 1e9
"""Between these a Weibull shape is looked for."""


@dataclass(frozen=True, slots=True)
class Constant(Law):
    """Always ``ms``."""

    ms: int

    @property
    def mean_ms(self) -> float:
        """``ms``."""
        return float(self.ms)

    def quantile(self, u: Floats) -> Floats:
        """``ms``."""
        return np.full(u.shape, float(self.ms))


@dataclass(frozen=True, slots=True)
class Uniform(Law):
    """Evenly between ``min_ms`` and ``max_ms``."""

    min_ms: int
    max_ms: int

    @property
    def mean_ms(self) -> float:
        """``(min + max) / 2``."""
        return (self.min_ms + self.max_ms) / 2

    def quantile(self, u: Floats) -> Floats:
        """``min + (max - min) u``."""
        return self.min_ms + (self.max_ms - self.min_ms) * u


@dataclass(frozen=True, slots=True)
class Exponential(Law):
    """Memoryless, of mean ``scale_ms``."""

    scale_ms: float

    @classmethod
    def from_percentile(cls, percentile: Percentile, least_ms: int = 0) -> Exponential:
        """By one quantile: ``scale = value / -ln(1 - p)``."""
        p, value_ms = percentile
        return cls(value_ms / -_log(1.0 - p), least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """``scale_ms``."""
        return self.scale_ms

    def quantile(self, u: Floats) -> Floats:
        """``-scale ln(1 - u)``."""
        return -self.scale_ms * log(1.0 - u)


@dataclass(frozen=True, slots=True)
class Lognormal(Law):
    """``median_ms * e**(sigma * Z)`` with Z standard normal; its mean is ``median_ms * e**(sigma**2 / 2)``."""

    median_ms: float
    sigma: float

    @classmethod
    def from_mean(cls, mean_ms: float, cv: float, least_ms: int = 0) -> Lognormal:
        """By mean and coefficient of variation: ``sigma**2 = ln(1 + cv**2)``, ``median = mean / sqrt(1 + cv**2)``."""
        spread = 1.0 + cv * cv
        return cls(mean_ms / sqrt(spread), sqrt(_log(spread)), least_ms=least_ms)

    @classmethod
    def from_percentiles(cls, low: Percentile, high: Percentile, least_ms: int = 0) -> Lognormal:
        """By two quantiles: ``sigma = ln(high / low) / (z(high) - z(low))``, z the standard normal quantile."""
        (p, low_ms), (q, high_ms) = low, high
        z_low, z_high = normal_quantile(np.array([p, q])).tolist()
        sigma = _log(high_ms / low_ms) / (z_high - z_low)
        return cls(low_ms * _exp(-sigma * z_low), sigma, least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """``median e**(sigma**2 / 2)``."""
        return self.median_ms * _exp(self.sigma * self.sigma / 2)

    def quantile(self, u: Floats) -> Floats:
        """``median e**(sigma z)``, z the standard normal quantile."""
        return self.median_ms * exp(self.sigma * normal_quantile(u))


@dataclass(frozen=True, slots=True)
class Weibull(Law):
    """``scale_ms * E**(1 / shape)`` with E exponential of mean 1; its mean is ``scale_ms * Γ(1 + 1 / shape)``."""

    shape: float
    scale_ms: float

    @classmethod
    def from_mean(cls, mean_ms: float, cv: float, least_ms: int = 0) -> Weibull:
        """By mean and coefficient of variation (above 0): ``Γ(1 + 2 / shape) / Γ(1 + 1 / shape)**2 = 1 + cv**2``."""
        wanted = _log(1.0 + cv * cv)

        def excess(log_shape: float) -> float:
            part = _exp(-log_shape)
            twice, once = log_gamma(np.array([1.0 + 2.0 * part, 1.0 + part])).tolist()
            return float(wanted - (twice - 2.0 * once))

        shape = _exp(root(excess, _log(_LEAST_SHAPE), _log(_MOST_SHAPE)))
        return cls(shape, mean_ms / _gamma(1.0 + 1.0 / shape), least_ms=least_ms)

    @classmethod
    def from_percentiles(cls, low: Percentile, high: Percentile, least_ms: int = 0) -> Weibull:
        """By two different quantiles: ``shape = ln(E(high) / E(low)) / ln(high / low)``, E(p) = ``-ln(1 - p)``."""
        (p, low_ms), (q, high_ms) = low, high
        e_low, e_high = -_log(1.0 - p), -_log(1.0 - q)
        shape = _log(e_high / e_low) / _log(high_ms / low_ms)
        return cls(shape, low_ms * _exp(-_log(e_low) / shape), least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """``scale Γ(1 + 1 / shape)``."""
        return self.scale_ms * _gamma(1.0 + 1.0 / self.shape)

    def quantile(self, u: Floats) -> Floats:
        """``scale (-ln(1 - u))**(1 / shape)``."""
        return self.scale_ms * exp(log(-log(1.0 - u)) / self.shape)


@dataclass(frozen=True, slots=True)
class Triangular(Law):
    """Rises evenly from ``min_ms`` to ``mode_ms`` and falls evenly to ``max_ms``."""

    min_ms: int
    mode_ms: int
    max_ms: int

    @property
    def mean_ms(self) -> float:
        """``(min + mode + max) / 3``."""
        return (self.min_ms + self.mode_ms + self.max_ms) / 3

    def quantile(self, u: Floats) -> Floats:
        """``min + sqrt(u (max - min)(mode - min))`` up to the mode, from the other end beyond it."""
        rise, fall = self.mode_ms - self.min_ms, self.max_ms - self.mode_ms
        width = rise + fall
        below = self.min_ms + np.sqrt(u * (float(width) * rise))
        above = self.max_ms - np.sqrt((1.0 - u) * (float(width) * fall))
        return np.where(u * width < rise, below, above)


def _log(x: float) -> float:
    return float(log(np.array([x]))[0])


def _exp(x: float) -> float:
    return float(exp(np.array([x]))[0])


def _gamma(x: float) -> float:
    return _exp(float(log_gamma(np.array([x]))[0]))
