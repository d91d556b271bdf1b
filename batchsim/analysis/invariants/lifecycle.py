"""A job goes through AWS Batch's states in their order, and an attempt through its phases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, sums, take
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, at_ms
from batchsim.analysis.typed import MISSING, Bools, Int64s


@invariant("I04")
def instants_follow_the_states(book: Book) -> pd.DataFrame:
    """The instants of a job follow the state graph: due, created, RUNNABLE, STARTING, ..., end."""
    jobs = book.jobs
    due, created, runnable = jobs.ms("due_at_s"), jobs.ms("created_at_s"), jobs.ms("runnable_at_s")
    ended = np.where(jobs.ms("ended_at_s") == MISSING, FAR, jobs.ms("ended_at_s"))
    happened = np.where(created == MISSING, FAR, created)
    last_end = np.where(book.last >= 0, take(book.end_ms, book.last), MISSING)
    waiting = jobs.ms("waiting_since_s")
    wrong = (happened < due) | ((runnable != MISSING) & (runnable < happened)) | (happened > ended)
    wrong |= (
        (runnable > ended) | (waiting > ended) | ((waiting != MISSING) & (waiting < np.maximum(last_end, runnable)))
    )
    return jobs.rows(wrong | (last_end > ended))


@invariant("I04b")
def states_agree_with_instants(book: Book) -> pd.DataFrame:
    """A job's state is the one that its instants and attempts tell."""
    jobs, last = book.jobs, book.last
    created = (jobs.ms("created_at_s") != MISSING) & (jobs.ms("created_at_s") <= book.horizon_ms)
    open_ = _at(book, last, book.attempts.ms("ended_at_s") == MISSING)
    ran = _at(book, last, book.attempts.ms("running_at_s") != MISSING)
    waiting = jobs.ms("waiting_since_s") != MISSING
    released = jobs.ms("runnable_at_s") != MISSING
    expected: list[tuple[str, Bools]] = [
        ("NOT_SUBMITTED", ~created & ~released),
        ("SUBMITTED", created & ~released),
        ("PENDING", created & ~released),
        ("RUNNABLE", released & ~open_ & (waiting | (last >= 0))),
        ("STARTING", open_ & ~ran & ~waiting),
        ("RUNNING", open_ & ran & ~waiting),
        ("SUCCEEDED", ~waiting & _at(book, last, book.attempts.among("outcome", "succeeded"))),
        ("FAILED", ~open_ & ~_at(book, last, book.attempts.among("outcome", "succeeded"))),
    ]
    right = np.zeros(len(jobs), np.bool_)
    for state, told in expected:
        right |= jobs.among("state", state) & told
    return jobs.rows(~right)


def _at(book: Book, rows: Int64s, mask: Bools) -> Bools:
    """A mask over attempts, read for the jobs' attempts; False where there is none."""
    return np.asarray(np.append(mask, False)[rows]) if len(book.attempts) else np.zeros(len(rows), np.bool_)


@invariant("I04c")
def phases_are_in_order(book: Book) -> pd.DataFrame:
    """An attempt's phases are in order: RUNNABLE, STARTING, pull, pulled, RUNNING, end."""
    attempts = book.attempts
    names = ("runnable_at_s", "starting_at_s", "pull_at_s", "pulled_at_s", "running_at_s")
    seen = np.zeros(len(attempts), np.int64)
    wrong = np.zeros(len(attempts), np.bool_)
    for name in names:
        at = attempts.ms(name)
        wrong |= (at != MISSING) & (at < seen)
        seen = np.maximum(seen, at)
    must = (attempts.ms("starting_at_s") == MISSING) | (attempts.ms("runnable_at_s") == MISSING)
    return attempts.rows(wrong | must | (seen > book.end_ms) | (book.end_ms > book.horizon_ms))


@invariant("I04d")
def only_fargate_provisions(book: Book) -> pd.DataFrame:
    """On EC2 the pull begins at STARTING: only Fargate provisions."""
    attempts = book.attempts
    delayed = attempts.ms("pull_at_s") != attempts.ms("starting_at_s")
    return attempts.rows(delayed & ~attempts.among("environment_kind", *FARGATE))


@invariant("I04e")
def outcomes_agree_with_phases(book: Book) -> pd.DataFrame:
    """A container that exited or timed out had been RUNNING; one that failed to start had not.

    An open attempt has no end.
    """
    attempts = book.attempts
    ran = attempts.ms("running_at_s") != MISSING
    wrong = attempts.among("outcome", "succeeded", "failed", "timed_out") & ~ran
    wrong |= attempts.among("outcome", "start_failed") & ran
    wrong |= attempts.among("outcome", "open") != (attempts.ms("ended_at_s") == MISSING)
    code = attempts.number("exit_code")
    wrong |= attempts.among("outcome", "succeeded") & (code != 0)
    return attempts.rows(wrong | (attempts.among("outcome", "failed") & (code == 0)))


@invariant("I04f")
def ends_are_told(book: Book) -> pd.DataFrame:
    """A job that ended says why, and so does the call of a single job."""
    jobs, calls = book.jobs, book.submissions
    silent = (jobs.ms("ended_at_s") != MISSING) & jobs.among("reason", "")
    if silent.any():
        return jobs.rows(silent)
    ended = calls.among("state", "SUCCEEDED", "FAILED") & ~calls.flag("is_array")
    return calls.rows(ended & calls.among("reason", ""))


@invariant("I05")
def created_with_the_call(book: Book) -> pd.DataFrame:
    """A job is created when its workload says: children with their array, never early, late only by throttling."""
    jobs, calls = book.jobs, book.submissions
    if not len(calls):
        return jobs.rows(np.zeros(len(jobs), np.bool_))
    due, created = calls.ms("due_at_s"), calls.ms("created_at_s")
    differs = (take(due, book.call) != jobs.ms("due_at_s")) | (take(created, book.call) != jobs.ms("created_at_s"))
    if differs.any():
        return jobs.rows(differs)
    return calls.rows(((created != MISSING) & (created < due)) | (due < _earliest(book)))


def _earliest(book: Book) -> Int64s:
    """The plain instants that the scenario gives, for the calls of those entries."""
    calls = book.submissions
    try:
        entries = book.settings.entries
    except CannotTellError:
        return np.full(len(calls), MISSING, np.int64)
    times = np.array([*(_plain_instant(entries.get(entry, {})) for entry in calls.words("entry")), MISSING], np.int64)
    return np.asarray(times[calls.codes("entry")])


def _plain_instant(entry: object) -> int:
    value = entry.get("at") if isinstance(entry, dict) else None
    if not isinstance(value, str | int) or (isinstance(value, str) and "(" in value):
        return MISSING
    try:
        return at_ms({"at": value})
    except CannotTellError:
        return MISSING


@invariant("I07")
def attempts_are_numbered(book: Book) -> pd.DataFrame:
    """The attempts of a job are numbered 1, 2, 3, ..., and the job counts them."""
    attempts, rows = book.attempts, book.by_job
    job = book.job[rows]
    expected = np.arange(len(rows)) - np.searchsorted(job, job) + 1
    if (wrong := rows[attempts.number("attempt")[rows] != expected]).size:
        return attempts.rows(wrong)
    count = sums(book.job[rows], np.ones(len(rows), np.int64), len(book.jobs))
    return book.jobs.rows(count != book.jobs.number("attempts"))


@invariant("I10")
def attempts_do_not_overlap(book: Book) -> pd.DataFrame:
    """A job has one attempt at a time: the next becomes RUNNABLE only when the one before has ended."""
    before, after = book.pairs
    return book.attempts.rows(after[book.attempts.ms("runnable_at_s")[after] < book.end_ms[before]])


@invariant("I10b")
def first_attempt_follows_release(book: Book) -> pd.DataFrame:
    """A job's first attempt became RUNNABLE when the job did."""
    jobs = book.jobs
    first = take(book.attempts.ms("runnable_at_s"), book.first)
    waited = np.where(book.first >= 0, first, jobs.ms("waiting_since_s"))
    return jobs.rows((waited != MISSING) & (waited != jobs.ms("runnable_at_s")))


@invariant("N45")
def terminated_is_final(book: Book) -> pd.DataFrame:
    """Nothing happens to a job after its end; what a terminate ends stays ended, and the job ends with it."""
    attempts = book.attempts
    ended = take(np.where(book.jobs.ms("ended_at_s") == MISSING, FAR, book.jobs.ms("ended_at_s")), book.job, FAR)
    final = attempts.among("outcome", "succeeded", "timed_out", "terminated")
    is_last = take(book.last, book.job, -1) == np.arange(len(attempts))
    wrong = (book.end_ms > ended) | (final & (~is_last | (book.end_ms != ended)))
    return attempts.rows(wrong & (book.job >= 0))


@invariant("N45b")
def cancel_stops_no_container(book: Book) -> pd.DataFrame:
    """Cancel ends only jobs that are SUBMITTED, PENDING or RUNNABLE: it stops no container."""
    stopped = book.attempts.among("outcome", "terminated") & (book.job >= 0)
    cancelled, terminated = (_acted_on(book, stopped, deed) for deed in ("cancel", "terminate"))
    return book.attempts.rows(cancelled & ~terminated)


def _acted_on(book: Book, rows: Bools, deed: str) -> Bools:
    """Which of the attempts ended at the instant of an action of the file on their job, or on its array or entry."""
    found = np.zeros(len(rows), np.bool_)
    for action in book.settings.actions:
        if deed in action:
            hit = np.flatnonzero(rows & (book.end_ms == at_ms(action)))
            target = action[deed]
            names = book.jobs.text_of("job_id", book.job[hit])
            found[hit] |= np.array([target in (name, name.rsplit(":", 1)[0]) for name in names], np.bool_)
    return found


INVARIANTS = (
    instants_follow_the_states,
    states_agree_with_instants,
    phases_are_in_order,
    only_fargate_provisions,
    outcomes_agree_with_phases,
    ends_are_told,
    created_with_the_call,
    attempts_are_numbered,
    attempts_do_not_overlap,
    first_attempt_follows_release,
    terminated_is_final,
    cancel_stops_no_container,
)
