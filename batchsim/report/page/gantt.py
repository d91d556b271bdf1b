"""Instances as rows over time, with the jobs that ran on them packed in lanes of their vCPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.attribution import attempt_costs
from batchsim.analysis.lanes import Lanes, lanes
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import queue_groups, queue_of_job, used_by_instance
from batchsim.analysis.steps import edges
from batchsim.records.tables import Ints
from batchsim.records.vocabulary import Outcome, WhyEnded, WhyLaunched
from batchsim.report.colours import BLUE, CATEGORIES, GREY, VERMILLION, colours
from batchsim.report.page.blocks import Chart, Key, Section
from batchsim.report.page.canvas import Clock, Floats, names, source, tell, timeline
from batchsim.report.page.names import distinct, grouped, short
from batchsim.report.words import count, dollars, duration, plural, words

if TYPE_CHECKING:
    from bokeh.models import Plot

MOST_INSTANCES = 40
MOST_ATTEMPTS = 4_000
"""More boxes on one chart are too thin to be told apart, and slow a browser down."""
FEWEST_INSTANCES = 10
"""Fewer are drawn before jobs give way to the share of vCPUs that they held."""

_STRETCHES = 300
_BAND = 0.8
"""Of a row's height."""
_ROW_PX, _FEW_ROWS_PX = 22, 160
_PAGE_PX, _EDGED_FROM_PX = 1_000, 4
_TITLE = "Instances and their jobs"
_OVER = (
    Outcome.FAILED, Outcome.START_FAILED, Outcome.TIMED_OUT, Outcome.TERMINATED, Outcome.RECLAIMED, Outcome.HOST_LOST,
)  # fmt: skip


def gantt(run: Analysis, clock: Clock) -> Section:
    """The instances, or why there are none."""
    launched = len(run.records.instances.type)
    if not launched:
        return Section("gantt", _TITLE, _why_none(run))
    if not np.any(run.lives.end_ms > run.records.instances.launched_at_ms):
        return Section("gantt", _TITLE, f"{plural(launched, 'instance')} launched, on for no longer than an instant.")
    rows = _chosen(run)
    attempts = int(np.count_nonzero(np.isin(run.records.attempts.instance, rows)))
    many = attempts > MOST_ATTEMPTS
    made = _canvas(run, clock, rows)
    keys = _lives(made, run, clock, rows)
    keys += _shares(made, run, clock, rows) if many else _jobs(made, run, clock, rows)
    _ends(made, run, clock, rows)
    told = f"{plural(launched, 'instance')} launched; {_fate(run)}."
    return Section("gantt", _TITLE, told, [Chart(made, tuple(keys), _shown(run, rows, attempts, many=many))])


def _chosen(run: Analysis) -> Ints:
    """Instances taken evenly in order of launch: so many that their jobs can be told apart."""
    launched = len(run.records.instances.type)
    ran = np.bincount(run.records.attempts.instance[run.records.attempts.instance >= 0], minlength=launched)
    for most in (MOST_INSTANCES, 30, 20, FEWEST_INSTANCES):
        rows = np.unique(np.linspace(0, launched - 1, min(most, launched)).round().astype(np.int64))
        if int(ran[rows].sum()) <= MOST_ATTEMPTS:
            return rows
    return np.unique(np.linspace(0, launched - 1, min(MOST_INSTANCES, launched)).round().astype(np.int64))


def _canvas(run: Analysis, clock: Clock, rows: Ints) -> Plot:
    from bokeh.models import Range1d

    made = timeline(
        clock,
        Range1d(start=len(rows) - 0.4, end=-0.6),
        height=70 + max(_ROW_PX * len(rows), _FEW_ROWS_PX),
        both_ways=True,
    )
    types = run.records.names.types
    labels = distinct([f"{short(types[run.records.instances.type[row]], 16)} #{row + 1}" for row in rows.tolist()], 24)
    names(made, dict(enumerate(labels)))
    return made


def _lives(made: Plot, run: Analysis, clock: Clock, rows: Ints) -> list[Key]:
    """From launch to ready, then to the end."""
    from bokeh.models import Quad

    instances, lives = run.records.instances, run.lives
    place = np.arange(len(rows), dtype=np.float64)
    launched, ready, end = (np.asarray(at)[rows] for at in (instances.launched_at_ms, lives.ready_ms, lives.end_ms))
    data = source(
        launched=clock.at(launched), ready=clock.at(ready), start=clock.at(launched), end=clock.at(end),
        top=place - _BAND / 2, bottom=place + _BAND / 2, **_told_of_lives(run, rows),
    )  # fmt: skip
    look: dict[str, Any] = {"top": "top", "bottom": "bottom", "line_color": None}
    idle = made.add_glyph(data, Quad(left="ready", right="end", fill_color=GREY, fill_alpha=0.28, **look))
    hatch: dict[str, Any] = {
        "hatch_pattern": "right_diagonal_line",
        "hatch_color": GREY,
        "hatch_alpha": 0.7,
        "hatch_scale": 7,
    }
    boot = made.add_glyph(data, Quad(left="launched", right="ready", fill_alpha=0, **hatch, **look))
    lines = [
        ("instance", "@id (@type, @zone)"),
        ("launched", "@start, @why"),
        ("ended", "@end, @ended"),
        ("cost", "@cost"),
    ]
    tell(made, [idle, boot], lines, of=clock)
    keys = [Key("idle", GREY, "pale")]
    return [*keys, *[Key("booting", GREY, "slanted")] * bool(np.any(ready > launched))]


def _told_of_lives(run: Analysis, rows: Ints) -> dict[str, list[str]]:
    instances, named = run.records.instances, run.records.names
    bills = run.cost.instances.compute + run.cost.instances.ebs
    return {
        "id": [str(each) for each in run.instance_ids[rows]],
        "type": [short(named.types[code]) for code in instances.type[rows]],
        "zone": [short(named.zones[code]) for code in instances.zone[rows]],
        "why": [words(WhyLaunched(code).text) for code in instances.why_launched[rows].tolist()],
        "ended": [words(WhyEnded(code).text) for code in instances.why_ended[rows].tolist()],
        "cost": [dollars(int(bill) / 1e9) for bill in bills[rows]],
    }


def _jobs(made: Plot, run: Analysis, clock: Clock, rows: Ints) -> list[Key]:
    """A box an attempt, by queue; paler while it is STARTING."""
    from bokeh.models import Quad

    packed = lanes(run, rows)
    groups = queue_groups(run, len(CATEGORIES))
    labels = grouped(run.records.names.queues, groups.codes, groups.others, "queues")
    fills = [*colours(groups.count, groups.others), VERMILLION]
    row = packed.attempt
    lost = np.isin(run.records.attempts.outcome[row], _OVER)
    group = np.where(lost, len(fills) - 1, groups.of[queue_of_job(run)[run.records.attempts.job[row]]])
    start, end = run.phases.starting_ms[row], run.phases.end_ms[row]
    running = end - run.phases.running_ms[row]
    top, height = _bands(run, rows, packed)
    data = source(
        start=clock.at(start), running=clock.at(running), end=clock.at(end), top=top, bottom=top + height,
        fill=[fills[number] for number in group.tolist()], edge=_edges(run, end - running), **_told_of_jobs(run, row),
    )  # fmt: skip
    look: dict[str, Any] = {"top": "top", "bottom": "bottom", "fill_color": "fill"}
    edge: dict[str, Any] = {"line_width": "edge", "tags": ["ground"], "line_color": "#ffffff"}
    pale = made.add_glyph(data, Quad(left="start", right="running", fill_alpha=0.45, line_color=None, **look))
    full = made.add_glyph(data, Quad(left="running", right="end", fill_alpha=0.95, **look, **edge))
    lines = [
        ("job", "@job"), ("attempt", "@attempt on @host"), ("queue", "@queue"), ("STARTING", "@start"),
        ("RUNNING", "@ran"), ("ended", "@end, @outcome"), ("cost", "@cost"),
    ]  # fmt: skip
    tell(made, [pale, full], lines, of=clock)
    keys = [Key([*labels, "did not succeed"][number], fills[number]) for number in np.unique(group).tolist()]
    return [*keys, *[Key("starting (paler)", BLUE, "pale")] * bool(np.any(running > start))]


def _edges(run: Analysis, lengths_ms: Any) -> Floats:
    """The widths of the boxes' edges: none where a box is too narrow to have any."""
    return np.where(lengths_ms * _PAGE_PX > _EDGED_FROM_PX * max(run.records.horizon_ms, 1), 0.6, 0.0).astype(
        np.float32
    )


def _told_of_jobs(run: Analysis, row: Ints) -> dict[str, list[str]]:
    attempts, named = run.records.attempts, run.records.names
    own, _ = attempt_costs(run.records, run.cost)
    queue = queue_of_job(run)[attempts.job[row]]
    return {
        "job": [short(run.job_ids[job]) for job in attempts.job[row]],
        "attempt": [str(number) for number in attempts.attempt[row].tolist()],
        "host": [str(run.instance_ids[instance]) for instance in attempts.instance[row]],
        "queue": [short(named.queues[code]) for code in queue],
        "ran": [duration(int(ms) / 1000) for ms in run.phases.running_ms[row]],
        "outcome": [words(Outcome(code).text) for code in attempts.outcome[row].tolist()],
        "cost": [dollars(int(nano) / 1e9) for nano in own[row]],
    }


def _shares(made: Plot, run: Analysis, clock: Clock, rows: Ints) -> list[Key]:
    """How much of each instance jobs held, as the height of what is filled."""
    from bokeh.models import Quad

    curves = [used_by_instance(run, row) for row in rows.tolist()]
    at = edges(curves, _STRETCHES)
    room = 1000 * np.asarray(run.records.instances.vcpus)[rows]
    share = np.array([np.minimum(curve.means(at) / size, 1) for curve, size in zip(curves, room, strict=True)])
    place, stretch = np.nonzero(share > 0)
    part = share[place, stretch]
    data = source(
        start=clock.at(at[stretch]), end=clock.at(at[stretch + 1]), bottom=place + _BAND / 2,
        top=place + _BAND / 2 - _BAND * part, used=(100 * part).astype(np.float32),
        host=[str(run.instance_ids[row]) for row in rows[place]],
    )  # fmt: skip
    look: dict[str, Any] = {"top": "top", "bottom": "bottom", "line_color": None}
    drawn = made.add_glyph(data, Quad(left="start", right="end", fill_color=BLUE, fill_alpha=0.95, **look))
    tell(
        made,
        [drawn],
        [("instance", "@host"), ("vCPUs used", "@used{0.0} %"), ("from", "@start"), ("to", "@end")],
        of=clock,
    )
    return [Key("vCPUs used", BLUE)]


def _ends(made: Plot, run: Analysis, clock: Clock, rows: Ints) -> None:
    """A mark where Spot, a fault or an outage took the instance."""
    from bokeh.models import Scatter

    why = np.asarray(run.records.instances.why_ended)[rows]
    taken = np.flatnonzero(~np.isin(why, (WhyEnded.HORIZON, WhyEnded.SCALE_IN)))
    if len(taken):
        data = source(end=clock.at(np.asarray(run.lives.end_ms)[rows][taken]), place=taken.astype(np.float64))
        made.add_glyph(data, Scatter(x="end", y="place", marker="x", size=9, line_color=VERMILLION, line_width=2))


def _bands(run: Analysis, rows: Ints, packed: Lanes) -> tuple[Floats, Floats]:
    """The top and height of each piece on the axis, whose rows count downwards."""
    room = 1000 * run.records.instances.vcpus.astype(np.int64)
    np.maximum.at(room, packed.instance, packed.bottom_milli + packed.height_milli)
    scale = _BAND / room[packed.instance]
    place = np.searchsorted(rows, packed.instance)
    return place + _BAND / 2 - (packed.bottom_milli + packed.height_milli) * scale, packed.height_milli * scale


def _shown(run: Analysis, rows: Ints, attempts: int, *, many: bool) -> str:
    """What is drawn, and of how much."""
    launched, tried = len(run.records.instances.type), len(run.records.attempts.job)
    every = "Drawn are all instances" if len(rows) == launched else (
        f"Drawn are {len(rows)} of {count(launched)} instances, taken evenly in order of launch"
    )  # fmt: skip
    jobs = (
        "as the share of vCPUs that they held" if many else f"with their {count(attempts)} of {count(tried)} attempts"
    )
    taken = run.records.instances.why_ended[rows] == WhyEnded.SPOT_RECLAIM
    crosses = "; a cross is where Spot or a fault took one" if taken.any() else ""
    return f"{every}, {jobs}{crosses}."


def _fate(run: Analysis) -> str:
    """Why the instances ended."""
    ended = np.bincount(run.records.instances.why_ended, minlength=len(WhyEnded)).tolist()
    return ", ".join(f"{count(ended[why])} {_ENDINGS[why]}" for why in WhyEnded if ended[why])


_ENDINGS = {
    WhyEnded.HORIZON: "still on at the end of the run",
    WhyEnded.SCALE_IN: "scaled in",
    WhyEnded.SPOT_RECLAIM: "taken by Spot",
    WhyEnded.INSTANCE_FAILURE: "lost to a failure",
    WhyEnded.ZONE_OUTAGE: "lost with their zone",
    WhyEnded.BOOT_FAILURE: "that never booted",
}


def _why_none(run: Analysis) -> str:
    tasks = len(run.records.attempts.job)
    return f"No instances: {plural(tasks, 'attempt')} ran on Fargate." if tasks else "No instance was launched."
