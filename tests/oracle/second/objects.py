"""The plain objects of the second oracle: what a scenario says, and what becomes of it while the clock runs.

Times are ms, vCPUs thousandths, memory is MiB, money nano-dollars. Calls, steps and what one asks for are those of the
first oracle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from oracle import plain
from oracle.plain import NEVER, Call, Size, Step

FARGATE, FARGATE_SPOT = "FARGATE", "FARGATE_SPOT"


@dataclass(frozen=True)
class Checkpoint:
    """How a container saves its work; without ``every`` at notices alone."""

    every: int | None
    cost: int
    restore: int


@dataclass
class Job(plain.Job):
    """Of plain jobs' fields, ``pull`` is that of a task, or of an image's first start on a host."""

    storage_gib: int = 20
    checkpoint: Checkpoint | None = None
    saved: int = 0  # work that the next attempt need not do
    reason: str | None = None


@dataclass
class Environment:
    name: str
    kind: str  # FARGATE, FARGATE_SPOT, SPOT
    enabled: bool
    status: str
    status_reason: str
    max_vcpus: int
    type: Type | None = None  # of the fleet
    speed: Fraction = Fraction(1)
    instances: list[Instance] = field(default_factory=list)
    held_until: int = 0  # by a back-off

    @property
    def is_fargate(self) -> bool:
        return self.kind in (FARGATE, FARGATE_SPOT)


@dataclass(frozen=True)
class Type:
    name: str
    size: Size
    spot_price: int  # an hour


@dataclass
class Instance:
    environment: Environment
    ordinal: int
    launched_at: int
    notice_at: int | None = None
    ended_at: int | None = None
    images: dict[str, int] = field(default_factory=dict)  # when each is, or will be, there


@dataclass
class Queue:
    name: str
    priority: int
    enabled: bool
    environments: list[Environment]
    limits: dict[str, int]  # the shortest of each reason
    watch: Watch | None = None


@dataclass
class Watch:
    """A head that is blocked for one reason."""

    job: Job
    reason: str
    since: int
    row: BlockedRow | None = None  # once it was told of


@dataclass
class BlockedRow:
    """What is told of a blocked head."""

    queue: str
    job: str
    attempt: int
    reason: str
    head_at: int
    at: int
    until: int | None = None
    cancelled: bool = False


@dataclass
class Phase:
    """A part of RUNNING: restore, work or save; ``position`` is how far the work is at its end."""

    kind: str
    start: int
    end: int
    position: int


@dataclass
class Attempt:
    job: Job
    number: int
    environment: Environment
    instance: Instance | None
    step: Step
    runnable_at: int
    starting_at: int
    pulls_at: int
    running_at: int
    exits_at: int
    times_out_at: int = NEVER
    maintained_at: int = NEVER  # when Fargate ends the task
    phases: list[Phase] = field(default_factory=list)
    found: int = 0  # work that an earlier attempt had saved
    stops_at: int = NEVER  # by SIGKILL, or with what it saved
    stop_code: int = 137
    ended_at: int | None = None
    outcome: str | None = None
    exit_code: int | None = None


@dataclass
class Reclaim:
    at: int
    environment: Environment
    ordinal: int
    replace: bool


@dataclass
class Request:
    """CancelJob or TerminateJob, on a job, an array or one child of it."""

    at: int
    verb: str
    id: str
    reason: str


@dataclass
class Change:
    """A key of an environment or a queue that an action sets."""

    at: int
    name: str
    key: str
    value: str | int


@dataclass(frozen=True)
class World:
    cycle: int
    fifo_order: str
    retry_position: str
    retry_delay: int
    skips: bool
    cancel_pending_wait: bool
    provision: int
    burst: int
    rate: Fraction  # launches a ms
    quotas: dict[str, int]  # by kind
    outages: list[tuple[int, int]]
    backoff: int
    most_running: int  # of a task
    notice: int
    stop_timeout: int
    drains: bool
    saves_on_notice: bool
    warm_start: int
    detect: int


@dataclass
class Scenario:
    world: World
    environments: list[Environment]
    queues: list[Queue]
    calls: list[Call]
    reclaims: list[Reclaim]
    actions: list[Request | Change]
    until: int
    blocked: list[BlockedRow] = field(default_factory=list)

    def jobs(self) -> list[Job]:
        return [job for call in self.calls for job in call.jobs]

    def active(self) -> list[Attempt]:
        """Those that hold capacity."""
        return [job.attempts[-1] for job in self.jobs() if job.state == "ACTIVE"]

    def instances(self) -> list[Instance]:
        return [each for environment in self.environments for each in environment.instances]
