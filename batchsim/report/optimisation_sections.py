"""The sections of the terminal report of an optimisation, each a function of its summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType

from batchsim.report.comparison_words import change, figure, never_defined, rows_of, signed
from batchsim.report.layout import points, rows, section
from batchsim.report.optimisation_words import (
    goal_told,
    interval_told,
    settings_told,
    status_told,
    unit_of,
    verdicts_of,
)
from batchsim.report.study_words import labels, value_told
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]

_MOST_POINTS = 15
_MOST_FRONT = 40


def headline(page: Page) -> RenderableType:
    """What was asked, and what can be said."""
    found = page["optimisation"]
    size = f"{plural(found['points'], 'point')}, {plural(found['runs'], 'run')} of seed {found['seed']}"
    return section(f"{plain(found['name'])}: {goal_told(page)}; {size}", points(page["sentences"]))


def front(page: Page) -> RenderableType | None:
    """The Pareto set on fresh seeds."""
    if len(page["objectives"]) < 2 or not page["found"]:
        return None
    names = [each["metric"] for each in page["objectives"]]
    heads = ("point", "settings", "", *names, *(plain(each["constraint"]) for each in page["constraints"]))
    variants = page["fresh"]["variants"][1:]
    lines = [
        (str(point), settings_told(page["trials"][point]["settings"], longest=60),
         "knee" if point == page["knee"] else "", *_fresh(page, variant["name"], names))
        for point, variant in zip(page["chosen"][:_MOST_FRONT], variants, strict=False)
    ]  # fmt: skip
    return section("Pareto front, on fresh seeds", rows(heads, lines, words=3))


def _fresh(page: Page, variant: str, names: list[str]) -> list[str]:
    """Objectives and constraints of a variant."""
    means = {row["metric"]: row for row in page["fresh"]["table"] if row["variant"] == variant}
    told = [interval_told(means[name], "mean", means[name]["unit"]) for name in names]
    return [*told, *(_verdict(page, row) for row in verdicts_of(page, variant))]


def _verdict(page: Page, row: Mapping[str, Any]) -> str:
    told = interval_told(row, "value", unit_of(page, row["constraint"]))
    return told if row["holds"] else f"{told} FAILS"


def winner(page: Page) -> RenderableType | None:
    """The winner, or the nearest, against the scenario as it stands."""
    if len(page["chosen"]) != 1:
        return None
    found, fresh = page["optimisation"], page["fresh"]
    (variant,) = (each["name"] for each in fresh["variants"][1:])
    never = never_defined(fresh)
    heads = ("metric", "as it stands", variant, "difference", f"± ({100 * fresh['run']['level']:.4g} %)", "change", "r")
    lines = [_line(row) for row in rows_of(fresh, variant) if row["metric"] not in never]
    title = f"On fresh seeds: {plural(found['fresh'], 'replication')} of seed {found['fresh_seed']}"
    return Group(section(title, rows(heads, lines)), *_verdicts(page, variant))


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    unit, half = row["unit"], NOTHING
    if row["difference_low"] is not None:
        half = signed(row["difference_high"] - row["difference"], unit).removeprefix("+")
    correlation = NOTHING if row["correlation"] is None else f"{row['correlation']:.2f}"
    means = (figure(row["baseline_mean"], unit), figure(row["mean"], unit))
    return (row["metric"], *means, signed(row["difference"], unit), half, change(row), correlation)


def _verdicts(page: Page, variant: str) -> list[RenderableType]:
    """Each constraint as it stands, and of the winner."""
    if not page["constraints"]:
        return []
    base = page["fresh"]["run"]["baseline"]
    pairs = zip(verdicts_of(page, base), verdicts_of(page, variant), strict=True)
    lines = [(plain(mine["constraint"]), _verdict(page, theirs), _verdict(page, mine)) for theirs, mine in pairs]
    return [section("Constraints on fresh seeds", rows(("constraint", "as it stands", variant), lines))]


def trials(page: Page) -> RenderableType | None:
    """The points that came nearest to the best, what each came to and why it was dropped."""
    if not page["trials"]:
        return None
    knobs = page["knobs"]
    names = [each["metric"] for each in page["objectives"]]
    shown = nearest_first(page)[:_MOST_POINTS]
    lines = [
        (str(row["point"]), *(value_told(row["settings"][path]) for path in knobs), str(row["n"]),
         *(interval_told(each, "mean", _unit(page, each["metric"])) for each in row["objectives"]),
         *(interval_told(each, "value", unit_of(page, each["constraint"])) for each in row["constraints"]),
         _status(page, row))
        for row in shown
    ]  # fmt: skip
    heads = ("point", *labels(knobs), "runs", *names, *(plain(each["constraint"]) for each in page["constraints"]), "")
    rest = len(page["trials"]) - len(shown)
    more = points([f"{plural(rest, 'further point')}: --out DIR writes all, or --format csv"]) if rest > 0 else None
    return section("Points, the longest in the race first", rows(heads, lines, words=1 + len(knobs)), more)


def _status(page: Page, row: Mapping[str, Any]) -> str:
    """Why a point is out, in few words where there is one constraint that it may break."""
    only = [each["constraint"] for each in page["constraints"]] == [row["why"]]
    return "breaks it" if only else status_told(row)


def nearest_first(page: Page) -> list[Mapping[str, Any]]:
    """The chosen, then those that ran longest; of equal ones the best objective."""
    sign = 1 if page["objectives"][0]["goal"] == "minimise" else -1

    def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
        mean = row["objectives"][0]["mean"]
        unfit = not all(each["holds"] for each in row["constraints"])
        return (row["status"] != "chosen", -row["n"], unfit, mean is None, sign * (mean or 0.0), row["point"])

    return sorted(page["trials"], key=order)


def _unit(page: Page, metric: str) -> str:
    return str(next(each["unit"] for each in page["objectives"] if each["metric"] == metric))


def notes(page: Page) -> RenderableType | None:
    """How far the figures can be trusted."""
    return section("Notes", points(page["notes"])) if page["notes"] else None


ORDER = (headline, front, winner, trials, notes)
