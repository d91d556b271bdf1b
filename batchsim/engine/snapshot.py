"""A look at a running engine: what GetJobQueueSnapshot shows, and the capacity behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.engine import Engine
from batchsim.engine.environment import EnvironmentView
from batchsim.engine.job_ids import JobIds
from batchsim.engine.job_queue import JobQueue, first_rows
from batchsim.engine.share_queue import ShareQueue
from batchsim.records.identifiers import instance_id
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState

FRONT = 100
"""Jobs that GetJobQueueSnapshot shows (API, FrontOfQueueDetail)."""
TOP_SHARES = 20
"""Shares that it shows (API, FairshareUtilizationDetail)."""


@dataclass(frozen=True, slots=True)
class InstanceView:
    """Free room on one ready instance."""

    vcpus: int
    memory_mib: int
    gpus: int


@dataclass(frozen=True, slots=True)
class ConsumableView:
    """One consumable resource."""

    total: int
    in_use: int
    """Held; of a NON_REPLENISHABLE resource, what was ever taken."""

    @property
    def available(self) -> int:
        """What jobs may still take."""
        return max(0, self.total - self.in_use)


@dataclass(frozen=True, slots=True)
class SharesView:
    """The shares of a fair-share queue (API, QueueSnapshotUtilizationDetail and FairshareUtilizationDetail)."""

    active: int
    top: Mapping[str, float]
    """vCPUs that the jobs of a share hold, of the twenty that hold most, the greatest first."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The world at one instant."""

    now_ms: int
    states: Mapping[str, Mapping[str, int]]
    """Jobs by queue and state."""
    front: Mapping[str, tuple[str, ...]]
    """The first RUNNABLE job ids of each queue, in line; in a fair-share queue in the order of turns."""
    vcpus: Mapping[str, float]
    """vCPUs that the jobs of each queue hold."""
    shares: Mapping[str, SharesView]
    """Of each fair-share queue."""
    environments: Mapping[str, EnvironmentView]
    free: Mapping[str, InstanceView]
    """By instance id."""
    consumables: Mapping[str, ConsumableView]


def snapshot(engine: Engine, ids: JobIds, now_ms: int) -> Snapshot:
    """Return what stands at ``now_ms``, before the events of that instant."""
    return Snapshot(
        now_ms=now_ms,
        states=_states(engine, now_ms),
        front={queue.name: _front(queue, engine, ids) for queue in engine.queues},
        vcpus=_vcpus(engine),
        shares={queue.name: _shares(queue, engine) for queue in engine.queues if isinstance(queue, ShareQueue)},
        environments={environment.plan.name: environment.view() for environment in engine.environments},
        free=_free(engine),
        consumables=_consumables(engine),
    )


def _consumables(engine: Engine) -> dict[str, ConsumableView]:
    known = engine.consumables
    if known is None:
        return {}
    return {name: ConsumableView(*pair) for name, *pair in zip(known.names, known.totals, known.in_use, strict=True)}


def job_states(engine: Engine, ids: JobIds, now_ms: int) -> dict[str, str]:
    """Return the state of every job that was submitted before ``now_ms``, by job id."""
    jobs, unknown = engine.tables.jobs, JobState.NOT_SUBMITTED.text
    states = ((job, state) for job, state in _each_state(engine, now_ms) if state != unknown)
    return {ids.text(jobs.submission[job], jobs.array_index[job]): state for job, state in states}


def _each_state(engine: Engine, now_ms: int) -> Iterator[tuple[int, str]]:
    """Each job with its state; that it runs is known from the instant at which its attempt began to."""
    jobs, attempts = engine.tables.jobs, engine.tables.attempts
    for job, row in enumerate(jobs.attempt_row):
        runs = row != NEVER and attempts.running_at[row] < now_ms
        yield job, JobState.RUNNING.text if runs else JobState(jobs.state[job]).text


def _states(engine: Engine, now_ms: int) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {queue.name: Counter() for queue in engine.queues}
    for job, state in _each_state(engine, now_ms):
        queue = engine.queues[engine.tables.submissions.queue[engine.tables.jobs.submission[job]]]
        counts[queue.name][state] += 1
    return {name: dict(sorted(count.items())) for name, count in counts.items()}


def _front(queue: JobQueue, engine: Engine, ids: JobIds) -> tuple[str, ...]:
    jobs = engine.tables.jobs
    return tuple(ids.text(jobs.submission[row], jobs.array_index[row]) for row in first_rows(queue, FRONT))


def _vcpus(engine: Engine) -> dict[str, float]:
    """Of all attempts that hold any, from STARTING on."""
    tables, held = engine.tables, Counter[str]()
    for job, row in enumerate(tables.jobs.attempt_row):
        if row != NEVER:
            queue = engine.queues[tables.submissions.queue[tables.jobs.submission[job]]]
            held[queue.name] += tables.shape(job).vcpus_milli
    return {queue.name: held[queue.name] / 1000 for queue in engine.queues}


def _shares(queue: ShareQueue, engine: Engine) -> SharesView:
    held = sorted(((-milli, code) for code, milli in queue.held().items() if milli))
    top = {engine.plan.shares.text(code): -milli / 1000 for milli, code in held[:TOP_SHARES]}
    return SharesView(queue.activity.active(engine.kernel.now_ms), top)


def _free(engine: Engine) -> dict[str, InstanceView]:
    instances = engine.tables.instances
    free = {}
    for environment in engine.environments:
        if isinstance(environment, Ec2Environment):
            for room in environment.fleet.rooms():
                name = instance_id(environment.plan.name, instances.ordinal[room.age])
                free[name] = InstanceView(room.vcpus, room.memory_mib, room.gpus)
    return free
