"""What is on a bill beside capacity: extra costs by their own rules, commitments by the clock hour, a month's bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.bills import FARGATE_RATES, S_PER_H, instance_on_ms, known
from batchsim.analysis.invariants.book import Book, take
from batchsim.analysis.invariants.exact import differing, half_even, nano, total
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.typed import NO_ROWS, Int64s
from batchsim.units import parse_usd_nano, parse_usd_per_h_nano

HOUR_MS = 3_600_000
MONTH_H = 730
BYTES_PER_GB = 10**9

Hours = dict[int, int]
"""Nano-dollars, or milliseconds, by clock hour from the one in which the run starts."""
Sums = dict[tuple[str, str], int]


@invariant("B07")
def extra_costs_follow_the_scenario(book: Book) -> pd.DataFrame:
    """An attempt carries the extra costs of the scenario's rates, its job's and its data's part with the first one."""
    attempts, extra = book.attempts, np.zeros(len(book.attempts), np.int64)
    first = book.first[book.first >= 0]
    for rates in _rates(book).values():
        extra += rates["per_attempt"]
        extra[first] += rates["per_job"]
        if rates["per_gb"]:
            extra[first] += _data_parts(book, rates["per_gb"])[book.job[first]]
    return attempts.rows(known(attempts.nano("extra_usd")) != extra)


def _rates(book: Book) -> Mapping[str, Mapping[str, int]]:
    """Nano-dollars by kind and by what they grow with."""
    readers = {"per_h": parse_usd_per_h_nano, **dict.fromkeys(("per_gb", "per_job", "per_attempt"), parse_usd_nano)}
    given: Mapping[str, Mapping[str, Any]] = book.settings.world("extra_costs") or {}
    return {kind: {name: read(rates.get(name, 0)) for name, read in readers.items()} for kind, rates in given.items()}


def _data_parts(book: Book, nano_usd_per_gb: int) -> Int64s:
    """Of each job, its part of what its call's data set costs: rounded for the call, then as a running total."""
    calls, call = book.submissions, book.call
    whole = half_even((calls.number("data_bytes"), np.full(1, nano_usd_per_gb)), BYTES_PER_GB)
    index = np.maximum(book.jobs.number("array_index"), 0)
    amount, size = take(whole, call, 0), take(calls.number("size"), call, 1)
    return half_even((amount, index + 1), size) - half_even((amount, index), size)


def extra_of_hours(book: Book) -> int:
    """What extra costs the hours of the run come to."""
    return sum(round(Fraction(rates["per_h"] * book.horizon_ms, HOUR_MS)) for rates in _rates(book).values())


@invariant("B07b")
def extra_costs_sum_up(book: Book) -> pd.DataFrame:
    """The reported extra costs are those of the attempts and of the run's hours."""
    told, tables = nano(_cost(book)["extra_usd"]), total(book.attempts.nano("extra_usd")) + extra_of_hours(book)
    return differing([("cost.extra_usd", told, tables)])


def _cost(book: Book) -> Mapping[str, Any]:
    cost = book.summary.get("cost")
    if not isinstance(cost, Mapping):
        raise CannotTellError("the summary has no cost")
    return cost


@invariant("B08")
def commitments_are_settled_by_the_clock_hour(book: Book) -> pd.DataFrame:
    """A commitment is paid each clock hour, and covers that hour's On-Demand use up to what it buys.

    Reserved instances come before a Savings Plan.
    """
    figures = {}
    for at, (told, settled) in enumerate(zip(_commitments(book), settlements(book), strict=True)):
        for name, value in settled.items():
            figures[f"cost.commitments[{at}].{name}"] = (nano(told[name]), value)
    return differing((name, *both) for name, both in figures.items())


def _commitments(book: Book) -> list[Mapping[str, Any]]:
    return list(_cost(book).get("commitments") or ())


def settlements(book: Book) -> list[dict[str, int]]:
    """Fees, covered use, discount and unused part of each commitment, in nano-dollars, from bills and instants."""
    given = _commitments(book)
    if not given:
        return []
    pieces = list(_instance_pieces(book))
    left: Hours = defaultdict(int)
    for _, _, hour, _, amount in pieces:
        left[hour] += amount
    for hour, amount in _task_pieces(book):
        left[hour] += amount
    last = -(-(book.horizon_ms + _into_hour_ms(book)) // HOUR_MS) if book.horizon_ms else 0
    hours = max(last, *(hour + 1 for hour in (*left, -1)))
    return [_settled(each, pieces, left, hours) for each in given]


Piece = tuple[str, int, int, int, int]
"""Type, vCPUs, clock hour, milliseconds, nano-dollars of an On-Demand instance's use."""


def _settled(told: Mapping[str, Any], pieces: list[Piece], left: Hours, hours: int) -> dict[str, int]:
    """Settle one commitment, and take what it covers from what is left for the next."""
    settle = _plan_hour if told["kind"] == "savings_plan" else _reserved_hour
    fee = _nano(told["usd_per_h"]) * int(told.get("units") or 1)
    sums = {"fees_usd": hours * fee, "covered_usd": 0, "discount_usd": 0, "unused_usd": 0}
    for hour in range(hours):
        covered, used = settle(told, [piece for piece in pieces if piece[2] == hour], left[hour])
        left[hour] -= covered
        sums["covered_usd"] += covered
        sums["discount_usd"] += covered - used
        sums["unused_usd"] += fee - used
    return sums


def _plan_hour(told: Mapping[str, Any], pieces: list[Piece], use: int) -> tuple[int, int]:
    """(covered, used) of one hour: use x (1 - discount) up to the commitment."""
    del pieces
    commitment, share = _nano(told["usd_per_h"]), 1 - Fraction(str(told["discount"]))
    most = round(commitment / share)
    return (most, commitment) if use >= most else (use, round(use * share))


def _reserved_hour(told: Mapping[str, Any], pieces: list[Piece], use: int) -> tuple[int, int]:
    """(covered, used) of one hour: 3,600 seconds for each instance of the type, or vCPU of the family."""
    del use
    covers, most = told["covers"], int(told["units"]) * HOUR_MS
    mine = [piece for piece in pieces if covers in (piece[0], piece[0].partition(".")[0])]
    unit_ms = sum(ms * (1 if "." in covers else vcpus) for _, vcpus, _, ms, _ in mine)
    amount = sum(piece[4] for piece in mine)
    covered = amount if unit_ms <= most else round(Fraction(amount * most, unit_ms))
    return covered, round(Fraction(min(unit_ms, most) * _nano(told["usd_per_h"]), HOUR_MS))


def _nano(value: Any) -> int:
    return nano(value) or 0


def _into_hour_ms(book: Book) -> int:
    start = datetime.fromisoformat(book.settings.start)
    return round((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1000) % HOUR_MS


def _instance_pieces(book: Book) -> Iterator[Piece]:
    """On-Demand instances' bills, cut at the clock hours."""
    instances, into = book.instances, _into_hour_ms(book)
    rows = np.flatnonzero(~instances.flag("spot") & (instance_on_ms(book) > 0))
    start, seconds = instances.ms("billed_from_s")[rows] + into, instances.number("billed_s")[rows]
    columns = (
        instances.text("type")[rows],
        instances.number("vcpus")[rows],
        start,
        seconds,
        known(instances.nano("compute_usd"))[rows],
    )
    for name, vcpus, begin, length, bill in zip(*(column.tolist() for column in columns), strict=True):
        for hour, ms, amount in _cut(begin, length * 1000, bill):
            yield name, vcpus, hour, ms, amount


def _task_pieces(book: Book) -> Iterator[tuple[int, int]]:
    """(hour, nano-dollars) of the vCPUs and the memory of On-Demand tasks."""
    attempts, into = book.attempts, _into_hour_ms(book)
    rows = np.flatnonzero(attempts.among("environment_kind", FARGATE[0]) & (known(attempts.number("billed_s")) > 0))
    begin, seconds = attempts.ms("pull_at_s")[rows] + into, attempts.number("billed_s")[rows]
    for (name, unit), size, per_unit in zip(
        FARGATE_RATES, (attempts.milli("vcpus"), attempts.number("memory_mib")), (1000, 1024), strict=False
    ):
        rate = known(attempts.number(f"{name}_nano_usd_per_{unit}"))[rows]
        bills = half_even((seconds, size[rows], rate), S_PER_H * per_unit)
        for start, length, bill in zip(begin.tolist(), seconds.tolist(), bills.tolist(), strict=True):
            for hour, _, amount in _cut(start, length * 1000, bill):
                yield hour, amount


def _cut(begin_ms: int, length_ms: int, bill: int) -> Iterator[tuple[int, int, int]]:
    """(hour, ms, nano-dollars) of each clock hour in a stretch; the bill by the time that has passed."""
    at, paid = begin_ms, 0
    while at < begin_ms + length_ms:
        until = min((at // HOUR_MS + 1) * HOUR_MS, begin_ms + length_ms)
        owed = round(Fraction(bill * (until - begin_ms), length_ms))
        yield at // HOUR_MS, until - at, owed - paid
        at, paid = until, owed


@invariant("B08b")
def a_month_repeats_the_run(book: Book) -> pd.DataFrame:
    """A month costs the bill as often as the run's period fits into 730 hours; commitments all of these hours."""
    cost = _cost(book)
    period_ms = round(Fraction(str(cost["per_month_period_s"])) * 1000)
    fees = sum(_nano(each["usd_per_h"]) * int(each.get("units") or 1) for each in _commitments(book))
    repeated = _nano(cost["total_usd"]) - sum(_nano(each["fees_usd"]) for each in _commitments(book))
    month = round(Fraction(repeated * MONTH_H * HOUR_MS, period_ms)) + fees * MONTH_H
    return differing([("cost.per_month_usd", nano(cost["per_month_usd"]), month)])


@invariant("B05d")
def cost_rows_add_up_to_the_summary(book: Book) -> pd.DataFrame:
    """The rows of the costs table add up to the summary's splits by cause and by charge."""
    if book.costs is None:
        return NO_ROWS
    figures: dict[str, tuple[Any, Any]] = {}
    amounts = book.costs.nano("cost_usd")
    for column in ("cause", "charge"):
        told = _cost(book)[f"by_{column}"]
        for word in sorted({*told, *book.costs.words(column)} - {""}):
            rows = int(amounts[book.costs.among(column, word)].sum())
            figures[f"cost.by_{column}.{word}"] = (_nano(told.get(word)), rows)
    return differing((name, *both) for name, both in figures.items())


INVARIANTS = (
    extra_costs_follow_the_scenario,
    extra_costs_sum_up,
    commitments_are_settled_by_the_clock_hour,
    a_month_repeats_the_run,
    cost_rows_add_up_to_the_summary,
)
