"""Plots of a comparison, as ``comparison.plot``: means with their intervals, and the paired changes of each variant.

``bars`` and ``changes`` draw into ``ax`` and return it, as the plots of a result do; ``means`` and ``differences`` put
one beside another in a figure. matplotlib is loaded when the first one is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchsim.report.comparison_words import Row, change, figure, never_defined, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 6
"""Metrics in one figure where nobody names them."""


class ComparisonPlots:
    """The plots of one comparison. Names of metrics are those of the registry that were compared."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def bars(self, metric: str = "cost_usd", ax: Axes | None = None) -> Axes:
        """A bar for each variant's mean of one metric, with its confidence interval; the baseline is grey.

        Raises :class:`ValueError` for a metric that was not compared.
        """
        from batchsim.report.plots.intervals import Bar, bars

        self._check([metric])
        unit, what = (self._page["metrics"][metric][key] for key in ("unit", "what"))
        rows = [
            Bar(row["variant"], row["mean"], _interval(row), figure(row["mean"], unit))
            for row in self._page["table"]
            if row["metric"] == metric
        ]
        baseline = self._page["run"]["baseline"]
        return bars(ax, metric, unit, rows, baseline=baseline, finding=f"{what}; {self._runs()}")

    def changes(self, variant: str | None = None, *metrics: str, ax: Axes | None = None) -> Axes:
        """A variant's changes against the baseline in percent, with their intervals; filled where they leave zero out.

        By default of the first variant, and of all metrics that have a percentage. Raises :class:`ValueError` for
        a variant or a metric that was not compared.
        """
        from batchsim.report.plots.intervals import points

        names = self._variants()
        chosen = names[0] if variant is None else variant
        if chosen not in names:
            raise ValueError(f"no variant is called {chosen!r}; there are {', '.join(names)}")
        rows = self._changed(chosen, metrics)
        title = f"{chosen} against {self._page['run']['baseline']}"
        return points(ax, title, rows, [change(row) for row in rows], finding=self._runs())

    def means(self, *metrics: str) -> Figure:
        """A panel a metric: :meth:`bars`. By default of the first six that any run defines."""
        from batchsim.report.plots.style import panels

        self._check(metrics)
        never = never_defined(self._page)
        known = [name for name in self._page["metrics"] if name not in never]
        wanted = [name for name in known if name in metrics] if metrics else known[:_MOST_PANELS]
        names = wanted or [*metrics, *self._page["metrics"]][:1]  # which then says that it is not defined
        figure_of, axes = panels(len(names), [len(self._page["variants"])] * len(names), columns=2)
        for name, place in zip(names, axes, strict=True):
            self.bars(name, place)
        return figure_of

    def differences(self, *metrics: str) -> Figure:
        """A panel a variant: :meth:`changes`."""
        from batchsim.report.plots.style import panels

        names = self._variants()
        figure_of, axes = panels(len(names), [len(self._changed(name, metrics)) for name in names])
        for name, place in zip(names, axes, strict=True):
            self.changes(name, *metrics, ax=place)
        return figure_of

    def _variants(self) -> list[str]:
        return [variant["name"] for variant in self._page["variants"][1:]]

    def _changed(self, variant: str, metrics: Sequence[str]) -> list[Row]:
        """The differences that have a percentage."""
        self._check(metrics)
        rows = [row for row in rows_of(self._page, variant) if row["percent"] is not None]
        return [row for row in rows if not metrics or row["metric"] in metrics]

    def _check(self, metrics: Sequence[str]) -> None:
        for name in metrics:
            if name not in self._page["metrics"]:
                raise ValueError(f"{name!r} was not compared; compared were {', '.join(self._page['metrics'])}")

    def _runs(self) -> str:
        run = self._page["run"]
        runs = run["replications"]
        return "1 run, no interval" if runs == 1 else f"{runs} runs, {100 * run['confidence']:g} % intervals"


def _interval(row: Row) -> tuple[float, float] | None:
    return None if row["mean_low"] is None else (row["mean_low"], row["mean_high"])
