"""Fair share: what was kept for shares to come, and the order within a share.

Usage, weights and the shares that were active are all rebuilt from jobs and attempts; API, FairsharePolicy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import vcpu_bound
from batchsim.analysis.invariants.exact import Figure, differing
from batchsim.analysis.invariants.lines import lines
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import ascending, greatest_in
from batchsim.analysis.typed import MISSING, Bools, Int64s

MOST_ACTIVE = 500
SLACK = 1e-9
"""Usage is rebuilt in floats."""

Floats = Any


@dataclass(frozen=True)
class Queue:
    """A fair-share queue with its policy, and its attempts in order of placement."""

    book: Book
    name: str
    policy: Mapping[str, Any]

    @cached_property
    def attempts(self) -> Int64s:
        """Rows of its attempts."""
        return np.flatnonzero(self.book.attempts.among("queue", self.name) & (self.book.job >= 0))

    @cached_property
    def share(self) -> Int64s:
        """The share of each of them, as a code of the jobs' column."""
        return self.book.jobs.codes("share")[self.book.job[self.attempts]]

    @cached_property
    def start(self) -> Int64s:
        """When each was placed."""
        return self.book.attempts.ms("starting_at_s")[self.attempts]

    @cached_property
    def end(self) -> Int64s:
        """When each ended, :data:`FAR` where it did not."""
        end = self.book.attempts.ms("ended_at_s")[self.attempts]
        return np.where(end == MISSING, np.int64(FAR), end)

    @cached_property
    def milli(self) -> Int64s:
        """What each holds."""
        return self.book.attempts.milli("vcpus")[self.attempts]

    @cached_property
    def update_ms(self) -> int:
        """The grid on which usage is taken."""
        return self.book.settings.duration_ms("usage_update")

    @cached_property
    def window_ms(self) -> int:
        """What usage looks back on."""
        return max(int(self.policy["shareDecaySeconds"]) * 1000, self.book.settings.duration_ms("min_window"))

    @cached_property
    def active(self) -> dict[int, tuple[Int64s, Int64s]]:
        """By share: when it became active, and when it left; both ascending."""
        jobs = self.book.jobs
        created, ended = jobs.ms("created_at_s"), jobs.ms("ended_at_s")
        leaves = np.where(ended == MISSING, FAR, ended + self.window_ms)
        mine = np.flatnonzero(jobs.among("queue", self.name) & (created != MISSING))
        shares = jobs.codes("share")[mine]
        return {
            code: _merged(created[mine[shares == code]], leaves[mine[shares == code]]) for code in np.unique(shares)
        }

    def active_at(self, at_ms: Int64s, codes: set[int] | None = None, *, leaving: bool = True) -> Int64s:
        """How many shares, or of some, are active at each instant; ``leaving``: those that leave in it too."""
        count = np.zeros(len(at_ms), np.int64)
        for code, (came, left) in self.active.items():
            if codes is None or code in codes:
                count += np.searchsorted(came, at_ms, side="right")
                count -= np.searchsorted(left, at_ms, side="left" if leaving else "right")
        return count


def fair_queues(book: Book) -> list[Queue]:
    """All queues that share fairly."""
    found = ((name, book.settings.fair_share(name)) for name in book.settings.queues)
    return [Queue(book, name, policy) for name, policy in found if policy is not None]


def _merged(begin: Int64s, end: Int64s) -> tuple[Int64s, Int64s]:
    """The union of intervals, as ascending beginnings and ends."""
    order = np.argsort(begin, kind="stable")
    begin, until = begin[order], np.maximum.accumulate(end[order])
    new = np.append(True, begin[1:] >= until[:-1])
    return begin[new], until[np.append(np.flatnonzero(new)[1:], len(begin)) - 1]


@invariant("S03")
def reservation_is_kept(book: Book) -> pd.DataFrame:
    """At a placement the queue's jobs hold at most ``max * (1 - (computeReservation/100) ** active shares)``."""
    bad = [np.zeros(0, np.int64)]
    for queue in fair_queues(book):
        reserved, total = int(queue.policy["computeReservation"]), _total_milli(queue)
        if reserved and total is not None and len(queue.attempts):
            kept = (reserved / 100) ** queue.active_at(queue.start).astype(np.float64)
            bad.append(queue.attempts[_held_after(queue) > total * (1 - kept) + SLACK * total])
    return book.attempts.rows(np.unique(np.concatenate(bad)))


def _total_milli(queue: Queue) -> Int64s | None:
    """maxvCpus of all its environments at each placement, in thousandths; None where one does not say."""
    book, at = queue.book, queue.start
    total = np.zeros(len(at), np.int64)
    for name in book.settings.served_by(queue.name):
        given = book.settings.environments[name]
        if given.get("type") == "UNMANAGED" and given.get("unmanagedvCpus") is None:
            return None
        unmanaged = np.full(len(at), given.get("unmanagedvCpus") or 0, np.int64)
        total += unmanaged if given.get("type") == "UNMANAGED" else vcpu_bound(book, name, "maxvCpus").at(at)
    return total * 1000


def _held_after(queue: Queue) -> Int64s:
    """What the queue's jobs hold after each placement; who ended in its instant is gone."""
    order = ascending(queue.end)
    gone = np.concatenate((np.zeros(1, np.int64), np.cumsum(queue.milli[order])))
    return np.cumsum(queue.milli) - gone[np.searchsorted(queue.end[order], queue.start, side="right")]


@invariant("S05")
def scheduling_priority_orders_a_share(book: Book) -> pd.DataFrame:
    """Within a share no job starts while one of a higher schedulingPriority waits."""
    jobs, waits, bad = book.jobs, book.waits, [np.zeros(0, np.int64)]
    priority, start = jobs.number("scheduling_priority"), book.attempts.ms("starting_at_s")
    known = np.flatnonzero(book.job >= 0)
    for line in lines(book):
        mine = line.waits[priority[waits.job[line.waits]] != MISSING]
        rows = known[mine[mine < len(known)]]
        rows = rows[np.argsort(start[rows], kind="stable")]
        begun, lowest = start[rows], -priority[book.job[rows]]
        low, high = (np.searchsorted(begun, instants[mine]) for instants in (waits.begin_ms, waits.end_ms))
        worst = greatest_in(lowest, low, np.maximum(low, high), -FAR)
        bad.append(waits.job[mine[worst > -priority[waits.job[mine]]]])
    return jobs.rows(np.unique(np.concatenate(bad)))


@invariant("S01")
def shares_are_named(book: Book) -> pd.DataFrame:
    """A job names a share, and has a schedulingPriority, exactly where its queue shares fairly.

    No more than 500 shares of a queue are active at a time.
    """
    jobs = book.jobs
    fair = jobs.among("queue", *(queue.name for queue in fair_queues(book)))
    wrong = (jobs.among("share", "") == fair) | ((jobs.number("scheduling_priority") == MISSING) == fair)
    if book.settings.world("strict_limits"):
        for queue in fair_queues(book):
            wrong |= _one_too_many(queue)
    return jobs.rows(wrong)


def _one_too_many(queue: Queue) -> Bools:
    """Jobs created when more shares than AWS Batch allows were active."""
    jobs = queue.book.jobs
    rows = np.flatnonzero(jobs.among("queue", queue.name) & (jobs.ms("created_at_s") != MISSING))
    wrong = np.zeros(len(jobs), np.bool_)
    wrong[rows[queue.active_at(jobs.ms("created_at_s")[rows], leaving=False) > MOST_ACTIVE]] = True
    return wrong


@invariant("S02")
def shares_add_up(book: Book) -> pd.DataFrame:
    """The summary's vCPU-seconds and jobs of each share are those of its attempts and jobs."""
    told = book.summary.get("shares")
    if told is None:
        raise CannotTellError("the summary has no shares")
    figures: list[Figure] = []
    attempts, jobs = book.attempts, book.jobs
    length = book.end_ms - attempts.ms("starting_at_s")
    of_job = take(jobs.codes("share"), book.job, -1)
    for each in told:
        code = jobs.words("share").index(each["share"]) if each["share"] in jobs.words("share") else -2
        mine = attempts.among("queue", each["queue"]) & (of_job == code)
        held = int((length[mine].astype(object) * attempts.milli("vcpus")[mine]).sum()) if mine.any() else 0
        figures.append((f"{each['queue']}.{each['share']}.vcpu_s", round(each["vcpu_s"] * 10**6), held))
        own = jobs.among("queue", each["queue"]) & (jobs.codes("share") == code)
        figures.append((f"{each['queue']}.{each['share']}.jobs", each["jobs"], int(np.count_nonzero(own))))
    return differing(figures)


INVARIANTS = (
    reservation_is_kept,
    scheduling_priority_orders_a_share,
    shares_are_named,
    shares_add_up,
)
