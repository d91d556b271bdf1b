"""BEST_FIT: the type that hosts the waiting jobs at the lowest price; it waits for that type and never falls back.

User Guide, "Allocation strategies". What "best fit" minimises is not documented; here it is the price per vCPU that the
waiting jobs would use on one instance, packed in dispatch order, so an instance that they would leave half empty costs
double. Ties go to the largest size that they fill.
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer, pack_one
from batchsim.policies.allocation.sizing import balanced, cheapest, permitted, sized


def best_fit(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the next instance's pool; None when no permitted type holds the head."""
    fitting = permitted(demand, offers)
    rates = [offer.price_nano_usd_per_h / pack_one(offer, demand.asks)[1] for offer in fitting]
    return balanced(demand, sized(demand, cheapest(fitting, rates)))
