"""``report.html`` of an optimisation: the best, what it is worth on fresh seeds, how the search went, every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batchsim.report.colours import BLUE, GREY, VERMILLION
from batchsim.report.comparison_words import change, figure, never_defined, rows_of, signed
from batchsim.report.optimisation_course import course_of, is_fit, plane_of
from batchsim.report.optimisation_words import (
    goal_told,
    interval_told,
    settings_told,
    status_told,
    unit_of,
    verdicts_of,
)
from batchsim.report.page.blocks import Chart, Facts, Key, Points, Section, Table
from batchsim.report.page.canvas import COUNTS, numbers, plot, source, tell
from batchsim.report.page.names import short
from batchsim.report.study_words import value_told
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]

_MOST_POINTS = 500
_AXES = {"s": ("minutes", 1 / 60), "USD": ("US dollars", 1.0), "share": ("%", 100.0), "1": ("", 1.0)}


def optimisation_page(page: Page) -> str:
    """The optimisation as HTML; ``page`` is what ``optimisation.json`` holds."""
    from batchsim.report.page.render import render

    found = page["optimisation"]
    runs = f"{plural(found['points'], 'point')}, {plural(found['runs'], 'run')} of seed {found['seed']}"
    return render(
        "comparison.html.jinja",
        _sections(page),
        sentences=[plain(each) for each in page["sentences"]],
        title=f"{short(found['name'], 60)}: {short(goal_told(page), 120)}",
        by=f"{runs}; {plural(found['fresh'], 'replication')} of the best with fresh seed {found['fresh_seed']}",
        version=found["batchsim"],
        foot=f"batchsim {found['batchsim']}, Optuna {found['optuna']}, seed {found['seed']}, {runs}",
    )


def _sections(page: Page) -> list[Section]:
    planes = [_plane(page)] if plane_of(page) else []
    history = [_history(page, at) for at in range(len(page["objectives"]))]
    return [*_fresh(page), *planes, *history, _points(page), *_notes(page), _about(page)]


def _fresh(page: Page) -> list[Section]:
    """Each chosen point against the scenario as it stands."""
    sections = []
    variants = [each["name"] for each in page["fresh"]["variants"][1:]]
    for at, (name, point) in enumerate(zip(variants, page["chosen"], strict=True)):
        failed = [row for row in verdicts_of(page, name) if not row["holds"]]
        lead = settings_told(page["trials"][point]["settings"], longest=200)
        blocks = [_changes(page, name), *_verdicts(page, name)]
        title = f"{short(name[:1].upper() + name[1:])} against the scenario as it stands, on fresh seeds"
        sections.append(Section(f"fresh-{at + 1}", title, lead, blocks, alarm=bool(failed)))
    return sections


def _changes(page: Page, variant: str) -> Table:
    fresh = page["fresh"]
    never = never_defined(fresh)
    rows = [row for row in rows_of(fresh, variant) if row["metric"] not in never]
    half = f"± ({100 * fresh['run']['level']:.4g} %)"
    head = ("metric", "as it stands", short(variant), "difference", half, "change", "r")
    return Table(head, [_change(row) for row in rows], marks=["shown" if row["different"] else "" for row in rows])


def _change(row: Mapping[str, Any]) -> Sequence[str]:
    unit, half = row["unit"], NOTHING
    if row["difference_low"] is not None:
        half = signed(row["difference_high"] - row["difference"], unit).removeprefix("+")
    correlation = NOTHING if row["correlation"] is None else f"{row['correlation']:.2f}"
    means = (figure(row["baseline_mean"], unit), figure(row["mean"], unit))
    return (row["metric"], *means, signed(row["difference"], unit), half, change(row), correlation)


def _verdicts(page: Page, variant: str) -> list[Table]:
    if not page["constraints"]:
        return []
    theirs = verdicts_of(page, page["fresh"]["run"]["baseline"])
    pairs = list(zip(theirs, verdicts_of(page, variant), strict=True))
    rows = [(short(plain(mine["constraint"])), _verdict(page, base), _verdict(page, mine)) for base, mine in pairs]
    marks = ["good" if mine["holds"] else "bad" for _, mine in pairs]
    return [Table(("constraint", "as it stands", short(variant)), rows, title="Constraints", marks=marks)]


def _verdict(page: Page, row: Mapping[str, Any]) -> str:
    told = interval_told(row, "value", unit_of(page, row["constraint"]))
    return told if row["holds"] else f"{told} FAILS"


def _history(page: Page, at: int) -> Section:
    """What each point came to, in turn."""
    from bokeh.models import DataRange1d, Scatter, Step

    objective, course = page["objectives"][at], course_of(page, at)
    name, scale = _axis(objective)
    made = plot(DataRange1d(), DataRange1d(), height=320, both_ways=True)
    numbers(made, "point", "below", COUNTS)
    numbers(made, name, "left", COUNTS)
    drawn = []
    for pairs, colour, alpha in ((course.unfit, GREY, 0.0), (course.fit, BLUE, 1.0)):
        look: Any = {"size": 7, "fill_color": colour, "fill_alpha": alpha, "line_color": colour}
        data = source(**_columns(page, [(point, float(point), value * scale) for point, value in pairs]))
        drawn.append(made.add_glyph(data, Scatter(x="x", y="y", **look)))
    best = source(
        x=np.array([point for point, _ in course.best], np.float64),
        y=np.array([value * scale for _, value in course.best], np.float64),
    )
    line: Any = {"mode": "after", "line_color": VERMILLION, "line_width": 2}
    made.add_glyph(best, Step(x="x", y="y", **line))
    tell(made, drawn, [("point", "@point"), ("settings", "@settings"), ("came to", "@told")])
    fit = "meets the constraints" if page["constraints"] else "tried"
    keys = (Key(fit, BLUE, "dot"), Key("breaks one", GREY, "dot"), Key("best so far", VERMILLION, "line"))
    lead = f"{plural(len(page['trials']), 'point')} in the order in which they were proposed."
    return Section(
        f"search-{at + 1}", f"{objective['metric']} of the points tried", lead, [Chart(made, keys, _of(page))]
    )


def _of(page: Page) -> str:
    counts = [trial["n"] for trial in page["trials"] if trial["n"]] or [0]
    often = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return f"Means of {often} runs of seed {page['optimisation']['seed']}."


def _axis(objective: Mapping[str, Any]) -> tuple[str, float]:
    unit, scale = _AXES.get(objective["unit"], (objective["unit"], 1.0))
    return (f"{objective['metric']}, {unit}" if unit else objective["metric"]), scale


def _columns(page: Page, rows: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    """Places, and what the mouse is told."""
    return {
        "x": np.array([x for _, x, _ in rows], np.float64),
        "y": np.array([y for _, _, y in rows], np.float64),
        "point": [str(point) for point, _, _ in rows],
        "settings": [short(settings_told(page["trials"][point]["settings"]), 120) for point, _, _ in rows],
        "told": [", ".join(_objectives(page, page["trials"][point])) for point, _, _ in rows],
    }


def _objectives(page: Page, row: Mapping[str, Any]) -> list[str]:
    units = [each["unit"] for each in page["objectives"]]
    return [interval_told(each, "mean", unit) for each, unit in zip(row["objectives"], units, strict=True)]


def _plane(page: Page) -> Section:
    """Every point in the plane of two objectives, the front joined, the knee named."""
    from bokeh.models import DataRange1d, Line, Scatter

    (first, scale), (second, other) = (_axis(each) for each in page["objectives"][:2])
    made = plot(DataRange1d(), DataRange1d(), height=380, both_ways=True)
    numbers(made, first, "below", COUNTS)
    numbers(made, second, "left", COUNTS)

    def of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        found = [(row["point"], *(each["mean"] for each in row["objectives"][:2])) for row in rows]
        return _columns(page, [(p, x * scale, y * other) for p, x, y in found if x is not None and y is not None])

    chosen = [page["trials"][point] for point in page["chosen"]] if page["found"] else []
    rest = [row for row in page["trials"] if row["point"] not in page["chosen"]]
    on = source(**of(chosen))
    made.add_glyph(on, Line(x="x", y="y", line_color=BLUE, line_width=2))
    hollow: Any = {"size": 7, "fill_color": None, "line_color": GREY}
    full: Any = {"size": 7, "fill_color": GREY, "line_color": GREY}
    drawn = [
        made.add_glyph(source(**of([row for row in rest if not is_fit(row)])), Scatter(x="x", y="y", **hollow)),
        made.add_glyph(source(**of([row for row in rest if is_fit(row)])), Scatter(x="x", y="y", **full)),
        made.add_glyph(on, Scatter(x="x", y="y", size=10, fill_color=BLUE, line_color=BLUE)),
    ]
    keys = [Key("the Pareto front", BLUE, "dot"), Key("beaten, or breaks a constraint (hollow)", GREY, "dot")]
    if page["knee"] is not None:
        look: Any = {"size": 16, "fill_color": None, "line_color": VERMILLION, "line_width": 3}
        made.add_glyph(source(**of([page["trials"][page["knee"]]])), Scatter(x="x", y="y", **look))
        keys.append(Key("the knee", VERMILLION, "dot"))
    tell(made, drawn, [("point", "@point"), ("settings", "@settings"), ("came to", "@told")])
    lead = f"{plural(len(chosen), 'point is', 'points are')} beaten by no other."
    return Section("front", "What is worth a choice", lead, [Chart(made, tuple(keys), _of(page))])


def _points(page: Page) -> Section:
    """Every point: what it came to, and why it was dropped."""
    shown = page["trials"][:_MOST_POINTS]
    rows = [
        (str(row["point"]), *(short(value_told(value), 40) for value in row["settings"].values()), str(row["n"]),
         *_objectives(page, row),
         *(interval_told(each, "value", unit_of(page, each["constraint"])) for each in row["constraints"]),
         short(status_told(row), 80))
        for row in shown
    ]  # fmt: skip
    rest = len(page["trials"]) - len(shown)
    more = f"{plural(rest, 'further point')} in trials.csv." if rest > 0 else ""
    limits = [short(plain(each["constraint"]), 40) for each in page["constraints"]]
    names = [each["metric"] for each in page["objectives"]]
    head = ("point", *(short(path, 40) for path in page["knobs"]), "runs", *names, *limits, "")
    marks = ["shown" if row["status"] == "chosen" else "" for row in shown]
    table = Table(head, rows, words=1 + len(page["knobs"]), more=more, marks=marks)
    return Section("points", "Every point", _of(page), [table])


def _notes(page: Page) -> list[Section]:
    if not page["notes"]:
        return []
    told = Points([plain(each) for each in page["notes"]])
    return [Section("notes", "How far the figures can be trusted", "", [told])]


def _about(page: Page) -> Section:
    found = page["optimisation"]
    facts = [
        ("optimisation", short(found["name"])), ("points", str(found["points"])), ("runs", f"{found['runs']:,}"),
        ("replications of a point", f"{found['first']} to {found['replications']} in the race"),
        ("seed", str(found["seed"])),
        ("fresh replications", f"{found['fresh']} of seed {found['fresh_seed']}"),
        ("risk of the race", f"{100 * found['risk']:g} %"), ("confidence", f"{100 * found['confidence']:g} %"),
        ("hash of the scenario", found["scenario_hash"][:16]), ("code", found["code"]), ("Optuna", found["optuna"]),
    ]  # fmt: skip
    return Section("about", "What was run", "", [Facts(facts)])
