"""Bars with intervals, for comparisons: a value of each variant, and how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator, PercentFormatter

from batchsim.report.colours import BLUE, GREY
from batchsim.report.plots.names import label, labels
from batchsim.report.plots.scales import metric_axis
from batchsim.report.plots.style import canvas, ink, nothing, thickness, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Bar:
    """A name and its value, with the interval (low, high) around it where there is one."""

    name: str
    value: float | None
    """None is told as not defined."""
    interval: tuple[float, float] | None = None
    told: str = ""
    """The value in words, beside the bar."""


def bars(
    ax: Axes | None, what: str, unit: str, rows: Sequence[Bar], *, baseline: str | None = None, finding: str = ""
) -> Axes:
    """Draw the bars, the first on top; the one called ``baseline`` is grey.

    ``unit`` is a metric's: ``s``, ``USD``, ``share``, ``1`` …
    """
    with canvas(ax, height=1.5 + 0.4 * max(len(rows), 2)) as axes:
        if all(row.value is None for row in rows):
            nothing(axes, what, "no value: the runs do not define it")
            return axes
        title(axes, what, finding)
        lengths = [row.value or 0.0 for row in rows]
        fills = [GREY if row.name == baseline else BLUE for row in rows]
        axes.barh(range(len(rows)), lengths, color=fills, height=thickness(len(rows)))
        ends = [_whisker(axes, at, lengths[at], row.interval) for at, row in enumerate(rows)]
        for at, row in enumerate(rows):
            _tell(axes, at, ends[at], "not defined" if row.value is None else row.told)
        _rows(axes, [row.name for row in rows])
        _limits(axes, ends)
        metric_axis(axes.xaxis, "mean", unit, max(map(abs, ends)))
    return axes


def points(ax: Axes | None, what: str, rows: Sequence[Mapping[str, Any]], told: Sequence[str], *, finding: str) -> Axes:
    """Draw a point a metric at its change in percent, with its interval, filled where that leaves zero out."""
    with canvas(ax, height=1.5 + 0.3 * max(len(rows), 3)) as axes:
        if not rows:
            nothing(axes, what, "no change: no metric has a percentage")
            return axes
        title(axes, what, finding)
        ends = []
        for place, (row, text) in enumerate(zip(rows, told, strict=True)):
            low, high = (row["percent"] if row[key] is None else row[key] for key in ("percent_low", "percent_high"))
            _whisker(axes, place, row["percent"], (low, high))
            face = BLUE if row["different"] else axes.get_facecolor()
            axes.plot(row["percent"], place, "o", mfc=face, mec=BLUE, ms=6, zorder=3)
            ends.append(low if row["percent"] < 0 else high)
            _tell(axes, place, ends[-1], text)
        _rows(axes, [row["metric"] for row in rows])
        _limits(axes, ends)
        axes.axvline(0, color=ink(axes), lw=0.8)
        axes.xaxis.set_major_formatter(PercentFormatter(100.0, decimals=None, symbol=" %"))
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.set_xlabel("change against the baseline")
    return axes


def dots(ax: Axes | None, what: str, unit: str, rows: Sequence[Bar], along: str, *, finding: str = "") -> Axes:
    """Draw a dot a row with its interval, around zero; ``along`` names the axis."""
    with canvas(ax, height=1.5 + 0.3 * max(len(rows), 3)) as axes:
        if not rows:
            nothing(axes, what, "no point has it in every run")
            return axes
        title(axes, what, finding)
        ends = [_whisker(axes, at, row.value or 0.0, row.interval) for at, row in enumerate(rows)]
        axes.plot([row.value or 0.0 for row in rows], range(len(rows)), "o", color=BLUE, ms=6, zorder=3)
        for at, row in enumerate(rows):
            _tell(axes, at, ends[at], row.told)
        _rows(axes, [row.name for row in rows])
        _limits(axes, ends)
        axes.axvline(0, color=ink(axes), lw=0.8)
        metric_axis(axes.xaxis, along, unit, max(map(abs, ends)))
    return axes


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, the first on top."""
    axes.set_yticks(range(len(names)), labels(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _whisker(axes: Axes, row: int, value: float, interval: tuple[float, float] | None) -> float:
    """Draw an interval, and return the end of what is drawn, away from zero."""
    low, high = interval or (value, value)
    if interval is not None:
        axes.errorbar(
            value, row, xerr=[[max(0.0, value - low)], [max(0.0, high - value)]], color=ink(axes), capsize=3, lw=1.2
        )
    return min(low, value) if value < 0 else max(high, value)


def _tell(axes: Axes, row: int, end: float, text: str) -> None:
    side, aligned = (-4, "right") if end < 0 else (4, "left")
    axes.annotate(label(text), (end, row), (side, 0), textcoords="offset points", va="center", ha=aligned, fontsize=8.5)


def _limits(axes: Axes, ends: list[float]) -> None:
    """Leave room for the values beside the bars, and show zero."""
    low, high = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    room = 0.22 * ((high - low) or 1.0)
    axes.set_xlim(low - room * bool(low), high + room * bool(high or not low))
    if low:
        axes.axvline(0, color=ink(axes), lw=0.8)
