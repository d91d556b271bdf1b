"""What a law of durations is: a map from uniform numbers to whole milliseconds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.elementary import Floats

Millis = NDArray[np.int64]

LONGEST_MS = 1 << 50
"""No draw is longer (35,000 years), so sums of instants stay far inside 64 bits."""


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
        """Milliseconds, not rounded, at probabilities strictly between 0 and 1; shape as ``u``.

        The law's quantile function; of a mixture, its parts' ones side by side.
        """

    def of(self, u: Floats) -> Millis:
        """Whole milliseconds at probabilities strictly between 0 and 1; shape as ``u``."""
        return whole_ms(self.quantile(u), self.least_ms)


def whole_ms(duration_ms: Floats, least_ms: int) -> Millis:
    """Durations rounded once, half to even, within ``least_ms`` and :data:`LONGEST_MS`; shape as given."""
    return np.rint(np.clip(duration_ms, least_ms, LONGEST_MS)).astype(np.int64)
