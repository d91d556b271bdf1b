"""Consumable resources: never over-used, told as they were used, and short where a head waits for one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import total_of
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import ascending, levels, value_at
from batchsim.analysis.typed import MISSING, Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One resource over the run: who took how much when, and when it came back."""

    row: Int64s
    """The attempt of each taking."""
    at_ms: Int64s
    back_ms: Int64s
    """``FAR`` where it never comes back."""
    quantity: Int64s

    def after(self, wanted_ms: Int64s) -> Int64s:
        """What is in use after all that happens in each wanted instant."""
        at = np.concatenate((self.at_ms, self.back_ms))
        delta = np.concatenate((self.quantity, -self.quantity))
        order = ascending(at)
        return value_at(at[order], np.cumsum(delta[order]), wanted_ms)

    def when_taken(self) -> Int64s:
        """What is in use just after each taking; what comes back in its instant is back by then."""
        at, rank = np.concatenate((self.back_ms, self.at_ms)), np.repeat((0, 1), len(self.row))
        known = levels(np.zeros(len(at), np.int64), at, rank, np.concatenate((-self.quantity, self.quantity)))
        found = np.empty(len(at), np.int64)
        found[known.row] = known.level
        return found[len(self.row) :]


def uses(book: Book, name: str) -> Use:
    """How a resource was used, from the attempts and from what their calls need."""
    needed = np.array([*(_quantity(text, name) for text in book.submissions.words("consumables")), 0], np.int64)
    calls = needed[book.submissions.codes("consumables")]
    quantity = take(take(calls, book.call, 0), book.job, 0)
    attempts, rows = book.attempts, np.flatnonzero(quantity > 0)
    ended = np.where(attempts.ms("ended_at_s") == MISSING, FAR, attempts.ms("ended_at_s"))
    if book.settings.world("consumable_hold") == "job":
        rows = rows[book.first[book.job[rows]] == rows]
        ended = take(np.where(book.jobs.ms("ended_at_s") == MISSING, FAR, book.jobs.ms("ended_at_s")), book.job, FAR)
    is_returned = book.settings.consumables[name].get("resourceType", "REPLENISHABLE") == "REPLENISHABLE"
    back = ended[rows] if is_returned else np.full(len(rows), FAR, np.int64)
    return Use(rows, attempts.ms("starting_at_s")[rows], back, quantity[rows])


def _quantity(text: str, name: str) -> int:
    """How much of a resource ``licence:2 lane:1`` asks for."""
    found = (item.rpartition(":") for item in text.split())
    return next((int(quantity) for resource, _, quantity in found if resource == name), 0)


@invariant("R01")
def resources_are_never_over_used(book: Book) -> pd.DataFrame:
    """Whenever an attempt takes a consumable resource, what is in use by then is within its total."""
    wrong: list[Int64s] = [np.zeros(0, np.int64)]
    for name in book.settings.consumables:
        use = uses(book, name)
        wrong.append(use.row[use.when_taken() > total_of(book, name).at(use.at_ms)])
    return book.attempts.rows(np.unique(np.concatenate(wrong)))


@invariant("R02")
def use_is_told_as_it_was(book: Book) -> pd.DataFrame:
    """The table of consumable resources tells their totals and what the attempts had in use, a row for each change."""
    table, wrong = book.consumables, [np.zeros(0, np.int64)]
    for name in book.settings.consumables:
        rows = np.flatnonzero(table.among("resource", name))
        at, use = table.ms("at_s")[rows], uses(book, name)
        bad = table.number("in_use")[rows] != use.after(at)
        bad |= table.number("total")[rows] != total_of(book, name).at(at)
        bad[:-1] |= at[1:] <= at[:-1]
        told = _are_told(use.at_ms, at) and _are_told(use.back_ms[use.back_ms <= book.horizon_ms], at)
        wrong.append(rows[bad | (not told)] if len(rows) else _all(book))
    return table.rows(np.concatenate(wrong)) if len(table) else book.submissions.rows(_missing(book))


def _are_told(changes_ms: Int64s, told_ms: Int64s) -> bool:
    """Whether each instant of some is among others, which are ascending in a sound table."""
    told_ms = np.append(np.sort(told_ms), np.int64(FAR))
    return bool((told_ms[np.searchsorted(told_ms, changes_ms)] == changes_ms).all())


def _all(book: Book) -> Int64s:
    return np.arange(len(book.consumables))


def _missing(book: Book) -> Int64s:
    """The calls that need something though no table tells of it."""
    return np.flatnonzero(book.submissions.text("consumables") != "")


@invariant("R03")
def heads_wait_for_what_is_short(book: Book) -> pd.DataFrame:
    """A head that waits for a consumable resource needs more of one than there is left of it."""
    timeline = book.timeline
    rows = np.flatnonzero(timeline.among("reason", "consumable_resource"))
    at, head = timeline.ms("at_s")[rows], book.heads[rows]
    short = np.zeros(len(rows), np.bool_)
    for name in book.settings.consumables if len(rows) else ():
        needed = np.array([*(_quantity(text, name) for text in book.submissions.words("consumables")), 0], np.int64)
        asked = take(take(needed[book.submissions.codes("consumables")], book.call, 0), head, 0)
        short |= asked > total_of(book, name).at(at) - uses(book, name).after(at)
    return timeline.rows(rows[~short])


@invariant("R04")
def needs_are_known(book: Book) -> pd.DataFrame:
    """Jobs need only consumable resources that the scenario has, at most five, some of each."""
    known = set(book.settings.consumables)

    def is_wrong(text: str) -> bool:
        found = [item.rpartition(":")[::2] for item in text.split()]
        return len(found) > 5 or any(name not in known or not quantity.isdecimal() for name, quantity in found)

    calls = book.submissions
    bad = np.array([*map(is_wrong, calls.words("consumables")), False], np.bool_)
    return calls.rows(bad[calls.codes("consumables")])


INVARIANTS = (resources_are_never_over_used, use_is_told_as_it_was, heads_wait_for_what_is_short, needs_are_known)
