"""Laws of durations, and samplers that draw from them by keyed inverse transform.

A :class:`Law` maps uniform numbers to whole milliseconds, rounded once (half to even) and never below ``least_ms``:
1 for run times, 0 for delays. A :class:`Sampler` joins a law with a stream; it gives one and the same number for an
(index, attempt), whether asked for a block or for one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.elementary import Floats, exp, log, normal_quantile
from batchsim.engine.randomness import INDEX_BITS, Stream

if TYPE_CHECKING:
    from batchsim.spec import LawSpec

Millis = NDArray[np.int64]

LONGEST_MS = 1 << 50
"""No draw is longer (35,000 years), so sums of instants stay far inside 64 bits."""

_P95_SIGMAS = 1.6448536269514722
"""The 95 % quantile of the standard normal law."""
_BLOCK = 8192
"""Values drawn at a time: the intermediate arrays stay in the processor's cache, and no million-long one is made."""
_KEPT_CHUNKS = 512
"""Chunks that a sampler keeps: 4 MiB at 1,024 values each."""


@dataclass(frozen=True, slots=True)
class Law(ABC):
    """A law of durations in milliseconds."""

    least_ms: int = field(default=0, kw_only=True)

    @property
    @abstractmethod
    def mean_ms(self) -> float:
        """The exact mean before rounding and before ``least_ms``."""

    @abstractmethod
    def quantile(self, u: Floats) -> Floats:
        """Milliseconds, not rounded, at probabilities strictly between 0 and 1; shape as ``u``."""

    def of(self, u: Floats) -> Millis:
        """Whole milliseconds at probabilities strictly between 0 and 1; shape as ``u``."""
        return whole_ms(self.quantile(u), self.least_ms)


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
    def from_p95(cls, median_ms: float, p95_ms: float, least_ms: int = 0) -> Lognormal:
        """By median and 95 % quantile: ``sigma = ln(p95 / median) / 1.645``."""
        return cls(median_ms, _log(p95_ms / median_ms) / _P95_SIGMAS, least_ms=least_ms)

    @property
    def mean_ms(self) -> float:
        """``median e**(sigma**2 / 2)``."""
        return self.median_ms * float(exp(np.array([self.sigma * self.sigma / 2]))[0])

    def quantile(self, u: Floats) -> Floats:
        """``median e**(sigma z)``, z the standard normal quantile."""
        return self.median_ms * exp(self.sigma * normal_quantile(u))


def _log(x: float) -> float:
    return float(log(np.array([x]))[0])


class Sampler:
    """A law on a stream: the duration of each (index, attempt).

    ``one_ms`` is for the engine's hot path: it draws the whole chunk around an index once and keeps the latest chunks,
    so that a look-up costs about 0.2 us when neighbours are asked for at about the same time.
    """

    __slots__ = ("_chunks", "_constant_ms", "_mask", "_shift", "law", "stream")

    def __init__(self, law: Law, stream: Stream, chunk: int = 1024) -> None:
        """``chunk``: values drawn at a time, rounded up to a power of two."""
        self.law = law
        self.stream = stream
        self._shift = (chunk - 1).bit_length()
        self._mask = (1 << self._shift) - 1
        self._chunks: dict[int, array[int]] = {}
        self._constant_ms = max(law.ms, law.least_ms) if isinstance(law, Constant) else -1

    def block_ms(self, start: int, count: int, attempt: int = 1) -> Millis:
        """The durations of indices ``start`` to ``start + count - 1``: int64 ms, shape (count,)."""
        if self._constant_ms >= 0:
            return np.full(count, self._constant_ms, dtype=np.int64)
        result = np.empty(count, dtype=np.int64)
        for first in range(0, count, _BLOCK):
            size = min(_BLOCK, count - first)
            result[first : first + size] = self.law.of(self.stream.block(start + first, size, attempt))
        return result

    def pick_ms(self, indices: NDArray[np.integer], attempt: int = 1) -> Millis:
        """The durations of any indices, in any order: int64 ms, of the indices' shape."""
        return self.law.of(self.stream.pick(indices, attempt))

    def one_ms(self, index: int, attempt: int = 1) -> int:
        """The duration of one index in ms: equal to the block's."""
        if self._constant_ms >= 0:
            return self._constant_ms
        key = ((attempt << INDEX_BITS) + index) >> self._shift
        try:
            return self._chunks[key][index & self._mask]
        except KeyError:
            return self._draw_chunk(key, index, attempt)[index & self._mask]

    def _draw_chunk(self, key: int, index: int, attempt: int) -> array[int]:
        """Draw the chunk of ``index``, and forget the oldest one when there are many."""
        if len(self._chunks) >= _KEPT_CHUNKS:
            del self._chunks[next(iter(self._chunks))]
        first = index & ~self._mask
        chunk = array("q", self.block_ms(first, self._mask + 1, attempt).tobytes())
        self._chunks[key] = chunk
        return chunk


def whole_ms(duration_ms: Floats, least_ms: int) -> Millis:
    """Durations rounded once, half to even, within ``least_ms`` and :data:`LONGEST_MS`; shape as given."""
    return np.rint(np.clip(duration_ms, least_ms, LONGEST_MS)).astype(np.int64)


def law_of(spec: LawSpec, least_ms: int = 0) -> Law:
    """Compile a scenario's law. ``least_ms``: 1 for run times, 0 for delays."""
    return _COMPILERS[spec.name](spec.params, least_ms)


def _constant(params: Mapping[str, float], least_ms: int) -> Law:
    return Constant(int(params["value"]), least_ms=least_ms)


def _uniform(params: Mapping[str, float], least_ms: int) -> Law:
    return Uniform(int(params["min"]), int(params["max"]), least_ms=least_ms)


def _exponential(params: Mapping[str, float], least_ms: int) -> Law:
    return Exponential(float(params["mean"]), least_ms=least_ms)


def _lognormal(params: Mapping[str, float], least_ms: int) -> Law:
    """By (mean, cv), (median, sigma), or (p50, p95)."""
    if "mean" in params:
        return Lognormal.from_mean(params["mean"], params["cv"], least_ms)
    if "median" in params:
        return Lognormal(params["median"], params["sigma"], least_ms=least_ms)
    return Lognormal.from_p95(params["p50"], params["p95"], least_ms)


_COMPILERS = {"constant": _constant, "uniform": _uniform, "exponential": _exponential, "lognormal": _lognormal}
