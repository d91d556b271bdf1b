"""Plots of a comparison: means with their intervals as bars, and the paired differences that the verdict rests on.

matplotlib is imported when the first one is drawn; figures are apart from pyplot and its global state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchsim.report.comparison_words import Row, figure, never_defined, rows_of
from batchsim.report.words import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BASE, _SHOWN, _HIDDEN, _INK = "#9a9a9a", "#0072b2", "#9ecae1", "#333333"
_MOST = 6
"""Metrics in one figure where nobody names them."""


class ComparisonPlots:
    """The plots of one comparison, as ``comparison.plot``."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def means(self, *metrics: str) -> Figure:
        """A panel a metric: a bar for each variant's mean, with its confidence interval."""
        names = self._chosen(metrics)
        chosen, axes = _panels("Means over replications, with their intervals", len(names), len(self._page["variants"]))
        for place, name in zip(axes, names, strict=True):
            self._bars(place, name)
        return chosen

    def differences(self, *metrics: str) -> Figure:
        """A panel a variant: its changes against the baseline in percent, with their intervals; zero is no change."""
        variants = [variant["name"] for variant in self._page["variants"][1:]]
        kept = {name: self._changes(name, metrics) for name in variants}
        most = max((len(rows) for rows in kept.values()), default=0)
        title = f"Change against {_plain(self._page['run']['baseline'])}"
        chosen, axes = _panels(title, len(variants), max(most, 1), columns=1)
        for place, name in zip(axes, variants, strict=True):
            _intervals(place, kept[name])
            place.set_title(_plain(_cut(name)), fontsize="medium")
        axes[-1].set_xlabel("change (%), with its interval")
        return chosen

    def _chosen(self, metrics: Sequence[str]) -> list[str]:
        """Of the metrics, those asked for that any run defines: no panel is empty."""
        never = never_defined(self._page)
        known = [name for name in self._page["metrics"] if name not in never]
        return [name for name in known if name in metrics] if metrics else known[:_MOST]

    def _changes(self, variant: str, metrics: Sequence[str]) -> list[Row]:
        """What has a percentage, the first metric on top."""
        rows = [row for row in rows_of(self._page, variant) if row["percent"] is not None]
        return [row for row in rows if not metrics or row["metric"] in metrics][::-1]

    def _bars(self, axes: Axes, metric: str) -> None:
        rows = [row for row in self._page["table"] if row["metric"] == metric and row["mean"] is not None]
        labels = [_plain(_cut(row["variant"])) for row in rows]
        means = [row["mean"] for row in rows]
        sides = [_sides(row, "mean") for row in rows]
        colours = [_BASE if row["variant"] == self._page["run"]["baseline"] else _SHOWN for row in rows]
        places = list(range(len(rows)))[::-1]
        axes.barh(places, means, color=colours, height=0.6)
        axes.errorbar(means, places, xerr=list(zip(*sides, strict=True)) or None, fmt="none", ecolor=_INK, capsize=3)
        axes.set_yticks(places, labels)
        unit = self._page["metrics"][metric]["unit"]
        axes.set_xlabel(f"{metric} ({unit})" if unit != "1" else metric)
        for place, row in zip(places, rows, strict=True):
            text = _plain(figure(row["mean"], row["unit"]))
            axes.annotate(text, (row["mean_high"] or row["mean"], place), xytext=(5, 0), **_BESIDE)
        axes.margins(x=0.25)


_BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": "small"}


def _intervals(axes: Axes, rows: Sequence[Row]) -> None:
    """A point and its interval for each row, filled where the interval leaves zero out."""
    axes.axvline(0, color=_INK, lw=0.8)
    for place, row in enumerate(rows):
        colour = _SHOWN if row["different"] else _HIDDEN
        sides = [[side] for side in _sides(row, "percent")]
        axes.errorbar(row["percent"], place, xerr=sides, fmt="o", color=colour, capsize=3)
    axes.set_yticks(range(len(rows)), [row["metric"] for row in rows])
    axes.set_ylim(-0.6, max(len(rows), 1) - 0.4)
    if not rows:
        axes.text(0.5, 0.5, "no metric has a percentage", transform=axes.transAxes, ha="center", va="center")
        axes.set_yticks([])


def _sides(row: Row, key: str) -> tuple[float, float]:
    """How far the interval reaches to the left and to the right."""
    value, low, high = row[key], row[f"{key}_low"], row[f"{key}_high"]
    return (0.0, 0.0) if low is None else (max(value - low, 0.0), max(high - value, 0.0))


def _panels(title: str, count: int, lines: int, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """``count`` panels for ``lines`` lines each, in up to ``columns`` columns."""
    from matplotlib.figure import Figure

    across = min(columns, max(count, 1))
    down = -(-max(count, 1) // across)
    made = Figure(
        figsize=(5.0 * across if across > 1 else 8.0, 0.6 + down * (1.0 + 0.32 * lines)), layout="constrained"
    )
    made.suptitle(title, fontweight="bold")
    grid = made.subplots(down, across, squeeze=False)
    axes = list(grid.flat)
    for place in axes:
        place.spines[["top", "right"]].set_visible(False)
    for spare in axes[count:]:
        spare.remove()
    return made, axes[:count]


def _plain(name: str) -> str:
    """A name for matplotlib, which takes ``$`` for mathematics and hides labels that start with an underscore."""
    text = plain(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _cut(name: str, most: int = 24) -> str:
    """A name that leaves room for the bars."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
