"""Which pool the next instance comes from: what the six allocation strategies take, of several types and zones.

Model: only types that hold the head, within maxvCpus if there are any (else the smallest). Of them a strategy prefers
some; of these the largest size that waiting jobs fill; of equals the zone with fewest vCPUs, then the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle.plain import Environment, Size, Type

PENNY = Fraction(1005, 1000)
"""Prices within half a percent are equal."""


@dataclass(frozen=True)
class Pool:
    """What EC2 has of one type in one zone; ``depth`` in instances."""

    type: Type
    zone: str
    depth: int
    place: int  # of the type in the environment's list


def choose(environment: Environment, pools: list[Pool], rest: list[Size]) -> Pool | None:
    """The pool of the next instance for the jobs that wait, the first of which it must hold; None if none may be."""
    fitting = [pool for pool in pools if pool.type.size.holds(rest[0])]
    allowed = within(environment, fitting)
    if not allowed:
        return None
    return balanced(environment, STRATEGIES[environment.strategy](environment, allowed, rest))


def within(environment: Environment, pools: list[Pool]) -> list[Pool]:
    """Those that maxvCpus permits; beyond it, where the strategy may exceed it at all, the smallest."""
    below = [pool for pool in pools if on_vcpus(environment) + pool.type.size.vcpus <= environment.max_vcpus]
    if below:
        return below
    if environment.strategy == "BEST_FIT" and not environment.spot:
        return []
    if on_vcpus(environment) >= environment.max_vcpus:
        return []
    return [pool for pool in pools if pool.type.size.vcpus == min(each.type.size.vcpus for each in pools)]


def balanced(environment: Environment, pools: list[Pool]) -> Pool:
    """Of equals the one in the zone with fewest vCPUs of the environment, then the smallest, then the first."""
    return min(
        pools,
        key=lambda pool: (
            on_vcpus(environment, pool.zone),
            pool.type.size.vcpus,
            pool.type.size.mib,
            pool.type.catalogue,
            environment.zones.index(pool.zone),
        ),
    )


def on_vcpus(environment: Environment, zone: str | None = None) -> int:
    """Running and booting, in one zone or in all."""
    on = [each for each in environment.instances if each.ended_at is None and zone in (None, each.zone)]
    return sum(each.type.size.vcpus for each in on)


# -- the strategies: which pools they find equally good


def best_fit(environment: Environment, pools: list[Pool], rest: list[Size]) -> list[Pool]:
    """The least price per vCPU that the waiting jobs would use on one instance."""
    used = {pool: pool.type.size.vcpus - left_on(pool.type.size, rest).vcpus for pool in pools}
    return sized(cheapest({pool: Fraction(price(environment, pool), used[pool]) for pool in pools}), rest)


def best_fit_progressive(environment: Environment, pools: list[Pool], rest: list[Size]) -> list[Pool]:
    """The least price per vCPU."""
    return sized(cheapest(prices(environment, pools, rest)), rest)


def best_fit_progressive_ordered(_: Environment, pools: list[Pool], __: list[Size]) -> list[Pool]:
    """The first of the list."""
    first = min(pool.place for pool in pools)
    return [pool for pool in pools if pool.place == first]


def spot_capacity_optimized(_: Environment, pools: list[Pool], rest: list[Size]) -> list[Pool]:
    """The deepest of the size that jobs fill."""
    return deepest(sized(pools, rest))


def spot_price_capacity_optimized(environment: Environment, pools: list[Pool], rest: list[Size]) -> list[Pool]:
    """Of the size that jobs fill, and at least half as deep as the deepest of it, the cheapest, then the deepest."""
    return deepest(cheapest(prices(environment, half_as_deep(sized(pools, rest)), rest)))


def spot_capacity_optimized_prioritized(_: Environment, pools: list[Pool], __: list[Size]) -> list[Pool]:
    """Of all that are at least half as deep as the deepest, the first of the list, then the deepest."""
    deep = half_as_deep(pools)
    first = min(pool.place for pool in deep)
    return deepest([pool for pool in deep if pool.place == first])


STRATEGIES = {
    "BEST_FIT": best_fit,
    "BEST_FIT_PROGRESSIVE": best_fit_progressive,
    "BEST_FIT_PROGRESSIVE_ORDERED": best_fit_progressive_ordered,
    "SPOT_CAPACITY_OPTIMIZED": spot_capacity_optimized,
    "SPOT_PRICE_CAPACITY_OPTIMIZED": spot_price_capacity_optimized,
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED": spot_capacity_optimized_prioritized,
}


def sized(pools: list[Pool], rest: list[Size]) -> list[Pool]:
    """Those of the largest size that the waiting jobs fill, by vCPUs or by memory; the smallest if they fill none."""
    vcpus, mib = sum(size.vcpus for size in rest), sum(size.mib for size in rest)
    filled = [each for each in pools if each.type.size.vcpus <= vcpus or each.type.size.mib <= mib]
    size = max(each.type.size.vcpus for each in filled) if filled else min(each.type.size.vcpus for each in pools)
    return [pool for pool in pools if pool.type.size.vcpus == size]


def prices(environment: Environment, pools: list[Pool], rest: list[Size]) -> dict[Pool, Fraction]:
    """Per vCPU, where a vCPU counts as far as the type's memory, as it is sold, serves what waits."""
    vcpus, mib = sum(size.vcpus for size in rest), sum(size.mib for size in rest)
    served = {pool: Fraction(pool.type.nominal_mib * vcpus, mib) for pool in pools}
    return {pool: price(environment, pool) / min(pool.type.size.vcpus, served[pool]) for pool in pools}


def cheapest(by_pool: dict[Pool, Fraction]) -> list[Pool]:
    return [pool for pool, price in by_pool.items() if price <= min(by_pool.values()) * PENNY]


def half_as_deep(pools: list[Pool]) -> list[Pool]:
    most = max(pool.depth for pool in pools)
    return [pool for pool in pools if 2 * pool.depth >= most]


def deepest(pools: list[Pool]) -> list[Pool]:
    return [pool for pool in pools if pool.depth == max(each.depth for each in pools)]


def price(environment: Environment, pool: Pool) -> Fraction:
    return Fraction(pool.type.spot_price if environment.spot else pool.type.price)


# -- one instance and the jobs that wait


def left_on(room: Size, rest: list[Size]) -> Size:
    """What is left of an empty instance when each job that still fits goes on it in turn."""
    for size in rest:
        room = room.less(size) if room.holds(size) else room
    return room


def left_by(room: Size, rest: list[Size]) -> list[Size]:
    """The jobs that it leaves."""
    left = []
    for size in rest:
        if room.holds(size):
            room = room.less(size)
        else:
            left.append(size)
    return left
