"""How far a run is and what it has cost so far: what a live view shows, and :meth:`Simulation.progress` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from batchsim.analysis.bills import S_PER_H, billed_seconds, computed
from batchsim.analysis.phases import lives_of
from batchsim.analysis.prices import INCLUDED_STORAGE_GIB, FargateRates, Prices
from batchsim.engine.plan import Shape
from batchsim.engine.progress import Look, Tasks
from batchsim.records.tables import NEVER


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one instant of its clock."""

    now_s: float
    states: Mapping[str, int]
    """Jobs that were submitted, by state."""
    vcpus_used: float
    """That jobs hold, from STARTING on."""
    vcpus_on: int
    """Of instances on and booting, and of Fargate tasks."""
    compute_usd: float
    """What EC2 instances and Fargate tasks would cost if all of them ended now: billed seconds at the run's prices, the
    minimum of each included, what the first-hour rule waives left out. At the end of a run that is its bill without
    volumes, extra costs and commitments, to the nano-dollar for each task."""


def progress_of(look: Look, shapes: Sequence[Shape], prices: Prices) -> Progress:
    """Return what a look comes to; ``shapes`` are what tasks ask for."""
    lives = lives_of(look.instances, look.now_ms)
    _, compute, _ = computed(look.instances, lives, first_hour_free=prices.first_hour_free)
    return Progress(
        now_s=look.now_ms / 1000,
        states={state.text: count for state, count in look.states.items()},
        vcpus_used=look.used_milli / 1000,
        vcpus_on=look.on_vcpus,
        compute_usd=(int(compute.sum()) + _tasks_nano_usd(look.tasks, look.now_ms, shapes, prices)) / 1e9,
    )


def _tasks_nano_usd(tasks: Tasks, now_ms: int, shapes: Sequence[Shape], prices: Prices) -> int:
    """Of all tasks: billed seconds at what a second of such a task costs."""
    if not len(tasks.shape):
        return 0
    end = np.where(tasks.ended_at_ms == NEVER, now_ms, tasks.ended_at_ms)
    seconds = billed_seconds(np.maximum(end - tasks.pull_at_ms, 0))
    per_s = np.zeros((len(prices.fargate), len(shapes)))
    for environment, shape in np.unique(np.stack((tasks.environment, tasks.shape)), axis=1).T.tolist():
        per_s[environment, shape] = _per_s(prices, environment, shapes[shape])
    return round(float(np.dot(seconds, per_s[tasks.environment, tasks.shape])))


def _per_s(prices: Prices, environment: int, shape: Shape) -> float:
    """Nano-dollars for a second of one task."""
    offer = prices.fargate[environment]
    if offer is None:
        return 0.0
    rates: FargateRates = offer.arm64 if shape.architecture == "arm64" else offer.x86_64
    if shape.windows and offer.windows is not None:
        rates = offer.windows
    size = (shape.vcpus_milli / 1000, shape.memory_mib / 1024, max(0, shape.ephemeral_gib - INCLUDED_STORAGE_GIB))
    return (
        size[0] * rates.vcpu_nano_usd_per_h
        + size[1] * rates.gib_nano_usd_per_h
        + size[2] * rates.storage_nano_usd_per_gib_h
    ) / S_PER_H
