"""Which size: what all strategies share (model: the largest that waiting demand fills; on Spot as observed)."""

from __future__ import annotations

from collections.abc import Iterable

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.observed import observed

EQUAL_PRICE = 0.005
"""List prices are rounded: prices per vCPU within half a percent are one price."""


def permitted(demand: Demand, offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return the offers that hold the head within maxvCpus, else, if that may be exceeded, the smallest that hold it.

    "BEST_FIT_PROGRESSIVE and the Spot strategies may go above maxvCpus, by no more than a single instance" (API,
    ComputeResource.maxvCpus); so an instance beyond it is taken only where none fits below, and the smallest. Likewise
    one of more than ``max_instance_vcpus``.
    """
    head, headroom_vcpus = demand.head, demand.headroom_vcpus
    holding = _small_enough(demand, tuple([offer for offer in offers if offer.holds(head)]))
    below = tuple([offer for offer in holding if offer.vcpus <= headroom_vcpus])
    if below or not demand.may_exceed_max:
        return below
    return _of_size(holding, min((offer.vcpus for offer in holding), default=0))


def _small_enough(demand: Demand, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    most = demand.max_instance_vcpus
    if most is None:
        return offers
    small = tuple(offer for offer in offers if offer.vcpus <= most)
    return small or _of_size(offers, min((offer.vcpus for offer in offers), default=0))


def sized(demand: Demand, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Return the offers of the largest size that the uncovered demand fills; of the smallest, where it fills none.

    Where the demand comes with draws, those of the sizes drawn, if there are any.
    """
    if demand.size_draws and (drawn := observed(demand, offers)):
        return drawn
    vcpus, memory_mib = demand.vcpus, demand.memory_mib if demand.by_memory else 0
    filled = [offer.vcpus for offer in offers if offer.vcpus <= vcpus or offer.memory_mib <= memory_mib]
    if filled and not demand.prefer_smallest:
        return _of_size(offers, max(filled))
    return _of_size(offers, min((offer.vcpus for offer in offers), default=0))


def cheapest(offers: tuple[Offer, ...], rates: list[float]) -> tuple[Offer, ...]:
    """Return the offers whose rate is the least, within :data:`EQUAL_PRICE`; ``rates`` runs along ``offers``."""
    limit = min(rates, default=0.0) * (1 + EQUAL_PRICE)
    return tuple([offer for offer, rate in zip(offers, rates, strict=True) if rate <= limit])


def first_listed(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Return the offers of the first entry of ``instanceTypes`` that has any: of one type, one family or one bundle."""
    first = min((offer.listed for offer in offers), default=0)
    return tuple(offer for offer in offers if offer.listed == first)


def balanced(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Return the offer in the zone with fewest vCPUs of this environment; then by position."""
    return min(offers, key=lambda offer: (demand.zone_vcpus[offer.zone], offer.position), default=None)


def _of_size(offers: tuple[Offer, ...], vcpus: int) -> tuple[Offer, ...]:
    return tuple([offer for offer in offers if offer.vcpus == vcpus])
