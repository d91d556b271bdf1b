"""The phases of attempts and instances as durations, each from its own two instants, open ends cut at the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.records.tables import NEVER, Bools, Instances, Ints, Records
from batchsim.records.vocabulary import Outcome


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
    """The sum of what follows."""
    restore_ms: Int64s
    """Restoring from a checkpoint."""
    checkpoint_ms: Int64s
    """Writing checkpoints."""
    kept_ms: Int64s
    """Working, on what a checkpoint of the attempt saved."""
    unkept_ms: Int64s
    """Working, on what none of its checkpoints saved."""
    saves: bool
    """Whether any job of the run saves its work or answers SIGTERM: without, all of RUNNING is unkept."""


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
        **_courses(records, end - running),
        saves=bool(len(records.progress.attempt)),
    )


def _courses(records: Records, running: Int64s) -> dict[str, Int64s]:
    """What RUNNING was spent on; of attempts that save nothing, on work alone. Columns of nothing take no memory."""
    progress, nothing = records.progress, np.broadcast_to(np.int64(0), running.shape)
    if not len(progress.attempt):
        return {"restore_ms": nothing, "checkpoint_ms": nothing, "kept_ms": nothing, "unkept_ms": running}
    columns = {name: nothing.copy() for name in ("restore_ms", "checkpoint_ms", "kept_ms")} | {
        "unkept_ms": running.copy()
    }
    for name, column in columns.items():
        column[progress.attempt] = getattr(progress, name)
    return columns


def attempt_speeds(records: Records) -> Int64s:
    """Return how fast each attempt's work was done, in trillionths: by its instance, or its task's architecture."""
    attempts, calls = records.attempts, records.submissions
    of_task = np.array(records.fargate_speed_pico, np.int64)[
        calls.arm64[records.jobs.submission[attempts.job]].astype(int)
    ]
    of_host = np.append(int64(records.instances.speed_pico), 0)[attempts.instance]
    return np.where(attempts.instance == NEVER, of_task, of_host)


def cut_short(records: Records) -> Bools:
    """Attempts that SUCCEEDED with unfinished work: their container exited 0 at SIGTERM. Shape: (attempts,)."""
    attempts, progress = records.attempts, records.progress
    answered = np.full(len(attempts.job), NEVER, np.int64)
    answered[progress.attempt] = progress.sigterm_at_ms
    return np.asarray(
        (attempts.outcome == Outcome.SUCCEEDED) & (answered != NEVER) & (answered == attempts.ended_at_ms)
    )


def cut_by_timeout(records: Records) -> Bools:
    """Those of them that got SIGTERM from their timeout, not from Spot. Shape: (attempts,)."""
    attempts = records.attempts
    limit = int64(records.submissions.timeout_ms)[records.jobs.submission[attempts.job]]
    ran = int64(attempts.ended_at_ms) - int64(attempts.running_at_ms)
    return np.asarray(cut_short(records) & (limit != NEVER) & (ran >= limit))


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
    return lives_of(records.instances, records.horizon_ms)


def lives_of(instances: Instances, horizon_ms: int) -> Lives:
    """Return the billed lives of instances up to ``horizon_ms``."""
    end = until(instances.ended_at_ms, horizon_ms)
    billed, ready = (
        np.where(instant == NEVER, end, np.minimum(int64(instant), end))
        for instant in (instances.billed_from_ms, instances.ready_at_ms)
    )
    return Lives(billed_ms=billed, ready_ms=np.maximum(ready, billed), end_ms=end, on_ms=end - billed)
