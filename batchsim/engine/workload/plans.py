"""What a workload comes to: one plan an entry, with the instant, the place and the work of every SubmitJob call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws import Millis
from batchsim.engine.workload.course_rules import CourseRule
from batchsim.engine.workload.work import WorkSource
from batchsim.spec.effective import EffectiveJob
from batchsim.spec.facts import Architecture
from batchsim.spec.jobs import SubmitJob

MAX_PARENTS = 20
"""SubmitJob takes at most 20 dependencies (API reference, SubmitJob, ``dependsOn``)."""


class DependencyKind(IntEnum):
    """The codes of the records' table of dependencies."""

    PLAIN = 0
    SEQUENTIAL = 1
    N_TO_N = 2


@dataclass(frozen=True, slots=True)
class DependencySpec:
    """A dependency of all calls of an entry on another entry's calls (``parent``: its position; -1 for SEQUENTIAL)."""

    parent: int
    kind: DependencyKind


class Size(NamedTuple):
    """What one call's jobs ask of capacity."""

    vcpus_milli: int
    memory_mib: int
    gpus: int
    architecture: Architecture | None


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """What a trace's rows ask for, where they differ from the entry's job; shape of each column: (occurrences,)."""

    vcpus_milli: Millis | None = None
    memory_mib: Millis | None = None
    gpus: Millis | None = None
    image: NDArray[np.int32] | None = None
    """Codes into ``images``."""
    images: tuple[str, ...] = ()
    architectures: tuple[Architecture | None, ...] = ()
    """By code, the architecture of each image; empty where images say nothing of it."""

    @property
    def are_sized(self) -> bool:
        """Whether any column says how large the jobs are, or for which architecture."""
        columns = (self.vcpus_milli, self.memory_mib, self.gpus)
        return bool(self.architectures) or any(column is not None for column in columns)

    def sizes(self, job: EffectiveJob, calls: int) -> Iterator[Size]:
        """Yield what each call asks for; what no column says is the job's."""
        columns = ((self.vcpus_milli, job.vcpus_milli), (self.memory_mib, job.memory_mib), (self.gpus, job.gpus))
        amounts = (repeat(own, calls) if column is None else iter(column.tolist()) for column, own in columns)
        codes = None if self.image is None or not self.architectures else self.image.tolist()
        kinds = repeat(job.architecture, calls) if codes is None else (self.architectures[code] for code in codes)
        return (Size(*size) for size in zip(*amounts, kinds, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class EntryPlan:
    """One entry of the workload, spread out into its SubmitJob calls.

    Calls are numbered by ``occurrence = firing * copies + copy`` from 0. Jobs are numbered ``occurrence * size + array
    index``.
    """

    position: int
    """Among the entries in file order, the members of workflows in their place."""
    id: str
    stream: str
    """Keys the entry's draws; its id unless the file says otherwise."""
    job: EffectiveJob
    request: SubmitJob
    """What ``job`` was resolved from: later revisions of its definition make another job of it."""
    workflow: int
    """Number of its workflow from 0, or -1."""
    firings: int
    copies: int
    """Calls a firing."""
    due_at_ms: Millis
    """When each call is due, shape (occurrences,); empty when ``after`` is given."""
    after: tuple[int, int] | None
    """(position of an entry, delay in ms): firing k is due so long after the last call of its firing k has ended."""
    client_rate_per_s: Fraction | None
    """A client sends the calls one by one, at most so many a second, from ``due_at_ms`` on."""
    size: int
    """Jobs a call: an array's size, else 1."""
    is_array: bool
    work: WorkSource
    requests: Requests | None
    data_bytes: Millis | None
    """Bytes of a data set that each call's jobs read together, shape (occurrences,)."""
    image_bytes: int | None
    dependencies: tuple[DependencySpec, ...]
    course: CourseRule | None = None
    """How containers save their work and answer SIGTERM; None: not at all."""
    cancel_after_ms: int | None = None

    @property
    def occurrences(self) -> int:
        """Number of SubmitJob calls."""
        return self.firings * self.copies

    @property
    def firing(self) -> NDArray[np.int32]:
        """The firing that each call belongs to, shape (occurrences,)."""
        return np.repeat(np.arange(self.firings, dtype=np.int32), self.copies)


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """All entries in file order; ``entries[k].position == k``."""

    entries: tuple[EntryPlan, ...]

    @property
    def calls(self) -> int:
        """SubmitJob calls in all."""
        return sum(plan.occurrences for plan in self.entries)

    @property
    def jobs(self) -> int:
        """Jobs that can run, in all: singles and array children."""
        return sum(plan.occurrences * plan.size for plan in self.entries)


def parent_calls(plan: EntryPlan, dependency: DependencySpec, plans: Sequence[EntryPlan], occurrence: int) -> range:
    """The calls (occurrences) of the parent that one call waits for; for SEQUENTIAL the call itself.

    Inside a workflow these are the parent's calls of the same firing; otherwise all calls of the parent's one firing.
    """
    if dependency.kind is DependencyKind.SEQUENTIAL:
        return range(occurrence, occurrence + 1)
    parent = plans[dependency.parent]
    if plan.workflow == parent.workflow >= 0:
        first = occurrence // plan.copies * parent.copies
        return range(first, first + parent.copies)
    return range(parent.occurrences)
