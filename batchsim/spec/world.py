"""How the cloud behaves: every key of ``world`` with its default and the source of it.

Where a default is not AWS's own it is a choice, fitted on recorded runs where there were any; reports print it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from batchsim import units
from batchsim.spec.base import MAX_INT, FileForm, Model, check_number, check_whole, flawed
from batchsim.spec.described import Described
from batchsim.spec.extra_costs import ExtraCosts
from batchsim.spec.kinds import (
    RATE_PATTERN,
    BytesPerS,
    DurationMs,
    Flag,
    Mib,
    PositiveMs,
    Probability,
    Text,
    Usd,
    UsdPerH,
    number,
    quantity,
    whole,
)
from batchsim.spec.laws import Law, LawSpec
from batchsim.spec.limits import Days, DispatchRate, FargateQuota, Quota, Window
from batchsim.spec.platforms import Fleet, Platform
from batchsim.spec.quotas import UNLIMITED, Ec2VcpuQuota
from batchsim.spec.spot_prices import SpotPrices

Rate = Annotated[Fraction, quantity(units.parse_rate_per_s, units.format_rate, RATE_PATTERN, "20/s")]


def _uniform(low_s: int, high_s: int) -> LawSpec:
    return LawSpec("uniform", {"min": low_s * 1000, "max": high_s * 1000})


def _lognormal(median_s: float, sigma: float) -> LawSpec:
    return LawSpec("lognormal", {"median": round(median_s * 1000), "sigma": sigma})


MAX_SPEED = 1_000
"""No processor is a thousand times as fast as another."""
MAX_GB = 65_536
"""The largest gp3 volume: 64 TiB (EBS, "General Purpose SSD volumes")."""


def _check_depth(value: object) -> int | str:
    return "unlimited" if value == "unlimited" else check_whole(value, "E114", 0, MAX_INT, "unlimited, or instances")


def _check_gb(value: object) -> float:
    size = check_number(value, "E148", 0, MAX_GB)
    if round(size, 3) != size:
        raise flawed("E148", "finer than a thousandth of a GB", value, hint=f"Write {size:.3f}")
    return size


def _check_speed(value: object) -> int:
    """Whole thousandths of the usual speed, more than none."""
    speed = check_number(value, "E142", 0, MAX_SPEED)
    if speed == 0:
        raise flawed("E142", "at speed 0 no work is ever done", value, allowed=f"more than 0 and at most {MAX_SPEED}")
    if round(speed, 3) != speed:
        raise flawed("E142", "finer than a thousandth", value, hint=f"Write {max(round(speed, 3), 0.001):g}")
    return round(speed * 1000)


def _show_speed(speed_milli: int) -> int | float:
    return speed_milli // 1000 if speed_milli % 1000 == 0 else speed_milli / 1000


Speed = Annotated[int, FileForm(_check_speed, {"type": "number", "minimum": 0.001, "maximum": MAX_SPEED}, _show_speed)]
"""A speed factor, kept in thousandths."""

Depth = Annotated[
    int | Literal["unlimited"],
    FileForm(_check_depth, {"anyOf": [{"const": "unlimited"}, {"type": "integer", "minimum": 0}]}),
]


class CustomType(Model):
    """An instance type that the scenario adds to the catalogue, or overrides in it; what is None comes from there."""

    vcpu: Annotated[int, whole("E130", 1, 10_000)] | None = None
    memory: Mib | None = None
    usable_memory: Mib | None = None
    gpu: Annotated[int, whole("E130", 0, 1_000)] | None = None
    arch: Literal["x86_64", "arm64"] | None = None
    price: UsdPerH | None = None
    spot_price: UsdPerH | None = None


class PriceOverride(Model):
    """Prices of one instance type in nano-dollars an hour; None = the catalogue's."""

    on_demand: UsdPerH | None = None
    spot: UsdPerH | None = None


class ImageFacts(Model):
    """What the scenario knows of a container image."""

    arch: Literal["x86_64", "arm64"]
    """The one architecture that it is built for; images that are not listed run on any."""


class World(Described):
    """The behaviour of the cloud. Durations are kept in ms, laws as ``LawSpec``, money in nano-dollars.

    LN(m, s) is the lognormal law of median m and sigma s. "Choice" marks what AWS does not publish.
    """

    region: Text = "us-east-1"
    """AWS region, for types, zones and prices."""
    market: Literal["calm", "typical", "stormy"] = "typical"
    """Default of Spot's hazard, shocks and depth (choice, fitted on recorded runs)."""
    zones: dict[Text, Text] = Field(default_factory=dict)
    """Availability zone of each subnet; the others get the region's zones in order."""
    instanceTypes: dict[Text, CustomType] = Field(default_factory=dict)
    """Instance types added to the catalogue, or overridden in it."""
    prices: dict[Text, PriceOverride] = Field(default_factory=dict)
    """Prices of instance types, over the catalogue's."""
    speed: dict[Text, Speed] = Field(default_factory=dict)
    """How fast work is done: by type, else family (``c7g``), else architecture (``arm64``), else 1 (choice)."""

    images: dict[Text, ImageFacts] = Field(default_factory=dict)
    """Architectures of images, by name (``*`` and ``?`` match); one that is not listed runs on any."""

    platform: Platform = "batch"
    """What runs the jobs: AWS Batch, an always-on fleet with queues, or ECS RunTask on such a fleet without a queue."""
    platforms: dict[Text, Platform] = Field(default_factory=dict)
    """The same for single compute environments, by name."""
    fleets: dict[Text, Fleet] = Field(default_factory=dict)
    """Instances launched at given times in place of a scaler, by compute environment; they stay to the end."""
    run_task_attempts: Annotated[int, whole("E114", 1, 1_000)] = 10
    """RunTask calls after which a client without a queue gives a task up (choice)."""
    run_task_backoff_base: DurationMs = 1_000
    """Its longest back-off after the first failure; it doubles with each further one (choice)."""
    run_task_backoff_cap: DurationMs = 60_000
    """What a back-off grows to (choice)."""
    run_task_jitter: Literal["full", "none"] = "full"
    """Whether a back-off is drawn between 0 and its longest, or is that (choice)."""

    scheduler_cycle: DurationMs = 1_000
    """A pass runs at the first multiple of it after a change; 0 = in the same instant (choice)."""
    fifo_order: Literal["submitted", "runnable"] = "submitted"
    """By what a FIFO queue is ordered (API FrontOfQueueDetail: submission)."""
    retry_position: Literal["front", "original", "back"] = "front"
    """Where a retried job joins its queue (User Guide, "Best practices": the front)."""
    retry_delay: DurationMs = 0
    """From an attempt's end to RUNNABLE again (choice)."""
    head_of_line: Literal["strict", "skip"] = "strict"
    """Whether jobs behind a head that does not fit wait, or start if they fit (User Guide, "job_stuck_in_runnable")."""
    hol_scope: Literal["queue", "ce"] = "queue"
    """Whether a waiting head holds its whole queue, or just the environment that it waits for (choice)."""
    backfill: Literal["none", "conservative", "aggressive"] = "none"
    """Whether jobs start that by estimates delay not the head (aggressive), or nobody ahead (conservative) (choice)."""
    decay_kernel: Literal["linear", "exponential", "rect"] = "linear"
    """How a share's past usage fades over the window W: to 0 at W, by half each W/2, at once at W (choice)."""
    min_window: DurationMs = 600_000
    """Least window of fair share (API FairsharePolicy: 600 s); 0: without ``shareDecaySeconds`` only what is held."""
    usage_update: PositiveMs = 1_000
    """Grid on which the usage of shares is taken; in between it grows by what is placed (choice)."""
    fss_hol: Literal["strict", "per_share"] = "strict"
    """Whether a head that does not fit stops its fair-share queue, or only its share (choice)."""
    retry_rule_order: Literal["first", "last"] = "first"
    """Which of the rules of evaluateOnExit that match decides (choice: AWS's advice of a last rule for all)."""
    no_exit_code_matches: Flag = True
    """Whether ``onExitCode: "*"`` matches where there was no exit code (choice, as reasons that are absent do)."""
    dep_eval_delay: DurationMs = 0
    """From a submission to the evaluation of its dependencies (observed: within the same second)."""
    dep_fail_delay: DurationMs = 0
    """From a job's failure to that of the jobs which depend on it (choice)."""
    packing: Literal["best_fit", "first_fit", "worst_fit"] = "best_fit"
    """Which instance with room a job takes (choice; ECS's binpack)."""
    timeout_lag: Law = _uniform(0, 5)
    """How late a timeout strikes (User Guide, "Job timeouts": may be a few seconds)."""
    count_start_failures: Flag = True
    """Whether an attempt that failed before RUNNING counts (API RetryStrategy: yes; User Guide: no)."""
    stop_timeout: DurationMs = 30_000
    """From SIGTERM to SIGKILL (User Guide, "Job timeouts", and ECS, "stopTimeout": 30 seconds)."""
    stopped_when: Literal["sigterm", "exit"] = "sigterm"
    """When an attempt that a timeout or TerminateJob stops is over: told, or its container gone (not documented)."""
    timeout_exit_zero: Literal["succeeded", "failed"] = "succeeded"
    """What a job is that exits 0 at its timeout's SIGTERM (User Guide, "Job states": exit 0 is SUCCEEDED)."""
    start_failure: Probability = 0.0
    """Probability that an attempt fails while it starts (choice)."""
    oom_prob: Probability = 0.0
    """Probability that an attempt is killed for its memory, part of the way through its work (choice)."""
    cancel_pending_wait: Flag = True
    """Whether a cancelled PENDING job ends only when its dependencies have (API CancelJob: yes)."""
    consumable_hold: Literal["attempt", "job"] = "attempt"
    """Who holds consumable resources: each attempt, or the job from its first to its end (not documented)."""

    dispatch_rate_ec2: DispatchRate = None
    """Jobs a second that start in an EC2 or SPOT environment, a second's worth at once (choice; none is published)."""
    initial_capacity: Literal["ready", "booting"] = "ready"
    """State at t = 0 of the instances for max(minvCpus, desiredvCpus) (choice)."""
    scale_up_delay: Law = _uniform(10, 60)
    """From unmet demand to a scale-up decision (choice)."""
    demand_by: Literal["observed", "both", "vcpu"] = "observed"
    """Whether a decision packs vCPU and memory, or vCPU alone; observed: vcpu on Spot, else both (recorded runs)."""
    prefer_size: Literal["observed", "largest_filled", "smallest"] = "observed"
    """Of fitting sizes, the largest that demand fills, or the smallest; observed: drawn on Spot (recorded runs)."""
    mem_model: Literal["nitro_fit", "ratio", "exact"] = "nitro_fit"
    """Memory that jobs can use: floor(0.9776 MiB - 329) - 32, 0.93 of nominal, or all of it (fitted; User Guide)."""
    scale_down_idle: DurationMs = 300_000
    """Idle time after which an instance may go (choice; an Auto Scaling group's default)."""
    scale_down_check: DurationMs = 60_000
    """Grid on which idle instances are looked for (choice)."""
    drain_surplus: Flag = True
    """Whether busy instances that were surplus for ``scale_down_idle`` take no further job (recorded runs)."""
    ce_backoff: DurationMs = 180_000
    """How long a pool is left alone after a capacity error, a second at least (choice)."""
    ice_prob: Probability = 0.0
    """Probability that a launch meets a capacity error, whatever the pool and the way of purchase (choice)."""
    max_instance_vcpus_per_launch: Annotated[int, whole("E130", 1)] | None = None
    """Largest instance that a decision launches, where the head does not need a larger one (choice: none)."""
    spco_rate_weight: Annotated[float, number("E142", 0, 1_000_000)] | None = None
    """k in SPOT_PRICE_CAPACITY_OPTIMIZED's price x (1 + k x reclaims an hour); if absent, tiers of depth (choice)."""
    post_scale_in_cooldown: DurationMs = 0
    """Time after a scale-in in which nothing is launched (choice; reports of 2020: an Auto Scaling group's 300 s)."""
    ec2_vcpu_quota: Ec2VcpuQuota = UNLIMITED
    """vCPUs that may run, by purchase option and class of families; `new_account`: 5 Standard (EC2, "Quotas")."""
    block_detect: DurationMs = 600_000
    """From a head that is blocked to AWS Batch's telling of it (choice; the least ``maxTimeSeconds``)."""

    instance_pending: Law = _uniform(8, 17)
    """First part of the boot, not billed (observed)."""
    instance_boot: Law = _lognormal(30, 0.35)
    """From launch to a booted system, ``instance_pending`` included (observed)."""
    agent_register: Law = _lognormal(78, 0.4)
    """From the booted system to an instance that takes jobs (fitted on recorded runs)."""
    user_data: DurationMs = 0
    """Time that a launch template's user data take after the boot."""
    warm_start: Law = _lognormal(7.3, 0.80)
    """Start of a container on EC2 (fitted on recorded runs)."""
    new_image: Law = _lognormal(8, 0.3)
    """Extra time of an image's first start on a host (fitted on recorded runs)."""
    slow_pull: Law = _lognormal(40, 0.3)
    """The same, for slow pulls (fitted on recorded runs)."""
    slow_pull_probability: Probability = 0.2
    """Share of slow pulls among first starts (fitted on recorded runs)."""
    pull_overhead: DurationMs = 2_000
    """Constant part of the pull of an image whose size is given (choice)."""
    pull_rate_ec2: BytesPerS = 80_000_000
    """Throughput of a pull on EC2 (choice)."""
    pull_rate_fargate: BytesPerS = 40_000_000
    """Throughput of a pull on Fargate (choice)."""
    cache_hit: DurationMs = 0
    """Time that an image takes which its host has: asking the registry (choice; ``warm_start`` has it in it)."""
    fargate_provision: Law = _lognormal(30, 0.35)
    """From STARTING to the pull on Fargate (User Guide, "When to use Fargate": about 30 seconds)."""
    fargate_burst: Annotated[int, whole("E114", 1)] = 100
    """Fargate launches that a full bucket allows at once (ECS, "Throttling quotas")."""
    fargate_rate: Rate = Fraction(20)
    """Fargate launches a second that refill it (ECS, "Throttling quotas")."""
    fargate_round_up: Flag = False
    """Whether a size that Fargate does not sell becomes the next larger one, in place of an error."""
    fargate_vcpu_quota: Quota = FargateQuota()
    """vCPUs of all tasks at once, on Fargate and on Fargate Spot; new_account: 6 (API ResourceRequirement)."""
    fargate_max_days: Days = 14.0
    """Days of RUNNING after which a Fargate task may be ended, and is; 0: never (API SubmitJob)."""
    fargate_spot_outages: tuple[Window, ...] = ()
    """When Fargate Spot takes no new tasks: ``[{from: 1h, for: 30m}]`` (ECS, "Fargate capacity providers")."""

    spot_hazard: Annotated[float, number("E142", 0, 3_600)] | None = None
    """Reclaims per instance-hour of a type of interruption factor 1; by ``market`` if absent (choice)."""
    spot_shocks_per_day: Annotated[float, number("E142", 0, 1_440)] | None = None
    """Shocks a day that reclaim half of a pool; by ``market`` if absent (choice)."""
    spot_depth: Depth | None = None
    """Median depth of a Spot pool in instances, or unlimited; by ``market`` if absent (choice)."""
    notice: DurationMs = 120_000
    """From the interruption notice to the reclaim (EC2, "Spot Instance interruption notices": two minutes)."""
    spot_drain: Flag = False
    """Whether a noticed instance takes no more jobs and its containers get SIGTERM (ECS agent: not by default)."""
    checkpoint_on_notice: Flag = True
    """Whether ``on_sigterm: checkpoint`` sees a notice on EC2 without SIGTERM (EC2 metadata; choice)."""

    spot_prices: SpotPrices = Field(default_factory=dict)
    """Spot prices that change, by type, else family, else `default`: `[{at: 2h, share: 0.8}]` (choice: constant)."""
    spot_price_sigma: Annotated[float, number("E148", 0, 2)] = 0.0
    """Standard deviation of the logarithm of Spot prices without steps, which move every hour (choice: constant)."""
    spot_factor: Annotated[float, number("E148", 0, 10)] = 0.47
    """Spot price as a share of On-Demand, where the catalogue has none (fitted on recorded prices)."""
    first_hour_free: Flag = True
    """Whether an instance reclaimed in its first hour costs nothing (EC2, "Billing for interrupted Spot Instances")."""
    bill_from: Literal["running", "launch", "ready"] = "running"
    """From when an instance is billed (EC2, "On-Demand Instances": while running)."""
    root_gb: Annotated[float, FileForm(_check_gb, {"type": "number", "minimum": 0, "maximum": MAX_GB})] = 30.0
    """Size of an instance's root volume in GB (ECS-optimised images)."""
    gp3_gb_month: Usd = 80_000_000
    """Price of a GB-month of gp3 (EBS, us-east-1)."""
    fargate_spot_factor: Annotated[float, number("E148", 0, 10)] = 0.30
    """Fargate Spot's price as a share of Fargate's (AWS: up to 70 % off)."""
    extra_costs: ExtraCosts = ExtraCosts()
    """Dollars per hour, GB of data set, job or attempt, for data transfer, NAT, requests, logs and other."""

    submit_tps: Annotated[int, whole("E114", 1)] = 50
    """SubmitJob calls a second that the service takes (User Guide, "Service quotas")."""
    status_summary_lag: DurationMs = 0
    """How old an array's ``statusSummary`` is when an event tells it (choice)."""
    enforce_submit_tps: Flag = False
    """Whether calls beyond it are throttled with HTTP 429."""
    submit_backoff_base: DurationMs = 1_000
    """First back-off of a throttled client (choice)."""
    submit_backoff_cap: DurationMs = 20_000
    """Longest back-off of a throttled client (choice)."""
    submitted_limit: Annotated[int, whole("E114", 1)] = 1_000_000
    """Jobs that may be SUBMITTED at once, until the scheduler has looked at them (User Guide, "Service quotas")."""
    strict_limits: Flag = True
    """Whether AWS's numeric limits hold (array size, attempts, dependencies, timeout, jobs SUBMITTED, ...)."""
