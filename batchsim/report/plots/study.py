"""Plots of a study, as ``study.plot``: the Pareto front, main effects, and the means of all points with intervals.

Each draws into ``ax`` and returns it, as the plots of a result do. matplotlib is loaded when the first one is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchsim.report.colours import BLUE, GREY, VERMILLION
from batchsim.report.comparison_words import figure
from batchsim.report.plots.intervals import Bar, bars, dots
from batchsim.report.plots.scales import metric_axis
from batchsim.report.plots.style import canvas, legend, nothing, title
from batchsim.report.study_words import mean_of, settings_of, with_half

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, Any]
_MOST_POINTS = 40
"""Rows of one picture."""


class StudyPlots:
    """The plots of one study. Names of metrics are those that the study shows."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def front(self, ax: Axes | None = None) -> Axes:
        """Every point in the plane of the front's two metrics, with intervals; the front joined, the knee ringed."""
        front = self._page["front"]
        first, second = front["metrics"]
        what = f"{first} against {second}"
        with canvas(ax, height=4.5) as axes:
            if not front["points"]:
                nothing(axes, what, "no point has both metrics in every run")
                return axes
            on, beaten = ([row["point"] for row in front[key]] for key in ("points", "beaten"))
            title(axes, what, f"{len(on)} of {len(on) + len(beaten)} points are beaten by no other; {self._runs()}")
            self._cloud(axes, beaten, GREY, "beaten by one of them")
            self._cloud(axes, on, BLUE, "the Pareto front", joined=True)
            if front["knee"] is not None:
                x, y = (mean_of(self._page, front["knee"], name)["mean"] for name in front["metrics"])
                axes.plot(x, y, "o", mfc="none", mec=VERMILLION, mew=2, ms=14, ls="none", label="the knee")
                axes.annotate(
                    settings_of(self._page, front["knee"], longest=60), (x, y), (8, 8), textcoords="offset points",
                    fontsize=8,
                )  # fmt: skip
            for axis, name in ((axes.xaxis, first), (axes.yaxis, second)):
                metric_axis(axis, name, self._unit(name), self._longest(name))
            legend(axes)
        return axes

    def effects(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """What each level of each knob does to a metric: the effect less the mean of all points, with its interval.

        By default of the front's first metric. Raises :class:`ValueError` for a metric that the study does not show.
        """
        name = self._checked(metric)
        (found,) = (each for each in self._page["effects"] if each["metric"] == name)
        rows = [
            Bar(f"{row['knob']} {row['level']}", row["effect"], _ends(row, "effect"), figure(row["mean"], row["unit"]))
            for row in found["levels"][:_MOST_POINTS]
        ]
        finding = f"{self._page['metrics'][name]['what']}; {self._runs()}"
        return dots(ax, f"What moves {name}", self._unit(name), rows, "less the mean of all points", finding=finding)

    def means(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """Every point's mean of a metric with its interval, in the order of the design; the first forty.

        By default of the front's first metric. Raises :class:`ValueError` for a metric that the study does not show.
        """
        name = self._checked(metric)
        points = self._page["points"][:_MOST_POINTS]
        found = [mean_of(self._page, row["point"], name) for row in points]
        rows = [
            Bar(settings_of(self._page, point["point"], longest=50), row["mean"], _ends(row, "mean"), with_half(row))
            for point, row in zip(points, found, strict=True)
        ]
        rest = len(self._page["points"]) - len(points)
        more = f"; {rest} further points are not shown" if rest else ""
        what = self._page["metrics"][name]["what"]
        return bars(ax, name, self._unit(name), rows, finding=f"{what}; {self._runs()}{more}")

    def _cloud(self, axes: Axes, points: Sequence[int], colour: str, label: str, *, joined: bool = False) -> None:
        if not points:
            return
        first, second = (
            [mean_of(self._page, point, name) for point in points] for name in self._page["front"]["metrics"]
        )
        x, y = ([row["mean"] for row in rows] for rows in (first, second))
        axes.errorbar(
            x, y, xerr=_sides(first), yerr=_sides(second), fmt="o-" if joined else "o", color=colour, ms=5, lw=1.5,
            elinewidth=0.8, label=label,
        )  # fmt: skip

    def _checked(self, metric: str | None) -> str:
        name: str = self._page["front"]["metrics"][0] if metric is None else metric
        if name not in self._page["metrics"]:
            raise ValueError(f"{name!r} is not shown; shown are {', '.join(self._page['metrics'])}")
        return name

    def _unit(self, metric: str) -> str:
        return str(self._page["metrics"][metric]["unit"])

    def _longest(self, metric: str) -> float:
        return max(abs(float(row["mean"] or 0.0)) for row in self._page["means"] if row["metric"] == metric)

    def _runs(self) -> str:
        study = self._page["study"]
        runs = study["replications"]
        return "1 run, no interval" if runs == 1 else f"{runs} runs, {100 * study['confidence']:g} % intervals"


def _ends(row: Row, name: str) -> tuple[float, float] | None:
    return None if row[f"{name}_low"] is None else (row[f"{name}_low"], row[f"{name}_high"])


def _sides(rows: Sequence[Row]) -> list[list[float]] | None:
    """Below and above each mean; None where one run gives no interval."""
    if any(row["mean_low"] is None for row in rows):
        return None
    return [[row["mean"] - row["mean_low"] for row in rows], [row["mean_high"] - row["mean"] for row in rows]]
