"""From a scenario to the pools that its environments can launch, with prices: the catalogue's one answer to a run.

Pools come in *catalogue order*: by vCPUs, then memory, then the type's place in the catalogue (families in natural
order, a scenario's own types last, in file order).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from batchsim.catalog.fargate import fargate_prices
from batchsim.catalog.market import regions
from batchsim.catalog.pools import PRICELESS, UNKNOWN_TYPE, Shop, fleet_problems, pools_of
from batchsim.catalog.quotes import market_of
from batchsim.catalog.selection import Shelf, shelf_with
from batchsim.catalog.sources import as_of
from batchsim.catalog.zones import zone_by_subnet
from batchsim.errors import Path, Problem, ScenarioError
from batchsim.spec.environments import ComputeResource
from batchsim.spec.facts import CatalogueFacts, PoolFacts
from batchsim.spec.near import did_you_mean
from batchsim.spec.platforms import resources_of
from batchsim.spec.scenario import Scenario
from batchsim.spec.source import SourceMap
from batchsim.spec.spot_prices import DEFAULT
from batchsim.spec.world import World

TOO_MUCH_MEMORY = "E131"
UNKNOWN_REGION = "E155"
UNKNOWN_ZONE = "E159"
ONE_PRICE = "E117"
ARCHITECTURES = ("x86_64", "arm64")
"""What ``world.speed`` may name besides types and families."""


def facts_for(scenario: Scenario) -> CatalogueFacts:
    """Pools of each environment that has instances, Fargate's prices, and the dates of both.

    Raises :class:`ScenarioError` with every problem found: unknown types, zones and regions, types without a price,
    architectures that mix, environments that are left without a type.
    """
    shop = _shop(scenario)
    pools: dict[str, tuple[PoolFacts, ...]] = {}
    unsold: dict[str, tuple[PoolFacts, ...]] = {}
    problems = [*_type_problems(scenario.world, shop.shelf), *_zone_problems(shop)]
    fleets = scenario.world.fleets
    for path, name, resources in _launching(scenario):
        found = pools_of(resources, path, shop)
        pools[name], unsold[name] = found.pools, found.unsold
        problems += found.problems or fleet_problems(name, fleets.get(name, ()), found.pools)
    problems += _fault_problems(scenario, pools)
    problems = list(_region_first(problems, scenario))
    if problems:
        raise ScenarioError(_placed(problem, scenario.source) for problem in problems)
    fargate = fargate_prices(scenario.world.region, scenario.world.fargate_spot_factor)
    return CatalogueFacts(MappingProxyType(pools), fargate, dates_of(scenario), MappingProxyType(unsold))


def _shop(scenario: Scenario) -> Shop:
    world = scenario.world
    sold = market_of(world)
    subnets = (subnet for _, _, resources in _launching(scenario) for subnet in resources.subnets)
    zones = zone_by_subnet(subnets, world.zones, sold.zones)
    return Shop(world, sold, shelf_with(world.instanceTypes), zones, scenario.allow_unplaceable)


def _launching(scenario: Scenario) -> Iterator[tuple[Path, str, ComputeResource]]:
    """Place of the types, name and resources of the environments that have instances."""
    for position, environment in enumerate(scenario.computeEnvironments):
        resources, name = resources_of(scenario.world, environment), environment.computeEnvironmentName
        if resources is not None and resources.type in ("EC2", "SPOT"):
            own: Path = ("computeEnvironments", position, "computeResources", "instanceTypes")
            yield own if environment.type == "MANAGED" else ("world", "fleets", name), name, resources


def _uses_fargate(scenario: Scenario) -> bool:
    found = (environment.computeResources for environment in scenario.computeEnvironments)
    return any(resources is not None and resources.is_fargate for resources in found)


def _type_problems(world: World, shelf: Shelf) -> Iterator[Problem]:
    """Keys of ``world`` that name no type, and sizes that cannot be."""
    for name, own in world.instanceTypes.items():
        path = ("world", "instanceTypes", name)
        if name not in shelf.types:
            hint = did_you_mean(name, shelf.types)
            yield Problem(UNKNOWN_TYPE, path, "not in the catalogue, so it needs vcpu and memory", name, hint=hint)
        elif own.usable_memory is not None and own.usable_memory > shelf.types[name].memory_mib:
            given, most = f"{own.usable_memory}MiB", f"at most {shelf.types[name].memory_mib}MiB"
            yield Problem(TOO_MUCH_MEMORY, (*path, "usable_memory"), "more than the type's memory", given, most)
    yield from _speed_problems(world, shelf)
    yield from _price_step_problems(world, shelf)
    for name in world.prices:
        if name not in shelf.types and name not in world.instanceTypes:
            hint = did_you_mean(name, shelf.types)
            yield Problem(UNKNOWN_TYPE, ("world", "prices", name), "unknown instance type", name, hint=hint)


def _speed_problems(world: World, shelf: Shelf) -> Iterator[Problem]:
    """Keys of ``world.speed`` that name no type, family or architecture."""
    known = (*ARCHITECTURES, *shelf.families, *shelf.types)
    for name in world.speed:
        if name not in ARCHITECTURES and name not in shelf.families and name not in shelf.types:
            allowed, hint = f"a type, a family, {' or '.join(ARCHITECTURES)}", did_you_mean(name, known)
            yield Problem(UNKNOWN_TYPE, ("world", "speed", name), "unknown type or family", name, allowed, hint)


def _price_step_problems(world: World, shelf: Shelf) -> Iterator[Problem]:
    """Keys of ``world.spot_prices`` that name no type or family, and one price for types of several sizes."""
    for name, steps in world.spot_prices.items():
        path: Path = ("world", "spot_prices", name)
        if name not in (DEFAULT, *shelf.families, *shelf.types):
            hint, allowed = did_you_mean(name, (*shelf.families, *shelf.types)), f"a type, a family, or {DEFAULT}"
            yield Problem(UNKNOWN_TYPE, path, "unknown type or family", name, allowed, hint)
        elif name not in shelf.types and any(step.price is not None for step in steps):
            hint = "Write {at: 2h, share: 0.8}, a share of each type's On-Demand price"
            yield Problem(ONE_PRICE, path, "one price does not go with types of several sizes", name, hint=hint)


def _fault_problems(scenario: Scenario, pools: Mapping[str, tuple[PoolFacts, ...]]) -> Iterator[Problem]:
    """Capacity faults whose type or zone no environment has."""
    for number, fault in enumerate(scenario.faults):
        select = fault.select
        mine = [pool for name, own in pools.items() if select.environment in (None, name) for pool in own]
        path: Path = ("faults", number, "select")
        types = dict.fromkeys(pool.type.name for pool in mine)
        if select.type is not None and not any(fnmatchcase(name, select.type) for name in types):
            allowed, hint = ", ".join(types), did_you_mean(select.type, types)
            yield Problem(UNKNOWN_TYPE, (*path, "type"), "no environment has such a type", select.type, allowed, hint)
        zones = dict.fromkeys(zone for pool in mine for zone in pool.zones)
        if select.zone is not None and select.zone not in zones:
            yield Problem(UNKNOWN_ZONE, (*path, "zone"), "no environment is there", select.zone, ", ".join(zones))


def _zone_problems(shop: Shop) -> Iterator[Problem]:
    """Zones of ``world.zones`` that the region does not have; of an unknown region any zone will do."""
    if shop.market.region not in regions():
        return
    for subnet, zone in shop.world.zones.items():
        if zone not in shop.market.zones:
            allowed = ", ".join(shop.market.zones)
            yield Problem(UNKNOWN_ZONE, ("world", "zones", subnet), "no zone of the region", zone, allowed)


def _region_first(problems: Iterable[Problem], scenario: Scenario) -> Iterator[Problem]:
    """The problems; where prices lack for want of a known region, that one problem in their place."""
    found = list(problems)
    region = scenario.world.region
    priceless = [problem for problem in found if problem.code == PRICELESS]
    if region in regions() or not (priceless or _uses_fargate(scenario)):
        yield from found
        return
    yield unknown_region(
        region,
        "Elsewhere give each type's price under world.prices" if priceless else "Fargate has no prices elsewhere",
    )
    yield from (problem for problem in found if problem.code != PRICELESS)


def unknown_region(region: str, hint: str = "") -> Problem:
    """The problem of a region whose prices the catalogue does not hold."""
    allowed = ", ".join(regions())
    return Problem(UNKNOWN_REGION, ("world", "region"), "no prices of this region are known", region, allowed, hint)


def _placed(problem: Problem, source: SourceMap) -> Problem:
    """The problem with its place in the file: that of a key under ``world``, else of the value."""
    line, col = source.at(problem.path, key=problem.code == UNKNOWN_TYPE)
    return replace(problem, file=source.file, line=line, col=col)


def dates_of(scenario: Scenario) -> Mapping[str, str]:
    """The dates of the facts that this scenario's costs rest on."""
    kinds = {resources.type for _, _, resources in _launching(scenario)}
    facts = [
        *(("instance_types", "zones", "on_demand") if kinds else ()),
        *(("spot",) if "SPOT" in kinds else ()),
        *(("fargate",) if _uses_fargate(scenario) else ()),
    ]
    return MappingProxyType(as_of(scenario.world.region, facts))
