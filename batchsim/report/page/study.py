"""``report.html`` of a study: the front, what each knob does, every point, how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batchsim.report.colours import BLUE, GREY, ORANGE, VERMILLION
from batchsim.report.comparison_words import figure, signed
from batchsim.report.page.blocks import Bar, Bars, Chart, Facts, Key, Part, Points, Section, Table
from batchsim.report.page.canvas import COUNTS, names, numbers, plot, source, tell
from batchsim.report.page.chances import thresholds
from batchsim.report.page.names import distinct, short
from batchsim.report.study_words import effect_half, knobs_told, mean_of, ranked, settings_of, value_told, with_half
from batchsim.report.words import plain, plural, share

Page = Mapping[str, Any]

_ROW_PX = 22
_MOST_POINTS = 500
_MOST_SHARES = 15
_MOST_LEVELS = 40


def study_page(page: Page) -> str:
    """The study as HTML; ``page`` is what ``study.json`` holds."""
    from batchsim.report.page.render import render

    study = page["study"]
    runs = f"{plural(study['points'], 'point')}, {plural(study['replications'], 'replication')} of seed {study['seed']}"
    return render(
        "comparison.html.jinja",
        _sections(page),
        sentences=[plain(each) for each in page["sentences"]],
        title=f"{short(study['name'], 60)}: {', '.join(short(path, 40) for path in page['knobs'][:3])}",
        by=f"{runs}; replication r of all points drew the same random numbers",
        version=study["batchsim"],
        foot=f"batchsim {study['batchsim']}, seed {study['seed']}, {runs}",
    )


def _sections(page: Page) -> list[Section]:
    knobs = [_effects(page, metric, at) for at, metric in enumerate(page["front"]["metrics"])]
    return [
        _front(page),
        *(each for each in knobs if each is not None),
        _points(page),
        *_chances(page),
        *_notes(page),
        _about(page),
    ]


def _front(page: Page) -> Section:
    """Every point in the plane of the two metrics, the front joined, the knee named."""
    front = page["front"]
    first, second = front["metrics"]
    count = len(front["points"])
    lead = f"{plural(count, 'point is', 'points are')} beaten by no other in both {first} and {second}."
    rows = [
        (str(row["point"]), short(settings_of(page, row["point"]), 100), "knee" if row["knee"] else "",
         *(with_half(mean_of(page, row["point"], name)) for name in front["metrics"]))
        for row in front["points"][:_MOST_POINTS]
    ]  # fmt: skip
    table = Table(("point", "settings", "", first, second), rows, words=3)
    chart = [_plane(page)] if len(front["points"]) + len(front["beaten"]) else []
    return Section("front", "What is worth a choice", lead, [*chart, *([table] if rows else [])])


def _plane(page: Page) -> Chart:
    from bokeh.models import DataRange1d, Line, Scatter

    front = page["front"]
    made = plot(DataRange1d(), DataRange1d(), height=380, both_ways=True)
    first, second = front["metrics"]
    numbers(made, _axis(page, first), "below", COUNTS)
    numbers(made, _axis(page, second), "left", COUNTS)
    on = [row["point"] for row in front["points"]]
    line = _columns(page, on)
    made.add_glyph(source(x=line["x"], y=line["y"]), Line(x="x", y="y", line_color=BLUE, line_width=2))
    beaten = source(**_columns(page, [row["point"] for row in front["beaten"]]))
    drawn = [
        made.add_glyph(beaten, Scatter(x="x", y="y", size=7, fill_color=GREY, line_color=GREY)),
        made.add_glyph(source(**line), Scatter(x="x", y="y", size=10, fill_color=BLUE, line_color=BLUE)),
    ]
    keys = [Key("the Pareto front", BLUE, "dot"), Key("beaten by one of them", GREY, "dot")]
    if front["knee"] is not None:
        look: Any = {"size": 16, "fill_color": None, "line_color": VERMILLION, "line_width": 3}
        made.add_glyph(source(**_columns(page, [front["knee"]])), Scatter(x="x", y="y", **look))
        keys.append(Key("the knee", VERMILLION, "dot"))
    tell(made, drawn, [("point", "@point"), ("settings", "@settings"), (first, "@first"), (second, "@second")])
    runs = page["study"]["replications"]
    out = plural(len(front["left_out"]), "point")
    shown = f"Means of {plural(runs, 'run')}." + (f" {out} without both metrics left out." if front["left_out"] else "")
    return Chart(made, tuple(keys), shown)


def _columns(page: Page, at: Sequence[int]) -> dict[str, Any]:
    """Places, and what the mouse is told."""
    first, second = page["front"]["metrics"]
    rows = [(mean_of(page, point, first), mean_of(page, point, second)) for point in at]
    return {
        "x": np.array([_scaled(row) for row, _ in rows], np.float64),
        "y": np.array([_scaled(row) for _, row in rows], np.float64),
        "point": [str(point) for point in at],
        "settings": [short(settings_of(page, point), 120) for point in at],
        "first": [with_half(row) for row, _ in rows],
        "second": [with_half(row) for _, row in rows],
    }


def _axis(page: Page, metric: str) -> str:
    unit = {"s": "minutes", "USD": "US dollars", "share": "%", "1": ""}.get(page["metrics"][metric]["unit"])
    named = page["metrics"][metric]["unit"] if unit is None else unit
    return f"{metric}, {named}" if named else metric


def _scaled(row: Mapping[str, Any]) -> float:
    """A mean in the axis's unit."""
    return float(row["mean"]) * {"s": 1 / 60, "share": 100}.get(row["unit"], 1)


def _effects(page: Page, metric: str, at: int) -> Section | None:
    """What each knob does to one metric."""
    (effects,) = (each for each in page["effects"] if each["metric"] == metric)
    if not effects["levels"]:
        return None
    order = ranked(page, metric)[:_MOST_SHARES]
    lead = f"Of {plural(effects['points'], 'point')} that have it in every replication."
    bars = Bars("Share of what points differ by", [
        Bar(short(knobs_told(row)), [Part(row["share"], BLUE if len(row["knobs"]) == 1 else ORANGE)],
            share(row["share"]))
        for row in order
    ], (Key("a knob", BLUE), Key("two knobs together, beyond each", ORANGE)))  # fmt: skip
    levels = effects["levels"][:_MOST_LEVELS]
    table = Table(
        ("knob", "level", "points", "mean", "less the mean of all", f"± ({100 * page['study']['confidence']:g} %)"),
        [_level(row) for row in effects["levels"]], words=2,
    )  # fmt: skip
    return Section(f"knobs-{at + 1}", f"What moves {metric}", lead, [*([bars] if order else []), _dots(levels), table])


def _level(row: Mapping[str, Any]) -> Sequence[str]:
    half = figure(effect_half(row), row["unit"])
    mean, effect = figure(row["mean"], row["unit"]), signed(row["effect"], row["unit"])
    return (short(row["knob"]), short(row["level"]), str(row["n"]), mean, effect, half)


def _dots(levels: Sequence[Mapping[str, Any]]) -> Chart:
    """A dot a level at its mean, with the interval of its effect around it."""
    from bokeh.models import DataRange1d, Range1d, Scatter, Segment

    place = np.arange(len(levels), dtype=np.float64)
    height = 70 + _ROW_PX * max(len(levels), 3)
    made = plot(DataRange1d(), Range1d(start=len(levels) - 0.4, end=-0.6), height=height)
    unit = levels[0]["unit"]
    label = {"s": "minutes", "USD": "US dollars", "share": "%", "1": ""}.get(unit, unit)
    numbers(made, f"mean, {label}" if label else "mean", "below")
    labels = distinct([f"{row['knob'].rsplit('.', 1)[-1]} {row['level']}" for row in levels], 40)
    names(made, dict(enumerate(labels)))
    at = np.array([_scaled(row) for row in levels], np.float64)
    ends = {
        key: at + np.array([_scaled({"mean": (row[f"effect_{key}"] if row[f"effect_{key}"] is not None else
                                              row["effect"]) - row["effect"], "unit": unit}) for row in levels])
        for key in ("low", "high")
    }  # fmt: skip
    data = source(
        at=at, place=place, low=ends["low"], high=ends["high"], told=[figure(row["mean"], unit) for row in levels],
        knob=[row["knob"] for row in levels], level=[row["level"] for row in levels],
    )  # fmt: skip
    made.add_glyph(data, Segment(x0="low", x1="high", y0="place", y1="place", line_color=BLUE, line_width=2))
    dots = made.add_glyph(data, Scatter(x="at", y="place", size=9, fill_color=BLUE, line_color=BLUE))
    tell(made, [dots], [("knob", "@knob"), ("level", "@level"), ("mean", "@told")])
    return Chart(made, (Key("mean of the points at this level, with the interval of its effect", BLUE, "dot"),), "")


def _points(page: Page) -> Section:
    """Every point with its means."""
    shown = page["points"][:_MOST_POINTS]
    rows = [
        (str(row["point"]), *(short(value_told(value), 40) for value in row["settings"].values()),
         *(with_half(mean_of(page, row["point"], name)) for name in page["metrics"]))
        for row in shown
    ]  # fmt: skip
    rest = len(page["points"]) - len(shown)
    more = f"{plural(rest, 'further point')} in points.csv." if rest > 0 else ""
    head = ("point", *(short(path, 40) for path in page["knobs"]), *page["metrics"])
    knee = page["front"]["knee"]
    marks = ["shown" if row["point"] == knee else "" for row in shown]
    table = Table(head, rows, words=1 + len(page["knobs"]), more=more, marks=marks)
    return Section("points", "Every point", "Means, and half their intervals.", [table])


def _chances(page: Page) -> list[Section]:
    """Every point's chances."""
    return thresholds(page, "point", lambda row: f"{row['point']}: {settings_of(page, row['point'], longest=70)}")


def _notes(page: Page) -> list[Section]:
    if not page["notes"]:
        return []
    told = Points([plain(each) for each in page["notes"]])
    return [Section("notes", "How far the figures can be trusted", "", [told])]


def _about(page: Page) -> Section:
    study = page["study"]
    facts = [
        ("study", short(study["name"])), ("design", study["design"].replace("_", " ")),
        ("points", str(study["points"])), ("replications", str(study["replications"])), ("seed", str(study["seed"])),
        ("confidence", f"{100 * study['confidence']:g} %, of each interval by itself"),
        ("hash of the scenario", study["scenario_hash"][:16]), ("code", study["code"]),
    ]  # fmt: skip
    return Section("about", "What was run", "", [Facts(facts)])
