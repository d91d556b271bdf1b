"""BEST_FIT_PROGRESSIVE: the lowest price per vCPU among the types that fit; others when one is unavailable.

User Guide, "Allocation strategies". With ``demand_by: both`` a vCPU counts only as far as the type's memory serves
jobs like the head: a memory-heavy job pays for a family by the GiB, so it does not starve on the cheapest vCPU.
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.sizing import balanced, cheapest, permitted, sized


def best_fit_progressive(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the next instance's pool; None when no permitted type holds the head."""
    fitting = permitted(demand, offers)
    rates = [offer.price_nano_usd_per_h / usable_vcpus(offer, demand) for offer in fitting]
    return balanced(demand, sized(demand, cheapest(fitting, rates)))


def usable_vcpus(offer: Offer, demand: Demand) -> float:
    """Return the vCPUs that jobs like the head can use, by nominal memory (linear in size, so sizes tie)."""
    if not demand.by_memory:
        return offer.vcpus
    return min(offer.vcpus, offer.nominal_memory_mib * demand.head.vcpus / demand.head.memory_mib)
