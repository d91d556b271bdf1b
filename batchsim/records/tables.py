"""The records of one run: frozen columns, one row a submission, job, attempt, instance, scaling action, head reason.

All instants are integer milliseconds since ``simulation.start``; :data:`NEVER` (-1) stands for "did not happen by the
end of the run". Codes index the tuples of :class:`Names` or the enums of :mod:`batchsim.records.vocabulary`. Nothing
here knows who writes or reads the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchsim.units import PICO

Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]

NEVER = -1
"""The instant, row or code of what did not happen."""


class LargestType(NamedTuple):
    """The type of most vCPUs, then most usable memory, that an environment may launch."""

    type: int
    vcpus: int
    memory_mib: int
    """What jobs can ask for."""
    gpus: int


@dataclass(frozen=True, slots=True)
class Names:
    """The text behind the codes; a tuple's position is the code."""

    entries: tuple[str, ...]
    queues: tuple[str, ...]
    queue_priorities: tuple[int, ...]
    environments: tuple[str, ...]
    environment_kinds: tuple[str, ...]
    """``EC2``, ``SPOT``, ``FARGATE`` or ``FARGATE_SPOT``, by environment."""
    definitions: tuple[str, ...]
    """``name:revision`` of each job definition used."""
    types: tuple[str, ...]
    zones: tuple[str, ...]
    images: tuple[str, ...]
    status_reasons: tuple[str, ...]
    """AWS's ``statusReason`` texts; code 0 is the empty text."""
    container_reasons: tuple[str, ...]
    """AWS's ``container.reason`` texts; code 0 is the empty text."""
    shares: tuple[str, ...] = ()
    """Share identifiers of fair-share queues."""
    groups: tuple[int, ...] = ()
    """By entry: the first of those that fire together with it (its workflow's members, and all that follow them by
    ``after``); an entry beyond the end fires alone."""
    follows: tuple[int, ...] = ()
    """By entry: the one whose firing k its own firing k comes after (``at: {after: …}``), NEVER where there is none; an
    entry beyond the end follows nobody."""
    largest_types: tuple[LargestType | None, ...] = ()
    """By environment; None on Fargate, and where there is no type."""
    consumables: tuple[str, ...] = ()
    """Names of the consumable resources."""
    faults: tuple[str, ...] = ()
    """What the faults of the plan are called: by their names, else ``faults[0]`` and so on."""
    fault_kinds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("",)
    """What jobs need of consumable resources: ``NAME:QUANTITY`` of each, separated by blanks."""


@dataclass(frozen=True, slots=True, eq=False)
class Submissions:
    """One row a SubmitJob call of the workload: a single job, or an array parent. Shape of each column: (calls,)."""

    entry: Ints
    occurrence: Ints
    workflow_occurrence: Ints
    """Firing of the workflow (or entry) that the call belongs to, from 0."""
    first_job: Ints
    """First row in :class:`Jobs`; children of an array are contiguous."""
    size: Ints
    """Number of job rows: 1 for a single job."""
    is_array: Bools
    queue: Ints
    share: Ints
    """Of its share identifier, NEVER in a FIFO queue."""
    scheduling_priority: Ints
    """Within its share; NEVER in a FIFO queue."""
    definition: Ints
    image: Ints
    vcpus_milli: Ints
    memory_mib: Ints
    gpus: Ints
    arm64: Bools
    """Whether the job asks for ARM64; prices Fargate."""
    windows: Bools
    """Whether it is a Windows task; prices Fargate."""
    ephemeral_gib: Ints
    """Fargate's ephemeral storage; 0 on EC2."""
    attempts_allowed: Ints
    timeout_ms: Ints
    """``attemptDurationSeconds`` in ms, or NEVER."""
    data_bytes: Ints
    """Bytes of the data set that the call's jobs read together; 0 without one."""
    due_at_ms: Ints
    created_at_ms: Ints
    ended_at_ms: Ints
    """When its last job ended, or NEVER."""
    state: Ints
    """JobState of the single job, or of the array parent."""
    status_reason: Ints
    calls: Ints
    """SubmitJob calls made, throttled ones (HTTP 429) included."""
    needs: Ints
    """Consumable resources that each job of the call takes: a code into :attr:`Names.needs`."""


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """One row a job that can run: singles and array children. Shape of each column: (jobs,)."""

    submission: Ints
    array_index: Ints
    """Index of an array child, NEVER for a single job."""
    state: Ints
    status_reason: Ints
    work_ms: Ints
    """The run time that every full attempt repeats."""
    runnable_at_ms: Ints
    """First RUNNABLE, or NEVER."""
    waiting_since_ms: Ints
    """Start of a last wait that no attempt ended (cancelled, or RUNNABLE at the end of the run), else NEVER."""
    ended_at_ms: Ints
    attempts: Ints
    run_task_calls: Ints
    """RunTask calls that a client made for it; 0 where a queue has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """One row an attempt, opened at STARTING, in order of placement. Shape of each column: (attempts,).

    The phases follow one another: ``starting <= pull <= pulled <= running <= ended``. A phase that the end of the
    attempt cut short is clipped to that end; ``running_at_ms`` is NEVER when the attempt ended (or the run did)
    before its container ran.
    """

    job: Ints
    attempt: Ints
    instance: Ints
    """Row in :class:`Instances`, NEVER on Fargate."""
    environment: Ints
    runnable_at_ms: Ints
    starting_at_ms: Ints
    pull_at_ms: Ints
    """End of provisioning (Fargate) and start of the image pull."""
    pulled_at_ms: Ints
    running_at_ms: Ints
    ended_at_ms: Ints
    outcome: Ints
    status_reason: Ints
    container_reason: Ints
    exit_code: Ints
    """NEVER where the container returned none."""


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """One row an attempt of a job that saves its work or answers SIGTERM, in order of the attempts. Shape: (rows,).

    ``restore + checkpoint + kept + unkept`` is the attempt's RUNNING time; attempts without a row only work, and save
    nothing. Positions are in the job's work, in ms at speed 1.
    """

    attempt: Ints
    """Row in :class:`Attempts`."""
    restore_ms: Ints
    checkpoint_ms: Ints
    """Writing checkpoints, one that was cut off included."""
    kept_ms: Ints
    """Working, on what a checkpoint of this attempt saved."""
    unkept_ms: Ints
    """Working, on what no checkpoint of it saved."""
    from_ms: Ints
    """Where in the work it began: what earlier attempts had saved."""
    saved_ms: Ints
    """Up to where the work was saved at its end."""
    done_ms: Ints
    """Up to where it was done."""
    sigterm_at_ms: Ints
    """When the container answered SIGTERM or a notice, or NEVER."""


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """One row an EC2 instance, in order of launch. Shape of each column: (instances,)."""

    environment: Ints
    ordinal: Ints
    """Launch ordinal within its environment, from 0."""
    type: Ints
    zone: Ints
    spot: Bools
    vcpus: Ints
    memory_mib: Ints
    """Usable memory, what jobs can ask for."""
    nominal_memory_mib: Ints
    gpus: Ints
    speed_pico: Ints
    """How fast work is done on it, in trillionths."""
    price_nano_usd_per_h: Ints
    on_demand_nano_usd_per_h: Ints
    launched_at_ms: Ints
    billed_from_ms: Ints
    """Instant from which the instance is billed, or NEVER when it ended before."""
    ready_at_ms: Ints
    notice_at_ms: Ints
    """Spot interruption notice, or NEVER."""
    closed_at_ms: Ints
    """When, being surplus, it was closed to further jobs, or NEVER."""
    ended_at_ms: Ints
    """NEVER when it still ran at the end of the run."""
    why_launched: Ints
    why_ended: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """One row a change of an environment's capacity, or a scale-up decision that changed nothing. Shape: (rows,)."""

    at_ms: Ints
    environment: Ints
    action: Ints
    uncovered_vcpus: Ints
    """RUNNABLE vCPUs that free and booting capacity did not cover, when the decision was taken."""
    instances: Ints
    """Instances launched (positive) or ended (negative)."""
    vcpus: Ints
    """Their vCPUs, signed likewise."""
    desired_vcpus: Ints
    """vCPUs running and booting afterwards."""
    capacity_errors: Ints
    """Launches that failed for want of capacity in this decision."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Each queue's head over time, run-length coded: a row holds until its queue's next. Shape: (rows,).

    In a fair-share queue each share has a head and rows of its own.
    """

    queue: Ints
    share: Ints
    """NEVER in a FIFO queue."""
    at_ms: Ints
    reason: Ints
    environment: Ints
    """Environment that serves the head, else the last one tried; NEVER when the queue is empty."""
    job: Ints
    """Row in :class:`Jobs` of the head with which this reason began (others may follow it), or NEVER."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockedHeads:
    """One row a time that a head was found to block its queue, in order of time. Shape of each column: (rows,)."""

    queue: Ints
    job: Ints
    attempt: Ints
    """Number of the attempt that the job waited for, from 1."""
    reason: Ints
    """A :class:`~batchsim.records.vocabulary.BlockReason`."""
    status_reason: Ints
    """The job's statusReason meanwhile."""
    head_at_ms: Ints
    """Since when the job had been head for this reason."""
    at_ms: Ints
    """When AWS Batch found it, and told."""
    until_ms: Ints
    """When it was over: the job started or ended, or the reason was gone; NEVER if it lasted to the end of the run."""
    limit_ms: Ints
    """``maxTimeSeconds`` of the queue's action on this reason, NEVER without one."""
    cancelled: Bools
    """Whether that action ended the job."""


def no_blocked_heads() -> BlockedHeads:
    """The table of a run without any."""
    none: Ints = np.zeros(0, np.int64)
    return BlockedHeads(none, none, none, none, none, none, none, none, none, np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class ConsumableUse:
    """One row an instant at which the use, or the total, of a consumable resource changed, in order. Shape: (rows,)."""

    at_ms: Ints
    resource: Ints
    in_use: Ints
    """What is held after the instant; of a NON_REPLENISHABLE resource, what was ever taken."""
    total: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Dependencies:
    """One row an edge of the dependency graph between submissions. Shape: (edges,)."""

    submission: Ints
    parent: Ints
    """The submission waited for; the submission itself for SEQUENTIAL."""
    kind: Ints
    """0 plain, 1 SEQUENTIAL, 2 N_TO_N."""


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """One row a share of a fair-share queue that was ever active, at the end of the run. Shape: (rows,)."""

    queue: Ints
    share: Ints
    weight_nano: Ints
    """Its effective weight factor: behind a prefix, the entry's times the active shares that begin so."""
    usage_vcpu_s: NDArray[np.floating]
    """vCPU-seconds that the decay window still counts, without the weight; vCPUs held where there is no window."""


@dataclass(frozen=True, slots=True, eq=False)
class Rejections:
    """One row a SubmitJob call that was refused, for now (HTTP 429) or for good, in order of time. Shape: (rows,)."""

    submission: Ints
    call: Ints
    """Which call of the submission, from 1."""
    at_ms: Ints
    reason: Ints
    """Code of a status reason."""


def no_rejections() -> Rejections:
    """Of a run that refused nothing."""
    return Rejections(*(np.zeros(0, np.int64) for _ in range(4)))


@dataclass(frozen=True, slots=True, eq=False)
class FaultEvents:
    """One row a thing that a fault of the scenario's plan did, in order of time. Shape of each column: (rows,)."""

    at_ms: Ints
    fault: Ints
    """Its line in the plan: a code into :attr:`Names.faults`."""
    effect: Ints
    """A :class:`~batchsim.records.vocabulary.FaultEffect`."""
    environment: Ints
    """NEVER where it is none's."""
    instance: Ints
    """The instance struck, or NEVER."""
    attempt: Ints
    """The attempt struck by itself, or NEVER; what was on a lost instance is not listed."""


def no_fault_events() -> FaultEvents:
    """Of a run that no fault struck."""
    return FaultEvents(*(np.zeros(0, np.int64) for _ in range(6)))


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Everything that one run recorded."""

    names: Names
    submissions: Submissions
    jobs: Jobs
    attempts: Attempts
    progress: Progress
    instances: Instances
    scaling: Scaling
    timeline: Timeline
    dependencies: Dependencies
    consumables: ConsumableUse
    shares: Shares
    horizon_ms: int
    """The end of the run; open bills run to it."""
    ended_by: int
    """An :class:`~batchsim.records.vocabulary.EndedBy`."""
    fargate_speed_pico: tuple[int, int] = (PICO, PICO)
    """How fast work is done in tasks on x86_64 and on arm64, in trillionths."""
    blocked: BlockedHeads = field(default_factory=no_blocked_heads)
    overtook: tuple[int, ...] = ()
    """Rows of the attempts that started while a job ahead of theirs in line went on waiting, in order of placement."""
    dep_eval_delay_ms: int = 0
    """How long jobs are SUBMITTED before their dependencies are looked at."""
    rejections: Rejections = field(default_factory=no_rejections)
    faults: FaultEvents = field(default_factory=no_fault_events)
