"""The phases of attempts and instances as durations, each from its own two instants, open ends cut at the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.records.tables import NEVER, Ints, Records


def until(instant: Ints, horizon_ms: int) -> Int64s:
    """Return each instant, the horizon where it never came."""
    return np.where(np.asarray(instant) == NEVER, np.int64(horizon_ms), int64(instant))


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """Durations of every attempt's phases in ms. Shape of each: (attempts,)."""

    starting_ms: Int64s
    """The instant of STARTING."""
    end_ms: Int64s
    """The instant of the end, or the horizon."""
    wait_ms: Int64s
    provisioning_ms: Int64s
    image_pull_ms: Int64s
    container_start_ms: Int64s
    running_ms: Int64s


def attempt_phases(records: Records) -> Phases:
    """Return the phases of all attempts; a phase that did not begin has length 0."""
    attempts = records.attempts
    end = until(attempts.ended_at_ms, records.horizon_ms)
    starting = int64(attempts.starting_at_ms)
    pull, pulled, running = (
        np.where(instant == NEVER, end, int64(instant))
        for instant in (attempts.pull_at_ms, attempts.pulled_at_ms, attempts.running_at_ms)
    )
    return Phases(
        starting_ms=starting,
        end_ms=end,
        wait_ms=starting - attempts.runnable_at_ms,
        provisioning_ms=pull - starting,
        image_pull_ms=pulled - pull,
        container_start_ms=running - pulled,
        running_ms=end - running,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """The billed life of every instance as instants in ms. Shape of each: (instances,)."""

    billed_ms: Int64s
    """From when it is billed; its end when it never was."""
    ready_ms: Int64s
    """From when it can run jobs, not before it is billed; its end when it never was."""
    end_ms: Int64s
    """Its end, or the horizon."""
    on_ms: Int64s
    """How long it was on: from billed to end."""


def instance_lives(records: Records) -> Lives:
    """Return the billed lives of all instances."""
    instances = records.instances
    end = until(instances.ended_at_ms, records.horizon_ms)
    billed, ready = (
        np.where(instant == NEVER, end, np.minimum(int64(instant), end))
        for instant in (instances.billed_from_ms, instances.ready_at_ms)
    )
    return Lives(billed_ms=billed, ready_ms=np.maximum(ready, billed), end_ms=end, on_ms=end - billed)
