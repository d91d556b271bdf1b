"""The submissions of a run as columns: one row a SubmitJob call, single job or array parent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchsim.engine.columns import column, frozen, frozen_bools, spread, unless
from batchsim.engine.plan import Terms
from batchsim.records.tables import NEVER, Bools, Ints, Jobs, Submissions
from batchsim.records.vocabulary import JobState


@dataclass(frozen=True, slots=True)
class ShapeColumns:
    """What each shape asks, shape (shapes,)."""

    vcpus_milli: Ints
    memory_mib: Ints
    gpus: Ints
    arm64: Bools
    windows: Bools
    ephemeral_gib: Ints
    needs: Ints


@dataclass(frozen=True, slots=True)
class EntryColumns:
    """What each entry's calls have in common, shape (entries,)."""

    definition: Ints
    attempts_allowed: Ints
    timeout_ms: Ints
    share: Ints
    scheduling_priority: Ints


class SubmissionTable:
    """Growable columns; row numbers are in file order (entry, occurrence), calls from outside follow."""

    def __init__(self) -> None:
        self.entry = column("i")
        self.occurrence = column("i")
        self.firing = column("i")
        self.first_job = column("q")
        self.size = column("i")
        self.is_array = bytearray()
        self.queue = column("h")
        self.shape = column("i")
        self.image = column("i")
        self.data_bytes = column("q")
        self.due_at = column("q")
        self.created_at = column("q")
        self.ended_at = column("q")
        self.state = bytearray()
        self.status_reason = column("i")
        self.calls = column("i")
        self.left = column("i")
        """Jobs of the call that have not ended."""
        self.failed = column("i")
        """Jobs of the call that ended FAILED."""
        self.unmet = column("i")
        """Plain dependencies of the whole call that are not yet decided in its favour."""

    def __len__(self) -> int:
        return len(self.entry)

    def extend(self, entry: int, first_job: int, calls: int, size: int, is_array: bool, queue: int) -> int:
        """Append ``calls`` rows of one entry, whose jobs begin at row ``first_job``; return the first new row."""
        first = len(self.entry)
        self.entry.extend(column("i", calls, entry))
        self.occurrence.extend(range(calls))
        self.first_job.extend(range(first_job, first_job + calls * size, size))
        for values, value in ((self.size, size), (self.left, size), (self.queue, queue)):
            values.extend([value] * calls)
        for values in (self.firing, self.shape, self.image, self.data_bytes, self.status_reason, self.calls):
            values.extend([0] * calls)
        for values in (self.failed, self.unmet):
            values.extend([0] * calls)
        for values in (self.due_at, self.created_at, self.ended_at):
            values.extend([NEVER] * calls)
        self.is_array.extend(bytes([is_array]) * calls)
        self.state.extend(bytes([JobState.NOT_SUBMITTED]) * calls)
        return first

    def jobs_of(self, submission: int) -> range:
        """Return the job rows of one call."""
        first = self.first_job[submission]
        return range(first, first + self.size[submission])

    def forget_counts(self) -> None:
        """Let go, at the end of a run, of what no record needs."""
        for values in (self.left, self.failed, self.unmet):
            del values[:]

    def freeze(
        self, shapes: ShapeColumns, entries: EntryColumns, jobs: Jobs, revised: Mapping[int, Terms]
    ) -> Submissions:
        """Return the frozen record; what shapes, entries and single jobs hold is spread over their rows.

        ``revised``: what single calls go by instead of what their entry says.
        """
        shape, entry, first = frozen(self.shape), frozen(self.entry), frozen(self.first_job)
        is_array, created = frozen_bools(self.is_array), frozen(self.created_at)
        own = is_array | (created == NEVER)
        return Submissions(
            entry=entry,
            occurrence=frozen(self.occurrence),
            workflow_occurrence=frozen(self.firing),
            first_job=first,
            size=frozen(self.size),
            is_array=is_array,
            queue=frozen(self.queue),
            share=spread(entries.share, entry),
            scheduling_priority=_revised(
                entries.scheduling_priority,
                entry,
                {
                    row: terms.scheduling_priority
                    for row, terms in revised.items()
                    if entries.share[entry[row]] != NEVER
                },
            ),
            definition=_revised(entries.definition, entry, {row: terms.definition for row, terms in revised.items()}),
            image=frozen(self.image),
            vcpus_milli=spread(shapes.vcpus_milli, shape),
            memory_mib=spread(shapes.memory_mib, shape),
            gpus=spread(shapes.gpus, shape),
            arm64=spread(shapes.arm64, shape),
            windows=spread(shapes.windows, shape),
            ephemeral_gib=spread(shapes.ephemeral_gib, shape),
            attempts_allowed=_revised(
                entries.attempts_allowed, entry, {row: terms.attempts_allowed for row, terms in revised.items()}
            ),
            timeout_ms=_revised(entries.timeout_ms, entry, {row: terms.timeout_ms for row, terms in revised.items()}),
            data_bytes=frozen(self.data_bytes),
            due_at_ms=frozen(self.due_at),
            created_at_ms=created,
            ended_at_ms=frozen(self.ended_at),
            state=unless(own, jobs.state[first], frozen(self.state)),
            status_reason=unless(own, jobs.status_reason[first], frozen(self.status_reason)),
            calls=frozen(self.calls),
            needs=spread(shapes.needs, shape),
        )


def _revised(values: Ints, code: Ints, changes: Mapping[int, int]) -> Ints:
    """``values[code]`` with other values in some rows."""
    if not changes:
        return spread(values, code)
    column = values[code]
    column[list(changes)] = list(changes.values())
    return column
