"""Which knob matters: main effects of every level with intervals, and the shares of knobs and of pairs of them.

The mean of all points at a level, less the mean of all points, is taken in each replication by itself: replications are
independent, so their mean has Student's t interval; what chance does to all points alike cancels. How much a knob
matters is its share of the variance of the points' means (eta squared, the sum of squares of its levels by the whole;
in a full grid the analysis of variance: Montgomery, *Design and Analysis of Experiments*, ch. 5). Where points are
drawn, levels have unequal company: the share that chance would give is taken off (epsilon squared: Kelley, PNAS 21,
1935). A pair's share is what its cells explain beyond its two knobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.experiments.paired import Estimate, Floats, spread
from batchsim.spec.knobs import number_of

Ints = NDArray[np.intp]

_BINS = 4
"""Parts of a continuous knob, equally full."""
_PAIR_BINS = 3
"""The same for pairs: sixteen cells would want too many points."""
_DUST = 1e-12
"""What sums of floating-point numbers are beside, of their size: no effect."""
_MOST_LEVELS = 12
"""A knob of more values is taken in parts."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One level of a knob, or a part of its values."""

    path: str
    level: str
    n: int
    """Points."""
    mean: float
    """Of the metric, over the points at this level."""
    effect: Estimate
    """Less the mean of all points."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of what points differ by comes from one knob, or from how two act together."""

    paths: tuple[str, ...]
    share: float | None
    """0 to 1; None where there are too few points to say."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Of one metric."""

    levels: tuple[Effect, ...]
    knobs: tuple[Share, ...]
    pairs: tuple[Share, ...]
    points: int
    """That have the metric in every replication; the others are left out."""
    is_balanced: bool
    """Whether every combination of levels is there once, so that shares are exact."""


def effects_of(paths: Sequence[str], settings: Sequence[Sequence[Any]], values: Floats, level: float) -> Effects:
    """The effects on one metric; ``settings`` has the knobs' values of each point, ``values`` is (points, runs)."""
    whole = ~np.any(np.isnan(values), axis=1)
    kept, held = [each for each, sound in zip(settings, whole.tolist(), strict=True) if sound], values[whole]
    columns = [[row[at] for row in kept] for at in range(len(paths))]
    groups = [_grouped(column, _BINS) for column in columns]
    balanced = _is_balanced([codes for codes, _ in groups], len(kept))
    if not kept:
        return Effects((), (), (), 0, is_balanced=False)
    means = held.mean(axis=1)
    levels = tuple(
        _effect(path, name, codes == at, held, level)
        for path, (codes, names) in zip(paths, groups, strict=True)
        for at, name in enumerate(names)
    )
    knobs = tuple(
        Share((path,), _share(codes, means, balanced)) for path, (codes, _) in zip(paths, groups, strict=True)
    )
    coarse = [_grouped(column, _BINS if balanced else _PAIR_BINS)[0] for column in columns]
    pairs = tuple(
        Share((paths[a], paths[b]), _together(coarse[a], coarse[b], means, balanced))
        for a, b in combinations(range(len(paths)), 2)
    )
    return Effects(levels, knobs, pairs, len(kept), is_balanced=balanced)


def _effect(path: str, name: str, here: NDArray[np.bool_], values: Floats, level: float) -> Effect:
    """In every replication the mean at this level less the mean of all points."""
    differences = values[here].mean(axis=0) - values.mean(axis=0)
    differences[np.abs(differences) <= _DUST * np.abs(values).max(axis=0)] = 0.0
    found = spread(differences, level)
    if found is None:
        raise ValueError("a level has points, and a point has replications")
    return Effect(path, name, int(here.sum()), float(values[here].mean()), found.mean)


def _share(codes: Ints, means: Floats, balanced: bool) -> float | None:
    """The part of the variance of the points' means between groups, less what chance gives in drawn designs."""
    total = float(((means - means.mean()) ** 2).sum())
    if np.ptp(means) == 0:
        return 0.0
    count, n = int(codes.max()) + 1, len(means)
    sizes = np.bincount(codes, minlength=count)
    centres = np.bincount(codes, weights=means, minlength=count) / sizes
    share = float((sizes * (centres - means.mean()) ** 2).sum()) / total
    if balanced:
        return min(share, 1.0)
    if n <= count:
        return None
    return max(0.0, 1 - (1 - share) * (n - 1) / (n - count))


def _together(first: Ints, second: Ints, means: Floats, balanced: bool) -> float | None:
    """What the cells of a pair explain beyond its knobs."""
    _, cells = np.unique(first * (int(second.max()) + 1) + second, return_inverse=True)
    parts = [_share(codes, means, balanced) for codes in (cells.ravel(), first, second)]
    both, one, other = parts
    if both is None or one is None or other is None:
        return None
    return max(0.0, both - one - other)


def _grouped(column: Sequence[Any], bins: int) -> tuple[Ints, list[str]]:
    """The group of each point, and the groups' names: values, or parts of a scale that are equally full."""
    numbers = [number_of(value) for value in column]
    distinct = {repr(value): value for value in column}
    if len(distinct) <= _MOST_LEVELS or any(number is None for number in numbers):
        return _by_value(distinct, column)
    found = np.array(numbers, dtype=np.float64)
    edges = np.unique(np.quantile(found, np.arange(1, bins) / bins))
    codes = np.searchsorted(edges, found, side="right")
    used, packed = np.unique(codes, return_inverse=True)
    return packed.ravel(), [_part(column, found, codes == code) for code in used.tolist()]


def _by_value(distinct: dict[str, Any], column: Sequence[Any]) -> tuple[Ints, list[str]]:
    """A group for each value, in the order of a scale, else of the points."""
    keys = list(distinct)
    if all(number_of(value) is not None for value in distinct.values()):
        keys.sort(key=lambda key: number_of(distinct[key]) or 0.0)
    places = {key: at for at, key in enumerate(keys)}
    return np.array([places[repr(value)] for value in column], dtype=np.intp), [told(distinct[key]) for key in keys]


def _part(column: Sequence[Any], numbers: Floats, here: NDArray[np.bool_]) -> str:
    """``256 to 511``: the least and the most of a part, as they were set."""
    at = np.flatnonzero(here)
    least, most = at[int(np.argmin(numbers[at]))], at[int(np.argmax(numbers[at]))]
    return told(column[least]) if least == most else f"{told(column[least])} to {told(column[most])}"


def told(value: Any) -> str:
    """A value of a knob in a table."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(told(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {told(each)}' for key, each in value.items())}}}"
    return str(value)


def _is_balanced(codes: Sequence[Ints], points: int) -> bool:
    """Whether every combination of groups is there, once."""
    sizes = [int(each.max()) + 1 if len(each) else 0 for each in codes]
    if points == 0 or int(np.prod(sizes)) != points:
        return False
    cells = np.zeros(points, dtype=np.intp)
    for each, size in zip(codes, sizes, strict=True):
        cells = cells * size + each
    return len(np.unique(cells)) == points
