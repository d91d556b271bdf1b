"""Where the time went: every part of a turnaround rebuilt from instants, and their sum exact to the millisecond."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, sums, take
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import ascending
from batchsim.analysis.invariants.timeline import REASONS
from batchsim.analysis.typed import MISSING, Int64s

PARTS = (
    "throttled_s",
    "dependency_s",
    "wait_s",
    "retry_delay_s",
    "provisioning_s",
    "image_pull_s",
    "container_start_s",
    "earlier_running_s",
    "last_running_s",
)


@invariant("W01")
def parts_sum_to_the_turnaround(book: Book) -> pd.DataFrame:
    """A job's nine parts sum exactly to its turnaround, or to horizon - due if it is unfinished."""
    jobs = book.jobs
    left = _span(book)
    for part in PARTS:
        left -= jobs.ms(part)
    return jobs.rows(left != 0)


def _span(book: Book) -> Int64s:
    """From due to the end or the horizon; 0 for what was never due."""
    due = book.jobs.ms("due_at_s")
    return np.where(due == MISSING, 0, np.maximum(book.until_horizon(book.jobs.ms("ended_at_s")) - due, 0))


@invariant("W01b")
def turnaround_is_end_minus_due(book: Book) -> pd.DataFrame:
    """turnaround = ended - due; an unfinished job is censored and has none."""
    jobs = book.jobs
    ended = jobs.ms("ended_at_s")
    expected = np.where(ended == MISSING, MISSING, ended - jobs.ms("due_at_s"))
    return jobs.rows(jobs.ms("turnaround_s") != expected)


@invariant("W02")
def waits_add_up(book: Book) -> pd.DataFrame:
    """wait_s is the sum of a job's waits.

    RUNNABLE to STARTING of each attempt, and the last that no attempt ended.
    """
    waits = book.waits
    total = sums(waits.job, waits.end_ms - waits.begin_ms, len(book.jobs))
    return book.jobs.rows(total != book.jobs.ms("wait_s"))


@invariant("W02b")
def reasons_add_up(book: Book) -> pd.DataFrame:
    """The waits by reason sum to wait_s, and the time behind the head is part of it; nothing is negative."""
    jobs = book.jobs
    wrong = sum(jobs.ms(f"wait_{reason}_s") for reason in REASONS) != jobs.ms("wait_s")
    for part in (*PARTS, "wait_behind_s"):
        wrong |= jobs.ms(part) < 0
    return jobs.rows(wrong | (jobs.ms("wait_behind_s") > jobs.ms("wait_s")))


@invariant("W03")
def time_before_runnable(book: Book) -> pd.DataFrame:
    """throttled = created - due, and dependency = first RUNNABLE (or the end) - created."""
    jobs = book.jobs
    due, stop = jobs.ms("due_at_s"), book.until_horizon(jobs.ms("ended_at_s"))
    created = np.where(jobs.ms("created_at_s") == MISSING, stop, jobs.ms("created_at_s"))
    released = np.where(jobs.ms("runnable_at_s") == MISSING, stop, jobs.ms("runnable_at_s"))
    throttled = np.where(due == MISSING, 0, np.maximum(created - due, 0))
    wrong = (throttled != jobs.ms("throttled_s")) | (np.maximum(released - created, 0) != jobs.ms("dependency_s"))
    return jobs.rows(wrong)


@invariant("W04")
def retry_delays_add_up(book: Book) -> pd.DataFrame:
    """retry_delay is the time between the end of an attempt and the job's next RUNNABLE, or its end."""
    jobs = book.jobs
    before, after = book.pairs
    gap = book.attempts.ms("runnable_at_s")[after] - book.end_ms[before]
    total = sums(book.job[before], gap, len(jobs))
    again = np.where(
        jobs.ms("waiting_since_s") == MISSING, book.until_horizon(jobs.ms("ended_at_s")), jobs.ms("waiting_since_s")
    )
    total += np.where(book.last >= 0, again - take(book.end_ms, book.last, 0), 0)
    return jobs.rows(total != jobs.ms("retry_delay_s"))


@invariant("W05")
def phases_add_up(book: Book) -> pd.DataFrame:
    """Provisioning, image pull, container start and RUNNING are the sums of the attempts' phases."""
    jobs, rows = book.jobs, np.flatnonzero(book.job >= 0)
    wrong = jobs.ms("start_up_s") != sum(
        jobs.ms(part) for part in ("provisioning_s", "image_pull_s", "container_start_s")
    )
    phases = _phase_lengths(book)
    for part, length in phases.items():
        wrong |= sums(book.job[rows], length[rows], len(jobs)) != jobs.ms(part)
    return jobs.rows(wrong)


def _phase_lengths(book: Book) -> dict[str, Int64s]:
    """Lengths of the attempts' phases by the part that they go to; a phase that never began is cut at the end."""
    attempts, end = book.attempts, book.end_ms
    starting = attempts.ms("starting_at_s")
    pull, pulled, running = (
        np.where(attempts.ms(name) == MISSING, end, np.minimum(attempts.ms(name), end))
        for name in ("pull_at_s", "pulled_at_s", "running_at_s")
    )
    is_last = take(book.last, book.job, -1) == np.arange(len(attempts))
    return {
        "provisioning_s": pull - starting,
        "image_pull_s": pulled - pull,
        "container_start_s": running - pulled,
        "earlier_running_s": np.where(is_last, 0, end - running),
        "last_running_s": np.where(is_last, end - running, 0),
    }


@invariant("W06")
def retry_delay_is_the_scenarios(book: Book) -> pd.DataFrame:
    """A retry is RUNNABLE when the attempt before has ended and world.retry_delay has passed."""
    low, high = book.settings.bounds_ms("retry_delay")
    before, after = book.pairs
    gap = book.attempts.ms("runnable_at_s")[after] - book.end_ms[before]
    return book.attempts.rows(after[(gap < low) | (gap > (2**61 if high is None else high))])


@invariant("I26")
def little_holds_on_the_path(book: Book) -> pd.DataFrame:
    """Little's law as an identity: the sum of all times in the system is the integral of the number in it."""
    jobs = book.jobs
    due, stop = jobs.ms("due_at_s"), book.until_horizon(jobs.ms("ended_at_s"))
    here = np.flatnonzero((due != MISSING) & (due < stop))
    at = np.concatenate((due[here], stop[here]))
    order = ascending(at)
    number = np.cumsum(np.repeat((1, -1), len(here))[order])
    integral = int((number[:-1] * np.diff(at[order])).sum())
    told = sum(int(jobs.ms(part).sum()) for part in PARTS)
    return pd.DataFrame([{"sum_of_parts_ms": told, "integral_ms": integral}] if told != integral else [])


INVARIANTS = (
    parts_sum_to_the_turnaround,
    turnaround_is_end_minus_due,
    waits_add_up,
    reasons_add_up,
    time_before_runnable,
    retry_delays_add_up,
    phases_add_up,
    retry_delay_is_the_scenarios,
    little_holds_on_the_path,
)
