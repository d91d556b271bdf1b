"""Where each entry stands in the workload, and how a problem with it finds its line in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from batchsim.errors import Path, Problem, ScenarioError
from batchsim.spec import Entry, Scenario, SourceMap, Workflow


@dataclass(frozen=True, slots=True)
class Place:
    """One entry, workflows flattened: its position in file order, its path, and the workflow that it is a member of."""

    position: int
    path: Path
    entry: Entry
    workflow: Workflow | None
    workflow_number: int
    """From 0; -1 outside workflows."""
    source: SourceMap

    @property
    def owner_path(self) -> Path:
        """Path of what says ``at``: the workflow's, or the entry's own."""
        return self.path if self.workflow is None else self.path[:-2]

    @property
    def at_path(self) -> Path:
        """Path of that ``at``."""
        return (*self.owner_path, "at")

    def problem(
        self, code: str, path: Path, message: str, value: object = "", allowed: str = "", hint: str = ""
    ) -> Problem:
        """A problem at ``path``."""
        line, col = self.source.at(path)
        return Problem(code, path, message, str(value), allowed, hint, self.source.file, line, col)

    def error(
        self, code: str, path: Path, message: str, value: object = "", allowed: str = "", hint: str = ""
    ) -> ScenarioError:
        """One problem at ``path``, ready to raise."""
        return ScenarioError([self.problem(code, path, message, value, allowed, hint)])

    def located(self, problem: Problem, path: Path) -> Problem:
        """A problem that names no file of its own, at ``path``; any other unchanged."""
        if problem.file or problem.path:
            return problem
        line, col = self.source.at(path)
        return replace(problem, path=path, file=self.source.file, line=line, col=col)


def places_of(scenario: Scenario) -> tuple[Place, ...]:
    """All entries in file order."""
    return tuple(
        Place(position, path, entry, workflow, number, scenario.source)
        for position, (path, entry, workflow, number) in enumerate(_entries(scenario))
    )


def _entries(scenario: Scenario) -> Iterator[tuple[Path, Entry, Workflow | None, int]]:
    number = -1
    for place, item in enumerate(scenario.workload):
        if isinstance(item, Workflow):
            number += 1
            for member, entry in enumerate(item.workflow):
                yield ("workload", place, "workflow", member), entry, item, number
        else:
            yield ("workload", place), item, None, -1
