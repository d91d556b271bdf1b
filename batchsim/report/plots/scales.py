"""Axes that people read: time as h:mm, money as dollars, counts in whole numbers, shares in percent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, Locator, MaxNLocator, PercentFormatter

from batchsim.report.plots.names import label
from batchsim.report.words import dollars

MINUTE, HOUR, DAY = 60, 3_600, 86_400

_SECONDS, _MINUTES, _HOURS, _DAYS = "s", "m:ss", "h:mm", "days"
_STEPS = {
    _SECONDS: (1, 2, 5, 10, 15, 30),
    _MINUTES: (5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE),
    _HOURS: tuple(m * MINUTE for m in (1, 2, 5, 10, 15, 30)) + tuple(h * HOUR for h in (1, 2, 3, 6, 12, 24)),
    _DAYS: tuple(d * DAY for d in (0.5, 1, 2, 5, 7)),
}
"""Nice distances between ticks in seconds; beyond them 1, 2 and 5 times powers of ten of the unit."""

_LENGTH = {_SECONDS: 1, _MINUTES: MINUTE, _HOURS: HOUR, _DAYS: DAY}


def time_axis(axis: Axis, what: str, longest_s: float) -> None:
    """Label an axis whose data are seconds, in the unit that suits the longest."""
    unit = _time_unit(longest_s)
    axis.set_label_text(f"{what} ({unit})")
    axis.set_major_locator(_Times(unit))
    axis.set_major_formatter(_Clock(unit))


def usd_axis(axis: Axis, what: str) -> None:
    """Label an axis whose data are dollars."""
    axis.set_label_text(f"{what} (USD)")
    axis.set_major_locator(_few())
    axis.set_major_formatter(_Dollars())


def share_axis(axis: Axis, what: str) -> None:
    """Label an axis whose data are shares, 0 to 1."""
    axis.set_label_text(what)
    axis.set_major_locator(_few())
    axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def count_axis(axis: Axis, what: str, *, whole: bool = True) -> None:
    """Label an axis whose data are counted, in whole numbers unless fewer than two of them are there to be seen."""
    axis.set_label_text(what)
    axis.set_major_locator(MaxNLocator("auto", integer=whole, steps=[1, 2, 5, 10], min_n_ticks=2))
    axis.set_major_formatter(_Numbers())


def metric_axis(axis: Axis, what: str, unit: str, longest: float) -> None:
    """Label an axis of a metric by its unit (:class:`~batchsim.analysis.metrics.Metric`)."""
    if unit == "s":
        time_axis(axis, what, longest)
    elif unit == "USD":
        usd_axis(axis, what)
    elif unit == "share":
        share_axis(axis, what)
    else:
        axis.set_label_text(what if unit == "1" else f"{what} ({unit})")
        axis.set_major_locator(_few())
        axis.set_major_formatter(_Numbers())


def from_zero(axes: Axes, highest: float) -> None:
    """Let the y axis run from 0 to a little above the highest value."""
    axes.set_ylim(0, max(highest, 1e-9) * 1.06)


def _few() -> MaxNLocator:
    return MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])


def _time_unit(longest_s: float) -> str:
    if longest_s >= 4 * DAY:
        return _DAYS
    if longest_s >= 10 * MINUTE:
        return _HOURS
    return _MINUTES if longest_s >= 2 * MINUTE else _SECONDS


class _Times(Locator):
    """Ticks at round times."""

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def __call__(self) -> Sequence[float]:
        assert self.axis is not None  # noqa: S101 -- for the type checker: a locator in use has its axis
        low, high = sorted(self.axis.get_view_interval())
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the round times between two."""
        step = _round_step((vmax - vmin) / self._room(), self._unit)
        first, last = ceil(vmin / step - 1e-9), floor(vmax / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def _room(self) -> int:
        """How many ticks have room, so that their labels stand apart."""
        space = self.axis.get_tick_space() if self.axis is not None else 9
        return int(min(9, max(1, space * 0.7)))


def _round_step(least: float, unit: str) -> float:
    """The smallest round distance that is not below ``least``; below a second, and beyond the table, 1, 2, 5 x 10^n."""
    table = _STEPS[unit]
    if least <= table[-1] and (unit != _SECONDS or least > table[0] / 2):
        return float(next(step for step in table if step >= least))
    base = HOUR if unit == _HOURS else _LENGTH[unit]
    power = base * 10.0 ** floor(log10(max(least, 1e-6) / base))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


class _Clock(Formatter):
    """``0:05``, ``12:30``, or plain numbers of seconds or days."""

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 -- matplotlib's signature
        if self._unit in (_SECONDS, _DAYS):
            return f"{x / _LENGTH[self._unit]:.6g}"
        small = MINUTE if self._unit == _HOURS else 1
        sign, whole = "-" if x < 0 else "", round(abs(x) / small)
        return f"{sign}{whole // 60}:{whole % 60:02d}"


class _Dollars(Formatter):
    """Dollars with as many decimals as tell the ticks apart: ``$0``, ``$0.25``, ``$1,200``."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 -- matplotlib's signature
        return label(dollars(x))

    def format_ticks(self, values: list[float]) -> list[str]:
        """Return the labels of all ticks together."""
        step = min((b - a for a, b in pairwise(sorted(values))), default=1.0) or 1.0
        places = next((n for n in range(10) if abs(round(step, n) - step) < step / 100), 9)
        return [_in_dollars(value, 2 if places == 1 else places) if value else label("$0") for value in values]


def _in_dollars(usd: float, places: int) -> str:
    sign = "-" if round(usd, places) < 0 else ""
    return label(f"{sign}${abs(usd):,.{places}f}")


class _Numbers(Formatter):
    """``12,000``, ``0.25``."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 -- matplotlib's signature
        return f"{x:,.0f}" if float(x).is_integer() else f"{x:,.6g}"
