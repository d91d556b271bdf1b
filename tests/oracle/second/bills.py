"""What tasks and instances cost: exact fractions of nano-dollars, each part rounded once (half even)."""

from __future__ import annotations

from fractions import Fraction

from oracle.quantities import half_even
from oracle.second.objects import FARGATE, FARGATE_SPOT, Attempt, Instance

HOUR_S = 3600
VCPU_HOUR = {FARGATE: 40_480_000, FARGATE_SPOT: 12_144_000}
"""Of Linux on x86 in us-east-1; Fargate Spot at its default share of Fargate's price (``fargate_spot_factor``)."""
GIB_HOUR = {FARGATE: 4_445_000, FARGATE_SPOT: 1_333_500}
STORAGE_GIB_HOUR = 111_000
INCLUDED_GIB = 20


def seconds(on_ms: int) -> int:
    """A minute at least, of what was on at all."""
    return max(60, -(-on_ms // 1000)) if on_ms > 0 else 0


def of_task(attempt: Attempt, end: int) -> tuple[int, int]:
    """Billed seconds, from the pull on, and dollars."""
    billed, kind, size = seconds(end - attempt.pulls_at), attempt.environment.kind, attempt.job.size
    storage = max(0, attempt.job.storage_gib - INCLUDED_GIB)
    an_hour = (
        Fraction(VCPU_HOUR[kind] * size.vcpus, 1000),
        Fraction(GIB_HOUR[kind] * size.mib, 1024),
        Fraction(STORAGE_GIB_HOUR * storage),
    )
    return billed, sum(half_even(part * billed / HOUR_S) for part in an_hour)


def of_instance(instance: Instance, end: int) -> tuple[int, int, int]:
    """Billed seconds, dollars, and dollars that the first-hour rule of Spot waived."""
    on_ms = end - instance.launched_at
    billed = seconds(on_ms)
    dollars = half_even(Fraction(instance.environment.type.spot_price * billed, HOUR_S))
    is_free = instance.ended_at is not None and on_ms < HOUR_S * 1000
    return billed, 0 if is_free else dollars, dollars if is_free else 0
