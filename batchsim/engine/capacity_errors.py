"""Capacity errors beside the Spot market's: faults that empty pools for a time, and errors by chance.

``faults: [{kind: capacity}]`` (EC2's InsufficientInstanceCapacity, On-Demand too) and ``world.ice_prob``. There is one
of these only where a scenario has either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.plan import Delays, Ec2Plan, EnvironmentPlan
from batchsim.policies.allocation import Offer
from batchsim.spec import Fault, FaultTarget

ALWAYS = 1 << 62
"""The end of a fault that lasts to the end of the run."""
Place = tuple[int, int]
"""An environment, and a pool that it launches from."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A window in which EC2 has only so many instances of some pools."""

    from_ms: int
    until_ms: int
    instances: int
    places: frozenset[Place]


def shortages_of(
    faults: Iterable[Fault], environments: Sequence[EnvironmentPlan], zones: Sequence[str]
) -> tuple[Shortage, ...]:
    """The capacity faults of a scenario, what they select as environments and pools."""
    return tuple(
        Shortage(
            fault.at_ms,
            ALWAYS if fault.for_ms is None else fault.at_ms + fault.for_ms,
            fault.capacity,
            frozenset(
                (position, offer.pool)
                for position, plan in enumerate(environments)
                if isinstance(plan, Ec2Plan) and fault.select.environment in (None, plan.name)
                for offer in plan.offers
                if _is_selected(fault.select, offer, zones)
            ),
        )
        for fault in faults
        if fault.kind == "capacity"
    )


def _is_selected(select: FaultTarget, offer: Offer, zones: Sequence[str]) -> bool:
    is_type = select.type is None or fnmatchcase(offer.type_name, select.type)
    return is_type and select.zone in (None, zones[offer.zone]) and select.spot in (None, offer.spot)


class CapacityErrors:
    """Says of each launch whether EC2 refuses it, and what it has left."""

    def __init__(self, shortages: tuple[Shortage, ...], probability: float, delays: Delays) -> None:
        self._shortages = shortages
        self._probability = probability
        self._stream = delays.stream
        self._on = [0] * len(shortages)
        """Instances that are on of what each fault selects."""
        self._tries: Counter[int] = Counter()

    def count(self, place: Place, instances: int) -> None:
        """Instances of a place were launched, or, below 0, ended."""
        for number, shortage in enumerate(self._shortages):
            if place in shortage.places:
                self._on[number] += instances

    def left(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> int | None:
        """How many more instances the faults of now leave; None where none of them strikes."""
        place = (environment.position, offer.pool)
        left = [
            shortage.instances - self._on[number]
            for number, shortage in enumerate(self._shortages)
            if shortage.from_ms <= now_ms < shortage.until_ms and place in shortage.places
        ]
        return min(left, default=None)

    def strikes(self, environment: Ec2Environment) -> bool:
        """Whether a launch meets an error by chance; each such try of an environment has a number of its own."""
        if not self._probability:
            return False
        number = self._tries[environment.position]
        self._tries[environment.position] += 1
        return self._stream("ice", environment.plan.key).one(number) < self._probability

    def is_for_good(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> bool:
        """Whether a pool will never have an instance to give again."""
        place = (environment.position, offer.pool)
        return self._probability >= 1 or any(
            shortage.from_ms <= now_ms and shortage.until_ms == ALWAYS and not shortage.instances
            for shortage in self._shortages
            if place in shortage.places
        )
