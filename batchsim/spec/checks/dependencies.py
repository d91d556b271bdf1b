"""Dependencies between entries: they exist, their shapes agree, and they form no circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.index import Index, PlacedEntry
from batchsim.spec.jobs import JobDependency
from batchsim.spec.near import did_you_mean
from batchsim.spec.workload import After, At, Rate

MAX_DEPENDENCIES = 20
"""Dependencies of one job (API SubmitJob)."""
_SHOWN_OF_A_CIRCLE = 12


def check_dependencies(index: Index) -> Iterator[Flaw]:
    """E126 unknown entry, E127 too many, E128 shapes that do not go with the type, for each ``dependsOn``."""
    by_id = {placed.entry.id: placed for placed in index.entries()}
    strict = index.scenario.world.strict_limits
    for placed in index.entries():
        path = (*placed.path, "submit", "dependsOn")
        calls = 0
        for position, dependency in enumerate(placed.entry.submit.dependsOn):
            place = (*path, position)
            yield from _one(index, by_id, placed, place, dependency)
            parent = by_id.get(dependency.jobId or "")
            calls += parent.calls if parent else 1
        if calls > MAX_DEPENDENCIES and strict:
            yield Flaw("E127", "too many dependencies", path, calls, f"at most {MAX_DEPENDENCIES} jobs")


def _one(
    index: Index, by_id: Mapping[str, PlacedEntry], placed: PlacedEntry, path: Path, dependency: JobDependency
) -> Iterator[Flaw]:
    if dependency.type == "SEQUENTIAL":
        yield from _sequential(placed, path, dependency)
        return
    if dependency.jobId is None:
        yield Flaw("E128", "a dependency needs the id of an entry", (*path, "jobId"), hint="Add jobId")
        return
    parent = by_id.get(dependency.jobId)
    if parent is None:
        yield from unknown_entry(index, (*path, "jobId"), dependency.jobId)
        return
    yield from _same_firing(by_id, placed, parent, path)
    if dependency.type == "N_TO_N":
        yield from _index_by_index(placed, parent, path)


def unknown_entry(index: Index, path: Path, name: str) -> Iterator[Flaw]:
    """E126, unless the entry is in the file and merely unsound."""
    known = index.names["workload"]
    if name not in known:
        yield Flaw("E126", "unknown entry", path, name, ", ".join(known), did_you_mean(name, known))


def _sequential(placed: PlacedEntry, path: Path, dependency: JobDependency) -> Iterator[Flaw]:
    if dependency.jobId is not None:
        yield Flaw("E128", "SEQUENTIAL takes no jobId", (*path, "jobId"), dependency.jobId, hint="Leave jobId out")
    if not placed.size:
        yield Flaw(
            "E128", "SEQUENTIAL needs an array", (*path, "type"), "SEQUENTIAL", hint="Add arrayProperties: {size}"
        )


def _same_firing(
    by_id: Mapping[str, PlacedEntry], placed: PlacedEntry, parent: PlacedEntry, path: Path
) -> Iterator[Flaw]:
    """Within a workflow a dependency means the same firing; from outside, the parent must fire exactly once."""
    together = placed.workflow is not None and placed.group == parent.group
    if not together and not _fires_once(by_id, parent):
        hint = "Put both into one workflow, so that each firing depends on its own"
        yield Flaw("E126", "the entry is submitted more than once", (*path, "jobId"), parent.entry.id, hint=hint)


def _fires_once(by_id: Mapping[str, PlacedEntry], placed: PlacedEntry | None) -> bool:
    """Whether an entry has exactly one firing: an instant, a client's, or after one that has; circles are E125's."""
    followed: set[str] = set()
    while placed is not None and placed.entry.id not in followed:
        if placed.workflow is not None and (placed.workflow.count or 1) > 1:
            return False
        if not isinstance(placed.firing, After):
            return isinstance(placed.firing, At | Rate)
        followed.add(placed.entry.id)
        placed = by_id.get(placed.firing.entry_id)
    return True


def _index_by_index(placed: PlacedEntry, parent: PlacedEntry, path: Path) -> Iterator[Flaw]:
    if not placed.size or not parent.size:
        single = placed if not placed.size else parent
        yield Flaw("E128", f"N_TO_N needs two arrays, and {single.entry.id} is none", (*path, "type"), "N_TO_N")
    elif placed.size != parent.size:
        message = f"N_TO_N needs equal sizes: {placed.entry.id} has {placed.size}, {parent.entry.id} has {parent.size}"
        yield Flaw(
            "E128", message, (*path, "type"), "N_TO_N", also=((*parent.path, "submit", "arrayProperties", "size"),)
        )
    if parent.calls > 1:
        yield Flaw("E128", "N_TO_N needs one parent call", (*path, "jobId"), parent.entry.id, hint="Give it no count")


def check_cycles(index: Index) -> Iterator[Flaw]:
    """E125: no entry waits, by ``dependsOn`` or ``after``, for itself."""
    edges = {placed.entry.id: _waits_for(placed) for placed in index.entries()}
    done: set[str] = set()
    for start in edges:
        if start not in done:
            yield from _circle(edges, start, done)


def _drawn(circle: Sequence[str]) -> str:
    """A circle of jobs, the last as the first; of a long one only both ends."""
    left_out = len(circle) - 1 - _SHOWN_OF_A_CIRCLE
    if left_out <= 0:
        return " → ".join(circle)
    half = _SHOWN_OF_A_CIRCLE // 2
    return " → ".join([*circle[:half], f"({left_out} more)", *circle[-half - 1 :]])


def _waits_for(placed: PlacedEntry) -> dict[str, Path]:
    """Ids that an entry waits for, with the path of the reference."""
    waits = {
        dependency.jobId: (*placed.path, "submit", "dependsOn", position, "jobId")
        for position, dependency in enumerate(placed.entry.submit.dependsOn)
        if dependency.jobId is not None
    }
    if isinstance(placed.firing, After):
        waits.setdefault(placed.firing.entry_id, (*(placed.group if placed.workflow else placed.path), "at", "after"))
    return waits


def _circle(edges: Mapping[str, Mapping[str, Path]], start: str, done: set[str]) -> Iterator[Flaw]:
    """Depth-first from ``start`` without recursion; a way back onto the way here is a circle."""
    way = {start: iter(edges[start].items())}
    while way:
        here = next(reversed(way))
        parent, path = next(way[here], ("", ()))
        if not path:
            done.add(here)
            del way[here]
        elif parent in way:
            names = list(way)
            circle = [*names[names.index(parent) :], parent]
            also = tuple(edges[child][waited] for child, waited in pairwise(circle))
            yield Flaw("E125", f"dependency cycle {_drawn(circle)}", path, also=also)
        elif parent in edges and parent not in done:
            way[parent] = iter(edges[parent].items())
