"""The one look of all charts: plots that are as wide as the page, axes of time and of counts, tools, tooltips.

Texts and lines of axes get their colours from the page, which knows whether it is light or dark (``page.js``); what is
tagged ``ink`` has the colour of the text. Names never stand in a plot but as values of its data, which Bokeh's tooltips
escape, and, made plain, on axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, Plot, Range1d

Floats = NDArray[np.floating[Any]]
Tooltips = Sequence[tuple[str, str]]

HEIGHT = 240
COUNTS = "0,0.[00]"
"""Numbers in tooltips and on axes: ``12,000``, ``0.25``."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The time of a run as the clock on the wall has it, in UTC; all charts of a page that share one zoom together."""

    start_ms: int
    """Of the run, since 1970."""
    horizon_ms: int
    range: Range1d

    @property
    def form(self) -> str:
        """How a tooltip tells an instant: with its day where a run has several."""
        return "%H:%M:%S" if self.horizon_ms <= _DAY_MS else "%b %d, %H:%M:%S"

    def at(self, instants_ms: Any) -> NDArray[np.float64]:
        """Instants of the run on this clock."""
        return np.asarray(instants_ms, np.float64) + self.start_ms


def clock(start_ms: int, horizon_ms: int) -> Clock:
    """The clock of a run that starts then and lasts so long."""
    from bokeh.models import Range1d

    end = max(horizon_ms, 1)
    bounds = (start_ms - end / 50, start_ms + end * 1.02)
    return Clock(start_ms, end, Range1d(start=start_ms, end=start_ms + end, bounds=bounds))


def plot(x_range: Any, y_range: Any, *, height: int = HEIGHT, both_ways: bool = False) -> Plot:
    """An empty plot with its tools: box zoom, pan, wheel zoom, save, reset."""
    from bokeh.models import BoxZoomTool, PanTool, Plot, ResetTool, SaveTool, WheelZoomTool

    ways: Any = "both" if both_ways else "width"
    zoom, pan = BoxZoomTool(dimensions=ways), PanTool(dimensions=ways)
    tools = [zoom, pan, WheelZoomTool(dimensions="width"), SaveTool(), ResetTool()]
    made = Plot(
        x_range=x_range,
        y_range=y_range,
        height=height,
        min_width=200,
        sizing_mode="stretch_width",
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_right=12,
        output_backend="canvas",
    )
    made.add_tools(*tools)
    made.toolbar.logo = None
    made.toolbar.active_drag = None  # the page turns box zoom on where there is a mouse: fingers scroll
    made.toolbar.active_scroll = None
    return made


def timeline(of: Clock, y_range: Any, *, unit: str = "", height: int = HEIGHT, both_ways: bool = False) -> Plot:
    """An empty plot over the clock, with a scale of numbers at the left unless ``unit`` is empty."""
    from bokeh.models import DatetimeAxis

    made = plot(of.range, y_range, height=height, both_ways=both_ways)
    made.add_layout(DatetimeAxis(axis_label="clock (UTC)", **_AXIS), "below")
    if unit:
        numbers(made, unit, "left")
    return made


def numbers(made: Plot, unit: str, side: Any, form: str = COUNTS) -> None:
    """Add a scale of numbers with its grid."""
    from bokeh.models import BasicTicker, Grid, LinearAxis, NumeralTickFormatter

    ticker, formatter = BasicTicker(desired_num_ticks=5 if side == "left" else 7), NumeralTickFormatter(format=form)
    axis = LinearAxis(axis_label=unit, ticker=ticker, formatter=cast("Any", formatter), **_AXIS)
    made.add_layout(axis, side)
    made.add_layout(Grid(dimension=1 if side == "left" else 0, ticker=ticker, grid_line_width=1))


def names(made: Plot, labels: Mapping[int, str]) -> None:
    """Name rows at the left."""
    from bokeh.models import FixedTicker, LinearAxis

    from batchsim.report.page.names import on_axis

    told: Any = {at: on_axis(label) for at, label in labels.items()}
    ticker: Any = FixedTicker(ticks=list(labels))
    axis = LinearAxis(ticker=ticker, major_label_overrides=told, **_AXIS)
    made.add_layout(axis, "left")


def from_zero(highest: float) -> Range1d:
    """A range from 0 to a little above the highest value."""
    from bokeh.models import Range1d

    return Range1d(start=0, end=1.06 * highest if highest > 0 else 1)


def source(**columns: Any) -> ColumnDataSource:
    """Columns of one length: arrays and lists of texts."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(data=columns)


def tell(made: Plot, drawn: Sequence[Any], tooltips: Tooltips, *, mode: Any = "mouse", of: Clock | None = None) -> None:
    """Answer the mouse over what is drawn; the columns ``start`` and ``end`` are instants."""
    from bokeh.models import HoverTool

    form = of.form if of else ""
    told = [
        (label, text.replace("@start", f"@start{{{form}}}").replace("@end", f"@end{{{form}}}"))
        for label, text in tooltips
    ]
    formatters: Any = {"@start": "datetime", "@end": "datetime"} if of else {}
    made.add_tools(
        HoverTool(renderers=list(drawn), tooltips=told, formatters=formatters, mode=mode, point_policy="follow_mouse",
                  limit=3)
    )  # fmt: skip


_AXIS: dict[str, Any] = {
    "axis_label_text_font_style": "normal",
    "axis_label_text_font_size": "12px",
    "major_label_text_font_size": "11px",
    "minor_tick_line_color": None,
}
