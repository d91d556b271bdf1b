"""The sections of the terminal report of a study, each a function of its summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from batchsim.report.chance_words import chance, event
from batchsim.report.comparison_words import figure, signed
from batchsim.report.layout import points, rows, section
from batchsim.report.study_words import (
    effect_half,
    knobs_told,
    labels,
    mean_of,
    ranked,
    settings_of,
    value_told,
    with_half,
)
from batchsim.report.words import NOTHING, plain, plural, share

Page = Mapping[str, Any]

_MOST_POINTS = 40
_MOST_METRICS = 3
_MOST_SHARES = 8


def headline(page: Page) -> RenderableType:
    """What was asked, and what can be said."""
    study = page["study"]
    size = f"{plural(study['points'], 'point')}, {plural(study['replications'], 'replication')} of seed {study['seed']}"
    return section(f"{plain(study['name'])}: {size}", points(page["sentences"]))


def front(page: Page) -> RenderableType | None:
    """The points worth a choice."""
    found = page["front"]
    if not found["points"]:
        return None
    names = found["metrics"]
    lines = [
        (str(row["point"]), settings_of(page, row["point"], longest=60), "knee" if row["knee"] else "",
         *(with_half(mean_of(page, row["point"], name)) for name in names))
        for row in found["points"][:_MOST_POINTS]
    ]  # fmt: skip
    return section("Pareto front", rows(("point", "settings", "", *names), lines, words=3))


def means(page: Page) -> RenderableType:
    """Every point, its knobs and its means with half their intervals."""
    knobs, names = page["knobs"], _shown(page)
    lines = [
        (str(row["point"]), *(value_told(row["settings"][path]) for path in knobs),
         *(with_half(mean_of(page, row["point"], name)) for name in names))
        for row in page["points"][:_MOST_POINTS]
    ]  # fmt: skip
    rest = len(page["points"]) - _MOST_POINTS
    more = points([f"{plural(rest, 'further point')}: --out DIR writes all, or --format csv"]) if rest > 0 else None
    table = rows(("point", *labels(knobs), *names), lines, words=1 + len(knobs))
    return section(f"Means ± half their intervals of {100 * page['study']['confidence']:g} %", table, more)


def thresholds(page: Page) -> RenderableType | None:
    """Every point's chance of meeting each threshold."""
    found = page["thresholds"]
    if not found:
        return None
    events = list(dict.fromkeys(event(row) for row in found))[:_MOST_METRICS]
    told = {(row["point"], event(row)): chance(row) for row in found}
    knobs = page["knobs"]
    lines = [
        (str(row["point"]), *(value_told(row["settings"][path]) for path in knobs),
         *(told.get((row["point"], each), NOTHING) for each in events))
        for row in page["points"][:_MOST_POINTS]
    ]  # fmt: skip
    head = ("point", *labels(knobs), *events)
    return section("Thresholds (share of the replications that met them)", rows(head, lines, words=1 + len(knobs)))


def shares(page: Page) -> RenderableType | None:
    """Which knob matters, for the metrics of the front."""
    names = page["front"]["metrics"]
    found = {name: {knobs_told(row): row["share"] for row in ranked(page, name)} for name in names}
    if not any(found.values()):
        return None
    order = sorted(
        dict.fromkeys(knob for each in found.values() for knob in each), key=lambda knob: -_most(found, knob)
    )
    lines = [(knob, *(share(found[name].get(knob)) for name in names)) for knob in order[:_MOST_SHARES]]
    return section("Which knob matters (share of what points differ by)", rows(("knob", *names), lines))


def effects(page: Page) -> RenderableType | None:
    """Main effects: each level less the mean of all points, with half its interval."""
    names = page["front"]["metrics"]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for each in page["effects"]:
        if each["metric"] not in names:
            continue
        for row in each["levels"]:
            half = effect_half(row)
            text = signed(row["effect"], row["unit"]) + (f" ± {figure(half, row['unit'])}" if half else "")
            found.setdefault((row["knob"], row["level"]), {})[each["metric"]] = text
    if not found or len(found) > _MOST_POINTS:
        return None
    lines = [(knob, level, *(told.get(name, "–") for name in names)) for (knob, level), told in found.items()]
    return section("Main effects (less the mean of all points)", rows(("knob", "level", *names), lines, words=2))


def notes(page: Page) -> RenderableType | None:
    """How far the figures can be trusted."""
    return section("Notes", points(page["notes"])) if page["notes"] else None


def _shown(page: Page) -> list[str]:
    """The first metrics, those that no run defines aside."""
    defined = {row["metric"] for row in page["means"] if row["n"]}
    return [name for name in page["metrics"] if name in defined][:_MOST_METRICS]


def _most(found: Mapping[str, Mapping[str, float]], knob: str) -> float:
    return max(each.get(knob, 0.0) for each in found.values())


ORDER = (headline, front, shares, effects, means, thresholds, notes)
