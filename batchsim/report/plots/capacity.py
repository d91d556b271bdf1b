"""vCPUs over time: desired by the scaler, running (and billed), used by jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.series import Capacity, capacity
from batchsim.analysis.steps import edges
from batchsim.report.colours import BLUE, GREEN, GREY, ORANGE
from batchsim.report.plots.jobs import STRETCHES, over_time, position
from batchsim.report.plots.scales import count_axis, from_zero
from batchsim.report.plots.style import canvas, ink, legend, nothing, title
from batchsim.report.words import number, share
from batchsim.units import MS_PER_H

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis

_REFERENCE_FROM = 0.5
"""maxvCpus is drawn where capacity came up to this share of it: further away, it would only flatten the curves."""


def vcpus(run: Analysis, ax: Axes | None, environment: str | None) -> Axes:
    """Desired, running, used."""
    found = capacity(run, position(environment, run.records.names.environments, "compute environment"))
    what = "vCPUs desired, running, used" if environment is None else f"vCPUs desired, running, used: {environment}"
    with canvas(ax) as axes:
        if not any(curve.integral() for curve in (found.desired, found.running, found.used_milli, found.fargate_milli)):
            nothing(axes, what, "no vCPUs: no instance was launched and no task ran")
            return axes
        highest = _draw(axes, found)
        title(axes, what, _finding(found))
        over_time(axes, run)
        count_axis(axes.yaxis, "vCPUs", whole=highest >= 1)
        from_zero(axes, highest)
        legend(axes)
    return axes


def _draw(axes: Axes, found: Capacity) -> float:
    """Draw what there is, and return the highest level."""
    at_ms = edges((found.desired, found.running, found.used_milli, found.fargate_milli), STRETCHES)
    desired, running = found.desired.means(at_ms), found.running.means(at_ms)
    used, tasks = found.used_milli.means(at_ms) / 1000, found.fargate_milli.means(at_ms) / 1000
    at_s, levels = at_ms / 1000, [desired, running, used + tasks]
    fill: dict[str, Any] = {"step": "post", "lw": 0}
    if found.desired.integral():
        axes.step(at_s, _closed(desired), where="post", color=ORANGE, lw=1.6, label="desired")
        axes.step(at_s, _closed(running), where="post", color=ink(axes), lw=1.0, label="running (billed)")
    if found.used_milli.integral():
        axes.fill_between(at_s, _closed(used), color=BLUE, alpha=0.55, label="used by jobs", **fill)
    if found.fargate_milli.integral():
        top = _closed(used + tasks)
        axes.fill_between(at_s, _closed(used), top, color=GREEN, alpha=0.55, label="used on Fargate", **fill)
    highest = max(float(level.max()) for level in levels)
    if found.max_vcpus and highest >= _REFERENCE_FROM * found.max_vcpus:
        axes.axhline(found.max_vcpus, color=GREY, lw=1.0, ls=(0, (4, 3)), label="maxvCpus")
        return max(highest, found.max_vcpus)
    return highest


def _finding(found: Capacity) -> str:
    """What share of the vCPUs paid for was used; on Fargate, how many tasks held."""
    on, used = found.running.integral(), found.used_milli.integral() / 1000
    if on:
        return f"used: {share(used / on)} of {_amount(on)} running"
    return f"Fargate only: {_amount(found.fargate_milli.integral() / 1000)} used"


def _amount(vcpu_ms: float) -> str:
    hours = vcpu_ms / MS_PER_H
    return f"{number(hours)} vCPU-hours" if hours >= 0.1 else f"{number(vcpu_ms / 1000)} vCPU-seconds"


def _closed(level: np.ndarray) -> np.ndarray:
    """The levels of all stretches, and the last one once more for the end."""
    return np.append(level, level[-1:])
