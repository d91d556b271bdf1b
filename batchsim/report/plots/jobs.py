"""Jobs over time: containers running and jobs waiting by queue, jobs by state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from batchsim.analysis.series import in_state_by_queue, jobs_by_state, queue_groups, queue_of_job
from batchsim.analysis.steps import Steps, edges
from batchsim.records.vocabulary import JobState
from batchsim.report.colours import CATEGORIES, STATES, colours
from batchsim.report.plots.names import labels
from batchsim.report.plots.scales import count_axis, from_zero, time_axis
from batchsim.report.plots.style import canvas, legend, nothing, title
from batchsim.report.words import count, duration, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis

STRETCHES = 1_500
"""A curve with more changes is drawn as its mean over so many equal stretches of time, less than a pixel each."""

NO_JOBS = "no jobs: nothing was submitted"


def concurrency(run: Analysis, ax: Axes | None) -> Axes:
    """Containers running, by queue."""
    return _by_queue(run, ax, JobState.RUNNING, "Containers running", "containers", "no containers: no job ran")


def backlog(run: Analysis, ax: Axes | None) -> Axes:
    """RUNNABLE jobs, by queue."""
    return _by_queue(
        run, ax, JobState.RUNNABLE, "Jobs waiting (RUNNABLE)", "jobs", "no waits: every job started at once"
    )


def queue_depth(run: Analysis, ax: Axes | None, queue: str | None) -> Axes:
    """Jobs in each live state."""
    code = position(queue, run.records.names.queues, "queue")
    chosen = None if code is None else queue_of_job(run) == code
    curves = {state.text: curve for state, curve in jobs_by_state(run, chosen).items() if curve.integral()}
    what = "Jobs by state" if queue is None else f"Jobs by state: {queue}"
    with canvas(ax) as axes:
        if not curves:
            nothing(axes, what, NO_JOBS if queue is None or not len(run.records.jobs.state) else f"no jobs in {queue}")
            return axes
        highest = _stack(axes, [(curve, name, STATES[name]) for name, curve in curves.items()])
        title(axes, what, f"at the peak {plural(highest, 'job')} between SubmitJob and their end")
        _dress(axes, run, "jobs", highest)
        legend(axes, reverse=True)
    return axes


def _by_queue(run: Analysis, ax: Axes | None, state: JobState, what: str, unit: str, none: str) -> Axes:
    """Jobs of one state over time, a colour a queue."""
    whole = jobs_by_state(run)[state]
    groups = queue_groups(run, len(CATEGORIES))
    with canvas(ax) as axes:
        if not whole.integral():
            nothing(axes, what, none if len(run.records.jobs.state) else NO_JOBS)
            return axes
        peak, at_ms = whole.peak()
        title(axes, what, f"at the peak {count(peak)}, {_after(at_ms)}")
        named = group_names(run.records.names.queues, groups.codes, groups.others, "queues")
        each = zip(in_state_by_queue(run, state, groups), named, colours(groups.count, groups.others), strict=True)
        _stack(axes, [layer for layer in each if layer[0].integral()])
        _dress(axes, run, unit, peak)
        legend(axes, reverse=True, heading="queue")
    return axes


def group_names(names: Sequence[str], codes: Sequence[int], others: int, kind: str) -> list[str]:
    """The labels of groups: of each that stands alone, and of all others together."""
    return labels([names[code] for code in codes]) + [f"{others} other {kind}"] * bool(others)


def position(name: str | None, names: Sequence[str], kind: str) -> int | None:
    """The code of a name; ``ValueError`` for one that the run does not know."""
    if name is None or name in names:
        return None if name is None else names.index(name)
    raise ValueError(f"no {kind} is called {name!r}; there are {', '.join(names) or 'none'}")


def _after(at_ms: int) -> str:
    return f"after {duration(at_ms / 1000)}" if at_ms else "from the start"


def _stack(axes: Axes, layers: list[tuple[Steps, str, str]]) -> int:
    """Draw (curve, label, colour) on top of one another; return the highest level that they reach together."""
    curves, names, fills = zip(*layers, strict=True)
    at_ms = edges(curves, STRETCHES)
    levels = [curve.means(at_ms) for curve in curves]
    drawn = [[*level, level[-1]] for level in levels]
    axes.stackplot(at_ms / 1000, drawn, step="post", labels=names, colors=fills, lw=0)
    return round(float(np.sum(levels, axis=0).max()))


def _dress(axes: Axes, run: Analysis, unit: str, highest: float) -> None:
    over_time(axes, run)
    count_axis(axes.yaxis, unit)
    from_zero(axes, highest)


def over_time(axes: Axes, run: Analysis) -> None:
    """Let the x axis be the time of the run."""
    horizon_s = max(run.records.horizon_ms, 1) / 1000
    axes.set_xlim(0, horizon_s)
    time_axis(axes.xaxis, "time since the start", horizon_s)
