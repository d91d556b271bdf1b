"""What CancelJob and TerminateJob do: the actions of the file, and ``cancel_after`` of its entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.dependencies import parents
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import at_ms, duration_ms
from batchsim.analysis.typed import MISSING, Bools, Int64s

REASONS = {"cancel": "Canceled by the user", "terminate": "Terminated by the user"}
"""Status reasons where the action gives none."""
CANCEL_AFTER = "Canceled by cancel_after"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """CancelJob or TerminateJob on some jobs."""

    deed: str
    reason: str
    jobs: Int64s
    at_ms: Int64s
    """For each of them."""


def calls(book: Book) -> list[Call]:
    """Every call, by instant; the file's actions come before ``cancel_after`` of the same instant."""
    found = [*_of_actions(book), *_of_entries(book)]
    return sorted(found, key=lambda call: int(call.at_ms.min(initial=FAR)))


def _of_actions(book: Book) -> Iterator[Call]:
    actions = book.settings.actions
    names = book.jobs.text("job_id") if actions else np.zeros(0, np.object_)
    for action in actions:
        for deed in ("cancel", "terminate"):
            if deed in action:
                jobs = np.flatnonzero(are_named(names, str(action[deed])))
                reason = action.get("reason", REASONS[deed])
                yield Call(deed, reason, jobs, np.full(len(jobs), at_ms(action), np.int64))


def are_named(names: np.ndarray[tuple[int], np.dtype[np.object_]], target: str) -> Bools:
    """Whether each job is the one that an id names, or a call or a child of it."""
    inside = (f"{target}:", f"{target}@")
    return np.array([name == target or name.startswith(inside) for name in names], np.bool_)


def _of_entries(book: Book) -> Iterator[Call]:
    """One call for each instant at which jobs of an entry are given up."""
    created = book.jobs.ms("created_at_s")
    for name, entry in book.settings.entries.items():
        if entry.get("cancel_after") is None:
            continue
        jobs = np.flatnonzero(book.jobs.among("entry", name) & (created != MISSING))
        at = created[jobs] + duration_ms("cancel_after", entry["cancel_after"])
        for instant in np.unique(at).tolist():
            mine = jobs[at == instant]
            yield Call("cancel", CANCEL_AFTER, mine, np.full(len(mine), instant, np.int64))


class _States:
    """What each job of a call was when it came, from the tables' instants."""

    def __init__(self, book: Book, call: Call) -> None:
        jobs = book.jobs
        self.at = call.at_ms
        self.ended = np.where(jobs.ms("ended_at_s") == MISSING, FAR, jobs.ms("ended_at_s"))[call.jobs]
        created, runnable = jobs.ms("created_at_s")[call.jobs], jobs.ms("runnable_at_s")[call.jobs]
        happened = self.at < book.horizon_ms
        # What ends, or begins to wait, in the instant of an action does so before it, or after it: see the model.
        alive = happened & (created != MISSING) & (created < self.at) & (self.ended >= self.at)
        self.open = alive & _is_open(book, call)
        self.pending = alive & ((runnable == MISSING) | (runnable >= self.at))
        self.runnable = alive & ~self.pending & ~self.open & ~_ends_itself(book, call)


def _is_open(book: Book, call: Call) -> Bools:
    """Whether an attempt of each job held its place through the instant."""
    attempts, at = book.attempts, np.full(len(book.jobs), MISSING, np.int64)
    at[call.jobs] = call.at_ms
    mine = take(at, book.job)
    ended = np.where(attempts.ms("ended_at_s") == MISSING, FAR, attempts.ms("ended_at_s"))
    stopped = attempts.among("outcome", "terminated") & (ended == mine)
    rows = np.flatnonzero((mine != MISSING) & (attempts.ms("starting_at_s") < mine) & ((ended > mine) | stopped))
    return np.isin(call.jobs, book.job[rows])


def _ends_itself(book: Book, call: Call) -> Bools:
    """Whether each job ended with its last attempt in this very instant, before the call."""
    last = take(book.end_ms, book.last)[call.jobs]
    ended = book.jobs.ms("ended_at_s")[call.jobs]
    reason = np.asarray([*book.attempts.text("status_reason"), ""], dtype=object)[book.last[call.jobs]]
    return np.asarray((last == ended) & (ended == call.at_ms) & (book.jobs.text("reason")[call.jobs] == reason))


def _first_calls(book: Book) -> Iterator[tuple[Call, _States]]:
    """Each call with the states that it found, of jobs that no earlier call has ended or flagged."""
    done = np.zeros(len(book.jobs), np.bool_)
    for call in calls(book):
        fresh = ~done[call.jobs]
        mine = Call(call.deed, call.reason, call.jobs[fresh], call.at_ms[fresh])
        states = _States(book, mine)
        yield mine, states
        done[mine.jobs[states.pending | states.runnable]] = True


@invariant("K01")
def what_waits_is_cancelled(book: Book) -> pd.DataFrame:
    """CancelJob and TerminateJob end a RUNNABLE job in their instant, FAILED, with the caller's reason."""
    jobs, bad = book.jobs, [np.zeros(0, np.int64)]
    for call, found in _first_calls(book):
        right = (found.ended == found.at) & (jobs.text("reason")[call.jobs] == call.reason)
        right &= jobs.among("state", "FAILED")[call.jobs]
        bad.append(call.jobs[found.runnable & ~right.astype(np.bool_)])
    return jobs.rows(np.unique(np.concatenate(bad)))


@invariant("K02")
def what_is_pending_waits_for_its_dependencies(book: Book) -> pd.DataFrame:
    """A job cancelled while PENDING ends when all that it depends on has ended, with the caller's reason; or at once.

    At once without ``cancel_pending_wait``. Never before its dependencies are looked at (``dep_eval_delay``).
    """
    jobs, bad = book.jobs, [np.zeros(0, np.int64)]
    last = np.full(len(jobs), MISSING, np.int64)
    known = parents(book)
    np.maximum.at(last, known.job, known.end_ms)
    waits = book.settings.world("cancel_pending_wait")
    for call, found in _first_calls(book):
        evaluated = jobs.ms("created_at_s")[call.jobs] + book.settings.duration_ms("dep_eval_delay")
        wanted = np.maximum(np.maximum(call.at_ms, evaluated), last[call.jobs] if waits else MISSING)
        right = (found.ended == np.where(wanted > book.horizon_ms, FAR, wanted)) & ~_was_runnable(book, call)
        right &= (found.ended == FAR) | (jobs.text("reason")[call.jobs] == call.reason).astype(np.bool_)
        bad.append(call.jobs[found.pending & ~right])
    return jobs.rows(np.unique(np.concatenate(bad)))


def _was_runnable(book: Book, call: Call) -> Bools:
    return np.asarray(book.jobs.ms("runnable_at_s")[call.jobs] != MISSING)


@invariant("K03")
def what_runs_is_terminated(book: Book) -> pd.DataFrame:
    """TerminateJob ends what has started: with SIGTERM, or, where containers run on, at the latest with SIGKILL."""
    attempts, bad = book.attempts, [np.zeros(0, np.int64)]
    runs_on = book.settings.world("stopped_when") == "exit"
    grace = book.settings.duration_ms("stop_timeout") if runs_on else 0
    for call in calls(book):
        if call.deed != "terminate":
            continue
        at = np.full(len(book.jobs), FAR, np.int64)
        at[call.jobs] = call.at_ms
        mine = take(at, book.job, FAR)
        held = (attempts.ms("starting_at_s") < mine) & (book.end_ms > mine) & (mine < book.horizon_ms)
        late = book.end_ms > np.minimum(mine + grace, book.horizon_ms)
        otherwise = ~attempts.among("outcome", "terminated", "open") & ~_stopped_before(book, mine)
        bad.append(np.flatnonzero(held & (late | otherwise)))
    return attempts.rows(np.unique(np.concatenate(bad)))


def _stopped_before(book: Book, at: Int64s) -> Bools:
    """Attempts whose timeout had struck by then: they run on to its SIGKILL."""
    limit = take(take(book.submissions.ms("timeout_s"), book.call), book.job)
    return np.asarray((limit != MISSING) & (book.attempts.ms("running_at_s") + limit <= at))


INVARIANTS = (what_waits_is_cancelled, what_is_pending_waits_for_its_dependencies, what_runs_is_terminated)
