"""``report.html`` of a comparison: what differs, each variant's changes with their intervals, how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batchsim.report.colours import BLUE, GREY, ORANGE
from batchsim.report.comparison_words import Row, change, figure, is_same, never_defined, rows_of, signed
from batchsim.report.page.blocks import Bar, Bars, Chart, Facts, Key, Part, Points, Section, Table
from batchsim.report.page.canvas import names, numbers, plot, source, tell
from batchsim.report.page.chances import thresholds
from batchsim.report.page.names import distinct, short
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]

_ROW_PX = 24
_MOST_VARIANTS = 20
_MOST_BARS = 12


def comparison_page(page: Page) -> str:
    """The comparison as HTML; ``page`` is what ``comparison.json`` holds."""
    from batchsim.report.page.render import render

    run, compared = page["run"], page["variants"][1:]
    told = ", ".join(short(each["name"], 40) for each in compared[:4]) + (
        f" and {len(compared) - 4} more" * (len(compared) > 4)
    )
    runs = f"{plural(run['replications'], 'replication')} of seed {run['seed']}"
    return render(
        "comparison.html.jinja",
        _sections(page),
        sentences=[plain(each) for each in page["sentences"]],
        title=f"{told or 'nothing'} against {short(run['baseline'], 40)}",
        by=f"{runs}; all variants drew the same random numbers, so each is compared run by run",
        version=run["batchsim"],
        foot=f"batchsim {run['batchsim']}, seed {run['seed']}, {plural(run['replications'], 'replication')}",
    )


def _sections(page: Page) -> list[Section]:
    compared = page["variants"][1 : _MOST_VARIANTS + 1]
    labels = distinct([variant["name"] for variant in compared])
    each = [
        _variant(page, variant["name"], label, at)
        for at, (variant, label) in enumerate(zip(compared, labels, strict=True))
    ]
    return [*each, *_thresholds(page), _means(page), *_notes(page), _about(page)]


def _thresholds(page: Page) -> list[Section]:
    """Each variant's chances."""
    return thresholds(page, "variant", lambda row: str(row["variant"]))


def _variant(page: Page, variant: str, label: str, at: int) -> Section:
    """The changes of one variant."""
    rows, never = rows_of(page, variant), never_defined(page)
    against = short(page["run"]["baseline"])
    shown = sum(bool(row["different"]) for row in rows)
    lead = f"{plural(shown, 'metric differs', 'metrics differ')} beyond chance, of {len(rows)}."
    changed = [row for row in rows if row["percent"] is not None and not is_same(row)]
    charts = [_changes(changed, page)] if changed else []
    table = _table(page, [row for row in rows if row["metric"] not in never])
    return Section(f"variant-{at + 1}", f"{label} against {against}", lead, [*charts, table])


def _changes(rows: Sequence[Row], page: Page) -> Chart:
    """A dot a metric at its change in percent, with its interval, filled where that leaves zero out."""
    from bokeh.models import Range1d, Scatter, Segment, VSpan

    place, ends = np.arange(len(rows), dtype=np.float64), _ends(rows)
    low, high = ends
    reach = [float(min(0, low.min())), float(max(0, high.max()))]
    room = 0.08 * ((reach[1] - reach[0]) or 1)
    height = 70 + _ROW_PX * max(len(rows), 3)
    made = plot(
        Range1d(start=reach[0] - room, end=reach[1] + room), Range1d(start=len(rows) - 0.4, end=-0.6), height=height
    )
    numbers(made, "change against the baseline, %", "below")
    names(made, {at: row["metric"] for at, row in enumerate(rows)})
    made.add_glyph(VSpan(x=0, line_color=GREY, line_width=1.2))
    data = source(
        low=low, high=high, at=np.array([row["percent"] for row in rows], np.float64), place=place,
        fill=[1.0 if row["different"] else 0.0 for row in rows], metric=[row["metric"] for row in rows],
        told=[change(row) for row in rows], baseline=[figure(row["baseline_mean"], row["unit"]) for row in rows],
        mean=[figure(row["mean"], row["unit"]) for row in rows],
    )  # fmt: skip
    made.add_glyph(data, Segment(x0="low", x1="high", y0="place", y1="place", line_color=BLUE, line_width=2))
    look: Any = {"size": 11, "fill_color": BLUE, "fill_alpha": "fill", "line_color": BLUE, "line_width": 2}
    dots = made.add_glyph(data, Scatter(x="at", y="place", **look))
    lines = [("metric", "@metric"), ("change", "@told"), ("baseline", "@baseline"), ("this variant", "@mean")]
    tell(made, [dots], lines)
    runs, level = page["run"]["replications"], page["run"]["level"]
    shown = "1 run: no interval." if runs == 1 else f"{runs} runs; lines are intervals of {100 * level:.4g} %."
    return Chart(made, (Key("filled: differs beyond chance", BLUE, "dot"),), shown)


def _ends(rows: Sequence[Row]) -> tuple[Any, Any]:
    """The ends of the intervals, or the value where there is none."""
    ends = ("percent_low", "percent_high")
    low, high = (
        np.array([row["percent"] if row[key] is None else row[key] for row in rows], np.float64) for key in ends
    )
    return low, high


def _table(page: Page, rows: Sequence[Row]) -> Table:
    run = page["run"]
    head = ("metric", "baseline", "variant", "difference", f"± ({100 * run['level']:.4g} %)", "change", "r", "better")
    return Table(head, [_line(row) for row in rows], marks=["shown" if row["different"] else "" for row in rows])


def _line(row: Row) -> Sequence[str]:
    unit = row["unit"]
    half = NOTHING
    if row["difference_low"] is not None:
        half = signed(row["difference_high"] - row["difference"], unit).removeprefix("+")
    return (
        row["metric"],
        figure(row["baseline_mean"], unit),
        figure(row["mean"], unit),
        signed(row["difference"], unit),
        half,
        change(row),
        NOTHING if row["correlation"] is None else f"{row['correlation']:.2f}",
        NOTHING if not row["n"] or is_same(row) else f"{100 * row['better_share']:.0f} %",
    )


def _means(page: Page) -> Section:
    """The means of all variants, a group of bars a metric."""
    never, labels = never_defined(page), distinct([variant["name"] for variant in page["variants"]], 40)
    told = dict(zip((variant["name"] for variant in page["variants"]), labels, strict=True))
    groups = [
        _bars(page, name, told, f"{name}: {plain(metric['what'])}")
        for name, metric in page["metrics"].items()
        if name not in never and any(row["mean"] for row in page["table"] if row["metric"] == name)
    ]
    rest = len(groups) - _MOST_BARS
    more = f"{plural(rest, 'further metric')} in comparison.json. " if rest > 0 else ""
    return Section("means", "Means of every variant", f"{more}The baseline is grey.", groups[:_MOST_BARS])


def _bars(page: Page, metric: str, told: Mapping[str, str], title: str) -> Bars:
    rows = [row for row in page["table"] if row["metric"] == metric]
    longest = max((abs(row["mean"] or 0.0) for row in rows), default=0.0) or 1.0
    baseline = page["run"]["baseline"]
    return Bars(title, [
        Bar(told[row["variant"]],
            [Part(abs(row["mean"] or 0.0) / longest, GREY if row["variant"] == baseline else _colour(row["mean"]))],
            figure(row["mean"], row["unit"]))
        for row in rows
    ])  # fmt: skip


def _colour(mean: float | None) -> str:
    return BLUE if (mean or 0.0) >= 0 else ORANGE


def _notes(page: Page) -> list[Section]:
    if not page["notes"]:
        return []
    return [
        Section("notes", "How far the figures can be trusted", "", [Points([plain(each) for each in page["notes"]])])
    ]


def _about(page: Page) -> Section:
    run = page["run"]
    facts = [
        ("baseline", short(run["baseline"])), ("seed", str(run["seed"])), ("replications", str(run["replications"])),
        ("confidence", f"{100 * run['confidence']:g} %, of all intervals of a metric together"),
        ("batchsim", run["batchsim"]),
    ]  # fmt: skip
    rows = [
        (short(each["name"]), short(each["scenario"] or NOTHING), each["scenario_hash"][:16],
         short(", ".join(f"{what}: {name}" for what, name in each["policies"].items()) or NOTHING))
        for each in page["variants"]
    ]  # fmt: skip
    table = Table(("variant", "scenario", "its hash", "policies replaced"), rows, words=4)
    return Section("about", "What was compared", "", [Facts(facts), table])
