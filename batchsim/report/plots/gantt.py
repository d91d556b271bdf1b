"""Instances as rows over time, with the jobs that ran on them packed in lanes of vCPUs."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch

from batchsim.analysis.lanes import Lanes, lanes
from batchsim.analysis.series import queue_groups, queue_of_job, used_by_instance
from batchsim.analysis.steps import edges
from batchsim.records.tables import Ints
from batchsim.records.vocabulary import Outcome, WhyEnded
from batchsim.report.colours import BLUE, CATEGORIES, GREY, PALE, VERMILLION, colours
from batchsim.report.plots.jobs import NO_JOBS, group_names, over_time
from batchsim.report.plots.names import labels
from batchsim.report.plots.style import canvas, height_in, legend, nothing, title, width_in
from batchsim.report.words import count, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from batchsim.analysis.run import Analysis

    Floats = NDArray[np.floating[Any]]

MOST_ATTEMPTS = 4_000
"""More attempts on the drawn instances are too thin to be told apart."""

_SHARE_STRETCHES = 400
_BAND = 0.8
"""Of a row's height."""

_PALER = 0.4
_EDGED_FROM = 3.0
"""Points of width from which a job has an edge."""

_LOST = (
    Outcome.FAILED,
    Outcome.START_FAILED,
    Outcome.TIMED_OUT,
    Outcome.TERMINATED,
    Outcome.RECLAIMED,
    Outcome.HOST_LOST,
)


def gantt(run: Analysis, ax: Axes | None, most: int) -> Axes:
    """Instances with their jobs."""
    if most < 1:
        raise ValueError(f"most: at least 1 instance must be drawn, got {most}")
    launched = len(run.records.instances.type)
    rows = np.unique(np.linspace(0, launched - 1, min(most, launched)).round().astype(np.int64))
    with canvas(ax, height=1.6 + 0.24 * max(len(rows), 8)) as axes:
        if not launched:
            nothing(axes, "Instances and their jobs", _why_none(run))
            return axes
        each = np.flatnonzero(np.isin(run.records.attempts.instance, rows))
        _draw_lives(axes, run, rows)
        many = len(each) > MOST_ATTEMPTS
        shown = _draw_shares(axes, run, rows) if many else _draw_jobs(axes, run, rows)
        title(axes, "Instances and their jobs", _finding(run, rows, len(each), many=many))
        over_time(axes, run)
        _name_rows(axes, run, rows)
        legend(axes, extra=shown)
    return axes


def _draw_lives(axes: Axes, run: Analysis, rows: Ints) -> None:
    """From launch to ready, then to the end; a mark where Spot took the instance."""
    instances, lives = run.records.instances, run.lives
    place = np.arange(len(rows))
    launched, ready, end = (at[rows] / 1000 for at in (instances.launched_at_ms, lives.ready_ms, lives.end_ms))
    top, height = place - _BAND / 2, np.full(len(rows), _BAND)
    booting, idle = _boxes(launched, ready, top, height), _boxes(ready, end, top, height)
    if np.any(ready > launched):
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": GREY, "hatch": "/////", "lw": 0.3}
        axes.add_collection(PolyCollection(booting, label="booting", **frame))
    axes.add_collection(PolyCollection(idle, facecolor=PALE, lw=0, label="idle"))
    taken = instances.why_ended[rows] == WhyEnded.SPOT_RECLAIM
    if taken.any():
        axes.scatter(end[taken], place[taken], marker="x", s=22, c=VERMILLION, lw=1.4, zorder=4, label="taken by Spot")


def _draw_jobs(axes: Axes, run: Analysis, rows: Ints) -> list[Patch]:
    """A box an attempt, by queue; paler while it is STARTING. Return what to say in the legend."""
    packed, phases = lanes(run, rows), run.phases
    groups = queue_groups(run, len(CATEGORIES))
    names = group_names(run.records.names.queues, groups.codes, groups.others, "queues")
    fills = [*colours(groups.count, groups.others), VERMILLION]
    row = packed.attempt
    start, end = phases.starting_ms[row] / 1000, phases.end_ms[row] / 1000
    running = end - phases.running_ms[row] / 1000
    lost = np.isin(run.records.attempts.outcome[row], _LOST)
    group = np.where(lost, len(fills) - 1, groups.of[queue_of_job(run)[run.records.attempts.job[row]]])
    low, height = _bands(run, rows, packed)
    for left, right, strength in ((start, running, _PALER), (running, end, 1.0)):
        face = [to_rgba(fills[number], strength) for number in group.tolist()]
        widths = _edges(axes, run, right - left)
        boxes = _boxes(left, right, low, height)
        axes.add_collection(PolyCollection(boxes, facecolor=face, edgecolor=axes.get_facecolor(), lw=widths, zorder=2))
    names = [*names, "did not succeed"]
    shown = [Patch(color=fills[number], label=names[number]) for number in np.unique(group[end > running]).tolist()]
    return [*shown, *([Patch(color=GREY, alpha=_PALER, label="starting (paler)")] if np.any(running > start) else [])]


def _edges(axes: Axes, run: Analysis, lengths_s: Floats) -> Floats:
    """The widths of the boxes' white edges: none where a box is too narrow to have any."""
    second = axes.get_position().width * width_in(axes) * 72 / (max(run.records.horizon_ms, 1) / 1000)
    return np.where(lengths_s * second > _EDGED_FROM, 0.3, 0.0)


def _draw_shares(axes: Axes, run: Analysis, rows: Ints) -> list[Patch]:
    """How much of each instance jobs held, as the height of what is filled."""
    curves = [used_by_instance(run, row) for row in rows.tolist()]
    at_ms = edges(curves, _SHARE_STRETCHES)
    for place, (row, curve) in enumerate(zip(rows.tolist(), curves, strict=True)):
        share = np.append(curve.means(at_ms), 0.0) / (1000 * int(run.records.instances.vcpus[row]))
        floor = place + _BAND / 2
        axes.fill_between(at_ms / 1000, floor, floor - _BAND * np.minimum(share, 1.0), step="post", color=BLUE, lw=0)
    return [Patch(color=BLUE, label="vCPUs used")]


def _bands(run: Analysis, rows: Ints, packed: Lanes) -> tuple[Floats, Floats]:
    """The top and height of each piece on the axis, whose rows count downwards."""
    room = 1000 * run.records.instances.vcpus.astype(np.int64)
    np.maximum.at(room, packed.instance, packed.bottom_milli + packed.height_milli)
    scale = _BAND / room[packed.instance]
    place = np.searchsorted(rows, packed.instance)
    top = place + _BAND / 2 - (packed.bottom_milli + packed.height_milli) * scale
    return top, packed.height_milli * scale


def _boxes(left: Floats, right: Floats, top: Floats, height: Floats) -> list[Floats]:
    """The corners of rectangles, each of shape (4, 2)."""
    x = np.stack((left, right, right, left), axis=1)
    y = np.stack((top, top, top + height, top + height), axis=1)
    return list(np.stack((x, y), axis=2))


def _name_rows(axes: Axes, run: Analysis, rows: Ints) -> None:
    """Name each row by its type and its place among all launches; as many as have room."""
    axes.set_ylim(len(rows) - 0.4, -0.6)
    room_in = axes.get_position().height * height_in(axes)
    size = float(axes.xaxis.label.get_fontsize())
    every = ceil(len(rows) * size * 1.25 / (72 * room_in))
    types = run.records.names.types
    names = labels([f"{types[run.records.instances.type[row]]} #{row + 1}" for row in rows.tolist()])
    axes.set_yticks(range(0, len(rows), every), names[::every])
    axes.tick_params(axis="y", length=0)


def _finding(run: Analysis, rows: Ints, attempts: int, *, many: bool) -> str:
    """What is drawn, and of how much."""
    launched = len(run.records.instances.type)
    few = f"{len(rows)} of {count(launched)} instances, taken evenly in order of launch"
    told = few if len(rows) < launched else plural(launched, "instance")
    return f"{told}; {plural(attempts, 'attempt')}{', as the share of vCPUs used' if many else ''}"


def _why_none(run: Analysis) -> str:
    if not len(run.records.jobs.state):
        return f"no instances, {NO_JOBS}"
    tasks = len(run.records.attempts.job)
    return f"no instances: {plural(tasks, 'attempt')} ran on Fargate" if tasks else "no instances: none was launched"
