"""SPOT_PRICE_CAPACITY_OPTIMIZED: of the Spot pools least likely to be interrupted, the cheapest.

User Guide, "Allocation strategies"; AWS's general recommendation for Spot. How capacity and price are weighed is not
published. Here, among the pools of the fitting size, a pool is in the best capacity *tier* when it can give at least
half as many instances as the deepest; in that tier the lowest price per vCPU decides, where a vCPU counts as far as
memory serves what waits. Prices within half a percent are one price; ties go to the deepest pool, then to the
zone with fewest vCPUs of this environment, then by position.

With ``world.spco_rate_weight`` k there are no tiers: the least price per vCPU x (1 + k x reclaims an hour) decides.

Size comes before the tier, as in SPOT_CAPACITY_OPTIMIZED: depth is in instances, so pools of different sizes do not
compare.
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.best_fit_progressive import usable_vcpus
from batchsim.policies.allocation.sizing import cheapest, permitted, sized


def spot_price_capacity_optimized(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the cheapest pool of the best capacity tier; None when no permitted type holds the head."""
    fitting = sized(demand, permitted(demand, offers))
    weight = demand.rate_weight
    tier = deep_enough(fitting) if weight is None else fitting
    rates = [
        offer.price_nano_usd_per_h / vcpus * (1 + (weight or 0) * offer.hazard_per_h)
        for offer, vcpus in zip(tier, usable_vcpus(tier, demand), strict=True)
    ]
    tied = cheapest(tier, rates)
    return min(tied, key=lambda offer: (-offer.depth, demand.zone_vcpus[offer.zone], offer.position), default=None)


def deep_enough(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Return the offers that can give at least half as many instances as the deepest; all, where none can give any."""
    deepest = max((offer.depth for offer in offers), default=0)
    return tuple(offer for offer in offers if deepest <= 0 or 2 * offer.depth >= deepest)
