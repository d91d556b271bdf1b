"""Fair share: whose turn it was at each placement, by what the tables tell of usage, weights and waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.shares import SLACK, Queue, fair_queues
from batchsim.analysis.typed import Bools, Int64s

CELLS = 10_000_000
"""Placements times shares that S04 looks at in a queue; of more, at placements evenly spread."""
HOLDS = 30_000_000
"""Attempts that it adds usage up from, over all updates; of more, at the placements of updates evenly spread."""
AN_UPDATE = 1_500
"""Attempts as many as one update more costs."""
AT_ONCE = 500_000
"""Cells that are in memory together."""
FORGOTTEN = 40
"""Windows after which an exponential decay leaves less than :data:`SLACK` of a thousand vCPUs held for an hour."""

Floats = Any


@invariant("S04")
def least_used_share_is_next(book: Book) -> pd.DataFrame:
    """In a strict fair-share queue no job is placed while one of a share with less weighted usage waits."""
    settings, bad = book.settings, [np.zeros(0, np.int64)]
    queues = [queue for queue in fair_queues(book) if len(queue.attempts)]
    if queues and settings.world("fss_hol") != "strict":
        raise CannotTellError("world.fss_hol lets shares pass a blocked head")
    if queues and any(str(action.get("set", "")).endswith("weightFactor") for action in settings.actions):
        raise CannotTellError("weights change during the run")
    for queue in queues:
        turns = Turns(queue)
        looked = turns.sample()
        pieces = -(-len(looked) * len(turns.shares) // AT_ONCE)
        bad += [queue.attempts[turns.passed_over(piece)] for piece in np.array_split(looked, pieces)]
    return book.attempts.rows(np.sort(np.concatenate(bad)))


@dataclass(frozen=True)
class Turns:
    """A queue's placements beside the usage and the waits of its shares, a column each.

    Placements are positions among the queue's attempts, and ascending.
    """

    queue: Queue

    @cached_property
    def shares(self) -> Int64s:
        """The codes of the shares, ascending: a column each."""
        return np.unique(np.concatenate((self.queue.share, self._waits.share)))

    @cached_property
    def _column(self) -> Int64s:
        return np.searchsorted(self.shares, self.queue.share)

    @cached_property
    def _updated_ms(self) -> Int64s:
        """The last update of usage before each placement, or in its instant."""
        return self.queue.start // self.queue.update_ms * self.queue.update_ms

    @cached_property
    def _waits(self) -> Waits:
        return waits_of(self.queue)

    @cached_property
    def _weights(self) -> Weights:
        return Weights(self.queue, self.shares)

    def sample(self) -> Int64s:
        """The placements that are looked at: all, unless that would take long."""
        count = len(self.queue.attempts)
        looked = np.arange(0, count, -(-count * len(self.shares) // CELLS))
        updates, number = np.unique(self._updated_ms[looked], return_inverse=True)
        low, high = self._held(updates)
        cost = int((high - low).sum()) + AN_UPDATE * len(updates)
        return np.asarray(looked[number % -(-cost // HOLDS) == 0])

    def passed_over(self, placements: Int64s) -> Int64s:
        """Those at which a share with less weighted usage waited."""
        at_ms = self.queue.start[placements]
        usage = self.usage(placements) * self._weights.at(at_ms)  # NaN where the tables leave a weight open
        own = usage[np.arange(len(placements)), self._column[placements]]
        is_less = usage < (own * (1 - SLACK) - SLACK)[:, None]
        waiting = self._waits.waiting(self.shares, at_ms, self.queue.attempts[placements])
        return np.asarray(placements[(is_less & waiting).any(axis=1)])

    def usage(self, placements: Int64s) -> Floats:
        """What each share had used at each: up to the last update, and by placements since. Shape: (each, shares)."""
        queue, size = self.queue, len(self.shares)
        updates, number = np.unique(self._updated_ms[placements], return_inverse=True)
        since = np.searchsorted(queue.start, updates)
        added = running(self._column, queue.milli, placements, size)
        added -= running(self._column, queue.milli, since, size)[number]
        base = np.stack([self._up_to(int(at)) for at in updates])
        return base[number] + added * (queue.update_ms if queue.window_ms else 1)

    def _up_to(self, at_ms: int) -> Floats:
        """What each share has used at an update."""
        low, high = (int(each[0]) for each in self._held(np.array([at_ms])))
        start, end, milli = (column[low:high] for column in (self.queue.start, self.queue.end, self.queue.milli))
        used = milli * counted(self.queue, start, end, at_ms)
        return np.bincount(self._column[low:high], weights=used, minlength=len(self.shares))

    def _held(self, updates: Int64s) -> tuple[Int64s, Int64s]:
        """From which attempt on, and up to which, any may count at each update: those before ended too long ago."""
        slowly = self.queue.book.settings.world("decay_kernel") == "exponential"
        oldest = updates - self.queue.window_ms * (FORGOTTEN if slowly else 1)
        return np.searchsorted(self._last_end, oldest, side="right"), np.searchsorted(self.queue.start, updates)

    @cached_property
    def _last_end(self) -> Int64s:
        return np.maximum.accumulate(self.queue.end)


def running(column: Int64s, amount: Int64s, places: Int64s, size: int) -> Floats:
    """By column, the sums of all amounts before each of ascending places. Shape: (places, size)."""
    places = np.maximum.accumulate(places)  # as they are already, but in tables that somebody damaged
    end = int(places[-1])
    row = np.searchsorted(places, np.arange(end), side="right")
    sums = np.bincount(row * size + column[:end], weights=amount[:end], minlength=len(places) * size)
    return np.cumsum(sums.reshape(len(places), size), axis=0)


def counted(queue: Queue, start: Int64s, end: Int64s, at: int) -> Floats:
    """What each stretch of time still counts at an instant, in ms; whether it holds, where there is no window."""
    window, kernel = queue.window_ms, queue.book.settings.world("decay_kernel")
    if not window:
        return (end > at).astype(np.float64)
    if kernel == "exponential":
        ages = (np.minimum(end, at) - at) * 2 / window, np.minimum(start - at, 0) * 2 / window
        return window / 2 / np.log(2) * (np.exp2(ages[0]) - np.exp2(ages[1]))
    low = np.minimum(np.maximum(start - (at - window), 0), window).astype(np.float64)  # which np.clip takes longer for
    high = np.maximum(np.minimum(end, at) - (at - window), 0).astype(np.float64)
    return (high**2 - low**2) / (2 * window) if kernel == "linear" else high - low


@dataclass(frozen=True)
class Waits:
    """The waits in a queue that took time, with the attempts that ended them, -1 where none did."""

    share: Int64s
    begin: Int64s
    end: Int64s
    attempt: Int64s

    def waiting(self, shares: Int64s, at_ms: Int64s, row: Int64s) -> Bools:
        """Whether each share had a job that was RUNNABLE before each instant, and placed after that attempt, or never.

        Shape: (instants, shares).
        """
        begun = running(*self._by_begin(shares), np.searchsorted(np.sort(self.begin), at_ms), len(shares))
        order = np.lexsort((self.attempt, self.end))
        over = _before_or_at(self.end[order], self.attempt[order], at_ms, row)
        column = np.searchsorted(shares, self.share[order])
        return np.asarray(begun > running(column, np.ones(len(column), np.int64), over, len(shares)))

    def _by_begin(self, shares: Int64s) -> tuple[Int64s, Int64s]:
        column = np.searchsorted(shares, self.share[np.argsort(self.begin, kind="stable")])
        return column, np.ones(len(column), np.int64)


def _before_or_at(end: Int64s, attempt: Int64s, at_ms: Int64s, row: Int64s) -> Int64s:
    """How many pairs, sorted by instant and attempt, come before each of others or are the same."""
    instants, rank = np.unique(end, return_inverse=True)
    span = int(max(attempt.max(initial=-1), row.max(initial=-1))) + 2
    wanted = np.searchsorted(instants, at_ms)
    is_there = np.append(instants, -1)[wanted] == at_ms
    keys = wanted * span + np.where(is_there, row + 1, -1)
    return np.searchsorted(rank * span + attempt + 1, keys, side="right")


def waits_of(queue: Queue) -> Waits:
    """Those of a queue's jobs."""
    book = queue.book
    mine = np.flatnonzero(book.jobs.among("queue", queue.name)[book.waits.job])
    mine = mine[book.waits.begin_ms[mine] < book.waits.end_ms[mine]]
    known = np.flatnonzero(book.job >= 0)
    attempt = np.append(known, np.int64(-1))[np.minimum(mine, len(known))]
    share = book.jobs.codes("share")[book.waits.job[mine]]
    return Waits(share, book.waits.begin_ms[mine], book.waits.end_ms[mine], attempt)


class Weights:
    """The weight of each share over time."""

    def __init__(self, queue: Queue, shares: Int64s) -> None:
        self._queue, words = queue, queue.book.jobs.words("share")
        self._weights = np.ones(len(shares))
        self._prefixes: list[tuple[list[int], set[int], float]] = []
        for entry in queue.policy.get("shareDistribution") or ():
            name, weight = str(entry["shareIdentifier"]), float(entry.get("weightFactor", 1.0))
            prefix = name.removesuffix("*")
            codes = {code for code, word in enumerate(words) if _is_of(word, name, prefix)}
            columns = [column for column, code in enumerate(shares.tolist()) if code in codes]
            self._weights[columns] = weight
            if name != prefix and columns:
                self._prefixes.append((columns, codes, weight))

    def at(self, at_ms: Int64s) -> Floats:
        """Those of each instant; NaN where a share of the same prefix leaves in that very instant."""
        weights = np.tile(self._weights, (len(at_ms), 1))
        for columns, codes, weight in self._prefixes:
            stayed, active = (self._queue.active_at(at_ms, codes, leaving=leaving) for leaving in (False, True))
            weights[:, columns] = np.where(stayed == active, weight * np.maximum(1, active), np.nan)[:, None]
        return weights


def _is_of(word: str, name: str, prefix: str) -> bool:
    return word == name or (name != prefix and word.startswith(prefix))


INVARIANTS = (least_used_share_is_next,)
