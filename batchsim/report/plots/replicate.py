"""Plots of replications, as ``replications.plot``: how single runs spread, and what their mean is known to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.report.colours import BLUE, PALE
from batchsim.report.comparison_words import figure
from batchsim.report.plots.scales import metric_axis
from batchsim.report.plots.style import canvas, nothing, title
from batchsim.report.replicate_words import interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class ReplicationPlots:
    """The plots of one scenario's replications. Names of metrics are those that were measured."""

    def __init__(self, page: Mapping[str, Any], values: pd.DataFrame) -> None:
        self._page, self._values = page, values

    def spread(self, metric: str = "cost_usd", ax: Axes | None = None) -> Axes:
        """How the single runs spread, with the mean as a line and its interval as a band.

        Raises :class:`ValueError` for a metric that was not measured.
        """
        if metric not in self._page["metrics"]:
            raise ValueError(f"{metric!r} was not measured; measured were {', '.join(self._page['metrics'])}")
        (row,) = (each for each in self._page["table"] if each["metric"] == metric)
        series = self._values[metric].dropna().to_numpy()
        with canvas(ax) as axes:
            if not len(series):
                nothing(axes, metric, "no value: the runs do not define it")
                return axes
            mean = figure(row["mean"], row["unit"])
            told = "no interval" if row["mean_low"] is None else interval(row)
            title(axes, metric, f"mean {mean}, {told}, of {len(series)} runs")
            axes.hist(series, bins="fd" if len(series) > 1 else 1, color=BLUE)
            if row["mean_low"] is not None and row["mean_high"] > row["mean_low"]:
                axes.axvspan(row["mean_low"], row["mean_high"], color=PALE, alpha=0.7, zorder=2)
            axes.axvline(row["mean"], color=axes.title.get_color(), lw=1.2, zorder=3)
            axes.set_ylabel("runs")
            metric_axis(axes.xaxis, metric, row["unit"], float(np.abs(series).max()))
        return axes
