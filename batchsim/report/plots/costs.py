"""Where the money went: a bar a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchsim.analysis.attribution import by_cause as lines_by_cause
from batchsim.analysis.causes import Cause
from batchsim.analysis.statistics import ratio
from batchsim.report.colours import BLUE, ORANGE
from batchsim.report.plots.names import label, labels
from batchsim.report.plots.scales import usd_axis
from batchsim.report.plots.style import canvas, nothing, thickness, title
from batchsim.report.words import dollars, share, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis

_NANO = 1_000_000_000


def by_cause(run: Analysis, ax: Axes | None) -> Axes:
    """What each cause cost, the dearest on top; useful work in a colour of its own."""
    lines = sorted((line for line in lines_by_cause(run.cost) if line.nano_usd), key=lambda line: line.nano_usd)
    total = sum(line.nano_usd for line in lines)
    with canvas(ax, height=1.4 + 0.28 * max(len(lines), 5)) as axes:
        if not lines:
            nothing(axes, "Cost by cause", "no cost: nothing was billed")
            return axes
        title(axes, "Cost by cause", _finding(run, total))
        useful = Cause.USEFUL_WORK.text
        fills = [BLUE if line.name == useful else ORANGE for line in lines]
        names = labels([words(line.name) for line in lines])
        bars = axes.barh(
            range(len(lines)), [line.nano_usd / _NANO for line in lines], color=fills, height=thickness(len(lines))
        )
        axes.set_yticks(range(len(lines)), names)
        axes.bar_label(bars, [_told(line.nano_usd, total) for line in lines], padding=3, fontsize=8.5)
        axes.set_ylim(-0.6, len(lines) - 0.4)
        axes.set_xlim(*_limits(lines[0].nano_usd / _NANO, lines[-1].nano_usd / _NANO))
        usd_axis(axes.xaxis, "cost")
        axes.tick_params(axis="y", length=0)
    return axes


def _limits(least: float, most: float) -> tuple[float, float]:
    """With room for the figures at both ends: a discount on what a commitment covers is less than nothing."""
    if least >= 0:
        return 0.0, 1.3 * most
    room = 0.45 * max(most, -least)
    return least - room, max(most, 0.0) + room


def _told(nano_usd: int, total: int) -> str:
    return label(f"{dollars(nano_usd / _NANO)}  {share(ratio(nano_usd, total))}")


def _finding(run: Analysis, total: int) -> str:
    waived = run.cost.waived_nano_usd
    more = f"; {dollars(waived / _NANO)} more waived, for Spot took the instance in its first hour" if waived else ""
    return f"{dollars(total / _NANO)} in all{more}"
