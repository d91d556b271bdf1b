"""The dependency graph is respected, failures cascade, and an array ends with its last child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, sums, take
from batchsim.analysis.invariants.names import lookup
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.typed import MISSING, Bools, Int64s

DEPENDENCY_FAILED = "Dependent Job failed"
TOO_MANY_REQUESTS = "Too Many Requests"
"""Of a call that is made again."""


@dataclass(frozen=True, slots=True, eq=False)
class Parents:
    """What each job waits for, one row a (job, parent): when the parent ended and whether it SUCCEEDED."""

    job: Int64s
    end_ms: Int64s
    """``FAR`` where it has not ended; of a call that was refused, the instant of that."""
    succeeded: Bools


def parents(book: Book) -> Parents:
    """All dependencies of all jobs, from ``depends_on``: plain on whole calls, N_TO_N and SEQUENTIAL child by child."""
    pieces = [_plain(book), _child_by_child(book, "N_TO_N", 0), _child_by_child(book, "SEQUENTIAL", -1)]
    return Parents(
        job=np.concatenate([piece.job for piece in pieces]),
        end_ms=np.concatenate([piece.end_ms for piece in pieces]),
        succeeded=np.concatenate([piece.succeeded for piece in pieces]),
    )


def edges(book: Book, kind: str) -> tuple[Int64s, Int64s]:
    """(call, parent's call) for each dependency of one kind; a parent that does not exist is -1."""
    calls = book.submissions
    position = {name: row for row, name in reversed(list(enumerate(calls.text("job_id").tolist())))}
    pairs = [
        (row, position.get(item.rpartition("/")[0], -1))
        for row, text in enumerate(calls.text("depends_on").tolist())
        if text
        for item in text.split()
        if item.rpartition("/")[2] == kind
    ]
    array = np.array(pairs, np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _plain(book: Book) -> Parents:
    call, parent = edges(book, "plain")
    ended = np.where(book.submissions.ms("ended_at_s") == MISSING, _refused_ms(book), book.submissions.ms("ended_at_s"))
    good = book.submissions.among("state", "SUCCEEDED")
    edge, job = _jobs_of(book, call)
    return Parents(job, take(ended, parent[edge], FAR), np.append(good, False)[parent[edge]])


def _child_by_child(book: Book, kind: str, shift: int) -> Parents:
    """Child i waits for child i + shift of the parent."""
    call, parent = edges(book, kind)
    edge, job = _jobs_of(book, call)
    index = book.jobs.number("array_index")[job] + shift
    edge, job, index = (column[index >= 0] for column in (edge, job, index))
    offset = _first_job(book)[parent[edge]]
    other = np.where(
        (parent[edge] >= 0) & (index < take(book.submissions.number("size"), parent[edge])), offset + index, -1
    )
    refused = take(_refused_ms(book), book.call, FAR)
    ended = np.where(book.jobs.ms("ended_at_s") == MISSING, refused, book.jobs.ms("ended_at_s"))
    return Parents(job, take(ended, other, FAR), np.append(book.jobs.among("state", "SUCCEEDED"), False)[other])


def _refused_ms(book: Book) -> Int64s:
    """By submission, when its last call was refused for good; ``FAR`` for one that was taken, or is yet to be."""
    at = np.full(len(book.submissions), FAR, np.int64)
    if len(refused := book.rejections):
        call = lookup(refused, "job_id", book.submissions, "job_id")
        final = (call >= 0) & (take(book.submissions.ms("created_at_s"), call) == MISSING)
        final &= ~np.asarray(refused.text("reason") == TOO_MANY_REQUESTS)
        at[call[final]] = refused.ms("at_s")[final]
    return at


def _first_job(book: Book) -> Int64s:
    """The first job of each call; an array's children stand together, in order of their index."""
    first = np.zeros(len(book.submissions) + 1, np.int64)
    first[book.call[::-1]] = np.arange(len(book.jobs))[::-1]
    return first


def _jobs_of(book: Book, call: Int64s) -> tuple[Int64s, Int64s]:
    """For each edge, every job of its call: (edge, job)."""
    count = np.bincount(book.call[book.call >= 0], minlength=len(book.submissions))[call].astype(np.int64)
    edge = np.repeat(np.arange(len(call)), count)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    return edge, _first_job(book)[call[edge]] + within


@invariant("I03d")
def dependencies_exist(book: Book) -> pd.DataFrame:
    """A job depends only on submissions that exist."""
    lost = [call[parent < 0] for call, parent in (edges(book, kind) for kind in ("plain", "N_TO_N", "SEQUENTIAL"))]
    return book.submissions.rows(np.unique(np.concatenate(lost)))


@invariant("I06")
def released_by_its_parents(book: Book) -> pd.DataFrame:
    """A job is RUNNABLE only when all that it depends on has SUCCEEDED, child by child for N_TO_N and SEQUENTIAL."""
    known = parents(book)
    runnable = book.jobs.ms("runnable_at_s")[known.job]
    early = (runnable != MISSING) & (~known.succeeded | (runnable < known.end_ms))
    return book.jobs.rows(np.unique(known.job[early]))


@invariant("I06b")
def released_at_once(book: Book) -> pd.DataFrame:
    """A job is RUNNABLE in the very instant in which its last dependency SUCCEEDED, or in which it was evaluated."""
    jobs, known = book.jobs, parents(book)
    free = _evaluated(book)
    np.maximum.at(free, known.job, np.where(known.succeeded, known.end_ms, FAR))
    runnable = jobs.ms("runnable_at_s")
    late = (runnable != MISSING) & (free < FAR) & (runnable != free)
    forgotten = (runnable == MISSING) & (free != MISSING) & (free < book.horizon_ms)
    alive = jobs.ms("ended_at_s") == MISSING
    return jobs.rows(late | (forgotten & alive))


@invariant("I16")
def dependency_failures_have_a_cause(book: Book) -> pd.DataFrame:
    """'Dependent Job failed' only if one did, before or in that instant, and the job was never RUNNABLE."""
    jobs, known = book.jobs, parents(book)
    failed = ~known.succeeded & (known.end_ms < FAR)
    first = np.full(len(jobs), FAR, np.int64)
    np.minimum.at(first, known.job[failed], known.end_ms[failed])
    blamed = jobs.among("reason", DEPENDENCY_FAILED)
    started = (jobs.ms("runnable_at_s") != MISSING) | (book.first >= 0)
    wrong = (first > jobs.ms("ended_at_s")) & ~_waits_for_a_refused_call(book)
    return jobs.rows(blamed & (wrong | started | ~jobs.among("state", "FAILED")))


def _waits_for_a_refused_call(book: Book) -> Bools:
    """Jobs that depend on a call that AWS Batch refused: what they wait for never comes to be."""
    refused = (book.submissions.ms("created_at_s") == MISSING) & (book.submissions.text("reason") != "")
    waits = np.zeros(len(book.jobs), np.bool_)
    for kind in ("plain", "N_TO_N"):
        call, parent = edges(book, kind)
        edge, job = _jobs_of(book, call)
        waits[job[np.append(refused, False)[parent[edge]]]] = True
    return waits


@invariant("I16b")
def failures_cascade(book: Book) -> pd.DataFrame:
    """What depends on a failed job fails with it, in the same instant or after the delay, and never succeeds."""
    jobs, known = book.jobs, parents(book)
    failed = ~known.succeeded & (known.end_ms < FAR)
    doomed = np.full(len(jobs), FAR, np.int64)
    np.minimum.at(doomed, known.job[failed], known.end_ms[failed])
    open_parents = sums(known.job, (known.end_ms == FAR).astype(np.int64), len(jobs))
    created, ended = jobs.ms("created_at_s"), jobs.ms("ended_at_s")
    at = np.maximum(doomed, _evaluated(book)) + _delay(book, "dep_fail_delay")
    doomed = np.where((created == MISSING) | (doomed == FAR), FAR, at)
    late = (ended > doomed) & jobs.among("reason", DEPENDENCY_FAILED)
    # A job cancelled while PENDING lingers until all that it depends on has ended (API CancelJob).
    forgotten = (ended == MISSING) & (open_parents == 0) & (doomed < book.horizon_ms)
    return jobs.rows((doomed < FAR) & (late | forgotten | jobs.among("state", "SUCCEEDED")))


def _evaluated(book: Book) -> Int64s:
    """When each job's dependencies are looked at: ``dep_eval_delay`` after its submission, MISSING without one."""
    created = book.jobs.ms("created_at_s")
    return np.where(created == MISSING, MISSING, created + _delay(book, "dep_eval_delay"))


def _delay(book: Book, key: str) -> int:
    """A delay of the world; 0 where the scenario is not known."""
    try:
        return book.settings.duration_ms(key)
    except CannotTellError:
        return 0


@invariant("I15")
def arrays_end_with_their_last_child(book: Book) -> pd.DataFrame:
    """An array ends in the instant in which its last child ends, SUCCEEDED if and only if all children are."""
    calls, known = book.submissions, np.flatnonzero(book.call >= 0)
    call, ended = book.call[known], book.jobs.ms("ended_at_s")[known]
    open_ = sums(call, (ended == MISSING).astype(np.int64), len(calls))
    failed = sums(call, book.jobs.among("state", "FAILED")[known].astype(np.int64), len(calls))
    last = np.full(len(calls), MISSING, np.int64)
    np.maximum.at(last, call, ended)
    expected = np.where(open_ > 0, MISSING, last)
    word = np.where(open_ > 0, "", np.where(failed > 0, "FAILED", "SUCCEEDED"))
    final = np.where(calls.among("state", "SUCCEEDED", "FAILED"), calls.text("state").astype(str), "")
    return calls.rows((calls.ms("ended_at_s") != expected) | (final != word) | _never_of_a_parent(calls))


def _never_of_a_parent(calls: Any) -> Bools:
    """An array parent is never RUNNABLE, STARTING or RUNNING (User Guide, "Job states")."""
    return np.asarray(calls.flag("is_array") & calls.among("state", "RUNNABLE", "STARTING", "RUNNING"))


@invariant("I15b")
def single_jobs_equal_their_call(book: Book) -> pd.DataFrame:
    """A single job and its submission tell the same state and end."""
    single = np.flatnonzero((book.call >= 0) & (book.jobs.number("array_index") == MISSING))
    call = book.call[single]
    differs = book.jobs.text("state")[single] != book.submissions.text("state")[call]
    differs |= book.jobs.ms("ended_at_s")[single] != book.submissions.ms("ended_at_s")[call]
    return book.jobs.rows(single[differs.astype(np.bool_)])


@invariant("I28")
def critical_path_is_a_lower_bound(book: Book) -> pd.DataFrame:
    """A job ends no sooner than its submission, or what it depends on, and its own last run allow."""
    jobs, known = book.jobs, parents(book)
    bound = jobs.ms("created_at_s").copy()
    np.maximum.at(bound, known.job, np.where(known.succeeded, known.end_ms, MISSING))
    running = take(book.attempts.ms("running_at_s"), book.last)
    ran = np.where(running == MISSING, 0, take(book.end_ms, book.last) - running)
    good = jobs.among("state", "SUCCEEDED")
    return jobs.rows(good & (jobs.ms("ended_at_s") < bound + ran))


INVARIANTS = (
    dependencies_exist,
    released_by_its_parents,
    released_at_once,
    dependency_failures_have_a_cause,
    failures_cascade,
    arrays_end_with_their_last_child,
    single_jobs_equal_their_call,
    critical_path_is_a_lower_bound,
)
