"""Packings: how many instances a list of jobs needs when each goes to the oldest that holds it (T19).

Jobs are submitted at once and outlast the launches, so that the scaler opens an instance where none that is open, or
opening, holds the next job: first fit. Next fit is no rule of batchsim's, nor of AWS's: a job for which an instance
has room is placed, and a packing only chooses where. So T19.2 holds the product to first fit; what next fit would
need stands in its title.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Bounded, Case, Data, Measured, Quantity, bound, exact
from batchsim.selftest.formulas import packings as theory

Items = tuple[tuple[int, ...], ...]
"""By job: memory units, or vCPUs and GiB."""


@dataclass(frozen=True, slots=True)
class CutList:
    """A list whose best packing is known: full bins that were cut, so that no packing needs fewer."""

    best: int
    """How many bins were cut."""
    capacity: tuple[int, ...]
    """Of a bin: memory units, or vCPUs and GiB."""
    pieces: int
    seed: int

    @property
    def items(self) -> Items:
        """The pieces, shuffled."""
        return cut(self.best, self.capacity, self.pieces, self.seed)

    @property
    def name(self) -> str:
        """As a table shows it."""
        return f"{self.best} × {'×'.join(map(str, self.capacity))} in {self.pieces}, {self.seed}"


UNIT_MIB = 64
"""Of memory, where that is all that counts."""
MANY_VCPUS = 1024
"""More than there are jobs on an instance, so that only memory binds."""


# -- scenarios


def by_memory(sizes: Sequence[int], capacity: int, _scale: float) -> tuple[Data, ...]:
    """Jobs of 1 vCPU and so many units of memory, to instances with ``capacity`` units."""
    shapes = [(1, size * UNIT_MIB) for size in sizes]
    return (_packed(shapes, MANY_VCPUS, capacity * UNIT_MIB),)


def by_both(sizes: Items, capacity: tuple[int, int], _scale: float) -> tuple[Data, ...]:
    """Jobs of so many vCPUs and GiB, to instances with so many."""
    shapes = [(vcpus, 1024 * gib) for vcpus, gib in sizes]
    return (_packed(shapes, capacity[0], capacity[1] * 1024),)


def many_lists(lists: Sequence[CutList], scale: float) -> tuple[Data, ...]:
    """A scenario for each list of jobs."""
    return tuple(_of_list(each, scale) for each in lists)


def _of_list(each: CutList, scale: float) -> Data:
    if len(each.capacity) == 1:
        return by_memory([size for (size,) in each.items], each.capacity[0], scale)[0]
    return by_both(each.items, (each.capacity[0], each.capacity[1]), scale)[0]


def _packed(shapes: Sequence[tuple[int, int]], vcpus: int, memory_mib: int) -> Data:
    """Jobs of an hour, in their order."""
    memory = f"{memory_mib}MiB"
    host = stage.box(vcpus, memory=memory, usable_memory=memory, price="$1.00/h", spot_price="$1.00/h")
    kinds = {shape: f"job-{shape[0]}-{shape[1]}" for shape in shapes}
    definitions = [stage.definition(name, *shape) for shape, name in kinds.items()]
    entries = [stage.entry(f"job{at}", "1h", kind=kinds[shape]) for at, shape in enumerate(shapes)]
    hosts = stage.environment(types=("host.large",), maxvCpus=vcpus * len(shapes))
    world = stage.world((), instanceTypes={"host.large": host}, packing="first_fit", strict_limits=False)
    return stage.scenario("packing", entries, [hosts], definitions=definitions, around=world)


def cut(bins: int, capacity: tuple[int, ...], pieces: int, seed: int) -> Items:
    """``bins`` full bins, each cut into ``pieces``, and shuffled; by a generator of 31 bits."""
    state = seed

    def draw(below: int) -> int:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return (state >> 8) % below

    items: list[tuple[int, ...]] = []
    for _ in range(bins):
        items += zip(*(_parts(have, pieces, draw) for have in capacity), strict=True)
    for at in range(len(items) - 1, 0, -1):
        other = draw(at + 1)
        items[at], items[other] = items[other], items[at]
    return tuple(items)


def _parts(whole: int, pieces: int, draw: Callable[[int], int]) -> list[int]:
    """``whole`` in so many positive parts."""
    cuts: set[int] = set()
    while len(cuts) < pieces - 1:
        cuts.add(1 + draw(whole - 1))
    return [high - low for low, high in pairwise([0, *sorted(cuts), whole])]


# -- measurements


def used(result: Result) -> Measured:
    """How many instances were launched, and the instance of each job."""
    records = result.records
    hosts = np.full(len(records.jobs.state), -1)
    hosts[records.attempts.job] = records.instances.ordinal[records.attempts.instance]
    return {"instances": len(records.instances.ordinal), "hosts": tuple(hosts.tolist())}


def within_limits(lists: Sequence[CutList], *results: Result) -> Measured:
    """The instances of each list between the sum over the capacity and the limit of first fit; and each job's."""
    pairs = list(zip(lists, results, strict=True))
    bounds = {each.name: _within(each, result) for each, result in pairs}
    return {**bounds, "hosts": tuple(used(result)["hosts"] for _, result in pairs)}


def _within(each: CutList, result: Result) -> Bounded:
    least = theory.least_bins(each.items, each.capacity)
    most = theory.first_fit_limit(each.best, len(each.capacity))
    return Bounded(least, len(result.records.instances.ordinal), most)


# -- cases for any list


def memory_bound(id_: str, title: str, sizes: Sequence[int], capacity: int) -> Case:
    """First fit by memory alone: every job's instance is that of the plain algorithm."""
    hosts = theory.first_fit([(size,) for size in sizes], (capacity,))
    return Case(
        id_,
        title,
        "first fit in order; Johnson et al. (1974): at most ⌊1.7 OPT⌋",
        _first_fit(hosts),
        partial(by_memory, tuple(sizes), capacity),
        used,
        replications=1,
        jobs=len(sizes),
    )


def two_dimensional(id_: str, title: str, sizes: Items, capacity: tuple[int, int]) -> Case:
    """First fit by vCPUs and memory."""
    return Case(
        id_,
        title,
        "first fit in order, in two dimensions",
        _first_fit(theory.first_fit(sizes, capacity)),
        partial(by_both, sizes, capacity),
        used,
        replications=1,
        jobs=len(sizes),
    )


def limits(id_: str, lists: Sequence[CutList]) -> Case:
    """Random lists of known optimum within the bounds of first fit: by memory alone, or by vCPUs and GiB."""
    hosts = tuple(tuple(theory.first_fit(each.items, each.capacity)) for each in lists)
    return Case(
        id_,
        "instances that were full, cut into jobs: by memory, and by vCPUs and memory",
        "⌈max Σ/capacity⌉ ≤ FF ≤ ⌊1.7 OPT⌋ (Dósa, Sgall 2013); in d dimensions (d + 0.7) OPT + 5/2 (Garey et al. 1976)",
        (*(bound(each.name) for each in lists), exact("hosts", hosts)),
        partial(many_lists, tuple(lists)),
        partial(within_limits, tuple(lists)),
        replications=1,
        jobs=sum(each.best * each.pieces for each in lists),
    )


def _first_fit(hosts: Sequence[int]) -> tuple[Quantity, ...]:
    return exact("instances", max(hosts) + 1), exact("hosts", tuple(hosts))


JOHNSON = (*[6] * 7, *[10] * 7, *[16] * 3, *[34] * 10, *[51] * 10)
ALTERNATING = (1, 50) * 49
MIXED = ((2, 4), (1, 8), (4, 2), (1, 1), (2, 12), (3, 3), (1, 6), (2, 2))


def cases() -> list[Case]:
    """T19."""
    nf = theory.next_fit(ALTERNATING, 50)
    return [
        memory_bound("T19.1", "7×6, 7×10, 3×16, 10×34, 10×51 into 101, first fit; the best is 10", JOHNSON, 101),
        memory_bound("T19.2", f"(1, 50)×49 into 50, first fit (next fit would need {nf})", ALTERNATING, 50),
        two_dimensional("T19.3", "eight jobs into 4 vCPUs and 16 GiB; the lower bound is met", MIXED, (4, 16)),
        limits(
            "T19.4",
            [CutList(6, (101,), 4, seed) for seed in (1, 2, 3)] + [CutList(5, (16, 64), 4, seed) for seed in (4, 5)],
        ),
    ]
