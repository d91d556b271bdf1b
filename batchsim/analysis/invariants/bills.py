"""Every bill anew from on-times, sizes and prices, and who of an instance's jobs pays what of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, first_match, sums, with_default
from batchsim.analysis.invariants.exact import half_even
from batchsim.analysis.invariants.faults import may_not_register
from batchsim.analysis.invariants.names import lookup, run_starts, spread
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.typed import MISSING, NO_ROWS, Bools, Int64s, Table

S_PER_H = 3_600
MONTH_S = 730 * S_PER_H
FIRST_HOUR_MS = 3_600_000
INCLUDED_GIB = 20
"""Ephemeral storage that comes with a Fargate task (fact sheet, 6.2)."""


def billed_seconds(on_ms: Int64s) -> Int64s:
    """Whole seconds, rounded up, at least 60; none for what was never on (fact sheet, sections 6.3 and 7)."""
    return np.where(on_ms > 0, np.maximum(60, -(-on_ms // 1000)), 0)


def instance_on_ms(book: Book) -> Int64s:
    """How long each instance was billed for, before rounding."""
    billed = book.instances.ms("billed_from_s")
    gone = book.until_horizon(book.instances.ms("ended_at_s"))
    return np.where(billed == MISSING, 0, np.maximum(gone - billed, 0))


@invariant("I19")
def billing_starts_on_time(book: Book) -> pd.DataFrame:
    """An instance is billed from the instant that bill_from says, between its launch and READY.

    X04 judges those that a fault keeps from registering. One that ends as its bill begins is billed for no time.
    """
    instances = book.instances
    billed, launched, ready = (instances.ms(name) for name in ("billed_from_s", "launched_at_s", "ready_at_s"))
    rule = book.settings.world("bill_from")
    wrong = (billed != MISSING) & ((billed < launched) | ((ready != MISSING) & (billed > ready)))
    exact = {"launch": launched, "ready": ready}.get(rule)
    if exact is not None:
        wrong |= (billed != exact) & ~((billed == MISSING) & (exact > book.horizon_ms))
        wrong &= (ready != MISSING) | ~(
            may_not_register(book) | (billed == book.until_horizon(instances.ms("ended_at_s")))
        )
    return instances.rows(wrong | ((ready != MISSING) & ((ready < launched) | (billed == MISSING))))


@invariant("I22")
def instances_are_billed_right(book: Book) -> pd.DataFrame:
    """billed_s is an instance's on-time rounded up to seconds, at least 60.

    Compute = billed_s x price, unless waived.
    """
    instances = book.instances
    seconds = billed_seconds(instance_on_ms(book))
    compute = half_even((seconds, instances.number("price_nano_usd_per_h")), S_PER_H)
    free = _waived(book)
    wrong = known(instances.number("billed_s")) != seconds
    wrong |= known(instances.nano("compute_usd")) != np.where(free, 0, compute)
    return instances.rows(wrong | (known(instances.nano("waived_usd")) != np.where(free, compute, 0)))


def _waived(book: Book) -> Bools:
    """Instances that EC2 took back within their first hour, where that is free (fact sheet, section 7)."""
    instances = book.instances
    taken = instances.among("why_ended", "spot_reclaim")
    return taken & instances.flag("first_hour_free") & (instance_on_ms(book) < FIRST_HOUR_MS)


def known(column: Int64s) -> Int64s:
    """An empty bill is a bill of nothing."""
    return with_default(column, 0)


@invariant("I22b")
def root_volumes_are_billed_right(book: Book) -> pd.DataFrame:
    """EBS is billed for the same seconds, never waived; an instance costs compute + EBS."""
    instances = book.instances
    seconds = billed_seconds(instance_on_ms(book))
    ebs = half_even(
        (seconds, instances.milli("root_gb"), instances.number("gp3_nano_usd_per_gb_month")), MONTH_S * 1000
    )
    wrong = known(instances.nano("ebs_usd")) != ebs
    total = known(instances.nano("compute_usd")) + ebs
    return instances.rows(wrong | (known(instances.nano("cost_usd")) != total))


@invariant("I22c")
def on_demand_equivalent_is_right(book: Book) -> pd.DataFrame:
    """The On-Demand equivalent of an instance is billed_s x the On-Demand price + EBS; On-Demand pays that price."""
    instances = book.instances
    list_price = instances.number("on_demand_nano_usd_per_h")
    compute = half_even((billed_seconds(instance_on_ms(book)), list_price), S_PER_H)
    wrong = known(instances.nano("on_demand_usd")) != compute + known(instances.nano("ebs_usd"))
    return instances.rows(wrong | (~instances.flag("spot") & (instances.number("price_nano_usd_per_h") != list_price)))


@invariant("I22d")
def first_hour_rule_is_the_scenarios(book: Book) -> pd.DataFrame:
    """The first-hour rule is the scenario's, the same for every instance."""
    return book.instances.rows(book.instances.flag("first_hour_free") != bool(book.settings.world("first_hour_free")))


@invariant("N35b")
def fargate_is_billed_right(book: Book) -> pd.DataFrame:
    """A Fargate attempt is billed for its size from the image pull to its end, per second, at least 60.

    Extra costs come on top.
    """
    attempts = book.attempts
    rows = np.flatnonzero(attempts.among("environment_kind", *FARGATE))
    seconds = billed_seconds(_pull_to_end(book)[rows])
    rates = [known(attempts.number(f"{name}_nano_usd_per_{unit}"))[rows] for name, unit in FARGATE_RATES]
    extra = np.maximum(attempts.number("ephemeral_gib")[rows] - INCLUDED_GIB, 0)
    cost = known(attempts.nano("extra_usd"))[rows]
    cost = cost + half_even((seconds, attempts.milli("vcpus")[rows], rates[0]), S_PER_H * 1000)
    cost = cost + half_even((seconds, attempts.number("memory_mib")[rows], rates[1]), S_PER_H * 1024)
    cost = cost + half_even((seconds, extra, rates[2]), S_PER_H)
    wrong = (known(attempts.number("billed_s"))[rows] != seconds) | (known(attempts.nano("cost_usd"))[rows] != cost)
    return attempts.rows(rows[wrong])


FARGATE_RATES = (("vcpu", "h"), ("gib", "h"), ("storage", "gib_h"))
"""What Fargate charges for, and the end of its price's name."""


def _pull_to_end(book: Book) -> Int64s:
    pull = book.attempts.ms("pull_at_s")
    return np.where(pull == MISSING, 0, book.end_ms - pull)


@invariant("B01")
def jobs_pay_for_their_attempts(book: Book) -> pd.DataFrame:
    """A job's own cost is the sum of its attempts' costs."""
    rows = np.flatnonzero(book.job >= 0)
    own = sums(book.job[rows], known(book.attempts.nano("cost_usd"))[rows], len(book.jobs))
    return book.jobs.rows(own != known(book.jobs.nano("cost_usd")))


def capacity_costs(book: Book) -> Int64s:
    """What each attempt costs without extra costs."""
    return known(book.attempts.nano("cost_usd")) - known(book.attempts.nano("extra_usd"))


@invariant("B02")
def attempts_pay_within_the_bill(book: Book) -> pd.DataFrame:
    """The attempts on an instance pay no more than its compute bill, and nothing is negative."""
    rows, instances = np.flatnonzero(book.on_host), book.instances
    cost = capacity_costs(book)
    if (cost < 0).any():
        return book.attempts.rows(cost < 0)
    own = sums(book.host[rows], cost[rows], len(instances))
    return instances.rows(own > known(instances.nano("compute_usd")))


@invariant("B03")
def attempts_pay_their_share(book: Book) -> pd.DataFrame:
    """An attempt pays for its share of the instance from STARTING to its end.

    To the nano-dollar of each of its phases.
    """
    rows = np.flatnonzero(book.on_host)
    host, cost = book.host[rows], capacity_costs(book)[rows]
    price = np.where(_waived(book), 0, book.instances.number("price_nano_usd_per_h"))[host]
    held_ms = (book.end_ms - book.attempts.ms("starting_at_s"))[rows]
    fair = _share(book, rows) * price * held_ms / (S_PER_H * 1000)
    return book.attempts.rows(rows[np.abs(cost - fair) > ROUNDINGS + 1e-12 * fair])


ROUNDINGS = 5.0
"""Nano-dollars: an attempt's cost is the sum of at most four phases, each rounded as a difference of running totals."""


def _share(book: Book, rows: Int64s) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean of vCPU and usable memory shares; thirds with GPUs."""
    attempts, instances, host = book.attempts, book.instances, book.host[rows]
    vcpus = attempts.milli("vcpus")[rows] / (1000 * instances.number("vcpus")[host])
    memory = attempts.number("memory_mib")[rows] / instances.number("memory_mib")[host]
    gpus = instances.number("gpus")[host]
    of_gpus = np.where(gpus > 0, attempts.number("gpus")[rows] / np.maximum(gpus, 1), 0.0)
    share: np.ndarray[tuple[int], np.dtype[np.float64]] = (vcpus + memory + of_gpus) / np.where(gpus > 0, 3, 2)
    return share


@invariant("B04")
def loaded_costs_more(book: Book) -> pd.DataFrame:
    """The loaded cost of a job is at least its own."""
    return book.jobs.rows(known(book.jobs.nano("cost_loaded_usd")) < known(book.jobs.nano("cost_usd")))


@invariant("B05")
def cost_rows_add_up(book: Book) -> pd.DataFrame:
    """The rows of the costs table add up to each bill: by instance and charge, by attempt, waived likewise."""
    costs, instances = book.costs, book.instances
    if costs is None:
        return NO_ROWS
    host = lookup(costs, "instance", instances, "instance")
    wrong = np.zeros(len(instances), np.bool_)
    for charge, bill, column in (
        ("compute", "compute_usd", "cost_usd"),
        ("ebs", "ebs_usd", "cost_usd"),
        ("compute", "waived_usd", "waived_usd"),
    ):
        rows = np.flatnonzero(costs.among("charge", charge) & (host >= 0))
        wrong |= sums(host[rows], costs.nano(column)[rows], len(instances)) != known(instances.nano(bill))
    return instances.rows(wrong)


@invariant("B05b")
def cost_rows_add_up_to_attempts(book: Book) -> pd.DataFrame:
    """The rows of the costs table that name an attempt add up to what that attempt costs."""
    costs, attempts = book.costs, book.attempts
    if costs is None:
        return NO_ROWS
    of_row = attempt_of_row(book)
    own = np.flatnonzero(of_row >= 0)
    paid = sums(of_row[own], costs.nano("cost_usd")[own], len(attempts))
    return attempts.rows(paid != known(attempts.nano("cost_usd")))


def attempt_of_row(book: Book) -> Int64s:
    """The attempt of each row of the costs table, -1 where it names none."""
    costs, attempts = book.costs, book.attempts
    if costs is None:
        return np.zeros(0, np.int64)
    found: Int64s = costs.kept("attempt", "row of attempts", lambda _: _attempts_named(book, costs, attempts))
    return found


def _attempts_named(book: Book, costs: Table, attempts: Table) -> Int64s:
    """Each attempt is looked up once: its rows stand together."""
    job, told, number = book.ids.row_of(costs), costs.number("attempt"), attempts.number("attempt")
    starts, most = run_starts(job, told), int(number.max(initial=0)) + 1
    job, told = job[starts], told[starts]
    wanted = np.where((told >= 0) & (told < most), (job + 1) * most + told, FAR)
    found = np.where(told == MISSING, -1, first_match(wanted, (book.job + 1) * most + number))
    return spread(found, starts, len(costs))


@invariant("B05c")
def only_compute_is_waived(book: Book) -> pd.DataFrame:
    """Nothing but the compute of an instance is ever given away."""
    costs = book.costs
    if costs is None:
        return NO_ROWS
    return costs.rows(~costs.among("charge", "compute") & (costs.nano("waived_usd") != 0))


INVARIANTS = (
    billing_starts_on_time,
    instances_are_billed_right,
    root_volumes_are_billed_right,
    on_demand_equivalent_is_right,
    first_hour_rule_is_the_scenarios,
    fargate_is_billed_right,
    jobs_pay_for_their_attempts,
    attempts_pay_within_the_bill,
    attempts_pay_their_share,
    loaded_costs_more,
    cost_rows_add_up,
    cost_rows_add_up_to_attempts,
    only_compute_is_waived,
)
