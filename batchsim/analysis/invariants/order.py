"""The order of service: FIFO within a queue, priority between queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import priority
from batchsim.analysis.invariants.lines import steps
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import ascending, combined, greatest_in
from batchsim.analysis.typed import MISSING, Bools, Int64s


@invariant("I29")
def fifo_within_a_shape(book: Book) -> pd.DataFrame:
    """Of two jobs of one queue and shape.

    The one earlier in FIFO order never starts second while it waits (first attempts). Where a head may be passed, the
    queue has one environment; where that goes by estimates, the two are of one entry and image.
    """
    book.must_follow_aws("ordering of jobs")
    jobs, among = book.jobs, _in_line(book)
    if is_strict(book) and not len(_passed(book)):
        return jobs.rows(np.zeros(0, np.int64))  # who passes nobody passes nobody of one shape
    columns = [
        jobs.codes("queue"),
        jobs.milli("vcpus"),
        jobs.number("memory_mib"),
        jobs.number("gpus"),
        jobs.codes("share"),
        take(book.submissions.codes("consumables"), book.call, 0),
        jobs.codes("scheduling_priority"),
    ]
    if not is_strict(book):
        among &= jobs.among("queue", *(name for name in jobs.words("queue") if len(book.settings.served_by(name)) == 1))
    if book.settings.world("backfill") != "none":
        columns += [jobs.codes("entry"), jobs.codes("image")]
    return jobs.rows(_overtaken(book, combined(*columns), among))


@invariant("I29b")
def fifo_is_strict(book: Book) -> pd.DataFrame:
    """Strict FIFO: while a job waits, no first attempt of a job behind it in its queue starts.

    Nor where a head holds but the environment that it waits for, and its queue has no other. In a fair-share queue: of
    its share and schedulingPriority.
    """
    book.must_follow_aws("ordering of jobs")
    settings, jobs = book.settings, book.jobs
    if settings.world("head_of_line") != "strict" or settings.world("backfill") != "none":
        raise CannotTellError("world.head_of_line or world.backfill lets jobs pass a blocked head")
    passed = _passed(book)
    if settings.world("hol_scope") == "ce":
        alone = jobs.among("queue", *(name for name in jobs.words("queue") if len(settings.served_by(name)) == 1))
        passed = passed[alone[passed]]
    return jobs.rows(passed)


def _passed(book: Book) -> Int64s:
    """Jobs that another of their line passed: of their queue, or of their share and priority in it."""

    def read(_: object) -> Int64s:
        line = combined(*(book.jobs.codes(column) for column in ("queue", "share", "scheduling_priority")))
        return _overtaken(book, line, _in_line(book))

    passed: Int64s = book.jobs.kept("queue", "passed", read)
    return passed


def is_strict(book: Book) -> bool:
    """Whether nobody passes a head."""
    usual = {"head_of_line": "strict", "hol_scope": "queue", "backfill": "none"}
    return all(book.settings.world(key) == value for key, value in usual.items())


def _in_line(book: Book) -> Bools:
    """Jobs that waited in a queue, and not in a client of RunTask."""
    jobs = book.jobs
    queued = [name for name in jobs.words("queue") if not book.settings.is_without_queue(name)]
    return np.asarray((jobs.ms("runnable_at_s") != MISSING) & jobs.among("queue", *queued))


def _overtaken(book: Book, group: Int64s, among: Bools, by: Bools | None = None) -> Int64s:
    """Of some jobs, those during whose first wait a later one of their group, and of ``by``, made its first start."""
    jobs = book.jobs
    waited = np.flatnonzero(among)
    rank = fifo_rank(book)
    begin = jobs.ms("runnable_at_s")
    start = take(book.attempts.ms("starting_at_s"), book.first, FAR)
    never = start == FAR
    gone = np.where(never, book.until_horizon(jobs.ms("ended_at_s")), start)
    # Sort the first starts by group and instant: the starts during a wait are then one range.
    started = waited[~never[waited] if by is None else (by & ~never)[waited]]
    span = int(max(gone[waited].max(initial=0), start[started].max(initial=0))) + 2
    started = started[ascending(group[started] * span + start[started])]
    keys = group[started] * span + start[started]
    low = np.searchsorted(keys, group[waited] * span + begin[waited])
    high = np.searchsorted(keys, group[waited] * span + gone[waited])
    return waited[greatest_in(rank[started], low, np.maximum(low, high), -1) > rank[waited]]


@invariant("I29c")
def a_head_holds_its_environment(book: Book) -> pd.DataFrame:
    """``hol_scope: ce``: no first attempt starts in the environment that a head goes on waiting for, before that head.

    Heads of FIFO queues that were never retried, which stand in the order of submission.
    """
    book.must_follow_aws("ordering of jobs")
    if book.settings.world("hol_scope") != "ce":
        return book.attempts.rows(np.zeros(0, np.int64))
    bad = [_placed_in_held(book, queue) for queue in _fifo_queues(book)]
    return book.attempts.rows(np.unique(np.concatenate(bad)) if bad else np.zeros(0, np.int64))


def _placed_in_held(book: Book, queue: str) -> Int64s:
    """First attempts of a queue that start where the timeline says that a job ahead of theirs waits, and goes on to."""
    attempts, line, rank = book.attempts, steps(book, queue), fifo_rank(book)
    rows = np.flatnonzero(attempts.among("queue", queue) & (attempts.number("attempt") == 1) & (book.job >= 0))
    at = attempts.ms("starting_at_s")[rows]
    step = np.searchsorted(line.at_ms, at, side="right") - 1
    head = np.append(line.head, -1)[step]
    held = np.array([*book.timeline.text("environment")[line.row], None], dtype=object)[step]
    passed = (head >= 0) & (held == attempts.text("environment")[rows]) & (rank[head] < rank[book.job[rows]])
    passed &= _first_starts(book)[head] > at  # a head that waits again, for another attempt, has lost its place
    waits: Int64s = rows[passed.astype(np.bool_) & _still_waits(book, head, np.append(line.at_ms, FAR)[step], at)]
    return waits


def _first_starts(book: Book) -> Int64s:
    """When the first attempt of each job starts, FAR where none does; one more row for no job."""
    first, rows = book.attempts.number("attempt") == 1, np.full(len(book.jobs) + 1, FAR)
    mine = np.flatnonzero(first & (book.job >= 0))
    rows[book.job[mine]] = book.attempts.ms("starting_at_s")[mine]
    return rows


@invariant("I29d")
def only_jobs_with_estimates_are_backfilled(book: Book) -> pd.DataFrame:
    """``world.backfill``: who starts before a job that waits longer has an estimate, a timeout or a law of its run."""
    book.must_follow_aws("ordering of jobs")
    settings, jobs = book.settings, book.jobs
    if settings.world("backfill") == "none":
        return jobs.rows(np.zeros(0, np.int64))
    unknown = [name for name, entry in settings.entries.items() if not _has_law(entry)]
    limits = take(book.submissions.ms("timeout_s"), book.call)[: len(jobs)]
    blind = jobs.among("entry", *unknown) & (limits == MISSING)
    among = _in_line(book) & jobs.among("queue", *_fifo_queues(book))
    return jobs.rows(_overtaken(book, jobs.codes("queue"), among, by=blind))


@invariant("I29e")
def retried_jobs_have_their_position(book: Book) -> pd.DataFrame:
    """``retry_position: front``: while a retried job waits, no first attempt starts in its queue.

    Of FIFO queues that nobody passes. ``original``: no first attempt of a job behind it; ``back``: a job that was in
    line before starts before it.
    """
    book.must_follow_aws("ordering of jobs")
    if not is_strict(book):
        raise CannotTellError("jobs may pass a blocked head")
    rule, attempts = book.settings.world("retry_position"), book.attempts
    queue, number = attempts.codes("queue"), attempts.number("attempt")
    fair = np.array([*(name not in _fifo_queues(book) for name in attempts.words("queue")), True], np.bool_)[queue]
    known = np.flatnonzero((book.job >= 0) & ~fair)
    first, again = known[number[known] == 1], known[number[known] > 1]
    if rule == "back":
        return attempts.rows(_overtook_the_line(book, first, again))
    rank = take(fifo_rank(book), book.job) if rule == "original" else -number
    return attempts.rows(_passed_by(book, again, first, rank))


def _passed_by(book: Book, waiting: Int64s, starting: Int64s, rank: Int64s) -> Int64s:
    """Attempts during whose wait one of others, of their queue and with a greater rank, started."""
    attempts = book.attempts
    queue, begin, start = attempts.codes("queue"), attempts.ms("runnable_at_s").copy(), attempts.ms("starting_at_s")
    span = int(start.max(initial=0)) + 2
    before, after = book.pairs
    begin[after] += start[before] == begin[after]  # an attempt of no length: others started beside it
    starting = starting[ascending(queue[starting] * span + start[starting])]
    keys = queue[starting] * span + start[starting]
    low = np.searchsorted(keys, queue[waiting] * span + begin[waiting])
    high = np.searchsorted(keys, queue[waiting] * span + start[waiting])
    return waiting[greatest_in(rank[starting], low, np.maximum(low, high), -FAR) > rank[waiting]]


def _overtook_the_line(book: Book, first: Int64s, again: Int64s) -> Int64s:
    """First attempts that were in line before a retried job and started after it."""
    attempts = book.attempts
    queue, begin, start = attempts.codes("queue"), attempts.ms("runnable_at_s"), attempts.ms("starting_at_s")
    span = int(start.max(initial=0)) + 2
    again = again[ascending(queue[again] * span + start[again])]
    keys = queue[again] * span + start[again]
    low = np.searchsorted(keys, queue[first] * span + begin[first])
    high = np.searchsorted(keys, queue[first] * span + start[first])
    return first[greatest_in(begin[again], low, np.maximum(low, high), -FAR) > begin[first]]


def _fifo_queues(book: Book) -> list[str]:
    """Queues with jobs that share by no policy; only there may jobs pass a head."""
    queued = [name for name in book.jobs.words("queue") if not book.settings.is_without_queue(name)]
    return [name for name in queued if book.settings.fair_share(name) is None]


def _has_law(entry: Mapping[str, Any]) -> bool:
    run = entry.get("run")
    return not (isinstance(run, Mapping) and {"script", "scripts", "dataset"} & run.keys()) and run is not None


def fifo_rank(book: Book) -> Int64s:
    """Each job's place in the FIFO order of the scenario: a smaller rank is served first."""
    rank: Int64s = book.jobs.kept("entry", "fifo rank", lambda _: _fifo_rank(book))
    return rank


def _fifo_rank(book: Book) -> Int64s:
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
    step = np.searchsorted(line.at_ms, at, side="right") - 1
    head = np.append(line.head, -1)[step]
    passed = (head >= 0) & (priority(book, high).at(at) > priority(book, low).at(at))
    for column in ("vcpus", "memory_mib", "gpus"):
        passed &= take(jobs.milli(column), head, FAR) <= attempts.milli(column)[rows]
    passed &= _still_waits(book, head, np.append(line.at_ms, FAR)[step], at)
    # Whom an action cancels in this instant was still the head when the pass was made.
    before = np.append(line.head, -1)[np.searchsorted(line.at_ms, at, side="left") - 1]
    passed &= (before == head) | (take(jobs.ms("ended_at_s"), before) != at)
    # Who is short of a resource may be passed: also one that gets it later in this instant, when a start is cut short.
    short = np.append(book.timeline.among("reason", "consumable_resource")[line.row], False)
    for side in ("left", "right"):
        passed &= ~short[np.searchsorted(line.at_ms, at, side=side) - 1]
    return rows[passed & (jobs.codes("definition")[head] >= 0)] if len(jobs) else rows[:0]


def _still_waits(book: Book, head: Int64s, since_ms: Int64s, at_ms: Int64s) -> Bools:
    """Whether each head waits through its instant, and has done so since its row of the timeline began.

    The timeline names the head with which a reason began; when another job of the same reason follows it, no row tells,
    and the first may wait again by then, for another attempt, behind it.
    """
    by_job = pd.DataFrame({"job": book.waits.job, "begin": book.waits.begin_ms, "end": book.waits.end_ms})
    asked = pd.DataFrame({"job": head, "since": since_ms, "at": at_ms, "row": np.arange(len(head))})
    seen = asked.merge(by_job, on="job")
    during = np.zeros(len(head), np.bool_)
    during[seen.row[(seen.begin <= seen["since"]) & (seen.end > seen["at"])].to_numpy()] = True
    return during


INVARIANTS = (
    fifo_within_a_shape,
    fifo_is_strict,
    a_head_holds_its_environment,
    only_jobs_with_estimates_are_backfilled,
    retried_jobs_have_their_position,
    priority_within_an_instant,
)
