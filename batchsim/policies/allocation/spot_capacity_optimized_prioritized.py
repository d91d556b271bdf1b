"""SPOT_CAPACITY_OPTIMIZED_PRIORITIZED: capacity first, then the order of the list.

User Guide, "Allocation strategies": the order of ``instanceTypes`` is honoured on a best-effort basis, capacity goes
before it. How they are weighed is not published. Here a pool is in the best capacity *tier* when it can give at least
half as many instances as the deepest that fits; in that tier the first entry of the list is taken, within a family the
size as in the other strategies. Ties go to the deepest pool, then to the zone with fewest vCPUs of this environment,
then by position.

As in BEST_FIT_PROGRESSIVE_ORDERED a large type that stands first is launched for a small job.
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.sizing import first_listed, permitted, sized
from batchsim.policies.allocation.spot_price_capacity_optimized import deep_enough


def spot_capacity_optimized_prioritized(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the first listed pool of the best capacity tier; None when no permitted type holds the head."""
    entry = sized(demand, first_listed(deep_enough(permitted(demand, offers))))
    return min(entry, key=lambda offer: (-offer.depth, demand.zone_vcpus[offer.zone], offer.position), default=None)
