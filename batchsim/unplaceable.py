"""Jobs that can never run: what the environments of their queue can offer at best, at any instant of the run (E132).

Counted are changes that the scenario itself brings (timed actions before its end); what a caller may do to a running
simulation, or Spot prices and pools that may recover, are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from batchsim.errors import Path
from batchsim.spec import CatalogueFacts, ComputeEnvironment, Scenario
from batchsim.spec.base import Flaw
from batchsim.spec.effective import EffectiveJob
from batchsim.spec.environments import ComputeResource
from batchsim.spec.facts import InstanceType, PoolFacts
from batchsim.spec.names import short_name
from batchsim.spec.paths import find_target
from batchsim.spec.platforms import resources_of
from batchsim.spec.quotas import quota_class
from batchsim.spec.spot_prices import steps_of
from batchsim.spec.world import World


@dataclass(frozen=True, slots=True)
class Place:
    """What a compute environment can offer at best."""

    name: str
    shut: str
    """Why nothing ever starts there; empty if it may."""
    is_fargate: bool
    most_vcpus: int
    """The largest maxvCpus that it ever has."""
    pools: tuple[PoolFacts, ...]
    """Types that may be launched."""
    barred: tuple[str, ...] = ()
    """Why others may not."""
    unsold: tuple[PoolFacts, ...] = ()
    """Types that it names and EC2 does not sell there."""
    quota_vcpus: int | None = None
    """The account's vCPUs of Fargate; None: any number."""
    runs_windows: bool = True
    """False for Fargate Spot."""

    def holds(self, job: EffectiveJob) -> bool:
        """Whether a job may ever start there."""
        if self.shut or job.vcpus_milli > self.most_vcpus * 1000:
            return False
        if self.is_fargate:
            within = self.quota_vcpus is None or job.vcpus_milli <= self.quota_vcpus * 1000
            return job.platform == "FARGATE" and within and (self.runs_windows or not job.windows)
        return any(_fits(pool, job) for pool in self.pools)


def places_of(scenario: Scenario, facts: CatalogueFacts) -> dict[str, Place]:
    """By name, what each compute environment can offer at best."""
    found = (_place(scenario, environment, facts) for environment in scenario.computeEnvironments)
    return {place.name: place for place in found}


def own_places(scenario: Scenario, queue: str, places: Mapping[str, Place]) -> list[Place]:
    """What the environments of a queue can offer, in the queue's order."""
    found = next(each for each in scenario.jobQueues if each.jobQueueName == queue)
    return [places[short_name(item.computeEnvironment)] for item in found.computeEnvironmentOrder]


def too_large(
    path: Path, asked: str, job: EffectiveJob, scenario: Scenario, places: Mapping[str, Place]
) -> Iterator[Flaw]:
    """The flaw of a job that no environment of its queue can ever hold: with the largest type, and what is short."""
    own = own_places(scenario, job.queue, places)
    if not any(place.holds(job) for place in own):
        hint = "; ".join(shortfalls(job, own)) + ". Set allow_unplaceable: true to see it wait, as in AWS"
        yield Flaw("E132", "no compute environment of its queue can ever hold this job", path, asked, hint=hint)


def _place(scenario: Scenario, environment: ComputeEnvironment, facts: CatalogueFacts) -> Place:
    world, name = scenario.world, environment.computeEnvironmentName
    resources = resources_of(world, environment)
    if resources is None:
        return Place(name, f"{name} is UNMANAGED, and world.fleets lists no instances of it", False, 0, ())
    shut, most = _shut(scenario, environment), _most_vcpus(scenario, name, resources)
    if resources.is_fargate:
        return _on_fargate(name, shut, most, world, resources)
    listed = {each.type for each in world.fleets.get(name, ())}
    if listed:
        return Place(name, shut, False, most, tuple(pool for pool in facts.pools[name] if pool.type.name in listed))
    found = ((pool, _barred(scenario, resources, pool) or _beyond(resources, pool, most)) for pool in facts.pools[name])
    barred = {pool.type.name: why for pool, why in found if why}
    pools = tuple(pool for pool in facts.pools[name] if pool.type.name not in barred)
    return Place(name, shut, False, most, pools, tuple(dict.fromkeys(barred.values())), facts.unsold.get(name, ()))


def _on_fargate(name: str, shut: str, most_vcpus: int, world: World, resources: ComputeResource) -> Place:
    quotas = world.fargate_vcpu_quota
    quota = quotas.spot if resources.is_spot else quotas.on_demand
    barred = () if quota is None or quota >= most_vcpus else (f"world.fargate_vcpu_quota is {quota} vCPU",)
    return Place(name, shut, True, most_vcpus, (), barred, quota_vcpus=quota, runs_windows=not resources.is_spot)


def _shut(scenario: Scenario, environment: ComputeEnvironment) -> str:
    name = environment.computeEnvironmentName
    if environment.status == "INVALID" and "VALID" not in _values(scenario, name, "status"):
        return f"{name} is INVALID"
    if environment.state == "DISABLED" and "ENABLED" not in _values(scenario, name, "state"):
        return f"{name} is DISABLED, and no action enables it"
    return ""


def _most_vcpus(scenario: Scenario, name: str, resources: ComputeResource) -> int:
    return max((resources.maxvCpus, *(int(value) for value in _values(scenario, name, "maxvCpus"))))


def _values(scenario: Scenario, name: str, field: str) -> list[int | float | str]:
    """What timed actions before the end of the run set a field of an environment to."""
    settings, found = scenario.simulation, list[int | float | str]()
    end_ms = settings.max_time_ms if settings.until == "drained" else min(int(settings.until), settings.max_time_ms)
    for action in scenario.actions:
        if action.set is None or action.to is None or action.at_ms >= end_ms:
            continue
        target = find_target(scenario, action.set)
        if (target.kind, target.name, target.field) == ("computeEnvironments", name, field):
            found.append(action.to)
    return found


def _barred(scenario: Scenario, resources: ComputeResource, pool: PoolFacts) -> str:
    """Why a type is never launched: beyond its vCPU quota, or always above the bid."""
    world, class_, spot = scenario.world, quota_class(pool.type.family), resources.is_spot
    quota = world.ec2_vcpu_quota.of(class_, spot=spot)
    if quota is not None and quota < pool.type.vcpus:
        return f"world.ec2_vcpu_quota for {'Spot' if spot else 'On-Demand'} {class_} is {quota}"
    bid = pool.on_demand_nano_usd_per_h * resources.bidPercentage
    if spot and not _moves(scenario, pool.type) and pool.spot_nano_usd_per_h * 100 >= bid:
        return f"Spot prices are not below {resources.bidPercentage} % of On-Demand (bidPercentage)"
    return ""


def _beyond(resources: ComputeResource, pool: PoolFacts, most_vcpus: int) -> str:
    """Why BEST_FIT never launches a type: it alone stays within maxvCpus (API, ComputeResource)."""
    if resources.allocationStrategy not in (None, "BEST_FIT") or resources.is_spot or pool.type.vcpus <= most_vcpus:
        return ""
    return f"BEST_FIT stays within maxvCpus, {most_vcpus}, and {pool.type.name} has {pool.type.vcpus} vCPU"


def _moves(scenario: Scenario, type_: InstanceType) -> bool:
    """Whether a Spot price changes during a run."""
    world = scenario.world
    shocks = any(fault.kind == "price_shock" and fault.select.fits_type(type_.name) for fault in scenario.faults)
    return shocks or world.spot_price_sigma > 0 or bool(steps_of(world.spot_prices, type_.name, type_.family))


def _fits(pool: PoolFacts, job: EffectiveJob) -> bool:
    size = pool.type.vcpus * 1000 >= job.vcpus_milli and pool.usable_memory_mib >= job.memory_mib
    return size and pool.type.gpus >= job.gpus and job.architecture in (None, pool.type.architecture)


# -- in words


def shortfalls(job: EffectiveJob, own: list[Place]) -> Iterator[str]:
    """What is short in the environments that are open, then why the others are not."""
    is_open = [place for place in own if not place.shut]
    most = max((place.most_vcpus for place in is_open), default=0)
    if is_open and job.vcpus_milli > most * 1000:
        yield f"maxvCpus is {most} at most, {_vcpus(job.vcpus_milli - most * 1000)} short"
    pools = [pool for place in is_open for pool in place.pools]
    if pools:
        yield from _of_types(job, pools)
    unsold = [pool.type.name for place in is_open for pool in place.unsold if _fits(pool, job)]
    if unsold:
        yield f"{unsold[0]} would hold it, but EC2 does not sell it there"
    yield from dict.fromkeys(why for place in is_open for why in place.barred)
    if job.windows and is_open and not any(place.runs_windows for place in is_open):
        yield "Fargate Spot runs no Windows tasks"
    yield from (place.shut for place in own if place.shut)


def _of_types(job: EffectiveJob, pools: list[PoolFacts]) -> Iterator[str]:
    """The most that any type has of what is short; the memory that counts is the usable one."""
    by_memory = max(pools, key=lambda pool: pool.usable_memory_mib)
    by_vcpus = max(pools, key=lambda pool: pool.type.vcpus)
    by_gpus = max(pools, key=lambda pool: pool.type.gpus)
    if job.memory_mib > by_memory.usable_memory_mib:
        short = job.memory_mib - by_memory.usable_memory_mib
        usable, nominal = by_memory.usable_memory_mib, by_memory.type.memory_mib
        yield f"the largest memory is {by_memory.type.name}'s: {usable} of {nominal} MiB usable, {short} MiB short"
    if job.vcpus_milli > by_vcpus.type.vcpus * 1000:
        short_milli = job.vcpus_milli - by_vcpus.type.vcpus * 1000
        yield f"the most vCPUs are {by_vcpus.type.name}'s: {by_vcpus.type.vcpus}, {_vcpus(short_milli)} short"
    if job.gpus > by_gpus.type.gpus:
        which = f"are {by_gpus.type.name}'s: {by_gpus.type.gpus}" if by_gpus.type.gpus else "of a type are 0"
        yield f"the most GPUs {which}, {job.gpus - by_gpus.type.gpus} short"
    if all(job.architecture not in (None, pool.type.architecture) for pool in pools):
        yield f"no type is {job.architecture}"
    largest = max(pools, key=lambda pool: (pool.type.vcpus, pool.usable_memory_mib))
    yield f"the largest type is {largest.type.name}: {largest.type.vcpus} vCPU, {largest.usable_memory_mib} MiB usable"


def _vcpus(milli: int) -> str:
    return f"{milli / 1000:g} vCPU"
