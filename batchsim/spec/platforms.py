"""Platforms beside AWS Batch, and fleets that stand in place of a scaler: what ``world`` says of them.

``batch``: queues, and instances that come and go with demand. ``always_on``: queues on a fleet that stands from the
start to the end of the run, as an ECS or EKS service, or a cron host, keeps it. ``no_queue``: the same fleet under ECS
RunTask without a queue: a task that finds no room fails, and the client tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from batchsim.spec.base import MAX_INT, Model
from batchsim.spec.environments import ComputeEnvironment, ComputeResource
from batchsim.spec.kinds import DurationMs, Flag, Text, whole

if TYPE_CHECKING:
    from batchsim.spec.world import World

Platform = Literal["batch", "always_on", "no_queue"]


class FleetInstances(Model):
    """``count`` equal instances; without a ``zone`` each goes where the environment has the fewest vCPUs."""

    type: Text
    count: Annotated[int, whole("E114", 1)] = 1
    at_ms: DurationMs = Field(default=0, alias="at")
    """When they are launched; those of t = 0 stand as ``world.initial_capacity`` says, later ones boot."""
    zone: Text | None = None
    spot: Flag | None = None
    """Whether they are Spot; by the environment's type if absent, On-Demand where it has none."""


Fleet = tuple[FleetInstances, ...]


def platform_of(world: World, environment: str) -> Platform:
    """The platform that a compute environment is run as."""
    return world.platforms.get(environment, world.platform)


def stands(world: World, environment: ComputeEnvironment) -> bool:
    """Whether an environment's instances are a fleet that no scaler touches."""
    name, resources = environment.computeEnvironmentName, environment.computeResources
    if name in world.fleets:
        return True
    return resources is not None and not resources.is_fargate and platform_of(world, name) != "batch"


def standing_vcpus(resources: ComputeResource) -> int:
    """vCPUs of a fleet that is not listed: max(minvCpus, desiredvCpus), or maxvCpus where both are 0."""
    return max(resources.minvCpus, resources.desiredvCpus or 0) or resources.maxvCpus


def resources_of(world: World, environment: ComputeEnvironment) -> ComputeResource | None:
    """What an environment may launch: its ``computeResources``; of an UNMANAGED one what its fleet lists."""
    fleet = world.fleets.get(environment.computeEnvironmentName)
    if environment.type == "MANAGED":
        return environment.computeResources
    if not fleet:
        return None
    types = tuple(dict.fromkeys(each.type for each in fleet))
    kind: Literal["SPOT", "EC2"] = "SPOT" if fleet[0].spot else "EC2"
    return ComputeResource(type=kind, maxvCpus=environment.unmanagedvCpus or MAX_INT, instanceTypes=types)
