"""Bins: first fit, next fit, lower bounds and the optimum; sizes are whole numbers in any number of dimensions.

Sources: D. S. Johnson, A. Demers, J. D. Ullman, M. R. Garey, R. L. Graham (1974), SIAM J. Comput. 3; Garey, Graham,
Johnson, Yao (1976), J. Comb. Theory A 21; Dósa, Sgall (2013), STACS: first fit needs at most floor(1.7 OPT) bins.
"""

from __future__ import annotations

from collections.abc import Sequence

Size = Sequence[int]
"""By dimension: vCPUs and memory, say."""


def first_fit(items: Sequence[Size], capacity: Size) -> list[int]:
    """The bin of each item, bins numbered as they are opened: the first that holds it. ``ValueError`` if none could."""
    bins: list[list[int]] = []
    chosen: list[int] = []
    for item in items:
        if not _holds(capacity, item):
            raise ValueError(f"an item of {item} is larger than {capacity}")
        found = next((at for at, free in enumerate(bins) if _holds(free, item)), len(bins))
        if found == len(bins):
            bins.append(list(capacity))
        bins[found] = [have - want for have, want in zip(bins[found], item, strict=True)]
        chosen.append(found)
    return chosen


def next_fit(items: Sequence[int], capacity: int) -> int:
    """How many bins next fit opens: an item goes to the last bin, or opens another, and earlier ones are closed."""
    opened, free = 0, -1
    for item in items:
        if item > free:
            opened, free = opened + 1, capacity
        free -= item
    return opened


def least_bins(items: Sequence[Size], capacity: Size) -> int:
    """A lower bound: in each dimension the sum over the capacity, rounded up; the largest of these."""
    return max(
        (-(-sum(item[axis] for item in items) // have) for axis, have in enumerate(capacity) if items), default=0
    )


def optimum(items: Sequence[int], capacity: int) -> int:
    """The least number of bins, by trying all: for a dozen items, or where the lower bound is met soon."""
    ordered = sorted(items, reverse=True)
    floor = least_bins([(item,) for item in items], (capacity,))
    best = len(items)

    def place(at: int, bins: tuple[int, ...]) -> None:
        nonlocal best
        if best == floor or len(bins) >= best:
            return
        if at == len(ordered):
            best = len(bins)
            return
        item = ordered[at]
        for load in sorted({load for load in bins if load + item <= capacity}, reverse=True):
            rest = list(bins)
            rest.remove(load)
            place(at + 1, tuple(sorted([*rest, load + item])))
        place(at + 1, tuple(sorted([*bins, item])))

    place(0, ())
    return best


def first_fit_limit(best: int, dimensions: int = 1) -> float:
    """How many bins first fit may need where ``best`` do: floor(1.7 OPT) in one dimension, (d + 0.7) OPT + 5/2 in d."""
    return 17 * best // 10 if dimensions == 1 else (dimensions + 0.7) * best + 2.5


def _holds(free: Size, item: Size) -> bool:
    return all(have >= want for have, want in zip(free, item, strict=True))
