"""Replications of one scenario in words: the chances of its thresholds, and what a reader must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batchsim.report.chance_words import chance, counted, event, of_precision
from batchsim.report.comparison_words import FEWEST, _listed, figure, of_censored
from batchsim.report.steady_words import of_pilot, of_runs
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]
Row = Mapping[str, Any]

_TOLD_FIRST = ("cost_usd", "makespan_s")


def sentences(page: Page) -> list[str]:
    """What can be said."""
    return [*of_runs(page["table"]), *_of_means(page), *_of_thresholds(page)]


def notes(page: Page) -> list[str]:
    """How far the figures can be trusted."""
    return [
        *_of_failed(page),
        *of_pilot(page),
        *of_precision(page),
        *_of_counts(page),
        *_of_undefined(page),
        *of_methods(page["table"]),
    ]


def interval(row: Row) -> str:
    """``54m 01s ± 2m 03s``; of a bootstrap, whose sides are not alike, ``(51m to 58m)``."""
    value, unit = row["mean"], row["unit"]
    if row["mean_low"] is None:
        return NOTHING
    if row["interval"] == "bca":
        return f"{figure(row['mean_low'], unit)} to {figure(row['mean_high'], unit)}"
    return f"± {figure(row['mean_high'] - value, unit)}"


def defined(page: Page) -> list[Row]:
    """The rows of the table that have a figure."""
    return [row for row in page["table"] if row["n"]]


def of_methods(table: list[Row]) -> Iterator[str]:
    """Which intervals are not Student's t."""
    names = list(dict.fromkeys(row["metric"] for row in table if row["interval"] == "bca"))
    if names:
        yield (
            f"intervals of {_listed(names)} are bootstraps of the replications (BCa, 10,000 resamples): a percentile, a"
            " ratio or a skewed metric is not normal enough for Student's t"
        )


def _of_means(page: Page) -> Iterator[str]:
    rows = {row["metric"]: row for row in defined(page)}
    told = [
        f"{name} {figure(rows[name]['mean'], rows[name]['unit'])} ({interval(rows[name])})"
        for name in _TOLD_FIRST
        if name in rows
    ]
    if told and page["run"]["replications"] > 1:
        yield f"Means of {plural(page['run']['replications'], 'replication')}: {_listed(told)}."


def _of_thresholds(page: Page) -> Iterator[str]:
    for row in page["thresholds"]:
        yield f"{event(row)} is {chance(row)}: met in {counted(row)} replications."


def _of_failed(page: Page) -> Iterator[str]:
    for run in page["failed"]:
        yield f"replication {run['replication']} failed twice and is left out: {plain(run['why'])}"


def _of_counts(page: Page) -> Iterator[str]:
    count = page["run"]["replications"]
    if count == 1:
        yield "1 replication: no interval. Take 30 to see what is chance"
    elif count < FEWEST:
        yield f"{plural(count, 'replication')}: with fewer than {FEWEST} the intervals are rough; take 30"


def _of_undefined(page: Page) -> Iterator[str]:
    never = [row["metric"] for row in page["table"] if not row["n"]]
    if never:
        yield f"undefined in every replication: {_listed(never)}"
    for row in page["table"]:
        if row["undefined"] and row["n"]:
            total = row["n"] + row["undefined"]
            yield f"{row['metric']} is undefined in {row['undefined']} of {total} replications, which are left out"
    yield from of_censored(page["table"])
