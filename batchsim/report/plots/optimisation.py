"""Plots of an optimisation, as ``found.plot``: the course of the search, and the front of two objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchsim.report.comparison_words import figure
from batchsim.report.optimisation_course import course_of, is_fit, plane_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class OptimisationPlots:
    """The plots of one optimisation. Each draws into ``ax``, or into a figure of its own, and returns the axes."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def history(self, metric: str = "", ax: Axes | None = None) -> Axes:
        """What each point came to, in the order in which they were tried, and the best so far.

        By default of the first objective. Raises :class:`ValueError` for a metric that is none.
        """
        from batchsim.report.colours import BLUE, GREY, VERMILLION
        from batchsim.report.plots.scales import metric_axis
        from batchsim.report.plots.style import canvas, legend, nothing, title

        at = self._place(metric)
        objective, course = self._page["objectives"][at], course_of(self._page, at)
        what = f"{objective['metric']} of the points tried"
        with canvas(ax) as axes:
            if not (course.fit or course.unfit):
                nothing(axes, what, "no value: no point defines it")
                return axes
            title(axes, what, self._finding(course.best, objective["unit"]))
            _dots(axes, course.unfit, GREY, "breaks a constraint", hollow=True)
            _dots(axes, course.fit, BLUE, "meets the constraints" if self._page["constraints"] else "tried")
            if course.best:
                axes.step(*zip(*course.best, strict=True), where="post", color=VERMILLION, label="best so far")
            axes.set_xlabel("point")
            metric_axis(axes.yaxis, "mean", objective["unit"], max(abs(v) for _, v in (*course.fit, *course.unfit)))
            legend(axes)
        return axes

    def front(self, ax: Axes | None = None) -> Axes:
        """Every point in the plane of the first two objectives, by the runs of the search; the front joined.

        Raises :class:`ValueError` of a single objective.
        """
        from batchsim.report.colours import BLUE, GREY, VERMILLION
        from batchsim.report.plots.scales import metric_axis
        from batchsim.report.plots.style import canvas, legend, nothing, title

        plane = plane_of(self._page)
        if plane is None:
            raise ValueError("a front is of two objectives; .history() shows one")
        with canvas(ax, height=5) as axes:
            rows = [(row, _pair(row)) for row in self._page["trials"]]
            known = [(row, pair) for row, pair in rows if pair is not None]
            if not known:
                nothing(axes, " and ".join(plane), "no value: no point defines both")
                return axes
            on = [pair for row, pair in known if row["status"] == "chosen"]
            title(axes, f"{plane[0]} and {plane[1]}", f"{len(on)} of {len(rows)} points are worth a choice")
            _dots(axes, [pair for row, pair in known if not is_fit(row)], GREY, "breaks a constraint", hollow=True)
            _dots(axes, [pair for row, pair in known if is_fit(row)], GREY, "beaten")
            axes.plot(*zip(*sorted(on), strict=True), "o-", color=BLUE, label="the front") if on else None
            knee = [pair for row, pair in known if row["point"] == self._page["knee"]]
            if knee:
                axes.plot(*knee[0], "o", ms=13, mfc="none", mec=VERMILLION, label="the knee")
            for axis, at in ((axes.xaxis, 0), (axes.yaxis, 1)):
                unit = self._page["objectives"][at]["unit"]
                metric_axis(axis, plane[at], unit, max(abs(pair[at]) for _, pair in known))
            legend(axes)
        return axes

    def _place(self, metric: str) -> int:
        names = [each["metric"] for each in self._page["objectives"]]
        if metric and metric not in names:
            raise ValueError(f"{metric!r} is no objective; there are {', '.join(names)}")
        return names.index(metric) if metric else 0

    def _finding(self, best: Sequence[tuple[int, float]], unit: str) -> str:
        if not best:
            return "no point meets the constraints"
        return f"best {figure(best[-1][1], unit)}; {len(self._page['trials'])} points, means of the search"


def _pair(row: Mapping[str, Any]) -> tuple[float, float] | None:
    first, second = (each["mean"] for each in row["objectives"][:2])
    return None if first is None or second is None else (first, second)


def _dots(axes: Axes, pairs: Sequence[tuple[float, float]], colour: str, told: str, *, hollow: bool = False) -> None:
    if pairs:
        x, y = zip(*pairs, strict=True)
        axes.scatter(x, y, s=22, facecolors="none" if hollow else colour, edgecolors=colour, label=told)
