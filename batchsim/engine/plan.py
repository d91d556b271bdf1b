"""The compiled scenario: dense integers; no pydantic object and no name is touched while the clock runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from batchsim.engine.laws import Sampler
from batchsim.engine.randomness import Stream
from batchsim.engine.task_pulls import TaskPulls
from batchsim.engine.vocabulary import Vocabulary
from batchsim.engine.workload.course_rules import CourseRule
from batchsim.engine.workload.progress import SPEED_1
from batchsim.engine.workload.work import WorkSource
from batchsim.policies.allocation import Offer, Strategy
from batchsim.policies.fair_share import DecayKernel
from batchsim.policies.ordering import FifoOrder, RetryPosition
from batchsim.policies.retry import Rule
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import BlockReason
from batchsim.spec.quotas import UNLIMITED, VcpuQuotas

Overtakers = Literal["nobody", "all", "elsewhere", "conservative", "aggressive"]
"""Who may start before a head that does not fit: nobody, all that fit, those that start in another environment, or
those that by estimates delay nobody ahead of them, or not the head."""


class Shape(NamedTuple):
    """Everything that placement asks of capacity; equal requests share one shape."""

    vcpus_milli: int
    vcpus: int
    """Whole vCPUs, as EC2 schedules them."""
    memory_mib: int
    gpus: int
    architecture: str | None
    ephemeral_gib: int
    consumables: tuple[tuple[int, int], ...] = ()
    """(position, quantity) of each consumable resource that a job takes."""
    windows: bool = False
    """Whether it is a Windows task, on Fargate."""


class ConsumablePlan(NamedTuple):
    """A consumable resource."""

    name: str
    total: int
    is_returned: bool
    """Whether a job gives it back at its end (REPLENISHABLE)."""


@dataclass(frozen=True, slots=True)
class SharePlan:
    """The scheduling policy of a fair-share queue, and what ``world`` says of such."""

    kernel: DecayKernel
    window_ms: int
    """What it looks back on; 0: only what is held now counts."""
    update_ms: int
    """Grid on which usage is taken."""
    charge: int
    """What a thousandth of a vCPU counts from its placement to the next update."""
    reservation: int
    """``computeReservation`` in percent; 0 where the vCPUs that it is a part of are not known."""
    entries: tuple[str, ...]
    """Share identifiers of ``shareDistribution``, some with a trailing ``*``."""
    weights: tuple[int, ...]
    """Their weight factors, in nanos."""
    strict: bool
    """Whether a head that does not fit stops all shares."""
    most_active: int | None
    """Share identifiers that may be active; None: any number."""
    names: Vocabulary
    """The share identifiers behind the codes, of all queues."""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A job queue; ``environments`` are positions in their order."""

    name: str
    priority: int
    enabled: bool
    environments: tuple[int, ...]
    without_queue: bool = False
    """Whether it is none: clients call RunTask for its jobs (``world.platform: no_queue``)."""
    has_detector: bool = True
    """Whether AWS Batch watches its head: not on other platforms."""
    limits_ms: tuple[tuple[BlockReason, int], ...] = ()
    """``jobStateTimeLimitActions``: how long a head may be blocked for a reason before it is cancelled."""
    shares: SharePlan | None = None
    """None: FIFO."""


class UnsoldType(NamedTuple):
    """An instance type that an environment names and EC2 does not sell there."""

    vcpus: int
    memory_mib: int
    gpus: int


class FleetLaunch(NamedTuple):
    """Equal instances of a fleet that is listed."""

    at_ms: int
    instances: int
    offers: tuple[int, ...]
    """Positions among the environment's offers: the zones that they may come from."""


@dataclass(frozen=True, slots=True)
class Ec2Plan:
    """A managed EC2 or SPOT compute environment."""

    name: str
    key: Callable[[], str]
    """Keys its draws (:class:`~batchsim.engine.environment_keys.EnvironmentKeys`)."""
    spot: bool
    enabled: bool
    min_vcpus: int
    max_vcpus: int
    desired_vcpus: int
    strategy: Strategy
    has_own_strategy: bool
    """Whether the strategy is the user's own function."""
    may_exceed_max: bool
    """False for BEST_FIT on On-Demand only (API, ComputeResource.maxvCpus)."""
    waits_for_its_type: bool
    """True for BEST_FIT: after a capacity error it goes on to other zones, but to no other type."""
    architecture: str
    offers: tuple[Offer, ...]
    min_scale_down_delay_ms: int
    demand_by_memory: bool
    """Whether demand is counted in memory too; else booting instances cover what their vCPUs would hold."""
    draws_sizes: bool
    """Whether sizes are drawn as they were observed, and each zone gets its part of a decision."""
    zones: int
    """Number of zones known to the scenario, the length of ``Demand.zone_vcpus``."""
    stands: bool = False
    """Whether its instances are a fleet that demand does not scale."""
    fleet: tuple[FleetLaunch, ...] = ()
    """The fleet where it is listed; else it has ``min_vcpus`` vCPUs."""
    bid_percent: int = 100
    """``bidPercentage``: the share of On-Demand below which it launches Spot instances."""
    unsold: tuple[UnsoldType, ...] = ()
    """Types of ``instanceTypes`` that EC2 does not sell in its zones, or not as Spot."""
    invalid: BlockReason | None = None
    """What AWS Batch says of heads that it keeps waiting, where its status is INVALID."""
    without_queue: bool = False
    """Whether RunTask is called for its jobs: nobody dispatches them."""


@dataclass(frozen=True, slots=True)
class FargatePlan:
    """A managed FARGATE or FARGATE_SPOT compute environment."""

    name: str
    spot: bool
    enabled: bool
    max_vcpus: int
    invalid: BlockReason | None = None
    """What AWS Batch says of heads that it keeps waiting, where its status is INVALID."""
    outages: tuple[tuple[int, int], ...] = ()
    """When Fargate Spot has no capacity for new tasks: first instants, and instants after the last."""


EnvironmentPlan = Ec2Plan | FargatePlan


@dataclass(frozen=True, slots=True)
class PullTime:
    """How long an image takes when an entry states its size: an overhead, then size over rate, by platform."""

    ec2_ms: int
    fargate_ms: int


def sooner(one_ms: int, other_ms: int) -> int:
    """Return the smaller of two times, each of which may be NEVER."""
    return min((each for each in (one_ms, other_ms) if each != NEVER), default=NEVER)


class Terms(NamedTuple):
    """What a job definition says of its jobs beside what they ask of capacity; an entry has those of its first one."""

    definition: int
    attempts_allowed: int
    rules: tuple[Rule, ...]
    timeout_ms: int
    scheduling_priority: int


@dataclass(slots=True)
class EntryRun:
    """One workload entry, ready to run."""

    name: str
    first_job: int
    """First job row; a job's draws are keyed by its row less this."""
    first_submission: int
    calls: int
    copies: int
    size: int
    definition: int
    attempts_allowed: int
    rules: tuple[Rule, ...]
    timeout_ms: int
    """``attemptDurationSeconds``, or NEVER."""
    retired_after_ms: int
    """RUNNING after which Fargate ends a task, or NEVER."""
    limit_ms: int
    """The first of the two, or NEVER."""
    sequential: bool
    work: WorkSource
    pull: PullTime | None
    warm_start: Sampler
    timeout_lag: Sampler
    provision: Sampler
    task_pulls: TaskPulls
    task_lifetimes: Sampler | None
    """Time from a Fargate Spot task's start to its reclaim; None when the market takes none."""
    start_failures: Stream | None
    """Draws of ``world.start_failure``; None when that is 0."""
    stream: str
    """What keys the draws of its jobs."""
    back_offs: Stream | None
    """Shares of a RunTask client's back-off; None where it has no jitter."""
    share: int = NEVER
    """Of its share identifier; NEVER where its queue is FIFO."""
    scheduling_priority: int = 0
    course: CourseRule | None = None
    """None: it saves nothing, and dies at SIGTERM."""
    cancel_after_ms: int = NEVER
    """From a call's creation to its CancelJob, or NEVER."""
    follows: bool = False
    """Whether its firings are due only when another entry's have ended."""
    followed: int = NEVER
    """That other entry."""
    client_rate_per_s: Fraction | None = None
    group: int = NEVER
    """The first entry of those that fire together: a workflow's members, and those that follow them."""
    followers: list[tuple[int, int]] = field(default_factory=list)
    """(entry, delay in ms) of those whose firing k is due that long after this one's firing k has ended."""

    def firing_of(self, call: int) -> int:
        """The firing that a call belongs to."""
        return call // self.copies


@dataclass(frozen=True, slots=True)
class Pool:
    """A Spot or On-Demand pool: one type in one zone, with the names that key its randomness."""

    name: str
    factor: float
    """Of its type's interruption bucket, on the market's hazard."""
    speed_pico: int = SPEED_1
    """Of its type, in thousandths."""
    quota_class: str = "standard"
    """What the account's vCPU quotas count it as."""


@dataclass(frozen=True, slots=True)
class SpotPlan:
    """The Spot market: hazards, shocks and depth (model 3)."""

    hazard_per_h: float
    """Of an instance in a pool of factor 1."""
    shocks_per_day: float
    median_depth: int | None
    """None: unlimited."""
    notice_ms: int
    prices: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """By type whose price changes in given steps: (instant, nano-dollars an hour), from t = 0 on."""
    price_sigma: float = 0.0
    """Standard deviation of the logarithm of all other prices; 0: they are constant."""


@dataclass(frozen=True, slots=True)
class RunTaskRules:
    """How a client without a queue tries again."""

    attempts: int
    base_ms: int
    cap_ms: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What ``world`` decides about the scheduler and the cloud, as plain values."""

    scheduler_cycle_ms: int
    fifo_order: FifoOrder
    retry_position: RetryPosition
    retry_delay_ms: int
    overtaking: Overtakers
    packing: str
    count_start_failures: bool
    start_failure: float
    cancel_pending_wait: bool
    dep_eval_delay_ms: int
    dep_fail_delay_ms: int
    notice_ms: int
    stop_timeout_ms: int
    ends_at_sigterm: bool
    """Whether what a timeout or TerminateJob stops is over when it is told; else when its container is gone."""
    timeout_exit_zero_succeeds: bool
    spot_drain: bool
    checkpoint_on_notice: bool
    fargate_speed_pico: tuple[int, int]
    """Of tasks on x86_64 and on arm64, in thousandths."""
    initial_ready: bool
    prefer_smallest: bool
    max_instance_vcpus: int | None
    """The largest instance that is launched where the head needs no larger one."""
    rate_weight: float | None
    """How SPOT_PRICE_CAPACITY_OPTIMIZED weighs hazards; None: by tiers of depth."""
    cooldown_ms: int
    """Time after a scale-in without a launch."""
    ice_probability: float
    """Of a capacity error at each launch."""
    scale_down_idle_ms: int
    scale_down_check_ms: int
    drain_surplus: bool
    backoff_ms: int
    user_data_ms: int
    slow_pull_probability: float
    cache_hit_ms: int
    fargate_burst: int
    fargate_rate_per_s: Fraction
    fargate_quota_milli: tuple[int | None, int | None]
    """Thousandths of a vCPU that tasks may have at once, on Fargate and on Fargate Spot; None: unlimited."""
    dispatch_rate_per_s: Fraction | None
    """Placements a second in each environment on instances; None: unlimited."""
    bill_from: Literal["running", "launch", "ready"]
    submit_tps: int | None
    """None: not enforced."""
    submitted_limit: int | None
    """Jobs that may be SUBMITTED at once; None: not enforced."""
    submit_backoff_ms: tuple[int, int]
    """Base and cap of a throttled client's back-off."""
    run_task: RunTaskRules
    block_detect_ms: int
    consumables_held_by_job: bool = False
    """Whether a job keeps its consumable resources between its attempts."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Samplers of the world's delays, one by the name of an environment, pool or image."""

    scale_up: Callable[[str], Sampler]
    pending: Callable[[str], Sampler]
    boot: Callable[[str], Sampler]
    register: Callable[[str], Sampler]
    new_image: Callable[[str], Sampler]
    slow_pull: Callable[[str], Sampler]
    stream: Callable[[str, str], Stream]
    """Uniform numbers by purpose and name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One scenario, compiled."""

    queues: tuple[QueuePlan, ...]
    environments: tuple[EnvironmentPlan, ...]
    pools: tuple[Pool, ...]
    rules: Rules
    delays: Delays
    spot: SpotPlan
    until_ms: int | None
    """None: until drained."""
    max_time_ms: int
    images: Vocabulary
    definitions: Vocabulary
    shares: Vocabulary
    """Share identifiers, in order of first use."""
    types: tuple[str, ...]
    zones: tuple[str, ...]
    quotas: VcpuQuotas = UNLIMITED
    """The account's, in vCPUs."""
    consumables: tuple[ConsumablePlan, ...] = ()
