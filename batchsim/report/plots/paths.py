"""The critical path of a workflow, step by step over time, and how near the run came to its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from batchsim.analysis.limits import NEARLY, Limit, found_limits
from batchsim.analysis.workflows import LEVERS, lever_lengths
from batchsim.report.colours import BLUE, ORANGE, VERMILLION
from batchsim.report.levers import limit_words, part_words
from batchsim.report.plots.jobs import NO_JOBS, over_time
from batchsim.report.plots.names import labels
from batchsim.report.plots.scales import share_axis
from batchsim.report.plots.style import canvas, hatched, ink, legend, nothing, thickness, title
from batchsim.report.words import duration, number, plural, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis

_COLOURS = (
    *("wait_scale_up_decision", "wait_instance_booting", "arrival", "dependency", "last_running", "earlier_running"),
    *("wait_max_vcpus", "start_up", "wait_scheduler_cycle", "throttled"),
)
"""The parts that have a plain colour; all others are hatched."""

_MOST_STEPS = 24
_MOST_LIMITS = 12


def critical_path(run: Analysis, ax: Axes | None, workflow: int | None) -> Axes:
    """A row a job of the path, from what bound its start to its end, cut into what it spent its time on."""
    what = "Critical path"
    chosen = _chosen(run, workflow)
    jobs = np.zeros(0, np.int64) if chosen is None else _steps(run, chosen)
    with canvas(ax, height=1.7 + 0.28 * max(min(len(jobs), _MOST_STEPS), 4)) as axes:
        if chosen is None or not len(jobs):
            nothing(axes, what, NO_JOBS if not len(run.records.jobs.state) else "no job came to be")
            return axes
        shown = jobs[np.unique(np.linspace(0, len(jobs) - 1, _MOST_STEPS).round().astype(np.int64))]
        title(axes, what, _finding(run, chosen, len(jobs), len(shown)))
        _draw_steps(axes, run, shown)
        over_time(axes, run)
        axes.set_yticks(range(len(shown)), labels(run.job_ids[shown].tolist()))
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        legend(axes, heading="time went to")
    return axes


def _chosen(run: Analysis, workflow: int | None) -> int | None:
    """The workflow to draw: the longest, unless another is asked for."""
    length = run.graph.end_ms - run.graph.due_ms
    if workflow is not None and not 0 <= workflow < len(length):
        raise ValueError(f"no workflow {workflow}: there are {len(length)}, counted from 0")
    return workflow if workflow is not None or not len(length) else int(np.argmax(length))


def _steps(run: Analysis, workflow: int) -> np.ndarray:
    """The jobs of a path, in order."""
    path = run.critical
    jobs = np.flatnonzero(path.on_path & (run.graph.workflow == workflow))
    return np.asarray(jobs[np.argsort(path.step[jobs])])


def _draw_steps(axes: Axes, run: Analysis, jobs: np.ndarray) -> None:
    """Bars of parts one after the other; within a segment the parts stand in their order, not each where it was."""
    lengths, left = lever_lengths(run.critical.parts[jobs]), run.graph.start_ms[jobs] / 1000
    for place, name in enumerate(LEVERS):
        part = lengths[:, place] / 1000
        if part.any():
            axes.barh(
                range(len(jobs)),
                part,
                left=left,
                height=thickness(len(jobs)),
                label=part_words(name),
                **hatched(_place(name)),
            )
            left = left + part


def _place(part: str) -> int:
    """The place of a part among the colours."""
    return (*_COLOURS, *(name for name in LEVERS if name not in _COLOURS)).index(part)


def _finding(run: Analysis, workflow: int, steps: int, shown: int) -> str:
    graph = run.graph
    length = duration(int(graph.end_ms[workflow] - graph.due_ms[workflow]) / 1000)
    few = f", {shown} of them drawn" if shown < steps else ""
    others = f"; the longest of {len(graph.due_ms)} workflows" if len(graph.due_ms) > 1 else ""
    return f"{length} through {plural(steps, 'job')}{few}{others}"


def limits(run: Analysis, ax: Axes | None) -> Axes:
    """A bar a limit: the largest share of it that was used, the most used on top."""
    what = "How near to the limits"
    found = sorted((each for each in found_limits(run) if _is_drawn(each)), key=lambda limit: -limit.share)
    shown = found[:_MOST_LIMITS]
    with canvas(ax, height=1.6 + 0.3 * max(len(shown), 4)) as axes:
        if not shown:
            nothing(axes, what, "no limit is known")
            return axes
        title(axes, what, _nearest(shown))
        widths = [min(limit.share, 1.0) for limit in shown]
        colours = [_colour(limit) for limit in shown]
        axes.barh(range(len(shown)), widths, height=thickness(len(shown)), color=colours)
        for row, limit in enumerate(shown):
            told = f"{number(limit.peak)} of {number(limit.limit)}"
            inside = limit.share > 0.6
            axes.annotate(
                told,
                (widths[row], row),
                (-4 if inside else 4, 0),
                textcoords="offset points",
                va="center",
                ha="right" if inside else "left",
                fontsize=8.5,
                color="white" if inside and _colour(limit) != ORANGE else "#222222" if inside else ink(axes),
            )
        axes.set_yticks(range(len(shown)), labels([limit_words(limit.what, limit.where) for limit in shown], 44))
        axes.set_xlim(0, 1.02)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        share_axis(axes.xaxis, "largest share of the limit")
        axes.tick_params(axis="y", length=0)
    return axes


def _is_drawn(limit: Limit) -> bool:
    return limit.what != "pool_vcpus" and limit.at_ms is not None


def _colour(limit: Limit) -> str:
    return VERMILLION if limit.share >= 1 else ORANGE if limit.share >= NEARLY else BLUE


def _nearest(shown: list[Limit]) -> str:
    reached = sum(limit.share >= 1 for limit in shown)
    near = sum(NEARLY <= limit.share < 1 for limit in shown)
    return f"{reached} reached, {near} used to {share(NEARLY)} or more"
