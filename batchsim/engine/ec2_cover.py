"""What of the demand one EC2 or SPOT environment covers: room on its instances, then what it may still grow by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from batchsim.engine.plan import Shape
from batchsim.policies.allocation import Offer
from batchsim.policies.packing import count_that_fit
from batchsim.policies.scaling import FreeAndBooting, Rooms

if TYPE_CHECKING:
    from batchsim.engine.ec2 import Ec2Environment


class Ec2Cover:
    """What one environment covers: room on instances, then what it may still grow by."""

    def __init__(self, environment: Ec2Environment, rooms: Rooms | FreeAndBooting) -> None:
        self._rooms = rooms
        self._environment = environment
        self._coming = Rooms()
        """What the instances that may still be launched have left."""
        self._headroom = environment.max_vcpus - environment.on_vcpus
        self._quota = environment.offers.quota

    def pack(self, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs room on instances takes."""
        if not self._environment.takes(shape):
            return 0
        return self._rooms.pack(want.vcpus, want.memory_mib, want.gpus, count)

    def keep(self, shape: int, want: Shape, count: int, tried: int) -> int:
        """Return ``count`` if the environment may grow for such a job now, though not for all of them at once.

        What it may grow by is used up all the same, before the queues behind: by ``tried`` of the jobs, if it may not.
        """
        kept = count if self._environment.may_grow_for(shape) else 0
        self.grow(shape, want, kept or min(count, tried))
        return kept

    def grow(self, shape: int, want: Shape, count: int) -> int:
        """Return for how many of ``count`` jobs the environment may grow, by the smallest instances that hold them."""
        placed = self._coming.pack(want.vcpus, want.memory_mib, want.gpus, count)
        if placed == count or not self._environment.may_grow_for(shape):
            return placed
        for smallest in self._smallest(self._environment.offers.open_for(shape)):
            self._launch(smallest, -(-(count - placed) // count_that_fit(smallest.size, want[1:4])))
            placed += self._coming.pack(want.vcpus, want.memory_mib, want.gpus, count - placed)
        return placed

    def _smallest(self, offers: tuple[Offer, ...]) -> Iterable[Offer]:
        """The smallest offer; where quotas count, the smallest of each class, the smallest of all first."""
        if self._quota is None:
            return (min(offers, key=lambda offer: offer.vcpus),)
        ordered = sorted(offers, key=lambda offer: offer.vcpus)
        return {self._quota.class_of(offer): offer for offer in reversed(ordered)}.values()

    def _launch(self, offer: Offer, instances: int) -> None:
        """Count on up to so many instances, as far as maxvCpus and the quota permit."""
        overshoot = offer.vcpus - 1 if self._environment.plan.may_exceed_max else 0
        launched = min(instances, max(0, (self._headroom + overshoot) // offer.vcpus))
        if launched and self._quota is not None:
            launched = self._quota.plan(offer, launched)
        if launched:
            self._headroom -= launched * offer.vcpus
            self._coming.add(*offer.size, launched)
