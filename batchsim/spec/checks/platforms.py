"""Platforms and fleets: the environments exist, have instances, and a queue is on one side of RunTask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.environments import ComputeEnvironment
from batchsim.spec.index import Index
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.platforms import Fleet, platform_of


def check_platforms(index: Index) -> Iterator[Flaw]:
    """E120: the environments exist; E117: an always-on one has instances, and no queue mixes RunTask with others."""
    world = index.scenario.world
    yield from _unknown(index, ("world", "platforms"), world.platforms)
    for path, environment in index.items("computeEnvironments"):
        name, resources = environment.computeEnvironmentName, environment.computeResources
        if resources and resources.is_fargate and platform_of(world, name) == "always_on":
            place: Path = ("world", "platforms", name) if name in world.platforms else ("world", "platform")
            hint = f"Fargate has no instances; leave {name} as it is with world.platforms: {{{name}: batch}}"
            yield Flaw("E117", "no fleet can stand on Fargate", place, "always_on", hint=hint, also=(path,))
    for path, queue in index.items("jobQueues"):
        names = [short_name(item.computeEnvironment) for item in queue.computeEnvironmentOrder]
        kinds = {platform_of(world, name) == "no_queue" for name in names}
        if len(kinds) > 1:
            place = (*path, "computeEnvironmentOrder")
            yield Flaw("E117", "mixes environments with a queue and without one", place, ", ".join(names))


def check_fleets(index: Index) -> Iterator[Flaw]:
    """E120, E111, E117: the fleets' environments exist, and buy what the fleets say."""
    fleets = index.scenario.world.fleets
    yield from _unknown(index, ("world", "fleets"), fleets)
    for _, environment in index.items("computeEnvironments"):
        name = environment.computeEnvironmentName
        if name in fleets:
            yield from _fleet(environment, fleets[name], ("world", "fleets", name))


def _fleet(environment: ComputeEnvironment, fleet: Fleet, path: Path) -> Iterator[Flaw]:
    resources = environment.computeResources
    if not fleet:
        yield Flaw("E111", "a fleet without instances", path, "[]", "[{type: m6i.large, count: 2}]")
    if resources and resources.is_fargate:
        yield Flaw("E117", "no fleet can stand on Fargate", path, environment.computeEnvironmentName)
        return
    wanted = resources.is_spot if resources else bool(fleet and fleet[0].spot)
    for position, each in enumerate(fleet):
        if bool(wanted if resources and each.spot is None else each.spot) != wanted:
            what = f"the environment is of type {resources.type}" if resources else "a fleet is Spot, or On-Demand"
            yield Flaw("E117", what, (*path, position, "spot"), each.spot)


def _unknown(index: Index, path: Path, named: Iterable[str]) -> Iterator[Flaw]:
    known = index.names["computeEnvironments"]
    for name in named:
        if name not in known:
            allowed = ", ".join(known)
            yield Flaw("E120", "unknown compute environment", (*path, name), name, allowed, did_you_mean(name, known))
