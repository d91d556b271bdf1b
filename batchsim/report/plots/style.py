"""The look of every plot, in one file: colours that colour-blind people tell apart, type, canvas, title, legend.

The colours are those of Okabe and Ito (2008). Style is applied in a context of its own: matplotlib's global settings
and pyplot's list of figures stay as they are. A plot is drawn in this shape::

    with canvas(ax) as axes:
        title(axes, "vCPUs", "at most 2,560")
        axes.step(...)
        legend(axes)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, cast

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from batchsim.report.colours import BLACK, GREY, MANY, PALE
from batchsim.report.plots.names import label, shortened

SETTINGS: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": False,
    "axes.labelcolor": BLACK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": BLACK,
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere
    "font.size": 9,
    "grid.color": PALE,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "savefig.facecolor": "white",
    "text.color": BLACK,
    "xtick.color": BLACK,
    "xtick.labelsize": 8.5,
    "ytick.color": BLACK,
    "ytick.labelsize": 8.5,
}
"""matplotlib's settings for figures of our own; axes that are given keep theirs."""

_WIDTH, _HEIGHT = 8.0, 4.0
_PICTURE_DPI = 110
_EM = 0.6
"""Mean width of a character, in font sizes."""


class Page(Figure):
    """A figure that a notebook shows, without pyplot."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Finer than a screen shows it, the same bytes for the same drawing; shown at its own size."""
        return _png(self)


class Picture(Axes):
    """Axes that a notebook shows as the picture they are on, without pyplot."""

    name = "batchsim"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return _png(_root(self))


def _png(figure: Figure) -> tuple[bytes, dict[str, int]]:
    png = BytesIO()
    figure.savefig(png, format="png", dpi=_PICTURE_DPI, metadata={"Software": None})
    width, height = figure.get_size_inches() * 96
    return png.getvalue(), {"width": round(width), "height": round(height)}


@contextmanager
def canvas(ax: Axes | None = None, *, height: float = _HEIGHT) -> Iterator[Axes]:
    """Give axes to draw on: ``ax``, or those of a new figure in our style, ``height`` inches high."""
    if ax is not None:
        ax.spines[["top", "right"]].set_visible(False)
        yield ax
        return
    with mpl.rc_context(cast("Any", SETTINGS)):
        figure = Page(figsize=(_WIDTH, height), layout="constrained")
        yield figure.add_subplot(axes_class=Picture)


def panels(count: int, rows: Sequence[int], columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure in our style with ``count`` axes, at least one, for so many rows of bars each."""
    down = max(1, -(-count // columns))
    tallest = [max(rows[at * columns : (at + 1) * columns], default=1) for at in range(down)]
    heights = [1.5 + 0.4 * max(2, most) for most in tallest]
    across = min(columns, max(count, 1))
    with mpl.rc_context(cast("Any", SETTINGS)):
        figure = Page(figsize=(_WIDTH if across == 1 else 5.5 * across, sum(heights)), layout="constrained")
        grid = figure.add_gridspec(down, across, height_ratios=heights)
        places = [divmod(at, across) for at in range(count)]
        return figure, [figure.add_subplot(grid[down, across], axes_class=Picture) for down, across in places]


def title(axes: Axes, what: str, finding: str = "") -> None:
    """Say above the axes what is seen and, in a smaller line below that, the figure to take away."""
    size, small = _points(axes.title), _points(axes.xaxis.label)
    axes.set_title(
        _fitted(axes, what, size), loc="left", fontweight="bold", fontsize=size, pad=small * 2 if finding else 6
    )
    if finding:
        told = _fitted(axes, finding, small)
        colour = ink(axes)
        note = axes.annotate(
            told,
            (0, 1),
            (0, 5),
            "axes fraction",
            "offset points",
            fontsize=small,
            color=colour,
            alpha=0.75,
            gid="finding",
        )
        note.set_in_layout(False)  # the title's pad keeps its place


def legend(axes: Axes, *, reverse: bool = False, heading: str = "", extra: Sequence[Artist] = ()) -> Legend | None:
    """Name what is drawn, and ``extra``: beside the axes where the figure makes room for it, else inside."""
    handles = [*axes.get_legend_handles_labels()[0], *extra]
    if not handles:
        return None
    beside = _root(axes).get_layout_engine() is not None
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.3}
    inside: dict[str, Any] = {"loc": "upper right", "frameon": True, "framealpha": 0.85}
    return axes.legend(
        handles=handles, reverse=reverse, title=heading or None, alignment="left", **(place if beside else inside)
    )


def nothing(axes: Axes, what: str, why: str) -> None:
    """Say that there is nothing to see, in place of empty axes: ``no jobs``, with its reason."""
    title(axes, what)
    axes.set_axis_off()
    shown = _fitted(axes, why, _points(axes.xaxis.label))
    axes.text(0.5, 0.5, shown, ha="center", va="center", transform=axes.transAxes, color=ink(axes))


def ink(axes: Axes) -> Any:
    """The colour of lines and texts on these axes, which may be given ones on a dark ground."""
    return axes.title.get_color()


def thickness(bars: int) -> float:
    """How much of its row a horizontal bar fills: less where few rows share the height."""
    return min(0.75, 0.2 + 0.15 * bars)


def hatched(place: int) -> dict[str, Any]:
    """The colour of the ``place``-th word of a vocabulary, with a hatch where the colours start again."""
    fill = {"facecolor": MANY[place % len(MANY)]}
    return fill if place < len(MANY) else {**fill, "hatch": "//", "edgecolor": "white"}


def _points(text: Text) -> float:
    return float(text.get_fontsize())


def _root(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 -- for the type checker: axes to draw on have a figure
    return figure


def _fitted(axes: Axes, text: str, size: float) -> str:
    """The text, safe for matplotlib, cut to what fits above the axes."""
    width = axes.get_position().width * width_in(axes)
    return label(shortened(text, max(12, int(width * 72 / (_EM * size)))))


def width_in(axes: Axes) -> float:
    """The width in inches of the figure, or the part of it, that the axes belong to."""
    figure = axes.get_figure(root=False)
    return float(figure.bbox.width / figure.dpi) if figure else _WIDTH


def height_in(axes: Axes) -> float:
    """Its height in inches."""
    figure = axes.get_figure(root=False)
    return float(figure.bbox.height / figure.dpi) if figure else _HEIGHT
