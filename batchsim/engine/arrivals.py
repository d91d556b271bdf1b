"""SubmitJob calls in their time: known instants, clients that wait their turn, entries that follow others."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from heapq import heappop, heappush
from math import ceil

import numpy as np

from batchsim.engine.columns import column, from_numpy, frozen
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import EntryRun, Rules
from batchsim.engine.rejections import TOO_MANY_REQUESTS, RejectionLog
from batchsim.engine.tables import Tables
from batchsim.engine.token_bucket import TokenBucket
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import JobState


class Arrivals:
    """Submits in the order of instants, then of the file. ``accept(submission)`` hears of each accepted call."""

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        tables: Tables,
        queues: list[JobQueue],
        accept: Callable[[int], None],
        reject: Callable[[int, str], None],
        rejections: RejectionLog,
    ) -> None:
        """``reject(submission, why)`` hears of each call that AWS Batch would refuse for good."""
        self._kernel = kernel
        self._rules = rules
        self._entries, self._submissions = tables.entries, tables.submissions
        self._queues = queues
        self._accept = accept
        self._reject = reject
        self._rejections = rejections
        self.takes: Callable[[int], bool] | None = None
        """Takes calls of single jobs that wait for nothing, faster than one room after the other (``influx.py``)."""
        self.known = column("i")
        """Calls whose instants are known beforehand, in order; as a column, since there may be a million."""
        self.next_known = 0
        self.agenda: list[tuple[int, int]] = []
        """Heap of (instant, submission) of all others."""
        self.event_at = NEVER
        """When the next call's event is due, NEVER if there is none."""
        self._bucket = TokenBucket(rules.submit_tps, Fraction(rules.submit_tps)) if rules.submit_tps else None
        self._open_calls: dict[tuple[int, int], int] = {}
        """Calls of a firing that have not ended, by (entry, firing), for entries that others follow."""

    def start(self) -> None:
        """Put the workload's calls on the agenda; their ``due_at`` must be set. A client makes its first call only."""
        rows = [self._first_calls(entry) for entry in self._entries if not entry.follows]
        known = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
        due = frozen(self._submissions.due_at)[known]
        self.known = from_numpy("i", known[np.lexsort((known, due))])
        self._schedule()

    def _first_calls(self, entry: EntryRun) -> Ints:
        calls = min(entry.calls, 1) if entry.client_rate_per_s else entry.calls
        return np.arange(entry.first_submission, entry.first_submission + calls, dtype=np.int32)

    def add(self, submission: int, at_ms: int) -> None:
        """Put one more call on the agenda."""
        heappush(self.agenda, (at_ms, submission))
        self._schedule()

    def submission_ended(self, submission: int) -> None:
        """Let entries follow a firing all of whose calls have ended."""
        entry_number = self._submissions.entry[submission]
        entry = self._entries[entry_number]
        if not entry.followers:
            return
        firing = entry.firing_of(self._submissions.occurrence[submission])
        left = self._open_calls.get((entry_number, firing), entry.copies) - 1
        self._open_calls[entry_number, firing] = left
        if not left:
            for follower, delay_ms in entry.followers:
                self._follow(self._entries[follower], firing, self._kernel.now_ms + delay_ms)

    def _follow(self, entry: EntryRun, firing: int, due: int) -> None:
        first = entry.first_submission + firing * entry.copies
        for submission in range(first, first + entry.copies):
            self._submissions.due_at[submission] = due
            self.add(submission, due)

    def _schedule(self) -> None:
        """Keep one event on the kernel's agenda, for the next call."""
        following = self._next()
        if following is not None and (self.event_at == NEVER or following[0] < self.event_at):
            self.event_at = following[0]
            self._kernel.call_at(self.event_at, Rank.SUBMIT, self.due)

    def _next(self) -> tuple[int, int] | None:
        """Return (instant, submission) of the next call."""
        first = self.agenda[0] if self.agenda else None
        if self.next_known == len(self.known):
            return first
        submission = self.known[self.next_known]
        known = (self._submissions.due_at[submission], submission)
        return known if first is None else min(known, first)

    def due(self, _: None) -> None:
        """Make the calls of this instant, in file order; an event that an earlier call overtook finds them made."""
        now = self._kernel.now_ms
        if now != self.event_at:
            return
        while (following := self._next()) is not None and following[0] <= now:
            if self.agenda and self.agenda[0] == following:
                heappop(self.agenda)
            else:
                self.next_known += 1
            self.make(following[1])
        self.event_at = NEVER
        self._schedule()

    def make(self, submission: int) -> None:
        """Make a call that is due, the fast way where there is one."""
        if self.takes is None or not self.takes(submission):
            self._call(submission)

    def _call(self, submission: int) -> None:
        """One SubmitJob call: throttled, refused or accepted."""
        submissions, now = self._submissions, self._kernel.now_ms
        submissions.calls[submission] += 1
        if self._bucket is not None and not self._bucket.tokens(now):
            self._rejections.write(submission, now, TOO_MANY_REQUESTS)
            heappush(self.agenda, (now + self._backoff_ms(submissions.calls[submission]), submission))
            return
        if self._bucket is not None:
            self._bucket.take(1)
        self._next_turn(submission)
        queue = self._queues[submissions.queue[submission]]
        if not queue.enabled:
            self._reject(submission, f"Job queue {queue.name} is disabled")
            return
        submissions.created_at[submission] = now
        submissions.state[submission] = JobState.SUBMITTED
        self._accept(submission)

    def _next_turn(self, submission: int) -> None:
        """A rate-limited client's next call comes at its place on the rate's grid, or now where that is past."""
        entry = self._entries[self._submissions.entry[submission]]
        following = submission + 1
        turn = following - entry.first_submission
        if entry.client_rate_per_s is None or turn >= entry.calls:
            return
        at = self._submissions.due_at[following] + ceil(turn * 1000 / entry.client_rate_per_s)
        heappush(self.agenda, (max(at, self._kernel.now_ms), following))

    def _backoff_ms(self, calls: int) -> int:
        base, cap = self._rules.submit_backoff_ms
        return max(1, min(cap, base << min(calls - 1, 30)))
