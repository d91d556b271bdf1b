"""Blocked heads are told of when they are due, for a reason that the other tables bear out, and cancelled by limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import valid, vcpu_bound
from batchsim.analysis.invariants.faults import stalled_ms
from batchsim.analysis.invariants.lines import steps
from batchsim.analysis.invariants.names import lookup
from batchsim.analysis.invariants.order import is_strict
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import ascending, last_at
from batchsim.analysis.invariants.timeline import waits_of
from batchsim.analysis.typed import MISSING, NO_ROWS, Bools, Int64s

CANCELLED = "Canceled by JobStateTimeLimit action due to reason: "
CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
TOO_WIDE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
NEVER_STARTS = ("nothing_fits", "over_max_resource")
PASSING = ("empty", "instance_booting", "launch_rate", "scheduler_cycle", "client_backoff")
"""Reasons of the timeline for which no head is blocked."""


@invariant("H01")
def blocked_heads_are_told_when_due(book: Book) -> pd.DataFrame:
    """A head is told of ``block_detect`` after it was blocked, within a scheduler cycle, and waited all the while."""
    table = book.blocked
    if not len(table):
        return NO_ROWS
    head, at, until = _instants(book)
    late = at - head - book.settings.duration_ms("block_detect")
    wrong = (late < 0) | (late > book.settings.duration_ms("scheduler_cycle")) | (until < at)
    wrong |= lookup(table, "job_id", book.jobs, "job_id") < 0
    return table.rows(wrong | ~_waited(book, head, until))


@invariant("H02")
def nobody_overtakes_a_blocked_head(book: Book) -> pd.DataFrame:
    """While a head blocks its queue no job that waited behind it starts, and the timeline tells of no passing wait.

    Of FIFO queues; and not where the world lets jobs pass a head.
    """
    table = book.blocked
    if not len(table) or not is_strict(book):
        return NO_ROWS
    head, at, until = _instants(book)
    wrong, starting = np.zeros(len(table), np.bool_), book.attempts.ms("starting_at_s")
    # Whoever comes in before it (a retried job, one that was submitted earlier) may start in the next pass.
    waited = starting - book.attempts.ms("runnable_at_s") > book.settings.duration_ms("scheduler_cycle")
    for queue in table.words("queue"):
        if book.settings.fair_share(queue) is not None:
            continue
        mine = np.flatnonzero(table.among("queue", queue))
        started = np.sort(starting[waited & book.attempts.among("queue", queue)])
        began = np.searchsorted(started, until[mine], "left") > np.searchsorted(started, head[mine], "right")
        wrong[mine] = began | (_passes(book, queue, head[mine], at[mine]) & (at[mine] > head[mine]))
    return table.rows(wrong)


def _passes(book: Book, queue: str, head_ms: Int64s, at_ms: Int64s) -> Bools:
    """Whether a queue's timeline has a passing reason from some instant (included) to another (excluded)."""
    line = steps(book, queue)
    passing = np.append(0, np.cumsum(book.timeline.among("reason", *PASSING)[line.row]))
    first, behind = last_at(line.at_ms, head_ms), np.searchsorted(line.at_ms, at_ms, "left")
    return np.asarray((first < 0) | (passing[np.maximum(behind, first + 1)] > passing[np.maximum(first, 0)]))


@invariant("H03")
def reasons_of_blocked_heads_are_borne_out(book: Book) -> pd.DataFrame:
    """Why a head is blocked is true: launches failed, the job asks for more than maxvCpus, environments are INVALID."""
    table = book.blocked
    wrong = np.zeros(len(table), np.bool_)
    for row, (queue, reason) in enumerate(_pairs(book)):
        served = book.settings.served_by(queue)
        at = table.ms("head_at_s")[row : row + 1]
        invalid = [not valid(book, name).at(at)[0] for name in served]
        if reason in ("ACTION_REQUIRED", "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS"):
            wrong[row] = not all(invalid)
        elif reason == CAPACITY:
            wrong[row] = not (_has_failed(book, served, int(at[0])) or _has_outages(book, served))
        elif reason == TOO_WIDE:
            wrong[row] = all(invalid) or not _is_too_wide(book, row, served)
    return table.rows(wrong | ~_begins_with_the_reason(book))


def _pairs(book: Book) -> Iterator[tuple[str, str]]:
    table = book.blocked
    return zip(table.text("queue"), table.text("reason"), strict=True) if len(table) else iter(())


def _has_failed(book: Book, environments: tuple[str, ...], at_ms: int) -> bool:
    """Whether launches in one of the environments had failed by then."""
    scaling = book.scaling
    failed = scaling.among("environment", *environments) & (scaling.number("capacity_errors") > 0)
    return bool(np.any(scaling.ms("at_s")[failed] <= at_ms))


def _has_outages(book: Book, environments: tuple[str, ...]) -> bool:
    """Whether Fargate Spot, which one of the environments uses, lacks capacity at times."""
    kinds = [book.settings.resources(name).get("type") for name in environments]
    return bool(book.settings.world("fargate_spot_outages")) and "FARGATE_SPOT" in kinds


def _is_too_wide(book: Book, row: int, environments: tuple[str, ...]) -> bool:
    """Whether the job of a row asks for more vCPUs than any environment may have then."""
    job = lookup(book.blocked, "job_id", book.jobs, "job_id")[row]
    at = book.blocked.ms("head_at_s")[row : row + 1]
    most = [int(vcpu_bound(book, name, "maxvCpus").at(at)[0]) for name in environments]
    return bool(np.append(book.jobs.milli("vcpus"), 0)[job] > 1000 * max(most))


def _begins_with_the_reason(book: Book) -> Bools:
    if not len(book.blocked):
        return np.zeros(0, np.bool_)
    told, reasons = book.blocked.text("status_reason"), book.blocked.text("reason")
    return np.array([text.startswith(f"{code} ") for text, code in zip(told, reasons, strict=True)], np.bool_)


@invariant("H04")
def time_limits_cancel_when_due(book: Book) -> pd.DataFrame:
    """An action cancels a head when it was blocked for ``maxTimeSeconds`` (and told of), never earlier nor later."""
    table = book.blocked
    if not len(table):
        return book.jobs.rows(_by_limit(book))
    head, at, until = _instants(book)
    limits = [_limit_ms(book, queue, reason) for queue, reason in _pairs(book)]
    limit = np.array([MISSING if each is None else each for each in limits], np.int64)
    limited, cancelled = limit != MISSING, table.flag("cancelled")
    due = np.where(limited, np.maximum(head + limit, at), FAR)
    slack = book.settings.duration_ms("scheduler_cycle")
    wrong = (table.ms("limit_s") != limit) | (cancelled & ((until < due) | ~_is_cancelled(book, until)))
    wrong |= until > due + slack
    ours = Counter(table.text("job_id")[cancelled].tolist())
    alone = np.array([ours[job] != 1 for job in book.jobs.text("job_id").tolist()], np.bool_) & _by_limit(book)
    return table.rows(wrong) if wrong.any() else book.jobs.rows(alone)


def _limit_ms(book: Book, queue: str, reason: str) -> int | None:
    """The shortest limit of a queue on a reason."""
    actions: list[Mapping[str, Any]] = list(book.settings.queues[queue].get("jobStateTimeLimitActions") or ())
    limits = [1000 * int(each["maxTimeSeconds"]) for each in actions if each["reason"] == reason]
    return min(limits, default=None)


def _by_limit(book: Book) -> Bools:
    """Jobs that an action cancelled, as they say."""
    told = [word for word in book.jobs.words("reason") if word.startswith(CANCELLED)]
    return book.jobs.among("reason", *told)


def _is_cancelled(book: Book, until_ms: Int64s) -> Bools:
    """Whether each row's job says so itself, with that reason, and ended at that instant."""
    job = lookup(book.blocked, "job_id", book.jobs, "job_id")
    wanted = [CANCELLED + reason for reason in book.blocked.text("reason")]
    reasons = [*book.jobs.text("reason").tolist(), ""]
    says = np.array([reasons[row] == want for row, want in zip(job.tolist(), wanted, strict=True)], np.bool_)
    failed = np.append(book.jobs.among("state", "FAILED"), False)[job]
    return np.asarray(says & failed & (take(book.jobs.ms("ended_at_s"), job) == until_ms))


@invariant("H05")
def heads_that_never_start_are_told_of(book: Book) -> pd.DataFrame:
    """Where nothing can ever hold a FIFO queue's head, and it has one environment, AWS Batch tells of it in time.

    A change of the environment's status is one of the reason, from which on time counts anew. One that needs a
    consumable resource may be short of it as well, in between, and is not judged.
    """
    timeline, bad = book.timeline, [np.zeros(0, np.int64)]
    for queue in timeline.words("queue"):
        served = book.settings.served_by(queue)
        is_fifo = book.settings.fair_share(queue) is None
        if not is_fifo or len(served) != 1 or book.settings.platform(served[0]) != "batch":
            continue
        line = steps(book, queue)
        behind = np.append(line.at_ms[1:], book.horizon_ms)
        unchanged = _longest_part_ms(valid(book, served[0]).at_ms, line.at_ms, behind)
        waited = unchanged - stalled_ms(book, line.at_ms, behind)  # it may go, and no pass see it
        long = waited > book.settings.duration_ms("block_detect") + book.settings.duration_ms("scheduler_cycle")
        needs = take(book.submissions.codes("consumables"), take(book.call, line.head, -1), -1)
        long &= np.array([*(word == "" for word in book.submissions.words("consumables")), True], np.bool_)[needs]
        rows = np.flatnonzero(long & timeline.among("reason", *NEVER_STARTS)[line.row])
        bad.append(line.row[rows[~_is_told(book, queue, line.at_ms[rows], behind[rows])]])
    return timeline.rows(np.unique(np.concatenate(bad)))


def _longest_part_ms(changes_ms: Int64s, from_ms: Int64s, to_ms: Int64s) -> Int64s:
    """How long the longest part of each stretch of time is, cut at the changes within it."""
    first = np.searchsorted(changes_ms, from_ms, "right")
    behind = np.searchsorted(changes_ms, to_ms, "left")
    longest = to_ms - from_ms
    for row in np.flatnonzero(first < behind):
        cuts = changes_ms[first[row] : behind[row]]
        longest[row] = np.diff(np.concatenate(([from_ms[row]], cuts, [to_ms[row]]))).max()
    return longest


def _is_told(book: Book, queue: str, from_ms: Int64s, to_ms: Int64s) -> Bools:
    """Whether some head of a queue was told of in each stretch, or before it and not taken back until then."""
    if not len(book.blocked):
        return np.zeros(len(from_ms), np.bool_)
    mine = book.blocked.among("queue", queue)
    told, over = np.sort(book.blocked.ms("at_s")[mine]), np.sort(_instants(book)[2][mine])
    return np.asarray(np.searchsorted(told, to_ms, "right") > np.searchsorted(over, from_ms, "right"))


@invariant("H06")
def blocked_jobs_bear_the_reason(book: Book) -> pd.DataFrame:
    """At the end of the run a RUNNABLE job has a statusReason if it still blocks its queue, and no other has one."""
    jobs = book.jobs
    waits = jobs.among("state", "RUNNABLE")
    wanted = dict[str, str]()
    if len(book.blocked):
        lasts = np.flatnonzero(book.blocked.ms("until_s") == MISSING)
        columns = (book.blocked.text(name)[lasts].tolist() for name in ("job_id", "status_reason"))
        wanted = dict(zip(*columns, strict=True))
    rows = np.flatnonzero(waits)
    names, told = jobs.text_of("job_id", rows).tolist(), jobs.text_of("reason", rows).tolist()
    wrong = [row for row, name, text in zip(rows.tolist(), names, told, strict=True) if wanted.pop(name, "") != text]
    wrong += np.flatnonzero(jobs.among("job_id", *wanted)).tolist()
    return jobs.rows(np.array(wrong, np.int64))


@invariant("H07")
def blocked_heads_are_counted(book: Book) -> pd.DataFrame:
    """The summary counts the heads that were told of, and those that were cancelled, by queue and reason."""
    told = book.summary.get("blocked")
    if told is None:
        return NO_ROWS
    cancelled = book.blocked.flag("cancelled").tolist() if len(book.blocked) else []
    made, ended = (
        Counter(_pairs(book)),
        Counter(pair for pair, gone in zip(_pairs(book), cancelled, strict=True) if gone),
    )
    counted = {(each["queue"], each["reason"]): (each["heads"], each["cancelled"]) for each in told["by_reason"]}
    found = {pair: (made[pair], ended[pair]) for pair in made}
    sums = (told["heads"], told["cancelled"]) == (len(cancelled), sum(cancelled))
    return NO_ROWS if sums and counted == found else pd.DataFrame([{"counted": counted, "found": found}])


def _instants(book: Book) -> tuple[Int64s, Int64s, Int64s]:
    """Since when each head was blocked, when it was told of, and until when it was so, or the horizon."""
    table = book.blocked
    return table.ms("head_at_s"), table.ms("at_s"), book.until_horizon(table.ms("until_s"))


def _waited(book: Book, head_ms: Int64s, until_ms: Int64s) -> Bools:
    """Whether the job of each row waited in one stretch from one instant to the other."""
    job = lookup(book.blocked, "job_id", book.jobs, "job_id")
    waits = waits_of(book, job[job >= 0])
    if len(waits) == 0:
        return np.zeros(len(job), np.bool_)
    span = book.horizon_ms + 1
    keys = waits.job * span + waits.begin_ms
    order = ascending(keys)
    # Of several waits from one instant on, all but the last have no length.
    at = order[np.maximum(np.searchsorted(keys[order], job * span + head_ms, side="right") - 1, 0)]
    same = (waits.job[at] == job) & (waits.begin_ms[at] <= head_ms)
    return np.asarray(same & (waits.end_ms[at] >= until_ms))


INVARIANTS = (
    blocked_heads_are_told_when_due,
    nobody_overtakes_a_blocked_head,
    reasons_of_blocked_heads_are_borne_out,
    time_limits_cancel_when_due,
    heads_that_never_start_are_told_of,
    blocked_jobs_bear_the_reason,
    blocked_heads_are_counted,
)
