"""How a data set is cut into partitions: whole bytes that sum exactly to its size, evenly or with a lognormal skew."""

from __future__ import annotations

import numpy as np

from batchsim.engine.laws import Lognormal, Millis
from batchsim.engine.randomness import Draws


def partition_bytes(size_bytes: int, partitions: int, skew_cv: float, name: str, draws: Draws) -> Millis:
    """The size of each partition: int64 bytes, shape (partitions,), never negative, their sum exactly ``size_bytes``.

    Weights are lognormal of mean 1 and coefficient of variation ``skew_cv`` (0 = even), keyed by the data set's name
    alone, so all entries and firings that read the set see the same partitions. Cut points are rounded, not sizes.
    """
    if skew_cv == 0:
        return _even_bytes(size_bytes, partitions)
    weights = Lognormal.from_mean(1.0, skew_cv).quantile(draws.stream("skew", name).block(0, partitions))
    heights = np.cumsum(weights)
    cuts = np.rint(heights * (size_bytes / heights[-1])).astype(np.int64)
    cuts[-1] = size_bytes
    sizes: Millis = np.diff(np.minimum(cuts, size_bytes), prepend=0)
    return sizes


def _even_bytes(size_bytes: int, partitions: int) -> Millis:
    """Partition k runs from byte ``k size // n`` to ``(k + 1) size // n``."""
    whole, rest = divmod(size_bytes, partitions)
    return whole + np.diff(np.arange(partitions + 1, dtype=np.int64) * rest // partitions)
