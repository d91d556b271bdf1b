"""No two items of a section share a name (E123)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.index import NAME_KEYS, Index


def check_names(index: Index) -> Iterator[Flaw]:
    """E123: duplicate names; job definitions by name and revision, entries by id over the whole workload."""
    for section, key in NAME_KEYS.items():
        if section != "jobDefinitions":
            yield from _twice(((*path, key), getattr(item, key)) for path, item in index.items(section))
    yield from _twice(
        ((*path, "revision"), f"{item.jobDefinitionName}:{item.revision}")
        for path, item in index.items("jobDefinitions")
    )
    yield from _twice(((*placed.path, "id"), placed.entry.id) for placed in index.entries())
    workflows = (
        (path, getattr(item, "id", None)) for path, item in index.items("workload") if hasattr(item, "workflow")
    )
    yield from _twice(((*path, "id"), name) for path, name in workflows if name)


def _twice(named: Iterable[tuple[Path, str]]) -> Iterator[Flaw]:
    first: dict[str, Path] = {}
    for path, name in named:
        if name in first:
            yield Flaw("E123", "name given twice", path, name, also=(first[name],))
        first.setdefault(name, path)
