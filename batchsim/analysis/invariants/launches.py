"""What keeps launches back: vCPU quotas, bids, pools that a fault emptied, the pause after a scale-in; price steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.faults import selected
from batchsim.analysis.invariants.prices import must_be_at_run_prices, price_at, shocks_of, spot_groups, steps_of
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, duration_ms
from batchsim.analysis.invariants.sweep import levels
from batchsim.analysis.typed import MISSING, Bools, Int64s

NEW_ACCOUNT_VCPUS = 5
"""Of Standard families, On-Demand and Spot; a new account has none of any other class (EC2 User Guide)."""
CLASS_OF_LETTERS = {"g": "g_vt", "gr": "g_vt", "vt": "g_vt", "u": "high_memory"}
OWN_CLASSES = ("p", "f", "inf", "trn", "dl", "x", "hpc")
"""Families whose class has their letters; whatever is in neither is Standard."""


def decided_launches(book: Book) -> Bools:
    """Instances that a scaler launched: no replacements of a fault, nor what a fleet lists."""
    instances = book.instances
    listed = [name for name in instances.words("environment") if book.settings.fleet(name)]
    return ~instances.among("why_launched", "replacement") & ~instances.among("environment", *listed)


@invariant("N55")
def launches_keep_to_the_quota(book: Book) -> pd.DataFrame:
    """With each launch, the vCPUs on and booting of its class and purchase option are within the account's quota."""
    instances = book.instances
    wrong = np.zeros(len(instances), np.bool_)
    for (spot, name), rows in _rows_by_class(book).items():
        limit = _quota(book, name, spot)
        if limit is not None:
            wrong[rows] = on_before(book, rows) + instances.number("vcpus")[rows] > limit
    return instances.rows(wrong & decided_launches(book))


def _quota(book: Book, name: str, spot: bool) -> int | None:
    """The quota of a class; None where there is none."""
    given = book.settings.world("ec2_vcpu_quota")
    if given == "new_account":
        return NEW_ACCOUNT_VCPUS if name == "standard" else 0
    quotas = given if isinstance(given, Mapping) else {}
    limit: int | None = (quotas.get("spot" if spot else "on_demand") or {}).get(name)
    return limit


def quota_class(type_: str) -> str:
    """The class that EC2 counts a type in."""
    found = re.match("[a-z]*", type_)
    letters = found[0] if found else ""
    return CLASS_OF_LETTERS.get(letters, letters if letters in OWN_CLASSES else "standard")


def _rows_by_class(book: Book) -> dict[tuple[bool, str], Int64s]:
    instances = book.instances
    classes = np.array([*map(quota_class, instances.words("type")), ""], dtype=object)[instances.codes("type")]
    spot = instances.flag("spot")
    keys = {(bool(option), str(name)) for option, name in zip(spot.tolist(), classes.tolist(), strict=True)}
    return {(option, name): np.flatnonzero((spot == option) & (classes == name)) for option, name in sorted(keys)}


def on_before(book: Book, rows: Int64s, weight: Int64s | None = None) -> Int64s:
    """vCPUs (or whatever is weighed) of these instances just before each launch; what ends in its instant is gone."""
    instances = book.instances
    ended, launched = instances.ms("ended_at_s")[rows], instances.ms("launched_at_s")[rows]
    each = instances.number("vcpus")[rows] if weight is None else weight
    gone = np.flatnonzero(ended != MISSING)
    at, rank = np.concatenate((ended[gone], launched)), np.repeat((0, 1), (len(gone), len(rows)))
    total = levels(np.zeros(len(at), np.int64), at, rank, np.concatenate((-each[gone], each)))
    before = np.empty(len(at), np.int64)
    before[total.row] = total.before()
    return before[len(gone) :]


@invariant("N56")
def nothing_is_launched_in_an_emptied_pool(book: Book) -> pd.DataFrame:
    """While a fault leaves only so many instances, or vCPUs, of what it selects, none is launched beyond them."""
    instances = book.instances
    wrong = np.zeros(len(instances), np.bool_)
    for fault in book.settings.faults:
        if fault.get("kind") not in ("capacity", "quota"):
            continue
        by_vcpus = fault["kind"] == "quota"
        rows = np.flatnonzero(selected(book, fault.get("select") or {}))
        launched, start = instances.ms("launched_at_s")[rows], duration_ms("at", fault["at"])
        within = launched >= start
        if fault.get("for") is not None:
            within &= launched < start + duration_ms("for", fault["for"])
        each = instances.number("vcpus")[rows] if by_vcpus else np.ones(len(rows), np.int64)
        most = int(fault["vcpus"] if by_vcpus else fault.get("capacity", 0))
        wrong[rows[within & (on_before(book, rows, each) + each > most)]] = True
    return instances.rows(wrong & decided_launches(book))


# -- bids and price steps


@invariant("N57")
def launches_are_below_the_bid(book: Book) -> pd.DataFrame:
    """A Spot instance is launched only while its price is below bidPercentage of On-Demand."""
    instances = book.instances
    price = _launch_prices(book)
    most = np.array([*map(_bid(book), instances.words("environment")), 100], np.int64)
    bid = most[instances.codes("environment")] * instances.number("on_demand_nano_usd_per_h")
    above = (price != MISSING) & (price * 100 >= bid)
    return instances.rows(instances.flag("spot") & above & decided_launches(book))


@invariant("N57b")
def ec2_interrupts_above_the_bid(book: Book) -> pd.DataFrame:
    """When a price step exceeds the bid of a Spot instance that is on, the instance has its notice by then."""
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    launched, notice = instances.ms("launched_at_s"), instances.ms("notice_at_s")
    gone = book.until_horizon(instances.ms("ended_at_s"))
    bid_of = _bid(book)
    for type_, environment, rows in spot_groups(book):
        steps = steps_of(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        most = bid_of(environment) * int(instances.number("on_demand_nano_usd_per_h")[rows[0]])
        for at, price in steps if not book.settings.fleet(environment) else ():
            if price * 100 > most:
                on = (launched[rows] < at) & (at < gone[rows])
                wrong[rows[on & ((notice[rows] == MISSING) | (notice[rows] > at))]] = True
    return instances.rows(wrong)


def _bid(book: Book) -> Callable[[str], int]:
    return lambda name: int(book.settings.resources(name).get("bidPercentage") or 100)


def _launch_prices(book: Book) -> Int64s:
    """The Spot price when each instance was launched; missing where the scenario does not say, or On-Demand."""
    must_be_at_run_prices(book)
    if book.settings.world("spot_price_sigma"):
        raise CannotTellError("world.spot_price_sigma is random")
    instances = book.instances
    found = np.full(len(instances), MISSING, np.int64)
    launched, price = instances.ms("launched_at_s"), instances.number("price_nano_usd_per_h")
    for type_, _, rows in spot_groups(book):
        steps = steps_of(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        known = rows[launched[rows] >= steps[0][0]] if steps else rows[:0] if shocks_of(book, type_) else rows
        found[known] = [price_at(steps, at) for at in launched[known].tolist()] if steps else price[known]
    return found


# -- after a scale-in


@invariant("N58")
def nothing_is_launched_right_after_a_scale_in(book: Book) -> pd.DataFrame:
    """No instance is launched within post_scale_in_cooldown after its environment scaled in, but for desiredvCpus."""
    pause_ms, instances = book.settings.duration_ms("post_scale_in_cooldown"), book.instances
    scaled_in, launched = instances.among("why_ended", "scale_in"), instances.ms("launched_at_s")
    wrong = np.zeros(len(instances), np.bool_)
    for name in instances.words("environment") if pause_ms else ():
        mine = instances.among("environment", name)
        ends = np.sort(instances.ms("ended_at_s")[mine & scaled_in])
        last = np.searchsorted(ends, launched, side="left") - 1
        since = np.where(last >= 0, launched - np.append(ends, 0)[last], pause_ms)
        wrong |= mine & (since < pause_ms)
    return instances.rows(wrong & decided_launches(book) & ~instances.among("why_launched", "desiredvCpus"))


INVARIANTS = (
    launches_keep_to_the_quota,
    nothing_is_launched_in_an_emptied_pool,
    launches_are_below_the_bid,
    ec2_interrupts_above_the_bid,
    nothing_is_launched_right_after_a_scale_in,
)
