"""The plain objects of the oracle: what a scenario says, and what becomes of it while the clock runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

NEVER = 10**15


@dataclass(frozen=True)
class Size:
    """What a job asks for, or what an instance has."""

    vcpus: int
    mib: int
    gpus: int = 0

    def holds(self, other: Size) -> bool:
        return self.vcpus >= other.vcpus and self.mib >= other.mib and self.gpus >= other.gpus

    def less(self, other: Size) -> Size:
        return Size(self.vcpus - other.vcpus, self.mib - other.mib, self.gpus - other.gpus)


@dataclass(frozen=True)
class Type:
    name: str
    size: Size
    nominal_mib: int
    price: int  # nano-dollars an hour
    spot_price: int
    catalogue: int  # place in the catalogue


@dataclass(frozen=True)
class Planned:
    """One instance that a fleet lists."""

    at: int
    type: Type
    spot: bool


@dataclass
class Environment:
    name: str
    enabled: bool
    fleet: list[Planned] | None  # None: a scaler launches
    spot: bool
    types: list[Type]  # as listed
    zones: list[str]  # of its subnets, in order
    strategy: str
    min_vcpus: int
    max_vcpus: int
    decision_at: int = NEVER  # of the scaler
    held: dict[tuple[str, str], int] = field(default_factory=dict)  # by type and zone, until when
    errors: int = 0  # capacity errors so far
    is_managed: bool = True
    unmanaged_vcpus: int | None = None
    instances: list[Instance] = field(default_factory=list)


@dataclass
class Policy:
    """A scheduling policy: weight factors by share identifier, or by how identifiers begin (``tea*``)."""

    name: str
    weights: dict[str, Fraction]
    window: int
    reservation: int  # per cent


@dataclass
class Queue:
    name: str
    priority: int
    environments: list[Environment]
    policy: Policy | None = None  # None: FIFO
    enabled: bool = True


@dataclass
class Resource:
    """A consumable resource."""

    name: str
    total: int
    comes_back: bool


@dataclass(frozen=True)
class Step:
    """How one attempt goes, if nothing ends it before."""

    run: int
    exit_code: int
    reason: str | None = None


@dataclass
class Call:
    """One SubmitJob call: a single job, or an array."""

    id: str
    key: tuple[int, int]  # position of the entry in the file, occurrence
    at: int
    queue: Queue
    depends_on: list[tuple[str, Call]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    is_array: bool = False

    @property
    def refused(self) -> bool:
        return any(job.state == "NOT_SUBMITTED" for job in self.jobs)


@dataclass
class Job:
    id: str
    index: int
    call: Call
    size: Size
    image: str
    pull: int  # how long the first pull on a host takes
    steps: list[Step]
    attempts_allowed: int
    rules: list[dict[str, str]]
    timeout: int | None
    on_sigterm: str
    asks: dict[str, int] = field(default_factory=dict)  # of consumable resources
    share: str = ""
    scheduling_priority: int = 0
    state: str = ""  # not submitted, SUBMITTED, PENDING, RUNNABLE, RETRY, ACTIVE, SUCCEEDED, FAILED
    created_at: int | None = None
    runnable_at: int | None = None  # for the first time
    runnable_since: int | None = None  # for the last time
    waits: list[int] = field(default_factory=list)  # each time
    ended_at: int | None = None
    retry_at: int = NEVER
    cancelled: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "NOT_SUBMITTED")


@dataclass
class Attempt:
    job: Job
    number: int
    instance: Instance
    runnable_at: int
    starting_at: int
    pulled_at: int
    running_at: int
    exits_at: int
    times_out_at: int
    step: Step
    killed_at: int = NEVER  # by SIGKILL after a SIGTERM
    ended_at: int | None = None
    outcome: str | None = None
    exit_code: int | None = None


@dataclass
class Instance:
    environment: Environment
    ordinal: int
    type: Type
    zone: str
    spot: bool
    launched_at: int
    billed_from: int
    ready_at: int
    ready: bool = False
    closed: bool = False  # had its notice, with spot_drain
    ended_at: int | None = None
    reclaimed: bool = False
    idle_since: int = 0
    images: dict[str, int] = field(default_factory=dict)  # when each is, or will be, there
    attempts: list[Attempt] = field(default_factory=list)

    def live(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.ended_at is None]

    def free(self) -> Size:
        room = self.type.size
        for attempt in self.live():
            room = room.less(attempt.job.size)
        return room


@dataclass
class Coming:
    """Instances that an environment may still launch for the jobs ahead: what those leave of them, and their vCPUs."""

    rooms: list[Size] = field(default_factory=list)
    vcpus: int = 0


@dataclass
class Reclaim:
    at: int
    environment: Environment
    ordinal: int
    replace: bool


@dataclass
class Act:
    """A timed action: cancel or terminate a job, an array or one child of it."""

    at: int
    verb: str
    id: str


@dataclass
class Change:
    """A timed action that sets a key of an environment, a queue, a consumable resource or a share."""

    at: int
    name: str
    key: str
    value: Any
    is_by: bool = False  # whether it adds
    mattered: bool = False  # whether it changed anything


@dataclass
class Shortage:
    """A fault: from ``at`` until ``until`` EC2 has so many instances of all together that it selects."""

    at: int
    until: int
    capacity: int
    environment: str | None
    type: str | None
    zone: str | None
    spot: bool | None


@dataclass
class World:
    cycle: int
    fifo_order: str
    retry_position: str
    retry_delay: int
    skip: bool
    packing: str
    bill_from: str
    initial_ready: bool
    pending: int
    boot: int  # from launch to ready
    warm_start: int
    timeout_lag: int
    notice: int
    spot_drain: bool
    stop_timeout: int
    cancel_pending_wait: bool
    first_hour_free: bool
    root_gb: int
    gp3: int  # nano-dollars a GB-month
    scale_up_delay: int
    scale_down_idle: int
    scale_down_check: int
    ce_backoff: int
    usage_update: int
    decay_kernel: str
    share_stops_queue: bool
    held_by_job: bool  # consumable resources


@dataclass
class Scenario:
    world: World
    environments: list[Environment]
    queues: list[Queue]
    calls: list[Call]
    reclaims: list[Reclaim]
    acts: list[Act | Change]
    shortages: list[Shortage]
    resources: list[Resource]
    until: int | None
    max_time: int
