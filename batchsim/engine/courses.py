"""The containers that save their work or answer SIGTERM: what each has before it, and what came of those that ended.

Attempts of entries with neither a ``checkpoint`` nor an ``on_sigterm`` have no course, and cost nothing.
A first attempt at speed 1 need not be told of, either: its course is *implied*. It is written out when something
happens to it (:meth:`Attempts.recall`); of those that came to their end undisturbed, the record is reckoned when it is
frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.engine.columns import column, frozen, taken
from batchsim.engine.workload.course_rules import CourseRule
from batchsim.engine.workload.progress import CheckpointRule, Progress, Stretch, progress_of
from batchsim.records.tables import NEVER, Ints
from batchsim.records.tables import Progress as ProgressRecord

COLUMNS = ("restore_ms", "checkpoint_ms", "kept_ms", "unkept_ms", "from_ms", "saved_ms", "done_ms", "sigterm_at_ms")
"""Those of :class:`Progress`, in its order, with where the work began and the answer to a notice."""

AT_ONCE = 65_536
"""Rows that are reckoned at once, so that what is reckoned with stays small."""


@dataclass(slots=True)
class Course:
    """One container: its RUNNING as planned, and whether that plan was changed since."""

    job: int
    first: Stretch
    exit_code: int
    """What it returns at the end of its work."""
    reason: int
    second: Stretch | None = None
    plan: int = 0
    """Number of the plan that holds; the events of earlier ones are void."""
    sigterm_at_ms: int = NEVER
    """When it answered a notice."""

    @property
    def now(self) -> Stretch:
        """The stretch that is not over."""
        return self.second or self.first


class Courses:
    """Courses by attempt row, and the saved work of jobs."""

    def __init__(self) -> None:
        self.open: dict[int, Course] = {}
        """By attempt row, of attempts that hold capacity."""
        self.saved: dict[int, int] = {}
        """By job, the work that a checkpoint saved; nothing where it is not in here."""
        self.implies = False
        """Whether any course was implied so far."""
        self._attempt = column("i")
        self._columns = {name: column("q") for name in COLUMNS}
        self._adders = [values.append for values in self._columns.values()]

    def begin(self, row: int, course: Course) -> int:
        """An attempt is placed: return how long its container runs if nothing interrupts it."""
        self.open[row] = course
        return course.first.length_ms()

    def answer(self, row: int, now_ms: int) -> None:
        """Note that a container answered a notice."""
        self.open[row].sigterm_at_ms = now_ms

    def saved_at(self, row: int, now_ms: int) -> int:
        """Return when what a container has done by now can be saved.

        That is now where the work has not begun, or all of it is saved; a checkpoint that is being written will do.
        """
        first = self.open[row].first
        if not _has_to_save(first, now_ms):
            return first.writes_until(now_ms) or now_ms
        return now_ms + first.rule.cost_ms

    def save(self, row: int, now_ms: int) -> bool:
        """A container saves what it has done by now; return whether it has to write a checkpoint of its own for it."""
        first = self.open[row].first
        if not _has_to_save(first, now_ms):
            return False
        done, lead_ms = first.at(now_ms).done_ms, first.rule.cost_ms
        self.open[row].second = first._replace(begins_ms=now_ms, lead_ms=lead_ms, from_ms=done, saving=True)
        return True

    def close(self, row: int, now_ms: int, *, ran: bool) -> None:
        """An attempt ended: keep what it saved, and write down what came of it."""
        self.note(row, self.open.pop(row), now_ms, ran=ran)

    def note(self, row: int, course: Course, now_ms: int, *, ran: bool) -> None:
        """The same of a course that was implied so far."""
        progress = progress_of(course.first, course.second, now_ms if ran else course.first.begins_ms)
        if progress.saved_ms:
            self.saved[course.job] = progress.saved_ms
        self._write(row, course, progress)

    def told(self) -> Ints:
        """Return the attempts whose courses were written out."""
        return np.concatenate([taken(self._attempt, slice(None)), np.fromiter(self.open, dtype=np.int32)])

    def add_undisturbed(self, rows: Ints, work_ms: Ints, rule: CheckpointRule) -> None:
        """Write down implied courses that came to their end: attempts, and their work, shape (attempts,).

        As :meth:`Stretch.at` has it at the end of a stretch without a restore.
        """
        for low in range(0, len(rows), AT_ONCE):
            self._add_some(rows[low : low + AT_ONCE], work_ms[low : low + AT_ONCE], rule)

    def _add_some(self, rows: Ints, work_ms: Ints, rule: CheckpointRule) -> None:
        writes = np.maximum(work_ms - 1, 0) // rule.every_ms
        kept, none = writes * rule.every_ms, np.zeros(len(rows), dtype=np.int64)
        columns = (none, writes * rule.cost_ms, kept, work_ms - kept, none, kept, work_ms, none + NEVER)
        self._attempt.frombytes(rows.astype(np.int32).tobytes())
        for name, added in zip(COLUMNS, columns, strict=True):
            self._columns[name].frombytes(added.astype(np.int64).tobytes())

    def freeze(self, horizon_ms: int) -> ProgressRecord:
        """Return the frozen record, in order of the attempts; those that still run have come as far as the horizon.

        Each column is let go of as soon as it is sorted: both kinds of all together would be the most memory of a run.
        """
        for row, course in self.open.items():
            self._write(row, course, progress_of(course.first, course.second, horizon_ms))
        self.open.clear()
        order = np.argsort(frozen(self._attempt), kind="stable")
        columns = {name: frozen(self._columns.pop(name))[order] for name in COLUMNS}
        return ProgressRecord(attempt=frozen(self._attempt)[order], **columns)

    def _write(self, row: int, course: Course, progress: Progress) -> None:
        told = (*progress[:4], course.first.from_ms, *progress[4:], course.sigterm_at_ms)
        self._attempt.append(row)
        for add, value in zip(self._adders, told, strict=True):
            add(value)


def _has_to_save(stretch: Stretch, now_ms: int) -> bool:
    """Whether there is work that neither a checkpoint saved nor one that is being written will save."""
    progress = stretch.at(now_ms)
    return progress.done_ms > progress.saved_ms and stretch.writes_until(now_ms) is None


def course_of(
    rule: CourseRule, job: int, saved_ms: int, running_at_ms: int, speed_pico: int, own: tuple[int, int, int]
) -> Course:
    """Return the course of a container that has ``own`` (work in ms, exit code, reason) before it."""
    work_ms, exit_code, reason = own
    restore_ms = rule.checkpoint.restore_ms if saved_ms else 0
    stretch = Stretch(running_at_ms, restore_ms, saved_ms, saved_ms + work_ms, rule.checkpoint, speed_pico)
    return Course(job, stretch, exit_code, reason)
