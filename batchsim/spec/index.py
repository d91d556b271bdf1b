"""A scenario laid out for checking: every item with its path in the file, and every name in the file, sound or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchsim.errors import Path
from batchsim.spec.entries import Entry, Workflow
from batchsim.spec.scenario import Scenario
from batchsim.spec.workload import At, DatasetRun, Firing

NAME_KEYS: Mapping[str, str] = {
    "computeEnvironments": "computeEnvironmentName",
    "jobQueues": "jobQueueName",
    "schedulingPolicies": "name",
    "jobDefinitions": "jobDefinitionName",
    "consumableResources": "consumableResourceName",
    "datasets": "name",
    "notifications": "name",
}
"""The key that names the items of each section."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry with its path, and the workflow that holds it."""

    path: Path
    entry: Entry
    workflow: Workflow | None
    partitions: int
    """Partitions of the data set that its jobs work through; 0 without one."""

    @property
    def firing(self) -> Firing:
        """What makes it, or its workflow, happen."""
        return (self.workflow.at if self.workflow else self.entry.at) or At(0)

    @property
    def group(self) -> Path:
        """The same for all members of one workflow."""
        return self.path[:2]

    @property
    def size(self) -> int:
        """Children of its array, 0 for single jobs; an array without a size has one for each partition."""
        array = self.entry.submit.arrayProperties
        return 0 if array is None else array.size or self.partitions

    @property
    def calls(self) -> int:
        """SubmitJob calls at each firing; single jobs without a count are one for each partition."""
        return self.entry.count or max(1, self.partitions // max(1, self.size))


@dataclass(frozen=True, slots=True)
class Index:
    """The sound part of a scenario, each section as ``(path, item)``, and the names of all of it."""

    scenario: Scenario
    places: Mapping[str, tuple[int, ...]]
    """Position in the file of each item of a section that is in ``scenario``; absent = all of them."""
    names: Mapping[str, tuple[str, ...]]
    """Names in the file by section, those of unsound items too; ``workload``: ids of entries."""

    def items(self, section: str) -> Iterator[tuple[Path, Any]]:
        """The items of a section with their paths."""
        values = getattr(self.scenario, section)
        for position, item in zip(self.places.get(section, range(len(values))), values, strict=True):
            yield (section, position), item

    def entries(self) -> Iterator[PlacedEntry]:
        """Every entry in file order, workflows flattened."""
        partitions = {dataset.name: dataset.partitions for _, dataset in self.items("datasets")}
        for path, entry, workflow in self._members():
            dataset = entry.run.dataset if isinstance(entry.run, DatasetRun) else ""
            yield PlacedEntry(path, entry, workflow, partitions.get(dataset, 0))

    def _members(self) -> Iterator[tuple[Path, Entry, Workflow | None]]:
        for path, item in self.items("workload"):
            if isinstance(item, Workflow):
                for position, member in enumerate(item.workflow):
                    yield (*path, "workflow", position), member, item
            else:
                yield path, item, None

    def is_whole(self, section: str) -> bool:
        """Whether every item of a section is sound."""
        return len(self.names[section]) == len(getattr(self.scenario, section))


def names_in(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names of each section of a raw scenario."""
    names = {section: tuple(_texts(data.get(section), key)) for section, key in NAME_KEYS.items()}
    return names | {"workload": tuple(_entry_ids(data.get("workload")))}


def _entry_ids(items: Any) -> Iterator[str]:
    for item in items if isinstance(items, list) else ():
        members = item.get("workflow") if isinstance(item, Mapping) else None
        yield from _texts(members if isinstance(members, list) else [item], "id")


def _texts(items: Any, key: str) -> Iterator[str]:
    for item in items if isinstance(items, list) else ():
        name = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(name, str):
            yield name
