"""The order of service: FIFO within a queue, priority between queues."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import priority
from batchsim.analysis.invariants.lines import steps
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import ascending, greatest_in
from batchsim.analysis.invariants.table import MISSING, Bools, Int64s


@invariant("I29")
def fifo_within_a_shape(book: Book) -> pd.DataFrame:
    """Of two jobs of one queue and shape.

    The one earlier in FIFO order never starts second while it waits (first attempts).
    """
    book.must_follow_aws("ordering of jobs")
    jobs = book.jobs
    columns = (
        jobs.codes("queue"),
        jobs.milli("vcpus"),
        jobs.number("memory_mib"),
        jobs.number("gpus"),
        jobs.codes("share"),
        jobs.codes("scheduling_priority"),
    )
    group = columns[0]
    for column in columns[1:]:
        known, position = pd.factorize(column)
        group = pd.factorize(group * (len(position) + 1) + known)[0].astype(np.int64)
    return jobs.rows(_overtaken(book, group))


@invariant("I29b")
def fifo_is_strict(book: Book) -> pd.DataFrame:
    """Strict FIFO: while a job waits, no first attempt of a job behind it in its queue starts.

    In a fair-share queue: of its share and schedulingPriority.
    """
    book.must_follow_aws("ordering of jobs")
    if book.settings.world("head_of_line") != "strict":
        raise CannotTellError("world.head_of_line lets jobs pass a blocked head")
    group = book.jobs.codes("queue")
    for column in ("share", "scheduling_priority"):
        known = book.jobs.codes(column)
        group = group * (int(known.max(initial=0)) + 1) + known
    return book.jobs.rows(_overtaken(book, pd.factorize(group)[0].astype(np.int64)))


def _overtaken(book: Book, group: Int64s) -> Int64s:
    """Jobs during whose first wait a later job of their group started its first attempt."""
    jobs = book.jobs
    queued = [name for name in jobs.words("queue") if not book.settings.is_without_queue(name)]
    waited = np.flatnonzero((jobs.ms("runnable_at_s") != MISSING) & jobs.among("queue", *queued))
    rank = fifo_rank(book)
    begin = jobs.ms("runnable_at_s")
    start = take(book.attempts.ms("starting_at_s"), book.first, FAR)
    never = start == FAR
    gone = np.where(never, book.until_horizon(jobs.ms("ended_at_s")), start)
    # Sort the first starts by group and instant: the starts during a wait are then one range.
    started = waited[~never[waited]]
    span = int(max(gone[waited].max(initial=0), start[started].max(initial=0))) + 2
    started = started[ascending(group[started] * span + start[started])]
    keys = group[started] * span + start[started]
    low = np.searchsorted(keys, group[waited] * span + begin[waited])
    high = np.searchsorted(keys, group[waited] * span + gone[waited])
    return waited[greatest_in(rank[started], low, np.maximum(low, high), -1) > rank[waited]]


def fifo_rank(book: Book) -> Int64s:
    """Each job's place in the FIFO order of the scenario: a smaller rank is served first."""
    jobs = book.jobs
    try:
        by_release = book.settings.world("fifo_order") == "runnable"
    except CannotTellError:
        by_release = False
    first = jobs.ms("runnable_at_s") if by_release else jobs.ms("created_at_s")
    index = np.maximum(jobs.number("array_index"), 0)
    keys = (index, jobs.number("occurrence"), _entry_position(book), jobs.ms("created_at_s"), first)
    rank = np.empty(len(jobs), np.int64)
    rank[np.lexsort(keys)] = np.arange(len(jobs))
    return rank


def _entry_position(book: Book) -> Int64s:
    """The entry's position in the file, for each job: submissions stand in file order."""
    words = {word: place for place, word in enumerate(book.submissions.words("entry"))}
    return np.array([*(words.get(word, 0) for word in book.jobs.words("entry")), 0], np.int64)[book.jobs.codes("entry")]


@invariant("I30")
def priority_within_an_instant(book: Book) -> pd.DataFrame:
    """In one instant no job starts while the head of a higher queue.

    No larger and with the same single environment, goes on waiting. Of queues that go by one order each: a head of a
    fair-share queue may wait for its turn.
    """
    book.must_follow_aws("ordering of queues")
    settings = book.settings
    queued = [name for name in book.jobs.words("queue") if not settings.is_without_queue(name)]
    only = {name: settings.served_by(name) for name in queued}
    pairs = [
        (low, high)
        for low in only
        for high in only
        if low != high and len(only[low]) == 1 and only[low] == only[high] and not settings.fair_share(high)
    ]
    bad = [_placed_past(book, low, high) for low, high in pairs]
    return book.attempts.rows(np.unique(np.concatenate(bad)) if bad else np.zeros(0, np.int64))


def _placed_past(book: Book, low: str, high: str) -> Int64s:
    """Attempts of the lower queue placed in an instant after which a no larger head of the higher one still waits."""
    attempts, jobs = book.attempts, book.jobs
    rows = np.flatnonzero(attempts.among("queue", low))
    at = attempts.ms("starting_at_s")[rows]
    line = steps(book, high)
    head = np.append(line.head, -1)[np.searchsorted(line.at_ms, at, side="right") - 1]
    passed = (head >= 0) & (priority(book, high).at(at) > priority(book, low).at(at))
    for column in ("vcpus", "memory_mib", "gpus"):
        passed &= take(jobs.milli(column), head, FAR) <= attempts.milli(column)[rows]
    passed &= _still_waits(book, head, at)
    return rows[passed & (jobs.codes("definition")[head] >= 0)] if len(jobs) else rows[:0]


def _still_waits(book: Book, head: Int64s, at_ms: Int64s) -> Bools:
    """Whether each head waits through its instant.

    The timeline names the head with which a reason began; when another job of the same reason follows it, no row tells.
    """
    by_job = pd.DataFrame({"job": book.waits.job, "begin": book.waits.begin_ms, "end": book.waits.end_ms})
    asked = pd.DataFrame({"job": head, "at": at_ms, "row": np.arange(len(head))})
    seen = asked.merge(by_job, on="job")
    during = np.zeros(len(head), np.bool_)
    during[seen.row[(seen.begin <= seen["at"]) & (seen.end > seen["at"])].to_numpy()] = True
    return during


INVARIANTS = (fifo_within_a_shape, fifo_is_strict, priority_within_an_instant)
