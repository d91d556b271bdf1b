"""The sections of the terminal report of a comparison, each a function of its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType

from batchsim.report.chance_words import chance, event
from batchsim.report.comparison_words import Row, change, figure, is_same, never_defined, rows_of, signed
from batchsim.report.layout import points, rows, section
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]


def headline(page: Page) -> RenderableType:
    """What was compared, and what can be said."""
    run, compared = page["run"], [plain(each["name"]) for each in page["variants"][1:]]
    count = plural(run["replications"], "replication")
    title = f"{', '.join(compared)} against {plain(run['baseline'])}: {count} of seed {run['seed']}"
    return section(title, points(page["sentences"]))


def tables(page: Page) -> RenderableType:
    """A table of metrics for each variant."""
    return Group(*(_table(page, variant["name"]) for variant in page["variants"][1:]))


def thresholds(page: Page) -> RenderableType | None:
    """Each variant's chance of meeting the thresholds of its scenario."""
    found = page["thresholds"]
    if not found:
        return None
    names = [variant["name"] for variant in page["variants"]]
    told = {(event(row), row["variant"]): chance(row) for row in found}
    lines = [
        (each, *(told.get((each, name), NOTHING) for name in names))
        for each in dict.fromkeys(event(row) for row in found)
    ]
    return section("Thresholds (share of the replications that met them)", rows(("chance", *map(plain, names)), lines))


def verdicts(page: Page) -> RenderableType | None:
    """The conditions of ``--fail-if``, and what came of each."""
    if not page.get("fail_if"):
        return None
    lines = [_verdict(each) for each in page["fail_if"]]
    return section("Fail if", rows(("", "condition", "variant", "got", "because"), lines, words=5))


def notes(page: Page) -> RenderableType | None:
    """How far the figures can be trusted."""
    return section("Notes", points(page["notes"])) if page["notes"] else None


def _table(page: Page, variant: str) -> RenderableType:
    run, never = page["run"], never_defined(page)
    interval = f"± ({100 * run['level']:.4g} %)"
    headers = ("metric", "baseline", "variant", "difference", interval, "change", "r", "better")
    lines = [_line(row) for row in rows_of(page, variant) if row["metric"] not in never]
    return section(f"{plain(variant)} against {plain(run['baseline'])}", rows(headers, lines))


def _line(row: Row) -> Sequence[str]:
    unit = row["unit"]
    return (
        row["metric"],
        figure(row["baseline_mean"], unit),
        figure(row["mean"], unit),
        signed(row["difference"], unit),
        _half(row),
        change(row),
        NOTHING if row["correlation"] is None else f"{row['correlation']:.2f}",
        NOTHING if not row["n"] or is_same(row) else f"{100 * row['better_share']:.0f} %",
    )


def _half(row: Row) -> str:
    """Half the width of the interval of the difference, which lies around it evenly."""
    if row["difference_low"] is None:
        return NOTHING
    return signed(row["difference_high"] - row["difference"], row["unit"]).removeprefix("+")


def _verdict(each: Row) -> Sequence[str]:
    told = "FAILED" if each["failed"] else "ok"
    return told, plain(each["condition"]), plain(each["variant"]), _got(each), each["because"]


def _got(each: Row) -> str:
    """What was held against the limit."""
    if each["number"] is None:
        return NOTHING
    if each["of"] == "percent":
        return f"{each['number']:+.1f} %"
    shown = figure if each["of"] == "value" else signed
    return shown(each["number"], each["unit"])


ORDER = (headline, verdicts, tables, thresholds, notes)
