"""Small curves in a line of text: queue depth, jobs running and vCPUs used over the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from batchsim.report.layout import section
from batchsim.report.words import duration, number

BLOCKS = "▁▂▃▄▅▆▇█"
"""Eighths of a line; where nothing is, a blank."""
PLAIN = ".:-=+*%#"
"""What stands for them where there are no others: heavier is more."""
_NAMES = {"jobs_runnable": "queue depth", "jobs_running": "running", "vcpus_used": "vCPUs used"}
_NARROW, _LEAST = 60, 16
"""As wide as a report at least; then a curve is so short that even forty columns hold its line."""
_BESIDE = 34
"""Columns for the name, the figure and the gaps."""


def over_time(summary: Mapping[str, Any]) -> RenderableType | None:
    """The curves, each with the highest of its means."""
    found = summary.get("over_time", {})
    if not any(any(found.get(name, ())) for name in _NAMES):
        return None
    edges = found["edges_s"]
    title = f"Over time (start to {duration(edges[-1])})"
    curves = _Curves(edges, {name: found[key] for key, name in _NAMES.items()})
    return section(title, curves, Text("at right the highest mean of a stretch", style="dim"))


class _Curves:
    """Curves that are as long as the terminal has room for."""

    def __init__(self, edges: Sequence[float], curves: Mapping[str, Sequence[float]]) -> None:
        self._edges, self._curves = edges, curves

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = _LEAST if options.max_width <= _NARROW else options.max_width - _BESIDE
        for name, means in self._curves.items():
            drawn = resampled(self._edges, means, width)
            yield Text(f"{name:<11}  {sparkline(drawn):<{len(drawn)}}  {number(max(means))}", no_wrap=True)


def sparkline(values: Sequence[float]) -> str:
    """A block for each value, by its share of the greatest: blank for nothing, the lowest block for anything else."""
    top = max(values, default=0)
    if top <= 0:
        return " " * len(values)
    heights = (min(len(BLOCKS), int(value / top * len(BLOCKS)) + 1) for value in values)
    return "".join(BLOCKS[height - 1] if value > 0 else " " for value, height in zip(values, heights, strict=True))


def resampled(edges: Sequence[float], means: Sequence[float], most: int) -> list[float]:
    """The means over ``most`` equal stretches in place of more; a mean of means weighs by their time."""
    if len(means) <= most:
        return list(means)
    wanted = np.linspace(edges[0], edges[-1], most + 1)
    integral = np.concatenate(([0.0], np.cumsum(np.asarray(means) * np.diff(edges))))
    shares = np.diff(np.interp(wanted, edges, integral)) / np.diff(wanted)
    return [max(0.0, round(float(share), 9)) for share in shares]
