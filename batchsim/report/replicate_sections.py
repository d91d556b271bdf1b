"""The sections of the terminal report of replications, each a function of their summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from batchsim.report.chance_words import chance, counted, event
from batchsim.report.comparison_words import figure
from batchsim.report.layout import points, rows, section
from batchsim.report.replicate_words import defined, interval
from batchsim.report.words import plain, plural

Page = Mapping[str, Any]


def headline(page: Page) -> RenderableType:
    """What was run, and what can be said."""
    run = page["run"]
    title = (
        f"{plain(run['scenario'] or 'scenario')}: {plural(run['replications'], 'replication')} of seed {run['seed']}"
    )
    return section(title, points(page["sentences"]))


def table(page: Page) -> RenderableType:
    """A row a metric."""
    lines = [
        (row["metric"], figure(row["mean"], row["unit"]), interval(row), figure(row["sd"], row["unit"]),
         figure(row["least"], row["unit"]), figure(row["most"], row["unit"]), str(row["n"]))
        for row in defined(page)
    ]  # fmt: skip
    head = ("metric", "mean", f"interval of {100 * page['run']['confidence']:g} %", "sd", "least", "most", "n")
    return section("Metrics", rows(head, lines))


def thresholds(page: Page) -> RenderableType | None:
    """The chance of meeting each threshold."""
    if not page["thresholds"]:
        return None
    lines = [(event(row), chance(row), counted(row)) for row in page["thresholds"]]
    return section("Thresholds", rows(("chance", "share met", "replications"), lines))


def notes(page: Page) -> RenderableType | None:
    """How far the figures can be trusted."""
    return section("Notes", points(page["notes"])) if page["notes"] else None


ORDER = (headline, thresholds, table, notes)
