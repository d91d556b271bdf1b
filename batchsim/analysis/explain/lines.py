"""One line of waiting jobs: who headed it when, for what its heads waited, and who stood ahead of whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from batchsim.analysis.exact import int64
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.typed import MISSING, Bools, Int64s
from batchsim.analysis.waits import Standing, departures, head_instants


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a wait in which its reason, its environment and the place in line stay the same."""

    start_ms: int
    end_ms: int
    reason: str
    """The model's word: a ``WaitReason``."""
    environment: str
    """The one that serves the head, else the last one tried; empty where the timeline names none."""
    is_behind: bool


class Line:
    """The waits of a queue, or of one share of a fair-share queue, with the timeline of its heads."""

    def __init__(self, run: RunTables, queue: str, share: str) -> None:
        self.run, self.queue, self.share = run, queue, share

    @cached_property
    def waits(self) -> Standing:
        """All its waits, those of attempts first."""
        run, jobs, attempts = self.run, self.run.jobs, self.run.attempts
        mine = self.run.line_jobs(self.queue, self.share)
        rows = np.flatnonzero(mine[run.attempt_jobs] & (run.attempt_jobs >= 0)) if len(attempts) else _NONE
        last = np.flatnonzero(mine & (jobs.ms("waiting_since_s") != MISSING))
        job = np.concatenate((run.attempt_jobs[rows], last))
        starts = attempts.ms("runnable_at_s")[rows] if len(rows) else _NONE
        stops = attempts.ms("starting_at_s")[rows] if len(rows) else _NONE
        numbers = attempts.number("attempt")[rows] if len(rows) else _NONE
        start = np.concatenate((starts, jobs.ms("waiting_since_s")[last]))
        end = np.concatenate((stops, run.by_horizon(jobs.ms("ended_at_s"))[last]))
        retried = np.concatenate((numbers > 1, jobs.number("attempts")[last] > 0))
        unstarted = np.arange(len(job)) >= len(rows)
        created = jobs.ms("created_at_s")[job]
        priority = jobs.number("scheduling_priority")[job] if jobs.has("scheduling_priority") else np.zeros_like(job)
        overtook = attempts.flag("overtook")[rows] if attempts.has("overtook") else np.zeros(len(rows), np.bool_)
        return Standing(
            job=job,
            line=np.zeros(len(job), np.int64),
            start_ms=start,
            end_ms=end,
            is_unstarted=unstarted,
            is_last_head=unstarted & (job == self._last_head),
            has_overtaken=np.concatenate((overtook, np.zeros(len(last), np.bool_))),
            key=(-priority, ~retried, created, job),
            created_ms=created,
        )

    @cached_property
    def heads_ms(self) -> Int64s:
        """When each wait's job became head."""
        found = self.waits
        if self.run.timeline.among("reason", "client_backoff")[self._rows].any():
            return found.start_ms  # there is no queue: nobody stands behind anybody
        return head_instants(found)

    def stretches(self, job: int, start_ms: int, end_ms: int) -> list[Stretch]:
        """A wait of a job, cut wherever its reason, its environment or its place in line changed."""
        if start_ms >= end_ms:
            return []
        found = self.waits
        at = np.flatnonzero((found.job == job) & (found.start_ms == start_ms) & (found.end_ms == end_ms))
        head = int(self.heads_ms[at[0]]) if len(at) else end_ms
        inside = self.at_ms[(self.at_ms > start_ms) & (self.at_ms < end_ms)].tolist()
        cuts = sorted({start_ms, end_ms, min(max(head, start_ms), end_ms), *inside})
        pieces = [self._stretch(a, b, head) for a, b in pairwise(cuts)]
        return _merged(pieces)

    def ahead(self, job: int, start_ms: int, at_ms: int) -> Int64s:
        """The jobs that stood before one at an instant of its wait, in the order in which they left."""
        jobs, starts, ends, has_overtaken = self._left
        place = np.flatnonzero((jobs == job) & (starts == start_ms))
        if not len(place):
            return _NONE
        before = slice(0, int(place[0]))
        there = (starts[before] <= at_ms) & (ends[before] > at_ms) & ~has_overtaken[before]
        return np.asarray(jobs[before][there], np.int64)

    @cached_property
    def at_ms(self) -> Int64s:
        """The instants of the timeline's rows that were in force: of several in one instant the last counts."""
        return self.run.timeline.ms("at_s")[self._in_force]

    def row_at(self, at_ms: int) -> int:
        """The row of the timeline that holds at an instant, else :data:`NOBODY`."""
        position = int(np.searchsorted(self.at_ms, at_ms, side="right")) - 1
        return int(self._in_force[position]) if position >= 0 else NOBODY

    def rows_at(self, at_ms: Int64s) -> Int64s:
        """The rows that hold at these instants; before the first row, that."""
        position = np.searchsorted(self.at_ms, at_ms, side="right") - 1
        return np.asarray(self._in_force[np.maximum(position, 0)], np.int64)

    def _stretch(self, start_ms: int, end_ms: int, head_ms: int) -> Stretch:
        row = self.row_at(start_ms)
        if row == NOBODY:
            return Stretch(start_ms, end_ms, "", "", start_ms < head_ms)
        reason, environment = (self.run.text("timeline", column, row) for column in ("reason", "environment"))
        return Stretch(start_ms, end_ms, reason, environment, start_ms < head_ms)

    @cached_property
    def _left(self) -> tuple[Int64s, Int64s, Int64s, Bools]:
        """Job, start, end of each wait, and whether it overtook, in the order in which they left."""
        found, order = self.waits, departures(self.waits)[0]
        return int64(found.job)[order], found.start_ms[order], found.end_ms[order], found.has_overtaken[order]

    @cached_property
    def _rows(self) -> Int64s:
        timeline = self.run.timeline
        if not len(timeline):
            return _NONE
        rows = np.flatnonzero(timeline.among("queue", self.queue) & timeline.among("share", self.share))
        return rows[np.argsort(timeline.ms("at_s")[rows], kind="stable")]

    @cached_property
    def _in_force(self) -> Int64s:
        at = self.run.timeline.ms("at_s")[self._rows] if len(self._rows) else _NONE
        return np.asarray(self._rows[np.append(at[1:] != at[:-1], True)[: len(at)]], np.int64)

    @cached_property
    def _last_head(self) -> int:
        return self.run.job_row(self.run.text("timeline", "job_id", int(self._rows[-1]))) if len(self._rows) else NOBODY


def _merged(pieces: list[Stretch]) -> list[Stretch]:
    """Neighbours that say the same as one."""
    merged: list[Stretch] = []
    for piece in pieces:
        before = merged[-1] if merged else None
        if before and _says(before) == _says(piece):
            merged[-1] = Stretch(before.start_ms, piece.end_ms, *_says(piece))
        else:
            merged.append(piece)
    return merged


def _says(piece: Stretch) -> tuple[str, str, bool]:
    return piece.reason, piece.environment, piece.is_behind


_NONE = np.zeros(0, np.int64)
