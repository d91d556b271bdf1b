"""BEST_FIT: the type that hosts the waiting jobs at the lowest price; it waits for that type and never falls back.

User Guide, "Allocation strategies". What "best fit" minimises is not documented; here it is the price per vCPU that the
waiting jobs would use on one instance, packed in dispatch order, so an instance that they would leave half empty costs
double. Ties go to the largest size that they fill.
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Ask, Demand, Offer
from batchsim.policies.allocation.sizing import balanced, cheapest, permitted, sized


def best_fit(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the next instance's pool; None when no permitted type holds the head."""
    fitting = permitted(demand, offers)
    rates = [offer.price_nano_usd_per_h / hosted_vcpus(offer, demand.asks) for offer in fitting]
    return balanced(demand, sized(demand, cheapest(fitting, rates)))


def hosted_vcpus(offer: Offer, asks: tuple[Ask, ...]) -> int:
    """Return the vCPUs of the waiting jobs that one empty instance takes, in dispatch order."""
    vcpus, memory_mib, gpus = offer.vcpus, offer.memory_mib, offer.gpus
    for ask in asks:
        if not vcpus:
            break
        taken = _fitting(ask, vcpus, memory_mib, gpus)
        vcpus, memory_mib, gpus = (
            vcpus - taken * ask.vcpus,
            memory_mib - taken * ask.memory_mib,
            gpus - taken * ask.gpus,
        )
    return offer.vcpus - vcpus


def _fitting(ask: Ask, vcpus: int, memory_mib: int, gpus: int) -> int:
    most = min(ask.jobs, vcpus // ask.vcpus, memory_mib // ask.memory_mib)
    return min(most, gpus // ask.gpus) if ask.gpus else most
