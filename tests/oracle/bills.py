"""What instances and jobs cost, in exact fractions of nano-dollars, rounded once a bill (half even)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle.plain import Attempt, Instance, Job, World
from oracle.quantities import half_even

HOUR_S = 3600
MONTH_H = 730


@dataclass(frozen=True)
class Bill:
    seconds: int
    compute: int
    ebs: int
    waived: int


def billed_from(world: World, launched_at: int, ready_at: int) -> int:
    """When the bill of an instance starts."""
    running_at = min(launched_at + world.pending, ready_at)
    return {"launch": launched_at, "running": running_at, "ready": ready_at}[world.bill_from]


def bill(world: World, instance: Instance, horizon: int) -> Bill:
    """The bill of an instance, to its end or to that of the run."""
    on_ms = end(instance, horizon) - instance.billed_from
    if on_ms <= 0:
        return Bill(0, 0, 0, 0)
    seconds = max(60, -(-on_ms // 1000))
    compute = half_even(Fraction(_price(instance) * seconds, HOUR_S))
    ebs = half_even(Fraction(world.root_gb * world.gp3 * seconds, MONTH_H * HOUR_S))
    free = is_free(world, instance)
    return Bill(seconds, 0 if free else compute, ebs, compute if free else 0)


def end(one: Instance | Attempt, horizon: int) -> int:
    """When it ended, or the run did."""
    return horizon if one.ended_at is None else one.ended_at


def is_free(world: World, instance: Instance) -> bool:
    """Whether EC2 took the instance within its first hour."""
    if not (world.first_hour_free and instance.spot and instance.reclaimed):
        return False
    return instance.ended_at - instance.billed_from < HOUR_S * 1000


def cost(world: World, job: Job, horizon: int) -> Fraction:
    """What the job held of its instances, from STARTING to the end of each attempt, not yet rounded."""
    return sum((_held(world, attempt, horizon) for attempt in job.attempts), Fraction(0))


def _held(world: World, attempt: Attempt, horizon: int) -> Fraction:
    if is_free(world, attempt.instance):
        return Fraction(0)
    ms = end(attempt, horizon) - attempt.starting_at
    return share(attempt) * _price(attempt.instance) * ms / (HOUR_S * 1000)


def share(attempt: Attempt) -> Fraction:
    """The mean of its parts of the instance's vCPUs, usable memory and, where it has them, GPUs."""
    has, asks = attempt.instance.type.size, attempt.job.size
    parts = [Fraction(asks.vcpus, has.vcpus), Fraction(asks.mib, has.mib)]
    if has.gpus:
        parts.append(Fraction(asks.gpus, has.gpus))
    return sum(parts, Fraction(0)) / len(parts)


def _price(instance: Instance) -> int:
    return instance.type.spot_price if instance.spot else instance.type.price
