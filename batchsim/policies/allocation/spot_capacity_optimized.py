"""SPOT_CAPACITY_OPTIMIZED: the deepest Spot pool, least likely to be interrupted, of the fitting size."""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.sizing import permitted, sized


def spot_capacity_optimized(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the deepest pool; then the zone with fewest vCPUs of this environment, then by position."""
    fitting = sized(demand, permitted(demand, offers))
    return min(fitting, key=lambda offer: (-offer.depth, demand.zone_vcpus[offer.zone], offer.position), default=None)
