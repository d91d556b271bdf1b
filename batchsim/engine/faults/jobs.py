"""Faults that strike containers: bad exits by chance, and poison jobs that fail every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from batchsim.engine.faults.targets import Window
from batchsim.engine.plan import Plan
from batchsim.engine.randomness import Stream
from batchsim.engine.tables import Tables
from batchsim.records.tables import NEVER
from batchsim.spec import FaultTarget

OwnExit = tuple[int, int, int]
"""How a container ends by itself: work in ms, exit code, code of its reason."""


@dataclass(frozen=True, slots=True)
class ExitFault:
    """A fault that gives containers another end than their own."""

    number: int
    key: str
    window: Window
    select: FaultTarget
    probability: float
    code: int
    after_ms: int | None = None
    """Work after which it strikes; None: at the end, in place of exit code 0."""


class JobTargets:
    """Which jobs a fault's target fits: by the pattern of a job's id or its entry's, its definition, its queue."""

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self._plan = plan
        self._tables = tables
        self._known: dict[tuple[FaultTarget, int], bool] = {}
        """By entry, where no call and no child differs from another."""

    def fits(self, select: FaultTarget, job: int) -> bool:
        """Whether a job is selected."""
        if select.job is not None and _is_of_one(select.job):
            return fnmatchcase(self._id_of(job), select.job) or fnmatchcase(self._call_of(job), select.job)
        entry = self._tables.submissions.entry[self._tables.jobs.submission[job]]
        key = (select, entry)
        if key not in self._known:
            self._known[key] = self._fits_entry(select, job)
        return self._known[key]

    def _fits_entry(self, select: FaultTarget, job: int) -> bool:
        entry, queue = self._tables.entry(job), self._tables.submissions.queue[self._tables.jobs.submission[job]]
        definition = self._plan.definitions.text(entry.definition)
        pairs = ((select.job, entry.name), (select.queue, self._plan.queues[queue].name))
        is_defined = select.definition is None or any(
            fnmatchcase(name, select.definition) for name in (definition, definition.partition(":")[0])
        )
        return is_defined and all(pattern is None or fnmatchcase(name, pattern) for pattern, name in pairs)

    def _call_of(self, job: int) -> str:
        entry, submission = self._tables.entry(job), self._tables.jobs.submission[job]
        return f"{entry.name}@{submission - entry.first_submission}" if entry.calls > 1 else entry.name

    def _id_of(self, job: int) -> str:
        index = self._tables.jobs.array_index[job]
        return self._call_of(job) if index == NEVER else f"{self._call_of(job)}:{index}"


class JobFaults:
    """Asked once for each attempt."""

    def __init__(
        self,
        faults: tuple[ExitFault, ...],
        targets: JobTargets,
        tables: Tables,
        stream: Callable[[str, str], Stream],
    ) -> None:
        self._faults = faults
        self._targets = targets
        self._tables = tables
        self._stream = stream

    def struck(self, job: int, attempt: int, now_ms: int) -> ExitFault | None:
        """Return the first fault of the plan that strikes an attempt that starts now."""
        return next((fault for fault in self._faults if self._strikes(fault, job, attempt, now_ms)), None)

    def _strikes(self, fault: ExitFault, job: int, attempt: int, now_ms: int) -> bool:
        if not fault.window.covers(now_ms) or not self._targets.fits(fault.select, job):
            return False
        if fault.probability >= 1:
            return True
        entry = self._tables.entry(job)
        return self._stream(f"fault {fault.key}", entry.stream).one(job - entry.first_job, attempt) < fault.probability


def _is_of_one(pattern: str) -> bool:
    """Whether a pattern tells calls or children of an entry apart."""
    return "@" in pattern or ":" in pattern
