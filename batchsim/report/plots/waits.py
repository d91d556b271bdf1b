"""Waits in RUNNABLE: their distribution by queue, and what they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from batchsim.analysis.latency import wait_is_over, wait_reasons
from batchsim.analysis.series import Groups, queue_groups, queue_of_job
from batchsim.analysis.statistics import distribution as distribution_of
from batchsim.analysis.statistics import statistics_s
from batchsim.records.vocabulary import WaitReason
from batchsim.report.colours import CATEGORIES, colours
from batchsim.report.plots.jobs import NO_JOBS, group_names
from batchsim.report.plots.names import label
from batchsim.report.plots.scales import share_axis, time_axis
from batchsim.report.plots.style import canvas, hatched, legend, nothing, thickness, title
from batchsim.report.words import duration, plural, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis

_POINTS = 1_000
"""A distribution of more distinct waits is drawn by so many quantiles."""

_MOST_ROWS = 12
_AT_ONCE = "no waits: every job started at once"


def distribution(run: Analysis, ax: Axes | None) -> Axes:
    """The share of jobs that waited no longer than a time: a line a queue."""
    what, waited = "How long jobs waited (RUNNABLE)", wait_is_over(run)
    waits = run.parts.wait
    longest = int(waits[waited].max(initial=0))
    groups = queue_groups(run, len(CATEGORIES))
    with canvas(ax) as axes:
        if not longest:
            nothing(axes, what, _why_none(run))
            return axes
        title(axes, what, _finding(run))
        names = group_names(run.records.names.queues, groups.codes, groups.others, "queues")
        for number, colour in enumerate(colours(groups.count, groups.others)):
            mine = waits[waited & (groups.of[queue_of_job(run)] == number)]
            if len(mine):
                values, shares = distribution_of(mine, _POINTS)
                at_s, upto = np.concatenate(([0, values[0]], values, [longest])) / 1000, [0, 0, *shares, 1]
                axes.step(at_s, upto, where="post", color=colour, lw=1.6, label=names[number])
        axes.set_xlim(0, longest * 1.04 / 1000)
        axes.set_ylim(0, 1.03)
        time_axis(axes.xaxis, "wait", longest / 1000)
        share_axis(axes.yaxis, "jobs that waited no longer")
        axes.grid(visible=True, lw=0.6, alpha=0.6)
        legend(axes, heading="queue")
    return axes


def parts(run: Analysis, ax: Axes | None) -> Axes:
    """The mean wait of each queue's jobs, stacked by reason."""
    what, waited = "What jobs waited for", wait_is_over(run)
    groups = queue_groups(run, _MOST_ROWS)
    rows = _rows(run, groups)
    with canvas(ax, height=1.7 + 0.34 * max(len(rows), 4)) as axes:
        if not run.parts.wait[waited].any():
            nothing(axes, what, _why_none(run))
            return axes
        title(axes, what, f"mean wait {duration(_total(rows[0][1]))} over {plural(int(waited.sum()), 'job')}")
        ends = _stack_reasons(axes, [found for _, found in rows])
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        for row, end in enumerate(ends):
            axes.annotate(
                label(duration(end)), (end, row), (3, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        axes.set_xlim(0, max(ends) * 1.15)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        time_axis(axes.xaxis, "mean wait", max(ends))
        axes.tick_params(axis="y", length=0)
        legend(axes, heading="the head waited for")
    return axes


def _rows(run: Analysis, groups: Groups) -> list[tuple[str, dict[str, float]]]:
    """A label and the mean wait by reason: of all jobs and, of several groups of queues, of each with waits over."""
    waited, group = wait_is_over(run), groups.of[queue_of_job(run)]
    names = group_names(run.records.names.queues, groups.codes, groups.others, "queues")
    chosen = [waited & (group == number) for number in range(groups.count)]
    each = [(name, _means(run, mine)) for name, mine in zip(names, chosen, strict=True) if mine.any()]
    return each if len(chosen) == 1 else [("all queues", _means(run, waited)), *each]


def _means(run: Analysis, chosen: np.ndarray) -> dict[str, float]:
    return {line["reason"]: line["mean_s"] or 0.0 for line in wait_reasons(run, chosen)}


def _stack_reasons(axes: Axes, rows: list[dict[str, float]]) -> list[float]:
    """Draw the bars and return their ends; the reasons of the longest bar come first, as it has them."""
    ends = np.zeros(len(rows))
    places = {reason.text: place for place, reason in enumerate(reason for reason in WaitReason if reason)}
    weight = {reason: sum(row.get(reason, 0.0) for row in rows) for reason in places}
    for reason in sorted((each for each in places if weight[each]), key=lambda each: -weight[each]):
        lengths = np.array([row.get(reason, 0.0) for row in rows])
        axes.barh(
            range(len(rows)),
            lengths,
            left=ends,
            height=thickness(len(rows)),
            label=words(reason),
            **hatched(places[reason]),
        )
        ends += lengths
    return ends.tolist()


def _total(means: dict[str, float]) -> float:
    return sum(means.values())


def _finding(run: Analysis) -> str:
    """Mean and percentiles over all jobs, and how many still wait."""
    waited = wait_is_over(run)
    found = statistics_s(run.parts.wait[waited])
    told = [f"mean {duration(found['mean'])}"]
    told += [f"{share} % within {duration(found[f'p{share}'])}" for share in (50, 95) if found[f"p{share}"] is not None]
    waiting = int((~waited & (run.records.jobs.waiting_since_ms >= 0)).sum())
    return ", ".join(told) + (f"; {plural(waiting, 'job')} still waiting, not drawn" if waiting else "")


def _why_none(run: Analysis) -> str:
    if not len(run.records.jobs.state):
        return NO_JOBS
    waiting = int((run.records.jobs.waiting_since_ms >= 0).sum())
    return f"no wait is over: {plural(waiting, 'job')} still waiting" if waiting else _AT_ONCE
