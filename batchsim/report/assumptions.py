"""What a result rests on that AWS does not publish: the choices of the model that this scenario's figures depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batchsim.report.words import plural
from batchsim.spec import LawSpec, Sample, SampleFile, Scenario, World
from batchsim.spec.extra_costs import ExtraCosts
from batchsim.spec.fair_share import fair_share_of
from batchsim.spec.limits import FargateQuota
from batchsim.spec.markets import market_of
from batchsim.spec.platforms import platform_of, resources_of
from batchsim.spec.quotas import VcpuQuotas
from batchsim.units import format_duration, format_usd

_NAMES_SHOWN = 6


def assumptions(
    scenario: Scenario, as_of: Mapping[str, str], policies: Mapping[str, str] | None = None, price_region: str = ""
) -> list[str]:
    """One sentence an assumption, as the report prints them; what the scenario's ``world`` changes comes last."""
    return [
        *_of_policies(policies or {}),
        *_of_prices(scenario, as_of, price_region or scenario.world.region),
        *_of_scheduler(scenario.world, policies or {}),
        *_of_shares(scenario),
        *_of_capacity(scenario),
        *_of_faults(scenario),
        *_changes(scenario.world),
    ]


def _of_prices(scenario: Scenario, as_of: Mapping[str, str], region: str) -> Iterator[str]:
    """The dates of the prices, and what stands for a price that is not known."""
    world = scenario.world
    if as_of:
        dated = ", ".join(f"{fact.replace('_', ' ')} {date}" for fact, date in as_of.items())
        yield f"catalogue as of: {dated}"
    is_usual = world.gp3_gb_month == World().gp3_gb_month
    if is_usual and region != World().region and world.root_gb and _kinds(scenario) & {"EC2", "SPOT"}:
        price = format_usd(world.gp3_gb_month)
        yield (
            f"root volumes: {price} a GB-month, the price of {World().region}; that of {region} is not in the "
            "catalogue (world.gp3_gb_month sets it)"
        )


def _of_policies(policies: Mapping[str, str]) -> Iterator[str]:
    """What is not AWS Batch at all comes first."""
    for what, name in policies.items():
        yield f"replaced: {what} is not AWS's but a function of the caller's, {name}"


def _of_scheduler(world: World, policies: Mapping[str, str]) -> Iterator[str]:
    order = {"submitted": "submission", "runnable": "becoming RUNNABLE"}[world.fifo_order]
    parts = [f"a pass every {format_duration(world.scheduler_cycle)}"]
    if "ordering of jobs" not in policies:
        parts += [f"FIFO by {order}", f"retries to the {world.retry_position}"]
    if "packing" not in policies:
        parts += [f"{world.packing.replace('_', '-')} packing"]
    yield f"scheduler: {', '.join(parts)}"


def _of_shares(scenario: Scenario) -> Iterator[str]:
    """Only where a queue shares fairly."""
    world = scenario.world
    if any(fair_share_of(scenario.schedulingPolicies, queue) is not None for queue in scenario.jobQueues):
        least, update = format_duration(world.min_window), format_duration(world.usage_update)
        blocked = {"strict": "the queue", "per_share": "its share"}[world.fss_hol]
        yield (
            f"fair share: usage taken every {update}, {world.decay_kernel} decay over {least} at least; "
            f"a head that does not fit stops {blocked}"
        )


def _of_capacity(scenario: Scenario) -> Iterator[str]:
    """Only of the kinds of environment that the scenario has."""
    kinds = _kinds(scenario)
    yield from _of_platforms(scenario)
    if kinds & {"EC2", "SPOT"}:
        yield from _of_instances(scenario.world)
    if "SPOT" in kinds:
        yield _of_spot(scenario)
    if kinds & {"FARGATE", "FARGATE_SPOT"}:
        yield f"Fargate: provisioning {_law(scenario.world.fargate_provision)}, then the image pull"
    if "FARGATE_SPOT" in kinds:
        yield f"Fargate Spot: {_hazard(scenario.world)} of a task, notice {format_duration(scenario.world.notice)}"


def _of_faults(scenario: Scenario) -> Iterator[str]:
    """What goes wrong because the scenario says so."""
    reclaims = sum(fault.kind == "spot_reclaim" and fault.is_of_one_instance for fault in scenario.faults)
    if reclaims:
        yield f"faults of the scenario: {reclaims} reclaim{'s' if reclaims > 1 else ''} at given times"
    for fault in scenario.faults:
        lasts = "to the end" if fault.for_ms is None else f"for {format_duration(fault.for_ms)}"
        if fault.kind != "capacity" and not (fault.kind == "spot_reclaim" and fault.is_of_one_instance):
            at_once = fault.is_of_one_instance or fault.fraction is not None
            when = f"at {format_duration(fault.at_ms)}" if at_once else f"from {format_duration(fault.at_ms)} {lasts}"
            yield f"fault of the scenario: {fault.kind}{f' ({fault.name})' if fault.name else ''}, {when}"
        if fault.kind == "capacity":
            given = fault.select.model_dump(exclude_none=True)
            of = " of " + ", ".join(f"{key} {str(value).lower()}" for key, value in given.items()) if given else ""
            yield (
                f"fault of the scenario: from {format_duration(fault.at_ms)} {lasts} EC2 has no more than "
                f"{fault.capacity} instance{'' if fault.capacity == 1 else 's'}{of}"
            )


def _kinds(scenario: Scenario) -> set[str]:
    """The types of the scenario's environments."""
    resources = [resources_of(scenario.world, environment) for environment in scenario.computeEnvironments]
    return {each.type for each in resources if each is not None}


def _of_platforms(scenario: Scenario) -> Iterator[str]:
    """What runs in place of AWS Batch, and what of it is not simulated."""
    world = scenario.world
    names = [environment.computeEnvironmentName for environment in scenario.computeEnvironments]
    kinds = {platform_of(world, name) for name in names}
    if "always_on" in kinds:
        yield "always-on fleets: billed from the start to the end of the run, whatever they do; nothing scales them"
    if "no_queue" in kinds:
        jitter = {"full": "drawn from 0 up to", "none": "of"}[world.run_task_jitter]
        yield (
            f"ECS RunTask without a queue: {world.run_task_attempts} tries, back-off {jitter} "
            f"{format_duration(world.run_task_backoff_base)} doubling to "
            f"{format_duration(world.run_task_backoff_cap)}; the client keeps dependencies, arrays and retries; "
            "no managed scaling of the cluster"
        )


def _of_instances(world: World) -> Iterator[str]:
    yield (
        f"cold start: decision {_law(world.scale_up_delay)}, boot {_law(world.instance_boot)}, "
        f"agent {_law(world.agent_register)}, container {_law(world.warm_start)}"
    )
    yield (
        f"images: a new one on a host {_law(world.new_image)}, slow {_law(world.slow_pull)} "
        f"with probability {world.slow_pull_probability:g}"
    )
    yield (
        f"scale-in: after {format_duration(world.scale_down_idle)} idle, "
        f"looked at every {format_duration(world.scale_down_check)}; usable memory by {world.mem_model}"
    )


def _of_spot(scenario: Scenario) -> str:
    """The market's figures that the run used, whether they came from ``market`` or were given."""
    world = scenario.world
    market = market_of(world)
    depth = market.median_depth
    pools = "of unlimited depth" if depth == "unlimited" else f"of {depth:,} instances (median)"
    return (
        f"Spot market ({world.market}): {_hazard(world)} at interruption factor 1, "
        f"{market.shocks_per_day:g} shocks a day that each take half of a pool, pools {pools}, "
        f"notice {format_duration(world.notice)}; prices {_prices(world)}{_shocks(scenario)}"
    )


def _prices(world: World) -> str:
    if world.spot_price_sigma:
        return f"move every hour (world.spot_price_sigma {world.spot_price_sigma:g}), each instance billed at its mean"
    if not world.spot_prices:
        return "constant over the run"
    return f"in steps (world.spot_prices: {', '.join(world.spot_prices)}), each instance billed at its mean price"


def _shocks(scenario: Scenario) -> str:
    shocks = sum(fault.kind == "price_shock" for fault in scenario.faults)
    return f", times the factors of {plural(shocks, 'price shock', 'price shocks')} while they last" if shocks else ""


def _hazard(world: World) -> str:
    return f"{market_of(world).hazard_per_h:g} reclaims an hour"


def _changes(world: World) -> Iterator[str]:
    """Every value of ``world`` that is not the default, beside the default."""
    default = World()
    for name in World.model_fields:
        value, usual = getattr(world, name), getattr(default, name)
        if value != usual:
            before = "" if usual in (None, {}, ExtraCosts()) else f" (default: {show(default, name)})"
            yield f"changed: world.{name}: {show(world, name)}{before}"


def show(world: World, name: str) -> str:
    """A value of ``world`` as a person reads it: a law in words, the names in a mapping, else as a file has it.

    Speeds stand with their names.
    """
    value: Any = getattr(world, name)
    if isinstance(value, LawSpec):
        return _law(value)
    if isinstance(value, ExtraCosts | VcpuQuotas | FargateQuota):
        return str(value)
    if name == "fargate_spot_outages":
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        more = f" and {len(value) - _NAMES_SHOWN} more" if len(value) > _NAMES_SHOWN else ""
        factors = world.model_dump(include={name})[name] if name == "speed" else {}
        shown = [f"{key} {factors[key]:g}" if key in factors else key for key in list(value)[:_NAMES_SHOWN]]
        return ", ".join(shown) + more
    shown = world.model_dump(include={name})[name]
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _law(law: LawSpec) -> str:
    """A law in a few words: ``30s``, ``10s to 1m``, ``30s median (sigma 0.35)``."""
    if law.name == "constant":
        return _ms(law.params["value"])
    if law.name == "mixture":
        return f"a mixture of {len(law.parts)}: {' or '.join(_law(part.law) for part in law.parts[:_PARTS_SHOWN])}"
    if law.sample is not None:
        return _sample(law.sample)
    shown = _parameters(law.params)
    return shown if law.name in _NEEDS_NO_NAME else f"{shown}, {law.name}"


def _parameters(params: Mapping[str, float]) -> str:
    if "max" in params:
        least, *inner, most = params
        told = [f"{name} {_ms(params[name])}" for name in inner]
        return ", ".join([f"{_ms(params[least])} to {_ms(params[most])}", *told])
    location, *spread = params
    if location.startswith("p"):
        return ", ".join(f"{_ms(params[key])} {key.replace('p50', 'median')}" for key in params)
    if location == "shape":
        return f"{_ms(params['scale'])} scale (shape {params['shape']:g})"
    return f"{_ms(params[location])} {location}" + "".join(f" ({key} {params[key]:g})" for key in spread)


def _sample(sample: Sample | SampleFile) -> str:
    if isinstance(sample, SampleFile):
        return f"drawn from column {sample.column} of {sample.path}"
    least, most = min(sample.values_ms), max(sample.values_ms)
    return f"drawn from a sample of {len(sample.values_ms):,} ({_ms(least)} to {_ms(most)})"


_PARTS_SHOWN = 3
_NEEDS_NO_NAME = ("uniform", "lognormal", "empirical")
"""Laws that their parameters tell."""


def _ms(duration_ms: float) -> str:
    return format_duration(round(duration_ms))
