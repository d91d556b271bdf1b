"""When a fault acts and on what: windows, the pools that it selects, and the key of its draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchsim.engine.plan import Ec2Plan, EnvironmentPlan
from batchsim.policies.allocation import Offer
from batchsim.spec import Fault, FaultTarget

ALWAYS = 1 << 62
"""The end of a fault that lasts to the end of the run."""
Place = tuple[int, int]
"""An environment, and a pool that it launches from."""


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant on, up to another one."""

    from_ms: int
    until_ms: int

    def covers(self, at_ms: int) -> bool:
        """Whether an instant lies within."""
        return self.from_ms <= at_ms < self.until_ms


def window_of(fault: Fault) -> Window:
    """Return when a fault acts."""
    return Window(fault.at_ms, ALWAYS if fault.until_ms is None else fault.until_ms)


def keys_of(faults: Iterable[Fault]) -> list[str]:
    """Key each fault's draws by its kind, its window, and how many such come before it.

    So neither a name nor another fault shifts them, and a fault that is made worse strikes those again that it struck.
    """
    seen: Counter[tuple[str, int, int | None]] = Counter()
    keys = []
    for fault in faults:
        of = (fault.kind, fault.at_ms, fault.for_ms)
        keys.append("|".join(map(str, (*of, seen[of]))))
        seen[of] += 1
    return keys


def places_of(select: FaultTarget, environments: Sequence[EnvironmentPlan], zones: Sequence[str]) -> frozenset[Place]:
    """Return what a target selects as environments and pools."""
    return frozenset(
        (position, offer.pool)
        for position, plan in enumerate(environments)
        if isinstance(plan, Ec2Plan) and select.environment in (None, plan.name)
        for offer in plan.offers
        if _is_selected(select, offer, zones)
    )


def spot_types_of(select: FaultTarget, environments: Sequence[EnvironmentPlan]) -> frozenset[int]:
    """Return the types that a target selects, of those that are launched as Spot."""
    return frozenset(
        offer.type
        for plan in environments
        if isinstance(plan, Ec2Plan)
        for offer in plan.offers
        if offer.spot and select.fits_type(offer.type_name)
    )


def _is_selected(select: FaultTarget, offer: Offer, zones: Sequence[str]) -> bool:
    return (
        select.fits_type(offer.type_name)
        and select.zone in (None, zones[offer.zone])
        and select.spot in (None, offer.spot)
    )
