"""Why jobs waited: every wait, cut where the job came to the head of its queue, and measured on the heads' timeline.

A job behind the head inherits the head's reason. It became head at max(its RUNNABLE, the departure of the job before
it): derived here from the records, not logged (``model.md`` section 5). One pass over the timeline gives, for each
reason, how long a queue's head had it before each row; a wait's part is then the difference of two look-ups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.phases import until
from batchsim.records.tables import NEVER, Bools, Ints, Records
from batchsim.records.vocabulary import WaitReason

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Every wait of every job in RUNNABLE, in no particular order. Shape of each: (waits,)."""

    job: Ints
    line: Ints
    """In which line it waits: a queue's, or in a fair-share queue its share's."""
    start_ms: Int64s
    end_ms: Int64s
    """STARTING; or the job's end, or the horizon, when no attempt ended the wait."""
    head_ms: Int64s
    """When the job became head; the wait's end when it never was."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitReasons:
    """How long each job waited for each reason, in ms. Shape of each matrix: (jobs, reasons)."""

    reasons: tuple[WaitReason, ...]
    """The reasons that the run's timeline knows, columns of the matrices."""
    at_head: Int64s
    behind: Int64s

    def of(self, reason: WaitReason) -> Int64s:
        """Return each job's ms of one reason, at the head and behind it."""
        if reason not in self.reasons:
            return np.zeros(len(self.behind), np.int64)
        column = self.reasons.index(reason)
        return np.asarray(self.at_head[:, column] + self.behind[:, column])


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Waits as they stand in their lines. Shape of each: (waits,); attempts' waits first, in order of the attempts."""

    job: Ints
    line: Ints
    start_ms: Int64s
    end_ms: Int64s
    is_unstarted: Bools
    """Whether no attempt ended the wait."""
    is_last_head: Bools
    """Whether the job heads its line at the end of the run."""
    has_overtaken: Bools
    """Whether it ended while a job ahead in line went on waiting."""
    key: tuple[Ints | Bools, ...]
    """Its place in line, smaller first: -schedulingPriority, not retried, created, row; or what the scenario says."""
    created_ms: Ints


def waits(records: Records) -> Waits:
    """Return all waits with the instants at which their jobs became head."""
    jobs, attempts = records.jobs, records.attempts
    started, last = len(attempts.job), np.flatnonzero(jobs.waiting_since_ms != NEVER)
    job = np.concatenate((int64(attempts.job), last))
    calls, call = records.submissions, jobs.submission[job]
    line = line_numbers(records, calls.queue[call], calls.share[call])
    start = np.concatenate((int64(attempts.runnable_at_ms), int64(jobs.waiting_since_ms[last])))
    end = np.concatenate((int64(attempts.starting_at_ms), until(jobs.ended_at_ms, records.horizon_ms)[last]))
    overtook = np.zeros(len(job), np.bool_)
    overtook[list(records.overtook)] = True
    created, rank = int64(calls.created_at_ms[call]), -int64(calls.scheduling_priority[call])
    unstarted = np.arange(len(job)) >= started
    key = (rank, ~_is_retry(records, job, started), created, job)
    is_last = np.isin(job, _last_heads(records)) & unstarted
    head = head_instants(Standing(job, line, start, end, unstarted, is_last, overtook, key, created))
    queue = calls.queue[call]
    without_queue = np.isin(queue, records.timeline.queue[records.timeline.reason == WaitReason.CLIENT_BACKOFF])
    head[without_queue] = start[without_queue]  # nobody stands behind anybody
    return Waits(job, line, start, end, head)


def head_instants(found: Standing) -> Int64s:
    """Return when each wait's job became head of its line; the wait's end when it never was."""
    start, end = found.start_ms, found.end_ms
    order, skipped = departures(found)
    skipped |= found.has_overtaken[order]
    head = end.copy()
    in_turn = order[~skipped]
    before = _departure_before(found.line[in_turn], end[in_turn])
    head[in_turn] = np.minimum(np.maximum(start[in_turn], before), end[in_turn])
    return head


def line_numbers(records: Records, queue: Ints, share: Ints) -> Int64s:
    """Number the lines in which jobs wait by queue, then share."""
    return int64(queue) * (len(records.names.shares) + 1) + int64(share) + 1


def departures(found: Standing) -> tuple[Ints, Bools]:
    """Order the waits by line and departure, and tell which ended, unstarted, behind the job that started next.

    Attempts depart in row order. A wait that ended otherwise comes before the starts of the same instant, as
    cancellations do; at the horizon the timeline's head comes first. One that ended behind the head hands it to nobody,
    and neither does one that overtook it.
    """
    unstarted, size = found.is_unstarted, len(found.job)
    row = np.where(unstarted, found.job, np.arange(size))
    created = np.where(unstarted, found.created_ms, 0)
    order = np.lexsort((row, created, ~found.is_last_head, ~unstarted, found.end_ms, found.line))
    following = _next_started(found.line[order], ~(unstarted | found.has_overtaken)[order])
    known = unstarted[order] & (following != NEVER)
    mine, its = order[known], order[following[known]]
    skipped = np.zeros(size, np.bool_)
    skipped[known] = _later_key(tuple(key[mine] for key in found.key), tuple(key[its] for key in found.key))
    return order, skipped


def _last_heads(records: Records) -> Ints:
    """The job that heads each line at the end of the run."""
    line = records.timeline
    number = line_numbers(records, line.queue, line.share)
    order = np.lexsort((np.arange(len(number)), number))
    last = np.flatnonzero(np.r_[np.diff(number[order]) != 0, np.ones(min(1, len(order)), np.bool_)])
    return np.asarray(line.job[order[last]])


def _next_started(line: Ints, started: Bools) -> Ints:
    """Position of the next started wait of the same line, or NEVER, for waits sorted by line and departure."""
    size = len(line)
    position = np.where(started, np.arange(size), size)
    following = np.minimum.accumulate(position[::-1])[::-1]
    known = following < size
    known[known] = line[following[known]] == line[known]
    return np.where(known, following, NEVER)


def _is_retry(records: Records, job: Ints, started: int) -> Bools:
    """Whether a wait is not its job's first."""
    number = np.concatenate((int64(records.attempts.attempt), int64(records.jobs.attempts[job[started:]]) + 1))
    return np.asarray(number > 1)


def _later_key(mine: tuple[Ints | Bools, ...], its: tuple[Ints | Bools, ...]) -> Bools:
    """Whether one key (-schedulingPriority, not retried, created, row) comes after another."""
    later = np.zeros(len(mine[0]), np.bool_)
    for a, b in reversed(list(zip(mine, its, strict=True))):
        later = (a > b) | ((a == b) & later)
    return later


def _departure_before(line: Ints, end: Int64s) -> Int64s:
    """The departure before each one in its line; before all time for a line's first."""
    before = np.full(len(end), NEVER, np.int64)
    before[1:] = np.where(line[1:] == line[:-1], end[:-1], NEVER)
    return before


def wait_reasons(records: Records, found: Waits) -> WaitReasons:
    """Measure every wait on its line's timeline, at the head and behind it, and sum them by job."""
    line = _Line(records)
    shape = (len(records.jobs.state), len(line.reasons))
    at_head, behind = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for first in range(0, len(found.job), _CHUNK):
        part = slice(first, first + _CHUNK)
        job, mine = found.job[part], found.line[part]
        instants = (found.start_ms, found.head_ms, found.end_ms)
        start, head, end = (line.before(mine, at[part]) for at in instants)
        np.add.at(behind, job, head - start)
        np.add.at(at_head, job, end - head)
    return WaitReasons(line.reasons, at_head, behind)


class _Line:
    """The heads' timeline, with the time that each reason has had before each of its rows."""

    def __init__(self, records: Records) -> None:
        line = records.timeline
        number = line_numbers(records, line.queue, line.share)
        order = np.lexsort((np.arange(len(number)), number))
        self._at = int64(line.at_ms)[order]
        self._span = max(int(self._at.max(initial=0)), records.horizon_ms) + 2
        number = number[order]
        self._key = number * self._span + self._at
        seen = np.unique(line.reason)
        self.reasons = tuple(reason for reason in WaitReason if reason and reason in seen)
        codes = np.array(self.reasons, np.int64)
        self._is = int64(line.reason)[order][:, None] == codes[None, :]
        lasted = np.zeros(len(order), np.int64)
        lasted[:-1] = np.where(number[1:] == number[:-1], np.diff(self._at), 0)
        self._before = np.cumsum(self._is * lasted[:, None], axis=0) - self._is * lasted[:, None]

    def before(self, line: Ints, at: Int64s) -> Int64s:
        """Return how long each line's head had had each reason before the given instants, up to a line's constant."""
        row = np.searchsorted(self._key, line * self._span + at, side="right") - 1
        if len(self._key) == 0:
            return np.zeros((len(at), 0), np.int64)
        found = (row >= 0) & (self._key[row] // self._span == line)
        passed = np.where(found, at - self._at[row], 0)
        first = np.searchsorted(self._key, line * self._span, side="left")
        row = np.where(found, row, np.minimum(first, len(self._key) - 1))
        return np.asarray(self._before[row] + self._is[row] * passed[:, None])


def waits_check(found: Waits, reasons: WaitReasons) -> list[str]:
    """Return a sentence for each job whose waits are longer or shorter than the reasons found for them."""
    size = len(reasons.behind)
    seen = reasons.at_head.sum(axis=1) + reasons.behind.sum(axis=1)
    wanted = np.zeros(size, np.int64)
    np.add.at(wanted, found.job, found.end_ms - found.start_ms)
    wrong = np.flatnonzero(seen != wanted).tolist()
    return [f"job {row}: reasons account for {seen[row]} ms, it waited {wanted[row]} ms" for row in wrong]
