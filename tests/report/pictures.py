"""What is wrong with a drawn plot, as sentences: texts that overlap or leave the figure, axes without anything."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

SLACK_PX = 0.5
"""Bounding boxes that touch do not overlap to the eye."""


def drawn(figure: Figure) -> bytes:
    """The picture as PNG."""
    png = BytesIO()
    figure.savefig(png)
    return png.getvalue()


def flaws(axes: Axes) -> list[str]:
    """What a reader would object to; the figure is drawn first, so that everything has its place."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    FigureCanvasAgg(figure).draw()
    texts = [text for each in figure.axes for text in _texts(each)]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    lost = [f"{name!r} leaves the figure" for name, box in boxes if not _within(box, figure.bbox)]
    clashes = [f"{one!r} overlaps {other!r}" for (one, box), (other, at) in combinations(boxes, 2) if _overlap(box, at)]
    return [*lost, *clashes, *(flaw for each in figure.axes for flaw in _of_axes(each))]


def _of_axes(axes: Axes) -> list[str]:
    found = []
    if not axes.has_data() and not axes.texts:
        found.append("the axes are empty")
    if not axes.get_title(loc="left"):
        found.append("there is no title")
    if axes.axison and not axes.get_xlabel():
        found.append("the x axis does not say what it shows")
    if axes.axison and min(len(_ticks(axis)) for axis in (axes.xaxis, axes.yaxis) if not _is_of_names(axis)) < 2:
        found.append("a scale has fewer than two labels")
    legend = axes.get_legend()
    if legend and axes.get_figure(root=True).get_layout_engine() and _overlap(legend.get_window_extent(), axes.bbox):
        found.append("the legend covers data")
    return found


def _texts(axes: Axes) -> list[Text]:
    """Every text that is seen: title, axis and tick labels, notes, legend."""
    parts: list[Any] = [axes._left_title, *axes.texts]
    if axes.axison:
        parts += [axes.xaxis.label, axes.yaxis.label]
        parts += [label for axis in (axes.xaxis, axes.yaxis) for label in _ticks(axis)]
    if legend := axes.get_legend():
        parts += [*legend.get_texts(), legend.get_title()]
    return [text for text in parts if text.get_visible() and text.get_text().strip()]


def _ticks(axis: Any) -> list[Text]:
    return [tick.label1 for tick in axis._update_ticks() if tick.label1.get_text()]


def _is_of_names(axis: Any) -> bool:
    return isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter)


def _within(box: Any, frame: Any) -> bool:
    return bool(
        box.x0 >= frame.x0 - SLACK_PX
        and box.y0 >= frame.y0 - SLACK_PX
        and box.x1 <= frame.x1 + SLACK_PX
        and box.y1 <= frame.y1 + SLACK_PX
    )


def _overlap(one: Any, other: Any) -> bool:
    return bool(
        min(one.x1, other.x1) - max(one.x0, other.x0) > SLACK_PX
        and min(one.y1, other.y1) - max(one.y0, other.y0) > SLACK_PX
    )
