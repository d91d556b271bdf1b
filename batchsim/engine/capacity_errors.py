"""Capacity errors beside the Spot market's: faults that empty pools for a time, and errors by chance.

``faults``: ``capacity`` (EC2's InsufficientInstanceCapacity, On-Demand too), ``az_outage``, ``quota``
(VcpuLimitExceeded); and ``world.ice_prob``. There is one of these only where a scenario has any of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.targets import ALWAYS, Place, Window
from batchsim.engine.plan import Delays
from batchsim.engine.randomness import Stream
from batchsim.policies.allocation import Offer


@dataclass(frozen=True, slots=True)
class Shortage:
    """A window in which EC2 gives only so many instances, or vCPUs, of some pools."""

    window: Window
    most: int
    places: frozenset[Place]
    fault: int
    """Its line in the plan of faults."""
    is_outage: bool = False
    """Whether there is nothing there at all: neither replacements nor listed fleets come."""
    by_vcpus: bool = False
    """Whether ``most`` are vCPUs."""

    def left(self, on: int, offer: Offer) -> int:
        """How many more instances there are of an offer, while so much is on."""
        return (self.most - on) // offer.vcpus if self.by_vcpus else self.most - on


class CapacityErrors:
    """Says of each launch whether EC2 refuses it, and what it has left."""

    def __init__(self, shortages: tuple[Shortage, ...], probability: float, delays: Delays, log: FaultLog) -> None:
        self._log = log
        self._shortages = shortages
        self._probability = probability
        self._delays = delays
        self._streams: dict[int, Stream] = {}
        """By environment, what decides on its tries."""
        self._on = [0] * len(shortages)
        """What is on of what each fault selects: instances, or vCPUs."""
        self._tries: Counter[int] = Counter()

    def count(self, environment: Ec2Environment, offer: Offer, instances: int) -> None:
        """Instances of a pool were launched, or, below 0, ended."""
        place = (environment.position, offer.pool)
        for number, shortage in enumerate(self._shortages):
            if place in shortage.places:
                self._on[number] += instances * (offer.vcpus if shortage.by_vcpus else 1)

    def left(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> int | None:
        """How many more instances the faults of now leave; None where none of them strikes."""
        place = (environment.position, offer.pool)
        left = [
            shortage.left(self._on[number], offer)
            for number, shortage in enumerate(self._shortages)
            if shortage.window.covers(now_ms) and place in shortage.places
        ]
        return min(left, default=None)

    def is_out(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> bool:
        """Whether an outage of its zone strikes a pool now."""
        place = (environment.position, offer.pool)
        return any(each.is_outage and each.window.covers(now_ms) and place in each.places for each in self._shortages)

    def note(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> None:
        """A launch was refused: note the faults of now that leave nothing of the pool."""
        place = (environment.position, offer.pool)
        for number, shortage in enumerate(self._shortages):
            is_met = shortage.window.covers(now_ms) and place in shortage.places
            if is_met and shortage.left(self._on[number], offer) <= 0:
                self._log.refused(shortage.fault, environment.position)

    def strikes(self, environment: Ec2Environment) -> bool:
        """Whether a launch meets an error by chance; each such try of an environment has a number of its own."""
        if not self._probability:
            return False
        position = environment.position
        number = self._tries[position]
        self._tries[position] += 1
        if position not in self._streams:
            self._streams[position] = self._delays.stream("ice", environment.plan.key())
        return self._streams[position].one(number) < self._probability

    def is_for_good(self, environment: Ec2Environment, offer: Offer, now_ms: int) -> bool:
        """Whether a pool will never have an instance to give again."""
        place = (environment.position, offer.pool)
        return self._probability >= 1 or any(
            shortage.window.from_ms <= now_ms and shortage.window.until_ms == ALWAYS and shortage.left(0, offer) <= 0
            for shortage in self._shortages
            if place in shortage.places
        )
