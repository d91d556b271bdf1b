"""Notifications tell what happened: of rules of the scenario, of changes that the tables know, and of no fewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.typed import NO_ROWS, Table

FINAL = ("SUCCEEDED", "FAILED")


@invariant("E01")
def notifications_are_of_the_rules(book: Book) -> pd.DataFrame:
    """Every notification names an ENABLED rule and its target; the summary counts those of each rule."""
    table, rules = book.notifications, book.settings.notifications
    told = book.summary.get("notifications") or ()
    if not len(table):
        return pd.DataFrame([each for each in told if each["notifications"]])
    targets = {name: rule.get("target", "") for name, rule in rules.items() if rule.get("state") != "DISABLED"}
    names, given = table.text("rule"), table.text("target")
    wrong = np.array([targets.get(name) != target for name, target in zip(names, given, strict=True)], np.bool_)
    counted, made = {each["rule"]: each["notifications"] for each in told}, Counter(names.tolist())
    miscounted = any(made[name] != counted.get(name, 0) for name in {*made, *counted})
    return table.rows(wrong) if wrong.any() or not miscounted else table.frame


@invariant("E02")
def notifications_tell_what_happened(book: Book) -> pd.DataFrame:
    """A notification's job, or array, was in that state from that instant."""
    table = book.notifications
    if not len(table):
        return NO_ROWS
    keys = list(zip(table.text("job_id"), table.text("status"), table.ms("at_s").tolist(), strict=True))
    known = set(_changes(book, {job for job, _, _ in keys}))
    return table.rows(np.array([key[1] != "PENDING" and key not in known for key in keys], np.bool_))


def _changes(book: Book, wanted: set[str]) -> Iterator[tuple[str, str, int]]:
    """(job, state, instant) of every change of these jobs and arrays that the tables tell."""
    for table, key in ((book.jobs, "ended_at_s"), (book.submissions, "ended_at_s")):
        yield from _of(table, wanted, table.text("state").tolist(), key)
    yield from _of(book.jobs, wanted, "RUNNABLE", "runnable_at_s")
    yield from _of(book.jobs, wanted, "RUNNABLE", "waiting_since_s")
    if len(book.blocked):
        yield from _of(book.blocked, wanted, "RUNNABLE", "at_s")
    for state, key in (("RUNNABLE", "runnable_at_s"), ("STARTING", "starting_at_s"), ("RUNNING", "running_at_s")):
        yield from _of(book.attempts, wanted, state, key)


def _of(table: Table, wanted: set[str], state: str | list[str], key: str) -> Iterator[tuple[str, str, int]]:
    states = [state] * len(table) if isinstance(state, str) else state
    rows = zip(table.text("job_id").tolist(), states, table.ms(key).tolist(), strict=True)
    return (row for row in rows if row[0] in wanted)


@invariant("E03")
def plain_rules_miss_nothing(book: Book) -> pd.DataFrame:
    """A rule for nothing but jobs that SUCCEEDED or FAILED has one notification for each such job, or array."""
    table = book.notifications
    made = Counter(zip(table.text("rule"), table.text("job_id"), strict=True) if len(table) else ())
    bad = [
        {"rule": name, "job_id": job, "notifications": made[name, job]}
        for name, rule in book.settings.notifications.items()
        if rule.get("state") != "DISABLED" and (states := _only_states(rule.get("eventPattern")))
        for job in _ended(book, states)
        if made[name, job] != 1
    ]
    return pd.DataFrame(bad)


def _only_states(pattern: Any) -> tuple[str, ...]:
    """The final states that a pattern asks for, where it asks for nothing else; else none."""
    if not isinstance(pattern, Mapping) or not isinstance(detail := pattern.get("detail"), Mapping):
        return ()
    usual = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"]}
    plain = all(pattern[key] == usual.get(key) for key in pattern if key != "detail")
    states = detail.get("status") if list(detail) == ["status"] else None
    return tuple(states) if plain and isinstance(states, list) and all(state in FINAL for state in states) else ()


def _ended(book: Book, states: tuple[str, ...]) -> Iterator[str]:
    """Jobs and arrays that ended in one of the states."""
    yield from book.jobs.text("job_id")[book.jobs.among("state", *states)].tolist()
    calls = book.submissions
    yield from calls.text("job_id")[calls.among("state", *states) & calls.flag("is_array")].tolist()


INVARIANTS = (notifications_are_of_the_rules, notifications_tell_what_happened, plain_rules_miss_nothing)
