"""What holds jobs back by rule: launch and dispatch rates, quotas, outages, 14 days of Fargate, memory, SUBMITTED."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, sums, take
from batchsim.analysis.invariants.names import lookup
from batchsim.analysis.invariants.references import FARGATE, RETIRED
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, duration_ms
from batchsim.analysis.invariants.sweep import levels
from batchsim.analysis.typed import MISSING, NO_ROWS, Bools, Int64s
from batchsim.units import DURATION_MS, parse_rate_per_s

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
TOO_MANY_SUBMITTED = "Too many jobs in the SUBMITTED state"


@invariant("Q01")
def fargate_launches_within_their_rate(book: Book) -> pd.DataFrame:
    """Fargate, and Fargate Spot, launch no more tasks than a full bucket and its refill permit, at any time."""
    burst, rate = int(book.settings.world("fargate_burst")), parse_rate_per_s(book.settings.world("fargate_rate"))
    bad = [_over_rate(book, book.attempts.among("environment_kind", kind), burst, rate) for kind in FARGATE]
    return book.attempts.rows(np.concatenate(bad))


@invariant("Q02")
def dispatches_within_their_rate(book: Book) -> pd.DataFrame:
    """No more jobs start in an environment on instances than dispatch_rate_ec2 permits, a second's worth at once."""
    given, attempts = book.settings.world("dispatch_rate_ec2"), book.attempts
    if given is None or given == "unlimited":
        return NO_ROWS
    rate = parse_rate_per_s(given)
    batch = [name for name in attempts.words("environment") if book.settings.platform(name) != "no_queue"]
    hosted = ~attempts.among("environment_kind", *FARGATE)
    bad = [_over_rate(book, hosted & attempts.among("environment", name), max(1, int(rate)), rate) for name in batch]
    return attempts.rows(np.concatenate((np.zeros(0, np.int64), *bad)))


def _over_rate(book: Book, chosen: Bools, burst: int, rate_per_s: Fraction) -> Int64s:
    """Attempts whose start is one too many for a token bucket: starts less refill never rise by more than the burst."""
    rows = np.flatnonzero(chosen)
    at = book.attempts.ms("starting_at_s")[rows]
    order = np.argsort(at, kind="stable")
    each = 1000 * rate_per_s.denominator
    ahead = np.arange(len(rows)) * each - at[order] * rate_per_s.numerator
    return rows[order[ahead - np.minimum.accumulate(ahead) + each > burst * each]] if len(rows) else rows


@invariant("Q03")
def fargate_stays_within_its_quota(book: Book) -> pd.DataFrame:
    """The vCPUs of all Fargate tasks of a purchase option never exceed the account's quota when one starts."""
    attempts, bad = book.attempts, [np.zeros(0, np.int64)]
    for kind, option in zip(FARGATE, ("on_demand", "spot"), strict=True):
        quota = _quota(book, option)
        rows = np.flatnonzero(attempts.among("environment_kind", kind))
        if quota is None or not len(rows):
            continue
        starts, milli = attempts.ms("starting_at_s")[rows], attempts.milli("vcpus")[rows]
        at, rank = np.concatenate((book.end_ms[rows], starts)), np.repeat((0, 1), len(rows))
        total = levels(np.zeros(len(at), np.int64), at, rank, np.concatenate((-milli, milli)))
        over = total.row[total.level > quota * 1000]
        bad.append(rows[over[over >= len(rows)] - len(rows)])
    return attempts.rows(np.concatenate(bad))


def _quota(book: Book, option: str) -> int | None:
    given = book.settings.world("fargate_vcpu_quota")
    given = given.get(option, "unlimited") if isinstance(given, dict) else given
    return {"unlimited": None, "new_account": 6}[given] if isinstance(given, str) else int(given)


@invariant("Q04")
def fargate_ends_tasks_at_its_limit(book: Book) -> pd.DataFrame:
    """No Fargate task runs longer than fargate_max_days, and only one that ran so long ends for maintenance.

    One that is being stopped then has its time to stop.
    """
    attempts = book.attempts
    running, fargate = attempts.ms("running_at_s"), attempts.among("environment_kind", *FARGATE)
    limit_ms = round(float(book.settings.world("fargate_max_days")) * DURATION_MS["d"])
    ran = np.where(running == MISSING, 0, book.end_ms - running)
    retired = attempts.among("status_reason", RETIRED)
    wrong = retired & ~(fargate & (ran == limit_ms) & attempts.among("outcome", "failed"))
    stopping = attempts.among("outcome", "terminated", "timed_out", "reclaimed")
    most_ms = limit_ms + np.where(stopping, book.settings.duration_ms("stop_timeout"), 0)
    return attempts.rows(wrong | (fargate & (ran > most_ms) if limit_ms else retired))


@invariant("Q05")
def outages_stop_fargate_spot(book: Book) -> pd.DataFrame:
    """No Fargate Spot task starts while world.fargate_spot_outages says that there is no capacity."""
    spot, starts = book.attempts.among("environment_kind", FARGATE[1]), book.attempts.ms("starting_at_s")
    during = np.zeros(len(starts), np.bool_)
    for window in book.settings.world("fargate_spot_outages"):
        begin, length = duration_ms("from", window["from"]), duration_ms("for", window["for"])
        during |= (starts >= begin) & (starts < begin + length)
    return book.attempts.rows(spot & during)


@invariant("Q06")
def only_memory_kills_for_memory(book: Book) -> pd.DataFrame:
    """A container is killed for its memory (137) only where world.oom_prob lets it be, or its own entry says so."""
    attempts, entries = book.attempts, book.settings.entries
    said = [name for name in book.jobs.words("entry") if OUT_OF_MEMORY in str(entries.get(name))]
    own = np.append(book.jobs.among("entry", *said), False)[book.job]
    killed = attempts.among("reason", OUT_OF_MEMORY) & ~own
    right = ~attempts.among("outcome", "succeeded") & (attempts.number("exit_code") == 137)  # on its way to a stop, too
    return attempts.rows(killed & ~right if book.settings.world("oom_prob") else killed)


@invariant("Q07")
def submitted_jobs_are_limited(book: Book) -> pd.DataFrame:
    """Between two looks of the scheduler no more jobs are accepted than may be SUBMITTED, nor one refused that fits."""
    calls, settings = book.submissions, book.settings
    refused = calls.among("reason", TOO_MANY_SUBMITTED)
    if not settings.world("strict_limits"):
        return calls.rows(refused)
    created, size = calls.ms("created_at_s"), calls.number("size")
    limit, taken = int(settings.world("submitted_limit")), np.flatnonzero(created != MISSING)
    look = _look(book, created[taken])
    order = np.argsort(look, kind="stable")
    looks, first = np.unique(look[order], return_index=True)
    total = np.add.reduceat(size[taken][order], first) if len(first) else np.zeros(0, np.int64)
    over = np.isin(look, looks[total > limit])
    most = int(total.max(initial=0))
    return calls.rows(np.concatenate((taken[over], np.flatnonzero(refused & (size + most <= limit)))))


def _look(book: Book, at_ms: Int64s) -> Int64s:
    """When the scheduler looks at what is submitted at these instants."""
    try:
        cycle = book.settings.duration_ms("scheduler_cycle")
    except CannotTellError:
        cycle = 0
    return -(-at_ms // cycle) * cycle if cycle else at_ms


@invariant("Q08")
def no_windows_on_fargate_spot(book: Book) -> pd.DataFrame:
    """No Windows task runs on Fargate Spot."""
    jobs, definitions = book.jobs, book.settings.definitions
    windows = [name for name in jobs.words("definition") if _is_windows(definitions.get(name, {}))]
    those = np.append(jobs.among("definition", *windows), False)[book.job]
    return book.attempts.rows(those & book.attempts.among("environment_kind", FARGATE[1]))


@invariant("Q09")
def every_refused_call_is_a_record(book: Book) -> pd.DataFrame:
    """Each call of a submission but the one that was taken has its row in rejections, in the order of the calls."""
    calls, refused = book.submissions, book.rejections
    expected = calls.number("calls") - (calls.ms("created_at_s") != MISSING)
    if not len(refused):
        return calls.rows(expected > 0)
    call = lookup(refused, "job_id", calls, "job_id")
    found = sums(call[call >= 0], np.ones(int((call >= 0).sum()), np.int64), len(calls))
    if (wrong := found != expected).any():
        return calls.rows(wrong)
    order = np.lexsort((refused.number("call"), call))
    number, at = refused.number("call")[order], refused.ms("at_s")[order]
    first = np.append(True, call[order][1:] != call[order][:-1])
    late = np.append(False, at[1:] <= at[:-1]) & ~first
    counted = np.where(first, number != 1, np.append(0, np.diff(number)) != 1)
    return refused.rows(order[counted | late | (at < take(calls.ms("due_at_s"), call)[order])])


def _is_windows(definition: Mapping[str, Any]) -> bool:
    platform = (definition.get("containerProperties") or {}).get("runtimePlatform") or {}
    return str(platform.get("operatingSystemFamily", "")).upper().startswith("WINDOWS")


INVARIANTS = (
    fargate_launches_within_their_rate,
    dispatches_within_their_rate,
    fargate_stays_within_its_quota,
    fargate_ends_tasks_at_its_limit,
    outages_stop_fargate_spot,
    only_memory_kills_for_memory,
    submitted_jobs_are_limited,
    no_windows_on_fargate_spot,
    every_refused_call_is_a_record,
)
