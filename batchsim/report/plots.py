"""Plots of one run; each method of :class:`Plots` draws one figure from the tables and returns it.

Figures are plain :class:`matplotlib.figure.Figure` objects, apart from pyplot and its global state:
``result.plot.vcpus().savefig("vcpus.png")``. matplotlib is imported when the first one is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchsim.report.words import dollars, words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_STATE_COLOURS = {"PENDING": "#bdbdbd", "RUNNABLE": "#e9a23b", "STARTING": "#7fb2d9", "RUNNING": "#2b6ca3"}
_INK, _ACCENT = "#2b6ca3", "#e9a23b"
_HISTOGRAM_BINS = 40


class Tables(Protocol):
    """What is drawn from: the tables of a result and its horizon."""

    @property
    def jobs(self) -> pd.DataFrame:
        """One row a job."""

    @property
    def attempts(self) -> pd.DataFrame:
        """One row an attempt."""

    @property
    def instances(self) -> pd.DataFrame:
        """One row an instance."""

    @property
    def scaling(self) -> pd.DataFrame:
        """One row a change of capacity."""

    @property
    def costs(self) -> pd.DataFrame:
        """One row a cause of a bill."""

    @property
    def horizon_s(self) -> float:
        """The end of the run."""


class Plots:
    """The plots of one result, as ``result.plot``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def jobs_by_state(self) -> Figure:
        """Jobs in each live state over time, stacked."""
        figure, axes, unit = self._over_time("Jobs by state", "jobs")
        spans = self._spans()
        at_s = np.unique(
            np.concatenate([[0.0, self._tables.horizon_s], *(np.concatenate(span) for span in spans.values())])
        )
        levels = [_level_at(at_s, *span) for span in spans.values()]
        axes.stackplot(at_s / unit, levels, step="post", labels=list(spans), colors=list(_STATE_COLOURS.values()), lw=0)
        _finish(axes)
        return figure

    def vcpus(self) -> Figure:
        """vCPUs desired (on and booting) and held by jobs over time, all environments together."""
        figure, axes, unit = self._over_time("vCPUs", "vCPUs")
        attempts, horizon_s = self._tables.attempts, self._tables.horizon_s
        at_s, used = _steps(
            _floats(attempts, "starting_at_s"), self._ends(attempts), _floats(attempts, "vcpus"), horizon_s
        )
        axes.fill_between(at_s / unit, used, step="post", color=_INK, alpha=0.35, lw=0, label="held by jobs")
        at_s, desired = self._desired()
        axes.step(at_s / unit, desired, where="post", color=_ACCENT, lw=1.5, label="desired")
        _finish(axes)
        return figure

    def queue_depth(self) -> Figure:
        """RUNNABLE jobs over time, a line for each queue."""
        figure, axes, unit = self._over_time("Queue depth", "RUNNABLE jobs")
        waits = self._waits()
        for queue in dict.fromkeys(self._tables.jobs["queue"]):
            starts, ends = (column[waits[2] == queue] for column in waits[:2])
            at_s, depth = _steps(starts, ends, np.ones(len(starts)), self._tables.horizon_s)
            axes.step(at_s / unit, depth, where="post", lw=1.5, label=_plain(queue))
        _finish(axes)
        return figure

    def cost_by_cause(self) -> Figure:
        """What each cause cost, the dearest on top."""
        figure, axes = _figure("Cost by cause")
        by_cause = self._tables.costs.groupby("cause", observed=True)["cost_usd"].sum()
        by_cause = by_cause[by_cause > 0].sort_values()
        bars = axes.barh([words(cause) for cause in by_cause.index], by_cause.to_numpy(), color=_INK)
        axes.bar_label(bars, [_plain(dollars(usd)) for usd in by_cause], padding=3)
        axes.margins(x=0.12)
        axes.set_xlabel("USD")
        return figure

    def wait_histogram(self) -> Figure:
        """How long jobs waited RUNNABLE, a colour for each queue."""
        figure, axes = _figure("Wait of jobs")
        jobs = self._tables.jobs
        queues = list(dict.fromkeys(jobs["queue"]))
        unit, word = _unit(float(np.max(_floats(jobs, "wait_s"), initial=0.0)))
        waits = [_floats(jobs[jobs["queue"] == queue], "wait_s") / unit for queue in queues]
        axes.hist(waits, bins=_HISTOGRAM_BINS, stacked=True, label=[_plain(queue) for queue in queues])
        axes.set_xlabel(f"wait ({word})")
        axes.set_ylabel("jobs")
        _finish(axes)
        return figure

    def _over_time(self, title: str, what: str) -> tuple[Figure, Axes, float]:
        """An empty figure over the time of the run, and the seconds in a unit of its axis."""
        figure, axes = _figure(title)
        unit, word = _unit(self._tables.horizon_s)
        axes.set_xlabel(f"time since the start ({word})")
        axes.set_ylabel(what)
        axes.set_xlim(0, max(self._tables.horizon_s, 1e-3) / unit)
        return figure, axes, unit

    def _ends(self, table: pd.DataFrame) -> Floats:
        """``ended_at_s``, the horizon where it is open."""
        ends = _floats(table, "ended_at_s")
        return np.where(np.isnan(ends), self._tables.horizon_s, ends)

    def _waits(self) -> tuple[Floats, Floats, NDArray[np.object_]]:
        """Start, end and queue of every wait, those that no attempt ended too."""
        attempts, jobs = self._tables.attempts, self._tables.jobs
        last = jobs[jobs["waiting_since_s"].notna()]
        starts = np.concatenate([_floats(attempts, "runnable_at_s"), _floats(last, "waiting_since_s")])
        ends = np.concatenate([_floats(attempts, "starting_at_s"), self._ends(last)])
        queues = np.concatenate([attempts["queue"].to_numpy(dtype=object), last["queue"].to_numpy(dtype=object)])
        return starts, ends, queues

    def _spans(self) -> dict[str, tuple[Floats, Floats]]:
        """By state, the starts and ends of all stays in it."""
        jobs, attempts = self._tables.jobs, self._tables.attempts
        made = jobs[jobs["created_at_s"].notna()]
        runnable = _floats(made, "runnable_at_s")
        running, ends = _floats(attempts, "running_at_s"), self._ends(attempts)
        ran = ~np.isnan(running)
        waits = self._waits()
        return {
            "PENDING": (_floats(made, "created_at_s"), np.where(np.isnan(runnable), self._ends(made), runnable)),
            "RUNNABLE": (waits[0], waits[1]),
            "STARTING": (_floats(attempts, "starting_at_s"), np.where(ran, running, ends)),
            "RUNNING": (running[ran], ends[ran]),
        }

    def _desired(self) -> tuple[Floats, Floats]:
        """vCPUs desired by all EC2 environments together, as steps."""
        scaling = self._tables.scaling
        change = scaling.groupby("environment", observed=True)["desired_vcpus"].diff().fillna(scaling["desired_vcpus"])
        at_s = np.append(_floats(scaling, "at_s"), self._tables.horizon_s)
        order = np.argsort(at_s, kind="stable")
        return at_s[order], np.cumsum(np.append(change.to_numpy(dtype=np.float64), 0.0)[order])


def _figure(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _finish(axes: Axes) -> None:
    """Count from zero, and name what is drawn, if anything is."""
    axes.set_ylim(bottom=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right", frameon=False)


def _floats(table: pd.DataFrame, column: str) -> Floats:
    return table[column].to_numpy(dtype=np.float64)


def _level_at(at_s: Floats, starts: Floats, ends: Floats) -> NDArray[np.int64]:
    """How many of the spans [start, end) hold at each instant."""
    return np.searchsorted(np.sort(starts), at_s, side="right") - np.searchsorted(np.sort(ends), at_s, side="right")


def _steps(starts: Floats, ends: Floats, weights: Floats, horizon_s: float) -> tuple[Floats, Floats]:
    """The sum of the weights of the spans that hold, from 0 to the horizon: instants and the level from each on."""
    at_s = np.concatenate([[0.0], starts, ends, [horizon_s]])
    change = np.concatenate([[0.0], weights, -weights, [0.0]])
    order = np.argsort(at_s, kind="stable")
    return at_s[order], np.cumsum(change[order])


def _unit(longest_s: float) -> tuple[float, str]:
    """Seconds in, and name of, a unit of time that suits an axis."""
    for unit, word, least in ((86_400.0, "d", 3), (3_600.0, "h", 2), (60.0, "min", 3)):
        if longest_s >= least * unit:
            return unit, word
    return 1.0, "s"


def _plain(name: Any) -> str:
    """A name for matplotlib, which takes ``$`` for mathematics and hides labels that start with an underscore."""
    text = str(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
