"""What keeps launches back: vCPU quotas, bids, pools that a fault emptied, the pause after a scale-in; price steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.faults import selected
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, duration_ms
from batchsim.analysis.invariants.sweep import levels
from batchsim.analysis.invariants.table import MISSING, Bools, Int64s
from batchsim.units import parse_usd_per_h_nano

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
    for type_, environment, rows in _spot_groups(book):
        steps = _steps(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        most = bid_of(environment) * int(instances.number("on_demand_nano_usd_per_h")[rows[0]])
        for at, price in steps if not book.settings.fleet(environment) else ():
            if price * 100 > most:
                on = (launched[rows] < at) & (at < gone[rows])
                wrong[rows[on & ((notice[rows] == MISSING) | (notice[rows] > at))]] = True
    return instances.rows(wrong)


@invariant("I22e")
def spot_pays_the_mean_price(book: Book) -> pd.DataFrame:
    """An instance whose Spot price changes is billed at its mean over the billed time, to the nano-dollar an hour."""
    must_be_at_run_prices(book)
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    billed, gone = instances.ms("billed_from_s"), book.until_horizon(instances.ms("ended_at_s"))
    for type_, _, rows in _spot_groups(book):
        steps = _steps(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        for row in rows.tolist() if steps else ():
            start, end = int(billed[row]), int(gone[row])
            if billed[row] != MISSING and start >= steps[0][0] and end > start:
                wrong[row] = int(instances.number("price_nano_usd_per_h")[row]) != _mean(steps, start, end)
    return instances.rows(wrong)


def must_be_at_run_prices(book: Book) -> None:
    """Raise where the bills are at other prices than those of the run."""
    if (book.summary.get("run") or {}).get("repriced"):
        raise CannotTellError("the run was repriced")


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
    for type_, _, rows in _spot_groups(book):
        steps = _steps(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        known = rows[launched[rows] >= steps[0][0]] if steps else rows
        found[known] = [_at(steps, at) for at in launched[known].tolist()] if steps else price[known]
    return found


def _spot_groups(book: Book) -> Iterator[tuple[str, str, Int64s]]:
    """(type, environment, its Spot instances)."""
    instances, spot = book.instances, book.instances.flag("spot")
    for type_ in instances.words("type"):
        for environment in instances.words("environment"):
            rows = np.flatnonzero(spot & instances.among("type", type_) & instances.among("environment", environment))
            if len(rows):
                yield type_, environment, rows


Steps = Sequence[tuple[int, int]]
"""(instant in ms, nano-dollars an hour)."""


def _steps(book: Book, type_: str, on_demand: int) -> Steps:
    """What ``world.spot_prices`` says of a type: its own steps, else its family's, else the default."""
    prices = book.settings.world("spot_prices")
    given = next((prices[word] for word in (type_, type_.partition(".")[0], "default") if word in prices), ())
    return [(duration_ms("at", step["at"]), _price(step, on_demand)) for step in given]


def _price(step: Mapping[str, Any], on_demand: int) -> int:
    if step.get("price") is None:
        return round(on_demand * Fraction(str(step["share"])))
    price = step["price"]
    return price if isinstance(price, int) else parse_usd_per_h_nano(price)


def _at(steps: Steps, at_ms: int) -> int:
    return next(price for at, price in reversed(steps) if at <= at_ms)


def _mean(steps: Steps, start: int, end: int) -> int:
    cuts = [start, *(at for at, _ in steps if start < at < end), end]
    paid = sum((after - before) * _at(steps, before) for before, after in pairwise(cuts))
    return round(Fraction(paid, end - start))


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
    spot_pays_the_mean_price,
    nothing_is_launched_right_after_a_scale_in,
)
