"""Bars with intervals, for comparisons: a value of each variant, and how far it may be off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from batchsim.report.plots.names import label, labels
from batchsim.report.plots.scales import metric_axis
from batchsim.report.plots.style import BLACK, CATEGORIES, canvas, nothing, title
from batchsim.report.words import dollars, duration, number, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Value = float | None


def bars(
    ax: Axes | None,
    what: str,
    unit: str,
    names: Sequence[str],
    values: Sequence[Value],
    intervals: Sequence[tuple[float, float] | None],
    *,
    finding: str = "",
) -> Axes:
    """Draw a bar a name, with the interval (low, high) around its value where it has one, and the value beside it.

    ``unit`` is a metric's (``s``, ``USD``, ``share``, ``1`` …). A value of None is told as not defined.
    """
    with canvas(ax, height=1.5 + 0.4 * max(len(names), 2)) as axes:
        if all(value is None for value in values):
            nothing(axes, what, "no value: the runs do not define it")
            return axes
        title(axes, what, finding)
        rows, lengths = range(len(names)), [value or 0.0 for value in values]
        fills = [CATEGORIES[row % len(CATEGORIES)] for row in rows]
        axes.barh(rows, lengths, color=fills, height=0.6)
        ends = [_whisker(axes, row, *pair) for row, pair in enumerate(zip(lengths, intervals, strict=True))]
        for row, (value, end) in enumerate(zip(values, ends, strict=True)):
            _tell(axes, row, end, "not defined" if value is None else figure(value, unit))
        axes.set_yticks(rows, labels(names))
        axes.invert_yaxis()
        _limits(axes, ends)
        metric_axis(axes.xaxis, what, unit, max(map(abs, ends)))
        axes.tick_params(axis="y", length=0)
    return axes


def figure(value: float, unit: str) -> str:
    """A value in its unit, as the report writes it."""
    shown = {"s": _signed_duration, "USD": dollars, "share": share}.get(unit)
    return shown(value) if shown else number(value) + (f" {unit}" if unit != "1" else "")


def _signed_duration(seconds: float) -> str:
    return f"-{duration(-seconds)}" if seconds < 0 else duration(seconds)


def _whisker(axes: Axes, row: int, value: float, interval: tuple[float, float] | None) -> float:
    """Draw an interval, and return the end of what is drawn, away from zero."""
    low, high = interval or (value, value)
    if interval is not None:
        axes.errorbar(
            value, row, xerr=[[max(0.0, value - low)], [max(0.0, high - value)]], color=BLACK, capsize=3, lw=1.2
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
        axes.axvline(0, color=BLACK, lw=0.8)
    axes.margins(y=np.float64(0.1))
