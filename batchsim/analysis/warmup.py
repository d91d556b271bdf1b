"""MSER-5: where the warm-up of a series ends.

The series is cut into means of five; of all cuts that one is taken for which the standard error of what is left, the
sum of squares about its mean over the square of its number, is least (K. P. White, "An effective truncation heuristic
for bias reduction in simulation output", Simulation 69, 1997; K. P. White, M. J. Cobb and S. C. Spratt, WSC 2000).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 5
FEWEST_BATCHES = 20
"""Of fewer means of five there is no telling where they become steady."""
_SPARED = 5
"""So many of the last batches are always kept: the fewer are left, the more their spread is an accident."""


def mser5(series: NDArray[Any]) -> int | None:
    """How many values at the begin are warm-up; None if the series is too short to tell.

    It is too short with fewer than 100 values, and if the best cut lies in its second half.
    """
    count = len(series) // BATCH
    if count < FEWEST_BATCHES:
        return None
    means = np.asarray(series[: count * BATCH], np.float64).reshape(count, BATCH).mean(axis=1)
    best = int(np.argmin(_mser(means)[: count - _SPARED]))
    return best * BATCH if best <= count / 2 else None


def _mser(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The statistic of each cut: before the first mean, before the second, and so on."""
    centred = means - means.mean()  # squares of large numbers would cancel
    left = np.arange(len(means), 0, -1)
    sums, squares = (np.cumsum(each[::-1])[::-1] for each in (centred, centred**2))
    return np.asarray(np.maximum(squares - sums**2 / left, 0.0) / left**2)
