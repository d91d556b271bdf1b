"""What each cause of a cost comes to: rebuilt from instants and prices, to the rounding of a running total."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.bills import (
    ROUNDINGS,
    S_PER_H,
    attempt_of_row,
    billed_seconds,
    capacity_costs,
    instance_on_ms,
    known,
)
from batchsim.analysis.invariants.book import Book, sums, take
from batchsim.analysis.invariants.names import lookup
from batchsim.analysis.invariants.progress import cut_short
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.typed import MISSING, Bools, Int64s, Table

MS_PER_H = S_PER_H * 1000
OUTCOMES = {
    "failed_attempts": ("failed", "start_failed"),
    "timed_out_or_cancelled": ("timed_out", "terminated", "succeeded"),
    "lost_to_spot": ("reclaimed", "succeeded"),
}
"""Outcomes of attempts that may have a cost of each cause; SUCCEEDED, where it exited 0 at SIGTERM."""


def _costs(book: Book) -> Table:
    if book.costs is None:
        raise CannotTellError("there is no table of costs")
    return book.costs


def _by_instance(book: Book, *causes: str) -> Int64s:
    """What an instance's compute costs by some causes, what was given away included."""
    costs = _costs(book)
    host = lookup(costs, "instance", book.instances, "instance")
    rows = np.flatnonzero(costs.among("cause", *causes) & costs.among("charge", "compute") & (host >= 0))
    amount = known(costs.nano("cost_usd")) + known(costs.nano("waived_usd"))
    return sums(host[rows], amount[rows], len(book.instances))


def _differ(book: Book, told: Int64s, ms: Int64s, roundings: Any) -> pd.DataFrame:
    """Instances whose cost is not their price times a length of time."""
    wanted = book.instances.number("price_nano_usd_per_h") / MS_PER_H * ms  # a month's product would exceed an int64
    return book.instances.rows(np.abs(told - wanted) > roundings + 1e-12 * wanted)


@invariant("B09")
def boots_cost_their_time(book: Book) -> pd.DataFrame:
    """An instance's boot costs its price from the start of its bill to READY, or to its end if that came first."""
    instances = book.instances
    billed, ready = instances.ms("billed_from_s"), instances.ms("ready_at_s")
    gone = book.until_horizon(instances.ms("ended_at_s"))
    until = np.where((ready == MISSING) | (ready > gone), gone, ready)
    boot = np.where((billed == MISSING) | (billed > until), 0, until - billed)
    return _differ(book, _by_instance(book, "boot"), boot, ROUNDINGS)


@invariant("B09b")
def minimum_charges_are_what_is_rounded_up(book: Book) -> pd.DataFrame:
    """The minimum charge is the price of the seconds that are billed beyond an instance's time."""
    on = instance_on_ms(book)
    return _differ(book, _by_instance(book, "minimum_charge"), billed_seconds(on) * 1000 - on, ROUNDINGS)


@invariant("B09c")
def idle_time_costs_its_price(book: Book) -> pd.DataFrame:
    """Idle gaps, idle tails and what minvCpus keep cost the price of the time in which no job holds an instance."""
    gaps = book.gaps
    idle = sums(gaps.host, gaps.end_ms - gaps.begin_ms, len(book.instances))
    count = np.bincount(gaps.host, minlength=len(book.instances))
    told = _by_instance(book, "idle_gap", "idle_tail", "kept_by_minvcpus")
    return _differ(book, told, idle, ROUNDINGS + count)


@invariant("B10")
def causes_agree_with_outcomes(book: Book) -> pd.DataFrame:
    """The time that an attempt RUNS costs by what became of it: useful, failed, timed out or cancelled, lost, open.

    Saved work is useful if its job SUCCEEDED, and still running while that may be.
    """
    costs, of_row, attempts = _costs(book), attempt_of_row(book), book.attempts
    kept = np.append(attempts.ms("kept_s") > 0, False)[of_row]
    of_job = take(book.job, of_row, -1)
    succeeded = np.append(book.jobs.among("state", "SUCCEEDED"), False)[of_job]
    over = np.append(book.jobs.ms("ended_at_s") != MISSING, False)[of_job]
    cut = np.append(cut_short(book), False)[of_row]

    def ended(*outcomes: str) -> Bools:
        return np.asarray(np.append(attempts.among("outcome", *outcomes), False)[of_row])

    wrong = costs.among("cause", "useful_work") & ~(succeeded & (ended("succeeded") | kept))
    wrong |= costs.among("cause", "still_running") & (over | ~(ended("open") | kept))
    for cause, outcomes in OUTCOMES.items():
        wrong |= costs.among("cause", cause) & ~(ended(*outcomes) & (~ended("succeeded") | cut))
    return costs.rows(wrong & (of_row >= 0))


@invariant("B10b")
def phases_cost_their_time(book: Book) -> pd.DataFrame:
    """An attempt's image pull, and its container's start, cost their part of its time on an instance."""
    attempts, end = book.attempts, book.end_ms
    pull, pulled, running = (
        np.where(attempts.ms(name) == MISSING, end, np.minimum(attempts.ms(name), end))
        for name in ("pull_at_s", "pulled_at_s", "running_at_s")
    )
    whole = np.maximum(end - attempts.ms("starting_at_s"), 1)
    judged = book.on_host & ~_given_away(book)
    wrong = np.zeros(len(attempts), np.bool_)
    for cause, length in (("image_pull", pulled - pull), ("container_start", running - pulled)):
        wanted = capacity_costs(book) * (length / whole)
        wrong |= np.abs(_by_attempt(book, cause) - wanted) > ROUNDINGS + 1e-9 * np.abs(wanted)
    return attempts.rows(judged & wrong)


def _by_attempt(book: Book, *causes: str) -> Int64s:
    costs, of_row = _costs(book), attempt_of_row(book)
    rows = np.flatnonzero(costs.among("cause", *causes) & (of_row >= 0))
    return sums(of_row[rows], known(costs.nano("cost_usd"))[rows], len(book.attempts))


@invariant("B11")
def loaded_costs_are_shared_by_direct_costs(book: Book) -> pd.DataFrame:
    """A job's loaded cost is its own, and its part of what its instances cost beside: by what its attempts cost there.

    Of jobs that had nothing on an instance that was given away.
    """
    instances, jobs, rows = book.instances, book.jobs, np.flatnonzero(book.on_host & (book.job >= 0))
    own = capacity_costs(book)
    direct = sums(book.host[rows], own[rows], len(instances))
    beside = known(instances.nano("cost_usd")) - direct
    part = own[rows] / np.maximum(direct, 1)[book.host[rows]]
    spread = np.bincount(book.job[rows], weights=beside[book.host[rows]] * part, minlength=len(jobs))[: len(jobs)]
    count = np.bincount(book.job[rows], minlength=len(jobs))[: len(jobs)]
    free = np.bincount(book.job[rows], weights=_given_away(book)[rows], minlength=len(jobs))[: len(jobs)]
    told = known(jobs.nano("cost_loaded_usd")) - known(jobs.nano("cost_usd"))
    return jobs.rows((free == 0) & (np.abs(told - spread) > ROUNDINGS + count + 1e-9 * np.abs(spread)))


def _given_away(book: Book) -> Bools:
    """Attempts on an instance whose compute was waived."""
    return np.append(known(book.instances.nano("waived_usd")) > 0, False)[book.host]


@invariant("B11b")
def cost_shares_are_of_the_nominal_size(book: Book) -> pd.DataFrame:
    """A job's cost_share_usd is the greater of its vCPU and its nominal memory share x price x its time RUNNING."""
    instances, attempts, rows = book.instances, book.attempts, np.flatnonzero(book.on_host & (book.job >= 0))
    host = book.host[rows]
    share = np.maximum(
        attempts.milli("vcpus")[rows] / (1000 * instances.number("vcpus")[host]),
        attempts.number("memory_mib")[rows] / instances.number("nominal_memory_mib")[host],
    )
    running = np.where(attempts.ms("running_at_s") == MISSING, book.end_ms, attempts.ms("running_at_s"))
    each = share * instances.number("price_nano_usd_per_h")[host] / MS_PER_H * (book.end_ms - running)[rows]
    wanted = np.bincount(book.job[rows], weights=each, minlength=len(book.jobs))[: len(book.jobs)]
    count = np.bincount(book.job[rows], minlength=len(book.jobs))[: len(book.jobs)]
    off_host = np.bincount(book.job[(book.job >= 0) & ~book.on_host], minlength=len(book.jobs))[: len(book.jobs)]
    told = known(book.jobs.nano("cost_share_usd"))
    return book.jobs.rows((np.abs(told - wanted) > ROUNDINGS + count + 1e-9 * wanted) & (off_host == 0))


INVARIANTS = (
    boots_cost_their_time,
    minimum_charges_are_what_is_rounded_up,
    idle_time_costs_its_price,
    causes_agree_with_outcomes,
    phases_cost_their_time,
    loaded_costs_are_shared_by_direct_costs,
    cost_shares_are_of_the_nominal_size,
)
