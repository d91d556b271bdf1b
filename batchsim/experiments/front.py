"""The Pareto front of two metrics: the points that no other beats in both, and the knee where it bends most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchsim.experiments.paired import Floats, paired


@dataclass(frozen=True, slots=True)
class Front:
    """Which points are worth a choice."""

    points: tuple[int, ...]
    """From the least of the first metric to the most."""
    knee: int | None
    """The point of the front farthest below the line between its ends, where there is one (three points or more)."""
    beaten_by: dict[int, int]
    """Of every other point with both metrics: a point of the front that is better in one and no worse in the other."""
    shown: frozenset[int]
    """The beaten points of which the runs show it: both paired intervals are on the right side of zero, or equal."""
    left_out: tuple[int, ...]
    """Points in which a run does not define both metrics: how good those runs were cannot be said."""


def front_of(first: Floats, second: Floats, signs: tuple[int, int], level: float) -> Front:
    """The front of two metrics, each of shape (points, replications); sign -1 where more is better."""
    costs = [sign * values for sign, values in zip(signs, (first, second), strict=True)]
    whole = ~np.isnan(np.concatenate(costs, axis=1)).any(axis=1)
    means = np.stack([values.mean(axis=1) for values in costs], axis=1)
    candidates = np.flatnonzero(whole).tolist()
    best = _undominated(means, candidates)
    beaten = {point: _beater(means, point, best) for point in candidates if point not in set(best)}
    shown = {point for point, by in beaten.items() if _is_shown(costs, point, by, level)}
    return Front(tuple(best), _knee(means, best), beaten, frozenset(shown), tuple(np.flatnonzero(~whole).tolist()))


def _undominated(means: Floats, candidates: Sequence[int]) -> list[int]:
    """By the first metric, then the second; of equal points all are kept."""
    front: list[int] = []
    for point in sorted(candidates, key=lambda each: (means[each, 0], means[each, 1], each)):
        last = front[-1] if front else None
        if last is None or means[point, 1] < means[last, 1] or bool(np.all(means[point] == means[last])):
            front.append(point)
    return front


def _beater(means: Floats, point: int, front: Sequence[int]) -> int:
    """The point of the front that beats it by most where it beats it least, metrics in units of the front's width."""
    rows = means[list(front)]
    width = np.ptp(means[list(front)], axis=0)
    margins = ((means[point] - rows) / np.where(width > 0, width, 1)).min(axis=1)
    return front[int(np.argmax(margins))]


def _is_shown(costs: Sequence[Floats], point: int, by: int, level: float) -> bool:
    """Whether it is more than luck: by the paired t intervals of both metrics, one of which leaves zero out."""
    pairs = [paired(values[by], values[point], level) for values in costs]
    ends = [(pair.difference.low, pair.different) for pair in pairs if pair is not None]
    if any(low is None for low, _ in ends):
        return False
    return all(low is not None and low >= 0 for low, _ in ends) and any(different for _, different in ends)


def _knee(means: Floats, front: Sequence[int]) -> int | None:
    at = knee_of(means[list(front)])
    return None if at is None else front[at]


def knee_of(rows: Floats) -> int | None:
    """Which row of a front, (points, 2), less being better, is farthest below the chord of its ends.

    Both metrics are scaled to the front's width. None of two points or one, or if all lie above.
    """
    if len(rows) < 3:
        return None
    width = np.ptp(rows, axis=0)
    if not np.all(width > 0):
        return None
    scaled = (rows - rows.min(axis=0)) / width
    below = 1 - scaled.sum(axis=1)
    at = int(np.argmax(below))
    return at if below[at] > 1e-12 else None
