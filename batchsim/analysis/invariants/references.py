"""Rows name only what exists, and each thing has one row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, sums
from batchsim.analysis.invariants.names import Ids, agree
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.typed import MISSING

FARGATE = ("FARGATE", "FARGATE_SPOT")
SPOT = ("SPOT", "FARGATE_SPOT")
RETIRED = "ECS is performing maintenance on the underlying infrastructure hosting the task."
"""The status reason of a task that Fargate ended."""


@invariant("I03")
def attempts_name_known_rows(book: Book) -> pd.DataFrame:
    """Every attempt names a known job, and a known instance of its environment unless it runs on Fargate."""
    attempts = book.attempts
    fargate = attempts.among("environment_kind", *FARGATE)
    empty = attempts.among("instance", "")
    elsewhere = book.on_host & ~agree(attempts, "environment", book.instances, "environment", book.host)
    return attempts.rows((book.job < 0) | (fargate != empty) | (~fargate & (book.host < 0)) | elsewhere)


@invariant("I03b")
def jobs_belong_to_submissions(book: Book) -> pd.DataFrame:
    """Every job belongs to a known submission, and the timeline's heads are known jobs of their queue."""
    orphans = book.call < 0
    if orphans.any():
        return book.jobs.rows(orphans)
    head = book.heads
    named = ~book.timeline.among("job_id", "")
    astray = (head < 0) | ~agree(book.timeline, "queue", book.jobs, "queue", head)
    return book.timeline.rows(named & astray)


@invariant("I03c")
def ids_are_unique(book: Book) -> pd.DataFrame:
    """Jobs, submissions and instances have ids of their own; (job, attempt) too."""
    if book.ids.twice.any():
        return book.jobs.rows(book.ids.twice)
    for table, key in ((book.submissions, "job_id"), (book.instances, "instance")):
        if (twice := Ids(table, key).twice).any():
            return table.rows(twice)
    before, after = book.pairs
    number = book.attempts.number("attempt")
    return book.attempts.rows(after[number[before] == number[after]])


@invariant("I18")
def instances_live_once(book: Book) -> pd.DataFrame:
    """An instance is launched once and ends at most once, in that order; ordinals count an environment's launches."""
    instances = book.instances
    launched, ended = instances.ms("launched_at_s"), instances.ms("ended_at_s")
    horizon = book.horizon_ms
    alive = ended == MISSING
    wrong = (launched < 0) | (launched > horizon) | (~alive & ((ended < launched) | (ended > horizon)))
    wrong |= alive != instances.among("why_ended", "end_of_run")
    return instances.rows(wrong | (instances.number("ordinal") != _launch_count(book)))


def _launch_count(book: Book) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many rows of the same environment stand before each row."""
    group = book.instances.codes("environment")
    order = np.argsort(group, kind="stable")
    ranks = np.empty(len(group), np.int64)
    starts = np.searchsorted(group[order], group[order])
    ranks[order] = np.arange(len(group)) - starts
    return ranks


@invariant("I24")
def submissions_are_complete(book: Book) -> pd.DataFrame:
    """Every job that was submitted is there: a call's children number its size, indexed 0, 1, 2, ..."""
    calls, jobs = book.submissions, book.jobs
    known = np.flatnonzero(book.call >= 0)
    count = sums(book.call[known], np.ones(len(known), np.int64), len(calls))
    index = jobs.number("array_index")
    in_array = calls.flag("is_array")[book.call[known]] if len(calls) else np.zeros(0, np.bool_)
    total = sums(book.call[known], np.where(index[known] == MISSING, 0, index[known]), len(calls))
    size = calls.number("size")
    bad = (count != size) | (total != np.where(calls.flag("is_array"), size * (size - 1) // 2, 0))
    wrong_kind = sums(book.call[known], (in_array != (index[known] != MISSING)).astype(np.int64), len(calls))
    return calls.rows(bad | (wrong_kind > 0))


@invariant("I24b")
def ended_is_final(book: Book) -> pd.DataFrame:
    """submitted = succeeded + failed + still in the system.

    A job has ended if and only if it is SUCCEEDED or FAILED.
    """
    jobs = book.jobs
    ended = jobs.ms("ended_at_s") != MISSING
    unfinished = jobs.flag("censored")
    late = ended & (jobs.ms("ended_at_s") > book.horizon_ms)
    return jobs.rows((ended != jobs.among("state", "SUCCEEDED", "FAILED")) | (ended == unfinished) | late)


INVARIANTS = (
    attempts_name_known_rows,
    jobs_belong_to_submissions,
    ids_are_unique,
    instances_live_once,
    submissions_are_complete,
    ended_is_final,
)
