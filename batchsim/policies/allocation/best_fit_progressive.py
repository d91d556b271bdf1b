"""BEST_FIT_PROGRESSIVE: the lowest price per vCPU among the types that fit; others when one is unavailable.

User Guide, "Allocation strategies". Where demand counts memory too, a vCPU counts only as far as the type's memory
serves what waits: memory-heavy jobs pay for a family by the GiB, so they do not starve on the cheapest vCPU.
"""

from __future__ import annotations

from collections.abc import Sequence

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.sizing import balanced, cheapest, permitted, sized


def best_fit_progressive(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the next instance's pool; None when no permitted type holds the head."""
    fitting = permitted(demand, offers)
    rates = [
        offer.price_nano_usd_per_h / vcpus for offer, vcpus in zip(fitting, usable_vcpus(fitting, demand), strict=True)
    ]
    return balanced(demand, sized(demand, cheapest(fitting, rates)))


def usable_vcpus(offers: Sequence[Offer], demand: Demand) -> list[float]:
    """Return the vCPUs of each offer that what waits can use, in its mix of vCPU and memory.

    By nominal memory, which is linear in size, so that sizes tie. So the cheapest family is the one that would hold all
    waiting jobs for the least, and a few small ones in front do not take the large ones to where their memory is dear.
    """
    if not demand.by_memory:
        return [offer.vcpus for offer in offers]
    vcpus, memory_mib = demand.vcpus, demand.memory_mib  # sums over all that waits, which a launch asks for once
    return [min(offer.vcpus, offer.nominal_memory_mib * vcpus / memory_mib) for offer in offers]
