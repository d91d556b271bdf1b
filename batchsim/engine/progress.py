"""How far a run is, read from beside it: copies of columns that grow meanwhile, whatever the clock is in the midst of.

Another thread may ask. Each copy is one step of the interpreter (a slice, ``tobytes``), never a view of a column that
grows: as long as a view lives, it cannot. What is copied first may be behind what is copied later, never ahead, so
that rows which one column names are there in the next.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from batchsim.engine.columns import frozen
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.engine import Engine
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.spot_prices import with_paid_prices
from batchsim.records.tables import NEVER, Instances, Ints
from batchsim.records.vocabulary import JobState


@dataclass(frozen=True, slots=True, eq=False)
class Tasks:
    """Fargate tasks so far. Shape of each column: (tasks,)."""

    environment: Ints
    shape: Ints
    pull_at_ms: Ints
    """From when it is billed; it may be to come."""
    ended_at_ms: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A running engine at one instant."""

    now_ms: int
    states: Mapping[JobState, int]
    """Jobs submitted so far, by state."""
    used_milli: int
    """Thousandths of vCPUs that jobs hold."""
    on_vcpus: int
    """vCPUs of instances on and booting, and of Fargate tasks."""
    instances: Instances
    tasks: Tasks
    """Of Fargate environments."""


def look(engine: Engine) -> Look:
    """Return how far the run is; takes time by the number of its jobs, not of what happened.

    All is copied before anything is reckoned: numpy lets other threads go on, and the figures are to be of one instant.
    """
    now_ms, tables = engine.kernel.now_ms, engine.tables
    state = tables.jobs.state
    counts: dict[JobState, int] = {each: state.count(each) for each in JobState if each != JobState.NOT_SUBMITTED}
    on_vcpus, instances, tasks = sum(map(_on_vcpus, engine.environments)), _instances_as_they_are(engine), None
    placed = tables.jobs.attempt_row.tobytes(), tables.attempts.running_at.tobytes()
    asked = tables.jobs.submission.tobytes(), tables.submissions.shape.tobytes()
    if any(isinstance(each, FargateEnvironment) for each in engine.environments):
        size = len(tables.attempts.exit_code)  # an attempt fills this column last
        tasks = [getattr(tables.attempts, name)[:size] for name in ("instance", "job", *_TASK)]
    milli = np.array([each.vcpus_milli for each in list(tables.shapes)], np.int64)
    rows, running_at = np.frombuffer(placed[0], np.int32), np.frombuffer(placed[1], np.int64)
    shape_of_job = _Shapes(np.frombuffer(asked[0], np.int32), np.frombuffer(asked[1], np.int32))
    job = np.flatnonzero(rows != NEVER)
    counts[JobState.RUNNING] = int(np.count_nonzero(running_at[rows[job]] < now_ms))
    counts[JobState.STARTING] = len(job) - counts[JobState.RUNNING]
    return Look(
        now_ms=now_ms,
        states=counts,
        used_milli=int(milli[shape_of_job.of(job)].sum()),
        on_vcpus=on_vcpus,
        instances=_frozen(engine, instances, now_ms),
        tasks=_tasks(tasks, shape_of_job),
    )


_TASK = ("environment", "pull_at", "ended_at")


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """What jobs ask for."""

    submission: Ints
    shape: Ints

    def of(self, job: Ints) -> Ints:
        """The shape of each of these jobs."""
        return np.asarray(self.shape[self.submission[job]])


def _on_vcpus(environment: object) -> int:
    if isinstance(environment, Ec2Environment):
        return environment.on_vcpus
    assert isinstance(environment, FargateEnvironment)
    return environment.view().running_vcpus


def _instances_as_they_are(engine: Engine) -> InstanceTable:
    """A copy of the rows that stand whole."""
    table, copied = engine.tables.instances, InstanceTable()
    size = len(table.speed_pico)  # a launch fills this column last
    for name, column in vars(table).items():
        if isinstance(column, array | bytearray):
            setattr(copied, name, column[:size])
    return copied


def _frozen(engine: Engine, copied: InstanceTable, now_ms: int) -> Instances:
    """The instances, with what those paid whose price changed."""
    steps = {type_: list(each) for type_, each in list(engine.prices.steps.items())}
    found = copied.freeze(now_ms)
    return with_paid_prices(found, steps, now_ms) if steps else found


def _tasks(columns: list[array[int]] | None, shape_of_job: _Shapes) -> Tasks:
    """The attempts on Fargate."""
    if columns is None:
        none: Ints = np.zeros(0, np.int64)
        return Tasks(none, none, none, none)
    instance, job, environment, pull_at, ended_at = map(frozen, columns)
    rows = np.flatnonzero(instance == NEVER)
    return Tasks(environment[rows], shape_of_job.of(job[rows]), pull_at[rows], ended_at[rows])
