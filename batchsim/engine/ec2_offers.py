"""Which offers of an EC2 or SPOT environment hold a job, and the gates that keep each of them from being launched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from batchsim.engine.plan import Ec2Plan, Shape, UnsoldType
from batchsim.policies.allocation import Offer
from batchsim.records.vocabulary import WaitReason

if TYPE_CHECKING:
    from batchsim.engine.quota import VcpuQuota


class Ec2Offers:
    """Beside maxvCpus, which is the environment's, three gates: the account's quotas, bids and capacity errors."""

    outbid: frozenset[int] = frozenset()
    """Offers (by position) whose Spot price is not below the bid."""
    quota: VcpuQuota | None = None
    """The account's vCPU quotas, where there are any."""

    def __init__(self, plan: Ec2Plan, shapes: list[Shape]) -> None:
        self.backed_off: dict[int, int] = {}
        """Until when each offer (by position) is held back after a capacity error."""
        self._lacking: set[int] = set()
        """Offers (by position) that were refused when last tried, be the back-off over or not."""
        self.least_vcpus = min((offer.vcpus for offer in plan.offers), default=0)
        """Of any instance that the environment may have."""
        self.most_vcpus = max((offer.vcpus for offer in plan.offers), default=0)
        self._plan = plan
        self._shapes = shapes
        self._fitting: dict[int, tuple[Offer, ...]] = {}
        self._fewest_vcpus: dict[int, tuple[tuple[Offer, ...], int]] = {}
        """By identity of offers: these, so that nothing else takes their identity, and their fewest vCPUs."""
        self._pools: dict[int, frozenset[int]] = {}

    # -- what fits

    def fitting(self, shape: int) -> tuple[Offer, ...]:
        """Return the offers whose empty instance holds a job of this shape."""
        if shape not in self._fitting:
            want = self._shapes[shape]
            self._fitting[shape] = tuple(offer for offer in self._plan.offers if self._holds(offer, want))
        return self._fitting[shape]

    def pools(self, shape: int) -> frozenset[int]:
        """Return the pools of the offers that fit a shape."""
        if shape not in self._pools:
            self._pools[shape] = frozenset(offer.pool for offer in self.fitting(shape))
        return self._pools[shape]

    def fit_if_sold(self, shape: int) -> bool:
        """Whether a type that EC2 does not sell in the environment's zones would hold a job of this shape."""
        want = self._shapes[shape]
        return any(self._holds(kind, want) for kind in self._plan.unsold)

    def fewest_vcpus(self, offers: tuple[Offer, ...]) -> int:
        """Return the fewest vCPUs among offers; those that fit a shape are looked at once."""
        known = self._fewest_vcpus.get(id(offers))
        if known is None or known[0] is not offers:
            known = offers, min(offer.vcpus for offer in offers)
            if len(self._fewest_vcpus) <= len(self._fitting):
                self._fewest_vcpus[id(offers)] = known
        return known[1]

    def _holds(self, offer: Offer | UnsoldType, want: Shape) -> bool:
        room = offer.vcpus >= want.vcpus and offer.memory_mib >= want.memory_mib and offer.gpus >= want.gpus
        return room and want.architecture in (None, self._plan.architecture)

    # -- gates

    @property
    def has_no_gate(self) -> bool:
        """Whether nothing but maxvCpus keeps any offer from being launched."""
        return not self.backed_off and not self.outbid and self.quota is None

    def open_for(self, shape: int) -> tuple[Offer, ...]:
        """Return the fitting offers that no gate keeps shut."""
        return self.open_among(self.fitting(shape))

    def open_among(self, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
        """Return those of some offers that no gate keeps shut."""
        return offers if self.has_no_gate else tuple(filter(self.is_open, offers))

    def is_open(self, offer: Offer) -> bool:
        """Whether an offer may be launched now: within quota, below the bid, and not held back by a capacity error."""
        if offer.position in self.outbid or (self.quota is not None and not self.quota.permits(offer)):
            return False
        return self._is_unrefused(offer)

    def shut_by(self, offers: Iterable[Offer]) -> WaitReason:
        """Say which gate keeps all of these offers from being launched, in order of precedence (model 5)."""
        if self.quota is not None and not all(map(self.quota.permits, offers)):
            return WaitReason.VCPU_QUOTA
        return WaitReason.CAPACITY_ERROR if self.backed_off else WaitReason.BID

    def lacked(self, offer: Offer) -> None:
        """A launch was refused: EC2 has no such capacity until one succeeds."""
        self._lacking.add(offer.position)

    def gave(self, offer: Offer) -> None:
        """A launch succeeded; who waits for one type has it from any zone."""
        if self._lacking:
            self._lacking.discard(offer.position)
            if self._plan.waits_for_its_type:
                of_type = (other.position for other in self._plan.offers if other.type == offer.type)
                self._lacking.difference_update(of_type)

    def lacks(self, shape: int) -> bool:
        """Whether all that may be launched for a shape was refused when last tried; of BEST_FIT, its type was."""
        if not self._lacking:
            return False
        if self._plan.waits_for_its_type:
            return any(offer.position in self._lacking for offer in self.fitting(shape))
        return all(offer.position in self._lacking for offer in self.open_for(shape))

    def refused(self, shape: int) -> list[Offer]:
        """Return the offers that capacity errors hold back, those that fit if any, of the last try first.

        Of these, what was asked for first, then as the catalogue has them: not all of them need have been tried.
        """
        held = self.backed_off
        first = max(held, key=lambda position: held[position], default=None)
        latest = sorted(held, key=lambda position: (-held[position], position != first, position))
        offers = [self._plan.offers[position] for position in latest]
        fitting = self.fitting(shape)
        return [offer for offer in offers if offer in fitting] or offers

    def _is_unrefused(self, offer: Offer) -> bool:
        """Whether no capacity error holds an offer back: its own, or, where BEST_FIT waits for a type, another's."""
        held = self.backed_off
        if not held or offer.position in held:
            return not held
        return not self._plan.waits_for_its_type or any(self._plan.offers[other].type == offer.type for other in held)
