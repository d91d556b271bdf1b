"""Laws made of what is given: a sample drawn again, a table of percentiles, a mixture of other laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchsim.engine.elementary import Floats
from batchsim.engine.laws.law import Law

_LEAST, _MOST = 2.0**-53, 1.0 - 2.0**-53
"""Between these lie the uniform numbers that laws are given."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled(Law):
    """The values of a sample, in rising order, each as likely as its weight."""

    values_ms: Floats
    limits: Floats
    """The probability of each value or a lower one; the last is 1."""

    @classmethod
    def of_sample(cls, values_ms: Sequence[int], weights: Sequence[float] = (), least_ms: int = 0) -> Resampled:
        """A sample in any order; without weights all values are equally likely."""
        return cls(*_ranked(values_ms, weights), least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """The mean of the sample, by its weights."""
        return _dot(self.values_ms, np.diff(self.limits, prepend=0.0))

    def quantile(self, u: Floats) -> Floats:
        """The lowest value whose limit is not below u."""
        place = np.searchsorted(self.limits, u, side="left")
        return self.values_ms[np.minimum(place, len(self.values_ms) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Piecewise(Law):
    """A quantile function of straight lines between points."""

    probabilities: Floats
    """Rising from 0 to 1."""
    values_ms: Floats

    @classmethod
    def of_percentiles(cls, percentiles: Sequence[tuple[float, float]], least_ms: int = 0) -> Piecewise:
        """(probability, ms) from (0, least) to (1, greatest), by rising probability."""
        probabilities, values = zip(*percentiles, strict=True)
        return cls(np.array(probabilities, dtype=np.float64), np.array(values, dtype=np.float64), least_ms=least_ms)

    @classmethod
    def of_sample(cls, values_ms: Sequence[int], weights: Sequence[float] = (), least_ms: int = 0) -> Piecewise:
        """A sample, joined at the middles of the steps of its distribution function (Hazen's plotting positions).

        Beyond the outer ones it is flat; so the mean of equally likely values stays the sample's.
        """
        values, limits = _ranked(values_ms, weights)
        middles = limits - np.diff(limits, prepend=0.0) / 2
        probabilities = np.concatenate([[0.0], middles, [1.0]])
        return cls(probabilities, np.concatenate([values[:1], values, values[-1:]]), least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """The area under the lines."""
        return _dot((self.values_ms[1:] + self.values_ms[:-1]) / 2, np.diff(self.probabilities))

    def quantile(self, u: Floats) -> Floats:
        """On the line between the points around u."""
        right = np.clip(np.searchsorted(self.probabilities, u, side="left"), 1, len(self.probabilities) - 1)
        start, value = self.probabilities[right - 1], self.values_ms[right - 1]
        part = (u - start) / (self.probabilities[right] - start)
        return value + (self.values_ms[right] - value) * part


@dataclass(frozen=True, slots=True, eq=False)
class Mixture(Law):
    """One of several laws, drawn by weight: one uniform number chooses the part, and its place there is the part's."""

    parts: tuple[Law, ...]
    limits: Floats
    """The probability of each part or an earlier one; the last is 1."""

    @classmethod
    def of_parts(cls, parts: Sequence[Law], weights: Sequence[float], least_ms: int = 0) -> Mixture:
        """Laws and their weights, of which one at least is more than 0."""
        return cls(tuple(parts), _limits(np.array(weights, dtype=np.float64)), least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """The means of the parts, by weight."""
        return _dot(np.array([part.mean_ms for part in self.parts]), np.diff(self.limits, prepend=0.0))

    def quantile(self, u: Floats) -> Floats:
        """Of the part within whose limits u lies, the quantile of u's place between them."""
        chosen = np.minimum(np.searchsorted(self.limits, u, side="right"), len(self.parts) - 1)
        starts = np.concatenate([[0.0], self.limits[:-1]])
        place = (u - starts[chosen]) / (self.limits[chosen] - starts[chosen])
        place = np.clip(place, _LEAST, _MOST)
        result = np.empty(u.shape)
        for number, part in enumerate(self.parts):
            here = np.flatnonzero(chosen == number)
            result[here] = part.quantile(place[here])
        return result


def _limits(weights: Floats) -> Floats:
    """Weights summed up, as shares of all; the last is exactly 1."""
    heights = np.cumsum(weights)
    limits: Floats = heights / heights[-1]
    return limits


def _ranked(values_ms: Sequence[int], weights: Sequence[float]) -> tuple[Floats, Floats]:
    """The values in rising order, those without weight left out, and the limit of each."""
    given = np.array(values_ms, dtype=np.float64)
    weight = np.array(weights, dtype=np.float64) if weights else np.ones(len(given))
    order = np.argsort(given, kind="stable")
    order = order[weight[order] > 0]
    return given[order], _limits(weight[order])


def _dot(values: Floats, shares: Floats) -> float:
    """Their sum of products, added up in order, so that every machine agrees."""
    return float(np.cumsum(values * shares)[-1])
