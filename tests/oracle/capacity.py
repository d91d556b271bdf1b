"""Instances: launched, ready, and which one a job takes."""

from __future__ import annotations

from oracle.allocation import on_vcpus
from oracle.bills import billed_from
from oracle.plain import Environment, Instance, Reclaim, Scenario, Size, Type, World


def on(scenario: Scenario) -> list[Instance]:
    """All instances that are on, environment by environment, oldest first."""
    return [each for environment in scenario.environments for each in environment.instances if each.ended_at is None]


def launch(
    world: World, environment: Environment, kind: Type, spot: bool, now: int, *, ready: bool, zone: str = ""
) -> Instance:
    """A new instance: it boots, unless it is ready at once. Without a zone it goes where there is least of it."""
    ready_at = now if ready else now + world.boot
    bill = now if ready else billed_from(world, now, ready_at)
    place = zone or emptiest(environment)
    instance = Instance(environment, len(environment.instances), kind, place, spot, now, bill, ready_at, ready)
    instance.idle_since = ready_at
    environment.instances.append(instance)
    return instance


def emptiest(environment: Environment) -> str:
    """The zone with fewest vCPUs of the environment, of equals the first."""
    return min(environment.zones, key=lambda zone: on_vcpus(environment, zone), default="")


def find(reclaim: Reclaim) -> Instance | None:
    """The instance that a fault means, if it is on."""
    for instance in reclaim.environment.instances:
        if instance.ordinal == reclaim.ordinal and instance.ended_at is None:
            return instance
    return None


def choose(world: World, rooms: list[tuple[Instance, Size]], size: Size) -> Instance | None:
    """Of instances, oldest first, with what is free on each: the one that the packing rule takes."""
    fitting = [(instance, free) for instance, free in rooms if free.holds(size)]
    if not fitting:
        return None
    if world.packing == "first_fit":
        return fitting[0][0]
    sign = {"best_fit": 1, "worst_fit": -1}[world.packing]
    return min(fitting, key=lambda room: (sign * room[1].vcpus, sign * room[1].mib))[0]  # of equals min takes the first
