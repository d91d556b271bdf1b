"""What Spot took: each reclaim with its blast radius, the attempts that went with it and the work they lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from batchsim.analysis.blast import Blasts, blasts
from batchsim.analysis.run import Analysis
from batchsim.report import sentences
from batchsim.report.colours import VERMILLION
from batchsim.report.page.blocks import Chart, Facts, Key, Section, Table
from batchsim.report.page.canvas import Clock, from_zero, source, tell, timeline
from batchsim.report.page.names import short
from batchsim.report.words import count, dollars, duration, plural, words

MOST_DRAWN = 1_500
_MOST_ROWS = 8
_TITLE = "Spot reclaims and their blast radius"


def reclaims(run: Analysis, summary: Mapping[str, Any], clock: Clock) -> Section | None:
    """None where nothing could be taken."""
    if not any("SPOT" in kind for kind in run.records.names.environment_kinds):
        return None
    lost, found = summary["reclaims"], blasts(run)
    if not len(found.at_ms):
        return Section("reclaims", _TITLE, "Spot took nothing.")
    facts = [("work lost", sentences.work_lost(lost))]
    facts += [("saved", f"{duration(lost['saved_s'])} of running, by checkpoints")] * bool(lost["saved_s"])
    facts += [("cut short", sentences.cut_short(lost["cut_short"]))] * bool(lost["cut_short"])
    lead = (
        f"Spot took {sentences.reclaimed(lost)}; the largest blast hit {plural(int(found.attempts.max()), 'attempt')}."
    )
    return Section("reclaims", _TITLE, lead, [_chart(run, found, clock), Facts(facts), _table(run, found)])


def _chart(run: Analysis, found: Blasts, clock: Clock) -> Chart:
    """A dot a reclaim: when, and how many attempts went with it; larger where more work was lost."""
    from bokeh.models import Scatter

    drawn = found.worst(MOST_DRAWN)
    made = timeline(clock, from_zero(float(found.attempts.max()) + 0.5), unit="attempts hit")
    lost_s = found.lost_ms[drawn] / 1000
    size = 7 + 17 * np.sqrt(lost_s / (lost_s.max() or 1))
    data = source(
        start=clock.at(found.at_ms[drawn]), attempts=found.attempts[drawn].astype(np.float64), size=size,
        what=[found.name(run, row) for row in drawn], lost=[duration(each) for each in lost_s],
        cost=[dollars(int(nano) / 1e9) for nano in found.lost_nano_usd[drawn]],
    )  # fmt: skip
    look: Any = {"fill_color": VERMILLION, "fill_alpha": 0.6, "line_color": VERMILLION, "line_width": 1}
    dots = made.add_glyph(data, Scatter(x="start", y="attempts", size="size", **look))
    lines = [
        ("taken", "@what"),
        ("at", "@start"),
        ("attempts hit", "@attempts"),
        ("running lost", "@lost"),
        ("cost", "@cost"),
    ]
    tell(made, [dots], lines, of=clock)
    total = len(found.at_ms)
    some = (
        f"The {count(len(drawn))} of {count(total)} reclaims that lost most are drawn. " if len(drawn) < total else ""
    )
    shown = f"{some}The larger a dot, the more running time was lost."
    return Chart(made, (Key("a reclaim", VERMILLION, "dot"),), shown)


def _table(run: Analysis, found: Blasts) -> Table:
    """The worst of them."""
    rows = [
        (short(found.name(run, row)), duration(int(found.at_ms[row]) / 1000), count(int(found.attempts[row])),
         duration(int(found.lost_ms[row]) / 1000), dollars(int(found.lost_nano_usd[row]) / 1e9))
        for row in found.worst(_MOST_ROWS)
    ]  # fmt: skip
    head = ("taken", "after", "attempts hit", "running lost", "cost of it")
    rest = len(found.at_ms) - len(rows)
    return Table(head, rows, title="The worst", more=f"and {plural(rest, 'further reclaim')}" if rest > 0 else "")


def faults(summary: Mapping[str, Any]) -> Section | None:
    """What the faults of the scenario's plan did, and what that cost; None without any."""
    found = summary["faults"]
    if not found:
        return None
    rows = [
        (short(each["fault"]), words(each["kind"]), sentences.fault_events(each["events"]),
         count(each["attempts_lost"]), duration(each["wasted_s"]), dollars(each["wasted_usd"]))
        for each in found[:_MOST_FAULTS]
    ]  # fmt: skip
    rest = len(found) - len(rows)
    more = f"and {plural(rest, 'further fault')} (summary.json has all)" if rest > 0 else ""
    head = ("fault", "kind", "what it did", "attempts lost", "work wasted", "cost of it")
    wasted = sum(each["wasted_usd"] for each in found)
    lead = f"{plural(len(found), 'fault')} of the plan struck, and wasted {dollars(wasted)}."
    return Section("faults", "Faults of the plan", lead, [Table(head, rows, words=3, more=more)])


_MOST_FAULTS = 20
