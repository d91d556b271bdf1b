"""Compiling a scenario: names become positions, laws become samplers, catalogue facts become offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from batchsim.engine.environment_keys import EnvironmentKeys
from batchsim.engine.laws import Exponential, Sampler, law_of
from batchsim.engine.plan import (
    ConsumablePlan,
    Delays,
    Ec2Plan,
    EnvironmentPlan,
    FargatePlan,
    FleetLaunch,
    Overtakers,
    Plan,
    Pool,
    QueuePlan,
    Rules,
    RunTaskRules,
    SpotPlan,
    UnsoldType,
)
from batchsim.engine.randomness import Draws
from batchsim.engine.share_plan import share_plan
from batchsim.engine.vocabulary import Vocabulary
from batchsim.engine.workload.progress import SPEED_1
from batchsim.policies import Offer
from batchsim.policies.given import AWS, Policies
from batchsim.records.vocabulary import BlockReason
from batchsim.spec import ComputeEnvironment, LawSpec, Scenario, World
from batchsim.spec.facts import CatalogueFacts, InstanceType, PoolFacts
from batchsim.spec.markets import BUCKET_FACTORS, market_of
from batchsim.spec.names import short_name
from batchsim.spec.platforms import Fleet, Platform, platform_of, resources_of, standing_vcpus, stands
from batchsim.spec.queues import JobQueue
from batchsim.spec.quotas import quota_class
from batchsim.spec.spot_prices import PriceStep, steps_of
from batchsim.units import MS_PER_H


def compile_plan(
    scenario: Scenario, facts: CatalogueFacts, keys: EnvironmentKeys, draws: Draws, policies: Policies = AWS
) -> Plan:
    """Compile everything but the workload itself, whose entries are compiled by ``engine/entries.py``.

    ``keys`` are asked when an environment draws.
    """
    offers = _Offers(facts, scenario)
    environments = tuple(
        _environment(environment, scenario.world, partial(keys.of, position), offers, policies)
        for position, environment in enumerate(scenario.computeEnvironments)
    )
    settings, shares = scenario.simulation, Vocabulary()
    return Plan(
        queues=_queues(scenario, shares),
        environments=environments,
        pools=tuple(offers.pools),
        rules=_rules(scenario.world),
        delays=_delays(scenario.world, draws),
        spot=_spot(scenario.world, offers.prices),
        until_ms=None if settings.until == "drained" else int(settings.until),
        max_time_ms=settings.max_time_ms,
        images=Vocabulary(),
        definitions=Vocabulary(),
        shares=shares,
        types=offers.types.texts(),
        zones=offers.zones.texts(),
        quotas=scenario.world.ec2_vcpu_quota,
        consumables=tuple(
            ConsumablePlan(each.consumableResourceName, each.totalQuantity, each.resourceType == "REPLENISHABLE")
            for each in scenario.consumableResources
        ),
    )


def _queues(scenario: Scenario, shares: Vocabulary) -> tuple[QueuePlan, ...]:
    position = {environment.computeEnvironmentName: n for n, environment in enumerate(scenario.computeEnvironments)}
    return tuple(
        QueuePlan(
            name=queue.jobQueueName,
            priority=queue.priority,
            enabled=queue.state == "ENABLED",
            environments=tuple(
                position[short_name(item.computeEnvironment)]
                for item in sorted(queue.computeEnvironmentOrder, key=lambda item: item.order)
            ),
            without_queue=_platform(scenario.world, queue) == "no_queue",
            has_detector=_platform(scenario.world, queue) == "batch",
            limits_ms=_limits(queue),
            shares=None if _platform(scenario.world, queue) == "no_queue" else share_plan(scenario, queue, shares),
        )
        for queue in scenario.jobQueues
    )


def _platform(world: World, queue: JobQueue) -> Platform:
    """What runs a queue's jobs; with or without a queue, all of its environments agree on that."""
    return platform_of(world, short_name(queue.computeEnvironmentOrder[0].computeEnvironment))


def _limits(queue: JobQueue) -> tuple[tuple[BlockReason, int], ...]:
    """Return the shortest limit of each reason."""
    codes, limits = {reason.text: reason for reason in BlockReason}, dict[BlockReason, int]()
    for action in queue.jobStateTimeLimitActions:
        reason, limit_ms = codes[action.reason], action.maxTimeSeconds * 1000
        limits[reason] = min(limits.get(reason, limit_ms), limit_ms)
    return tuple(limits.items())


class _Offers:
    """Interns types, zones and pools over all environments."""

    def __init__(self, facts: CatalogueFacts, scenario: Scenario) -> None:
        self.types, self.zones = Vocabulary(), Vocabulary()
        self.pools: list[Pool] = []
        self._pool_codes: dict[tuple[int, int], int] = {}
        self._facts = facts
        self._speeds = _speeds(scenario.world)
        self._spot_prices = scenario.world.spot_prices
        self.prices: dict[int, tuple[tuple[int, int], ...]] = {}
        """Of Spot types whose price changes: (instant, nano-dollars an hour), from t = 0 on."""
        self._hazard_per_h = market_of(scenario.world).hazard_per_h
        for environment in scenario.computeEnvironments:
            for pool in facts.pools.get(environment.computeEnvironmentName, ()):
                for zone in pool.zones:
                    self.zones.code(zone)

    def of(self, environment: str, fleet: Fleet, *, spot: bool) -> tuple[Offer, ...]:
        """Return an environment's offers in catalogue order of types, then in the order of its zones.

        With a ``fleet``, those of the types that it lists.
        """
        listed = {each.type for each in fleet}
        pools = (pool for pool in self._facts.pools[environment] if not listed or pool.type.name in listed)
        pairs = ((pool, zone) for pool in pools for zone in pool.zones)
        return tuple(self._offer(position, *pair, spot=spot) for position, pair in enumerate(pairs))

    def launches(self, fleet: Fleet, offers: tuple[Offer, ...]) -> tuple[FleetLaunch, ...]:
        """Return a fleet's launches, each with the offers that it may come from."""
        return tuple(
            FleetLaunch(
                each.at_ms,
                each.count,
                tuple(
                    offer.position
                    for offer in offers
                    if self.types.text(offer.type) == each.type and each.zone in (None, self.zones.text(offer.zone))
                ),
            )
            for each in fleet
        )

    def architecture(self, environment: str) -> str:
        """Return the one architecture of an environment's types; the catalogue saw to it."""
        pools = self._facts.pools[environment] or self._facts.unsold[environment]
        return pools[0].type.architecture

    def unsold(self, environment: str) -> tuple[UnsoldType, ...]:
        """Return the sizes of the types that EC2 does not sell there."""
        return tuple(
            UnsoldType(pool.type.vcpus, pool.usable_memory_mib, pool.type.gpus)
            for pool in self._facts.unsold.get(environment, ())
        )

    def _offer(self, position: int, facts: PoolFacts, zone: str, *, spot: bool) -> Offer:
        type_ = self.types.code(facts.type.name)
        if spot and (steps := steps_of(self._spot_prices, facts.type.name, facts.type.family)):
            self.prices[type_] = _price_steps(facts, steps)
        return Offer(
            position=position,
            pool=self._pool(facts, zone),
            type=type_,
            type_name=facts.type.name,
            zone=self.zones.code(zone),
            vcpus=facts.type.vcpus,
            memory_mib=facts.usable_memory_mib,
            nominal_memory_mib=facts.type.memory_mib,
            gpus=facts.type.gpus,
            spot=spot,
            price_nano_usd_per_h=facts.spot_nano_usd_per_h if spot else facts.on_demand_nano_usd_per_h,
            on_demand_nano_usd_per_h=facts.on_demand_nano_usd_per_h,
            listed=facts.listed,
            hazard_per_h=self._hazard_per_h * BUCKET_FACTORS[facts.interruption_bucket] if spot else 0.0,
        )

    def _pool(self, facts: PoolFacts, zone: str) -> int:
        key = (self.types.code(facts.type.name), self.zones.code(zone))
        if key not in self._pool_codes:
            self._pool_codes[key] = len(self.pools)
            name, factor = f"{facts.type.name}|{zone}", BUCKET_FACTORS[facts.interruption_bucket]
            self.pools.append(Pool(name, factor, self._speed_pico(facts.type), quota_class(facts.type.family)))
        return self._pool_codes[key]

    def _speed_pico(self, kind: InstanceType) -> int:
        """The speed of a type, else of its family, else of its architecture; 1 where ``world.speed`` has none."""
        return next(filter(None, map(self._speeds.get, (kind.name, kind.family, kind.architecture))), SPEED_1)


def _price_steps(facts: PoolFacts, steps: tuple[PriceStep, ...]) -> tuple[tuple[int, int], ...]:
    """A type's prices over time: the catalogue's until the first step; shares are of On-Demand, rounded half even."""
    on_demand = facts.on_demand_nano_usd_per_h
    given = tuple(
        (step.at_ms, round(on_demand * Fraction(str(step.share))) if step.price is None else step.price)
        for step in steps
    )
    return given if given[0][0] == 0 else ((0, facts.spot_nano_usd_per_h), *given)


def _environment(
    environment: ComputeEnvironment, world: World, key: Callable[[], str], offers: _Offers, policies: Policies
) -> EnvironmentPlan:
    resources = resources_of(world, environment)
    invalid = _invalid(environment)
    name, enabled = environment.computeEnvironmentName, environment.state == "ENABLED"
    if resources is None:
        return _without_capacity(name, key, enabled=enabled and invalid is None)
    spot = resources.type in ("SPOT", "FARGATE_SPOT")
    if resources.type in ("FARGATE", "FARGATE_SPOT"):
        outages = _outages(world) if spot else ()
        return FargatePlan(name, spot, enabled, resources.maxvCpus, invalid, outages)
    strategy, fleet = resources.allocationStrategy or "BEST_FIT", world.fleets.get(name, ())
    own = offers.of(name, fleet, spot=spot)
    standing, scaling = stands(world, environment), resources.scalingPolicy
    minutes = scaling.minScaleDownDelayMinutes if scaling else 0
    least = 0 if fleet else standing_vcpus(resources) if standing else resources.minvCpus
    return Ec2Plan(
        name=name,
        key=key,
        spot=spot,
        enabled=enabled,
        min_vcpus=least,
        max_vcpus=resources.maxvCpus,
        desired_vcpus=resources.desiredvCpus or 0,
        strategy=policies.strategy_of(strategy),
        has_own_strategy=policies.is_own_strategy(strategy),
        may_exceed_max=spot or strategy != "BEST_FIT",
        waits_for_its_type=strategy == "BEST_FIT",
        architecture=offers.architecture(name),
        offers=own,
        min_scale_down_delay_ms=(minutes or 0) * 60_000,
        demand_by_memory=world.demand_by == "both" or (world.demand_by == "observed" and not spot),
        draws_sizes=spot and world.prefer_size == "observed",
        zones=len(offers.zones.texts()),
        stands=standing,
        fleet=offers.launches(fleet, own),
        bid_percent=resources.bidPercentage,
        unsold=offers.unsold(name),
        invalid=invalid,
        without_queue=platform_of(world, name) == "no_queue",
    )


def _invalid(environment: ComputeEnvironment) -> BlockReason | None:
    """What AWS Batch says of an INVALID environment's heads: its service role's problem, if its own reason says so."""
    if environment.status != "INVALID":
        return None
    told = (environment.statusReason or "").lower()
    is_role = any(word in told for word in _ROLE_WORDS)
    return BlockReason.ROLE_PERMISSIONS if is_role else BlockReason.ACTION_REQUIRED


_ROLE_WORDS = ("role", "not authorized", "permission", "accessdenied", "access denied", "unauthorized")
"""In the statusReason of a compute environment (User Guide, "INVALID compute environment")."""


def _speeds(world: World) -> dict[str, int]:
    """``world.speed``, which is in thousandths, as the engine has it."""
    return {word: milli * SPEED_1 // 1_000 for word, milli in world.speed.items()}


def _outages(world: World) -> tuple[tuple[int, int], ...]:
    return tuple((window.from_ms, window.from_ms + window.for_ms) for window in world.fargate_spot_outages)


def _without_capacity(name: str, key: Callable[[], str], *, enabled: bool) -> Ec2Plan:
    """An UNMANAGED environment: its instances are the user's own, and here it has none."""
    strategy = AWS.strategy_of("BEST_FIT")
    return Ec2Plan(name, key, False, enabled, 0, 0, 0, strategy, False, False, True, "x86_64", (), 0, True, False, 0)


def _rules(world: World) -> Rules:
    return Rules(
        scheduler_cycle_ms=world.scheduler_cycle,
        fifo_order=world.fifo_order,
        retry_position=world.retry_position,
        retry_delay_ms=world.retry_delay,
        overtaking=_overtakers(world),
        packing=world.packing,
        count_start_failures=world.count_start_failures,
        start_failure=world.start_failure,
        cancel_pending_wait=world.cancel_pending_wait,
        dep_eval_delay_ms=world.dep_eval_delay,
        dep_fail_delay_ms=world.dep_fail_delay,
        notice_ms=world.notice,
        stop_timeout_ms=world.stop_timeout,
        ends_at_sigterm=world.stopped_when == "sigterm",
        timeout_exit_zero_succeeds=world.timeout_exit_zero == "succeeded",
        spot_drain=world.spot_drain,
        checkpoint_on_notice=world.checkpoint_on_notice,
        fargate_speed_pico=(_speeds(world).get("x86_64", SPEED_1), _speeds(world).get("arm64", SPEED_1)),
        initial_ready=world.initial_capacity == "ready",
        prefer_smallest=world.prefer_size == "smallest",
        max_instance_vcpus=world.max_instance_vcpus_per_launch,
        rate_weight=world.spco_rate_weight,
        cooldown_ms=world.post_scale_in_cooldown,
        ice_probability=world.ice_prob,
        scale_down_idle_ms=world.scale_down_idle,
        scale_down_check_ms=world.scale_down_check,
        drain_surplus=world.drain_surplus,
        backoff_ms=world.ce_backoff,
        user_data_ms=world.user_data,
        slow_pull_probability=world.slow_pull_probability,
        cache_hit_ms=world.cache_hit,
        fargate_burst=world.fargate_burst,
        fargate_rate_per_s=world.fargate_rate,
        fargate_quota_milli=(_milli(world.fargate_vcpu_quota.on_demand), _milli(world.fargate_vcpu_quota.spot)),
        dispatch_rate_per_s=world.dispatch_rate_ec2,
        bill_from=world.bill_from,
        submit_tps=world.submit_tps if world.enforce_submit_tps else None,
        submitted_limit=world.submitted_limit if world.strict_limits else None,
        submit_backoff_ms=(world.submit_backoff_base, world.submit_backoff_cap),
        run_task=RunTaskRules(world.run_task_attempts, world.run_task_backoff_base, world.run_task_backoff_cap),
        block_detect_ms=world.block_detect,
        consumables_held_by_job=world.consumable_hold == "job",
    )


def _milli(vcpus: int | None) -> int | None:
    return None if vcpus is None else vcpus * 1000


def _overtakers(world: World) -> Overtakers:
    if world.head_of_line == "skip":
        return "all"
    if world.hol_scope == "ce":
        return "elsewhere"
    return "nobody" if world.backfill == "none" else world.backfill


def _delays(world: World, draws: Draws) -> Delays:
    def by_name(purpose: str, law: LawSpec) -> Callable[[str], Sampler]:
        return lambda name: Sampler(law_of(law), draws.stream(purpose, name), chunk=64)

    return Delays(
        scale_up=by_name("scale_up", world.scale_up_delay),
        pending=by_name("pending", world.instance_pending),
        boot=by_name("boot", world.instance_boot),
        register=by_name("register", world.agent_register),
        new_image=by_name("new_image", world.new_image),
        slow_pull=by_name("slow_pull", world.slow_pull),
        stream=draws.stream,
    )


def _spot(world: World, prices: Mapping[int, tuple[tuple[int, int], ...]]) -> SpotPlan:
    market = market_of(world)
    return SpotPlan(
        hazard_per_h=market.hazard_per_h,
        shocks_per_day=market.shocks_per_day,
        median_depth=None if market.median_depth == "unlimited" else market.median_depth,
        notice_ms=world.notice,
        prices=prices,
        price_sigma=world.spot_price_sigma,
    )


def task_lifetime(world: World, draws: Draws, stream: str) -> Sampler | None:
    """Return the law of a Fargate Spot task's time to its reclaim: the market's hazard at factor 1."""
    hazard_per_h = market_of(world).hazard_per_h
    if not hazard_per_h:
        return None
    return Sampler(Exponential(MS_PER_H / hazard_per_h, least_ms=1), draws.stream("task_lifetime", stream))
