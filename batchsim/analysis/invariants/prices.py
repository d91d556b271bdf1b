"""Spot prices over a run: the steps that a scenario gives, what shocks make of them, and what each instance paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book
from batchsim.analysis.invariants.faults import Line, fault_table, fits_type, labels, of_kind, window_ms
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, duration_ms
from batchsim.analysis.typed import MISSING, Int64s
from batchsim.units import parse_usd_per_h_nano


def must_be_at_run_prices(book: Book) -> None:
    """Raise where the bills are at other prices than those of the run."""
    if (book.summary.get("run") or {}).get("repriced"):
        raise CannotTellError("the run was repriced")


def spot_groups(book: Book) -> Iterator[tuple[str, str, Int64s]]:
    """(type, environment, its Spot instances)."""
    instances, spot = book.instances, book.instances.flag("spot")
    for type_ in instances.words("type"):
        for environment in instances.words("environment"):
            rows = np.flatnonzero(spot & instances.among("type", type_) & instances.among("environment", environment))
            if len(rows):
                yield type_, environment, rows


Steps = Sequence[tuple[int, int]]
"""(instant in ms, nano-dollars an hour)."""


def steps_of(book: Book, type_: str, on_demand: int) -> Steps:
    """What ``world.spot_prices`` says of a type: its own steps, else its family's, else the default; and its shocks."""
    prices = book.settings.world("spot_prices")
    given = next((prices[word] for word in (type_, type_.partition(".")[0], "default") if word in prices), ())
    steps, shocks = [(duration_ms("at", step["at"]), _price(step, on_demand)) for step in given], shocks_of(book, type_)
    if not steps or not shocks:
        return steps
    cuts = sorted({at for at, _ in steps} | {at for at in bounds_ms(shocks) if at >= steps[0][0]})
    return [(at, max(1, round(price_at(steps, at) * factor_at(shocks, at)))) for at in cuts]


def _price(step: Mapping[str, Any], on_demand: int) -> int:
    if step.get("price") is None:
        return round(on_demand * Fraction(str(step["share"])))
    price = step["price"]
    return price if isinstance(price, int) else parse_usd_per_h_nano(price)


def price_at(steps: Steps, at_ms: int) -> int:
    """The price at an instant that is not before the first step."""
    return next(price for at, price in reversed(steps) if at <= at_ms)


def _mean(steps: Steps, start: int, end: int) -> int:
    cuts = [start, *(at for at, _ in steps if start < at < end), end]
    paid = sum((after - before) * price_at(steps, before) for before, after in pairwise(cuts))
    return round(Fraction(paid, end - start))


def spot_prices_move(book: Book) -> bool:
    """Whether any Spot price may change during the run."""
    given = any(book.settings.world(key) for key in ("spot_prices", "spot_price_sigma"))
    return given or any(of_kind(book, "price_shock"))


def shocks_of(book: Book, type_: str) -> list[Line]:
    """The price_shock faults that strike a type."""
    return [fault for fault in of_kind(book, "price_shock") if fits_type(fault, type_)]


def bounds_ms(shocks: Sequence[Line]) -> set[int]:
    """When shocks begin and end."""
    return {at for shock in shocks for at in window_ms(shock) if at != FAR}


def factor_at(shocks: Sequence[Line], at_ms: int) -> Fraction:
    """How many times as high as it would be a price is at an instant."""
    on = [shock for shock in shocks if window_ms(shock)[0] <= at_ms < window_ms(shock)[1]]
    return prod((Fraction(str(shock["factor"])) for shock in on), start=Fraction(1))


@invariant("I22e")
def spot_pays_the_mean_price(book: Book) -> pd.DataFrame:
    """An instance whose Spot price changes is billed at its mean over the billed time, to the nano-dollar an hour."""
    must_be_at_run_prices(book)
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    billed, gone = instances.ms("billed_from_s"), book.until_horizon(instances.ms("ended_at_s"))
    for type_, _, rows in spot_groups(book):
        steps = steps_of(book, type_, int(instances.number("on_demand_nano_usd_per_h")[rows[0]]))
        for row in rows.tolist() if steps else ():
            start, end = int(billed[row]), int(gone[row])
            if billed[row] != MISSING and start >= steps[0][0] and end > start:
                wrong[row] = int(instances.number("price_nano_usd_per_h")[row]) != _mean(steps, start, end)
    return instances.rows(wrong)


@invariant("X13")
def a_shock_multiplies_one_price(book: Book) -> pd.DataFrame:
    """Where only shocks move the price of a type, all its Spot instances paid the same but for those, to rounding."""
    must_be_at_run_prices(book)
    if book.settings.world("spot_price_sigma"):
        raise CannotTellError("world.spot_price_sigma is random")
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    paid = instances.number("price_nano_usd_per_h")
    for type_ in instances.words("type"):
        if shocks := shocks_of(book, type_):
            rows = [row for at, _, own in spot_groups(book) if at == type_ for row in own.tolist()]
            usual = {row: _usual(book, shocks, row, int(paid[row])) for row in rows if not steps_of(book, type_, 0)}
            known = [bounds for bounds in usual.values() if bounds is not None]
            least, most = max((low for low, _ in known), default=0), min((high for _, high in known), default=0)
            for row, bounds in usual.items():
                wrong[row] = least > most and bounds is not None and (bounds[0] > most or bounds[1] < least)
    return instances.rows(wrong)


def _usual(book: Book, shocks: Sequence[Line], row: int, paid: int) -> tuple[Fraction, Fraction] | None:
    """Between which bounds the usual price of an instance's type lies, by what it paid; None where nobody can tell."""
    start = int(book.instances.ms("billed_from_s")[row])
    end = int(book.until_horizon(book.instances.ms("ended_at_s"))[row])
    if start == MISSING or end <= start or paid <= 1:
        return None
    cuts = [start, *sorted(at for at in bounds_ms(shocks) if start < at < end), end]
    times = sum((after - before) * factor_at(shocks, before) for before, after in pairwise(cuts)) / (end - start)
    return (paid - 1) / Fraction(times), (paid + 1) / Fraction(times)


@invariant("X14")
def a_shock_has_its_line(book: Book) -> pd.DataFrame:
    """A price shock stands once in the table of faults: when it begins, or a type that it strikes is first launched."""
    faults, names = fault_table(book), labels(book)
    due = {name: at for name, fault in names.items() if (at := _first_struck_ms(book, fault)) is not None}
    told = faults.among("effect", "price_shocked")
    wrong = np.zeros(len(faults), np.bool_)
    for name in faults.words("fault"):
        mine = told & faults.among("fault", name)
        wrong |= mine & ((faults.ms("at_s") != due.get(name, MISSING)) | (mine.cumsum() > 1))
    missed = [name for name in due if not (told & faults.among("fault", name)).any()]
    return faults.rows(wrong) if wrong.any() else pd.DataFrame({"fault": missed})


def _first_struck_ms(book: Book, fault: Line) -> int | None:
    """When a price shock first strikes a type that was launched as Spot; None where it does not."""
    if fault.get("kind") != "price_shock" or fault["factor"] == 1:
        return None
    start, end = window_ms(fault)
    launched = book.instances.ms("launched_at_s")
    first = min(
        (int(launched[rows].min()) for type_, _, rows in spot_groups(book) if fits_type(fault, type_)), default=FAR
    )
    at = max(start, first)
    return at if at < end and at <= book.last_ms else None


INVARIANTS = (spot_pays_the_mean_price, a_shock_multiplies_one_price, a_shock_has_its_line)
