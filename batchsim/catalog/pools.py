"""The pools that one compute environment can launch, or why it cannot launch what it names.

A type that the file names exactly must be usable; one that came with a family or bundle is left out where it is not.
With ``allow_unplaceable`` a type that EC2 does not sell there may be named: it is never launched, and what only it
could hold waits, as in AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from batchsim.catalog.instance_types import without_spot
from batchsim.catalog.market import Market
from batchsim.catalog.memory import usable_memory_mib
from batchsim.catalog.quotes import Quote, quote
from batchsim.catalog.selection import Shelf
from batchsim.catalog.zones import zones_of
from batchsim.errors import Path, Problem
from batchsim.spec.environments import ComputeResource
from batchsim.spec.facts import InstanceType, PoolFacts
from batchsim.spec.near import did_you_mean
from batchsim.spec.platforms import Fleet
from batchsim.spec.world import World

PRICELESS = "E148"
UNKNOWN_TYPE = "E156"
MIXED_ARCHITECTURES = "E157"
UNUSABLE = "E158"


@dataclass(frozen=True, slots=True)
class Shop:
    """All that decides what an environment can launch, besides the environment."""

    world: World
    market: Market
    shelf: Shelf
    zone_by_subnet: Mapping[str, str]
    keeps_unsold: bool
    """Whether types may be named that EC2 does not sell there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a type cannot be launched, ready to be given a place."""

    code: str
    message: str
    hint: str = ""
    unsold: PoolFacts | None = None
    """What EC2 sells elsewhere, or not as Spot: the pool without zones."""

    def at(self, path: Path, value: str) -> Problem:
        """The same as a problem of the file."""
        return Problem(self.code, path, self.message, value, hint=self.hint)


@dataclass(frozen=True, slots=True)
class Choice:
    """What an environment may launch."""

    pools: tuple[PoolFacts, ...]
    """In catalogue order."""
    unsold: tuple[PoolFacts, ...]
    """Types that it names, by themselves or with a family, and EC2 does not sell there."""
    problems: tuple[Problem, ...]


def pools_of(resources: ComputeResource, path: Path, shop: Shop) -> Choice:
    """The pools of ``resources``, and the problems of its ``instanceTypes``, found at ``path``."""
    zones = zones_of(resources.subnets, shop.zone_by_subnet, shop.market.zones)
    problems = list(_word_problems(resources.instanceTypes, path, shop))
    pools: list[PoolFacts] = []
    unsold: list[PoolFacts] = []
    left_out: Refusal | None = None
    listed = _listed(resources.instanceTypes, shop.shelf)
    for name, named_at in _wanted(resources.instanceTypes, shop.shelf).items():
        pool = _pool(shop.shelf.types[name], resources, zones, shop)
        if isinstance(pool, PoolFacts):
            pools.append(replace(pool, listed=listed[name]))
            continue
        unsold += [pool.unsold] if pool.unsold else []
        if named_at is None or (shop.keeps_unsold and pool.unsold):
            left_out = left_out or pool
        else:
            problems.append(pool.at((*path, named_at), name))
    if not pools and not problems and not (shop.keeps_unsold and unsold):
        problems.append(_empty(resources, left_out).at(path, ", ".join(resources.instanceTypes)))
    pools.sort(key=lambda pool: (pool.type.vcpus, pool.type.memory_mib, shop.shelf.position[pool.type.name]))
    return Choice(tuple(pools), tuple(unsold), tuple(problems))


def fleet_problems(environment: str, fleet: Fleet, pools: Sequence[PoolFacts]) -> list[Problem]:
    """What a fleet of ``world.fleets`` wants that the environment's pools do not have: E158 types, E159 zones."""
    problems: list[Problem] = []
    zones = {pool.type.name: pool.zones for pool in pools}
    for position, each in enumerate(fleet):
        path: Path = ("world", "fleets", environment, position)
        if each.type not in zones:
            hint, allowed = did_you_mean(each.type, zones), ", ".join(zones)
            message = f"not among the instanceTypes of {environment}"
            problems.append(Problem(UNUSABLE, (*path, "type"), message, each.type, allowed, hint))
        elif each.zone is not None and each.zone not in zones[each.type]:
            message = f"{environment} has no {each.type} there"
            problems.append(Problem("E159", (*path, "zone"), message, each.zone, ", ".join(zones[each.type])))
    return problems


def _wanted(words: Sequence[str], shelf: Shelf) -> Mapping[str, int | None]:
    """Each type behind ``words``: with the position of the word that names it exactly, or None."""
    implied: dict[str, int | None] = {member.name: None for word in words for member in shelf.members(word)}
    return implied | {word: position for position, word in enumerate(words) if word in shelf.types}


def _listed(words: Sequence[str], shelf: Shelf) -> Mapping[str, int]:
    """Each type's place in the list: where it is named itself, else the first family or bundle that holds it.

    User Guide, "Allocation strategies": a type that is listed by itself is taken out of its family's expansion.
    """
    implied, exact = dict[str, int](), dict[str, int]()
    for position, word in enumerate(words):
        if word in shelf.types:
            exact.setdefault(word, position)
        for member in shelf.members(word):
            implied.setdefault(member.name, position)
    return implied | exact


def _word_problems(words: Sequence[str], path: Path, shop: Shop) -> Iterator[Problem]:
    """Words that mean nothing, and architectures that mix."""
    for position, word in enumerate(words):
        if not shop.shelf.knows(word):
            yield _unknown(word, shop.shelf).at((*path, position), word)
    examples: dict[str, str] = {}
    for name in _wanted(words, shop.shelf):
        examples.setdefault(shop.shelf.types[name].architecture, name)
    if len(examples) > 1:
        shown = ", ".join(f"{name} is {architecture}" for architecture, name in examples.items())
        message = "architectures mix; AWS Batch allows one in a compute environment"
        yield Problem(MIXED_ARCHITECTURES, path, message, shown)


def _unknown(word: str, shelf: Shelf) -> Refusal:
    hint = did_you_mean(word, shelf.words()) or "Add it under world.instanceTypes with vcpu, memory and price"
    return Refusal(UNKNOWN_TYPE, "unknown instance type or family", hint)


def _empty(resources: ComputeResource, left_out: Refusal | None) -> Refusal:
    """Why an environment has no type at all."""
    if not resources.instanceTypes:
        return Refusal(
            UNUSABLE, "a managed EC2 or SPOT environment needs a type", "Write [optimal] for AWS's usual choice"
        )
    if left_out is None:
        return Refusal(UNUSABLE, "only bare metal, which must be named exactly")
    return Refusal(left_out.code, f"no type is left of these: {left_out.message}, for one", left_out.hint)


def _pool(kind: InstanceType, resources: ComputeResource, zones: tuple[str, ...], shop: Shop) -> PoolFacts | Refusal:
    """The pool of one type, or why there is none."""
    if kind.architecture.endswith("_mac"):
        return Refusal(UNUSABLE, f"{kind.name} is a Mac host, which AWS Batch cannot use")
    quoted = quote(kind.name, shop.world, shop.market)
    if resources.is_spot and kind.name in without_spot():
        unsold = _facts(kind, quoted, (), shop.world) if quoted else None
        return Refusal(UNUSABLE, f"EC2 does not sell {kind.name} as Spot", unsold=unsold)
    if quoted is None:
        cure = f"Give one in world.prices: {{{kind.name}: {{on_demand: $0.10/h}}}}"
        return Refusal(PRICELESS, f"no price of {kind.name} in {shop.market.region} is known", cure)
    offered = quoted.zones_among(zones)
    if not offered:
        where = ", ".join(quoted.zones or ())
        message = f"{kind.name} is not offered in {', '.join(zones)}, only in {where}"
        hint = "Say in world.zones which zone each subnet lies in"
        return Refusal(UNUSABLE, message, hint, _facts(kind, quoted, (), shop.world))
    return _facts(kind, quoted, offered, shop.world)


def _facts(kind: InstanceType, quoted: Quote, zones: tuple[str, ...], world: World) -> PoolFacts:
    own = world.instanceTypes.get(kind.name)
    usable = own.usable_memory if own else None
    return PoolFacts(
        kind,
        usable_memory_mib(kind.memory_mib, world.mem_model) if usable is None else usable,
        quoted.on_demand_nano_usd_per_h,
        quoted.spot_nano_usd_per_h,
        quoted.interruption_bucket,
        zones,
    )
