"""vCPU quotas of the account: a gate that launches shut and ends open, for all environments that count in one class.

EC2 counts the vCPUs of the instances that run (and boot), by purchase option and class of families. Batch at its quota
leaves jobs RUNNABLE (fact sheet 5.5). There is one of these only where ``world.ec2_vcpu_quota`` limits anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchsim.engine.plan import Pool
from batchsim.policies.allocation import Offer
from batchsim.spec.quotas import CLASSES, VcpuQuotas

if TYPE_CHECKING:
    from batchsim.engine.ec2 import Ec2Environment


class VcpuQuota:
    """What is used of each class's quota; a *class* is a number that stands for its name and the purchase option."""

    def __init__(self, quotas: VcpuQuotas, pools: tuple[Pool, ...]) -> None:
        self._limits = [quotas.of(name, spot=spot) for name in CLASSES for spot in (False, True)]
        self._used = [0] * len(self._limits)
        self._planned = [0] * len(self._limits)
        self._class_of_pool = [2 * CLASSES.index(pool.quota_class) for pool in pools]
        self._sharers: list[list[Ec2Environment]] = [[] for _ in self._limits]

    def join(self, environment: Ec2Environment) -> None:
        """An environment's launches count, and its gate follows the quotas of its classes."""
        environment.offers.quota = self
        for class_ in dict.fromkeys(map(self.class_of, environment.plan.offers)):
            if self._limits[class_] is not None:
                self._sharers[class_].append(environment)

    def class_of(self, offer: Offer) -> int:
        """The class that an offer counts in."""
        return self._class_of_pool[offer.pool] + offer.spot

    def permits(self, offer: Offer) -> bool:
        """Whether one more such instance keeps to its quota."""
        class_ = self.class_of(offer)
        limit = self._limits[class_]
        return limit is None or self._used[class_] + offer.vcpus <= limit

    def is_enough_for(self, offer: Offer) -> bool:
        """Whether one such instance keeps to its quota if nothing else runs."""
        limit = self._limits[self.class_of(offer)]
        return limit is None or offer.vcpus <= limit

    def count(self, offer: Offer, instances: int = 1) -> None:
        """Instances of a pool were launched, or, below 0, ended: look again at all environments of the class."""
        class_ = self.class_of(offer)
        self._used[class_] += instances * offer.vcpus
        for environment in self._sharers[class_]:
            environment.touched = True

    # -- while demand is measured

    def start_planning(self) -> None:
        """A measurement of demand begins: nothing is planned yet."""
        self._planned = [0] * len(self._limits)

    def plan(self, offer: Offer, instances: int) -> int:
        """Plan to launch up to so many instances; return how many the quota still has room for."""
        class_ = self.class_of(offer)
        limit = self._limits[class_]
        if limit is not None:
            free = limit - self._used[class_] - self._planned[class_]
            instances = min(instances, max(0, free // offer.vcpus))
            self._planned[class_] += instances * offer.vcpus
        return instances
