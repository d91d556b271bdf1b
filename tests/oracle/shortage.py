"""EC2 short of instances: what faults leave of each pool, and pools left alone after a capacity error."""

from __future__ import annotations

from oracle.allocation import Pool
from oracle.plain import NEVER, Environment, Instance, Scenario, Shortage, Size, Type

UNLIMITED = 10**9


def open_pools(scenario: Scenario, environment: Environment, size: Size, now: int) -> list[Pool]:
    """The pools for a job of this size that no capacity error holds back."""
    return [
        pool
        for pool in pools(scenario, environment, size, now)
        if not held(environment, pool, now) and not waits_for_another(environment, pool, now)
    ]


def pools(scenario: Scenario, environment: Environment, size: Size, now: int) -> list[Pool]:
    """Every type and zone of the environment that holds the job."""
    return [
        Pool(kind, zone, depth(scenario, environment, kind, zone, now), place)
        for place, kind in enumerate(environment.types)
        for zone in environment.zones
        if kind.size.holds(size)
    ]


def held(environment: Environment, pool: Pool, now: int) -> bool:
    """Whether a capacity error holds the pool back."""
    return environment.held.get((pool.type.name, pool.zone), 0) > now


def waits_for_another(environment: Environment, pool: Pool, now: int) -> bool:
    """BEST_FIT stays with the type that it was refused, in other zones, until the back-off is over."""
    refused = {kind for (kind, _), until in environment.held.items() if until > now}
    return environment.strategy == "BEST_FIT" and bool(refused) and pool.type.name not in refused


def may_end(scenario: Scenario, environment: Environment, now: int) -> bool:
    """Whether a pool is held back that may give instances later."""
    return any(
        environment.held.get((kind.name, zone), 0) > now and may_come_back(scenario, environment, kind, zone, now)
        for kind in environment.types
        for zone in environment.zones
    )


def may_come_back(scenario: Scenario, environment: Environment, kind: Type, zone: str, now: int) -> bool:
    """Whether no fault without an end leaves a pool none at all."""
    return not any(
        each.at <= now and each.until == NEVER and not each.capacity
        for each in scenario.shortages
        if selects(each, environment, kind, zone, environment.spot)
    )


def refuse(scenario: Scenario, environment: Environment, pool: Pool, now: int) -> None:
    """A capacity error."""
    environment.held[pool.type.name, pool.zone] = now + scenario.world.ce_backoff
    environment.errors += 1


def depth(scenario: Scenario, environment: Environment, kind: Type, zone: str, now: int) -> int:
    """How many more instances EC2 has; the narrowest fault counts."""
    striking = [
        fault
        for fault in scenario.shortages
        if fault.at <= now < fault.until and selects(fault, environment, kind, zone, environment.spot)
    ]
    return min([UNLIMITED, *(max(0, fault.capacity - taken(scenario, fault)) for fault in striking)])


def launched(scenario: Scenario) -> list[Instance]:
    """All instances that are on; those of listed fleets count, though nobody refuses them."""
    return [each for environment in scenario.environments for each in environment.instances if each.ended_at is None]


def taken(scenario: Scenario, fault: Shortage) -> int:
    """How many of what it selects are on."""
    return sum(selects(fault, each.environment, each.type, each.zone, each.spot) for each in launched(scenario))


def selects(fault: Shortage, environment: Environment, kind: Type, zone: str, spot: bool) -> bool:
    """Whether a fault strikes such instances."""
    return (
        fault.environment in (None, environment.name)
        and (fault.type is None or matches(fault.type, kind.name))
        and fault.zone in (None, zone)
        and fault.spot in (None, spot)
    )


def matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
