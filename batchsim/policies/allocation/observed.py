"""``prefer_size: observed``: sizes as recorded Spot launches had them, drawn for each zone of a decision.

In recorded runs of AWS Batch on Spot, neither the smallest size that holds the head nor the one that demand fills best
was launched: 18 waiting vCPUs brought an instance of 2, one of 16 and one of 96. The size followed the demand loosely
(Spearman's rho 0.59 over 36 launches), in no visible order of family or price. Decisions for three jobs or more
launched in all zones at once, one type in each. Here the size for each zone is drawn with the weights that were seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from batchsim.policies.allocation.base import Demand, Offer

PICKS: Mapping[int, int] = {2: 4, 16: 7, 32: 8, 64: 7, 96: 6, 128: 6}
"""Launches seen by the vCPUs of the type, 38 in all; none of 4, 8 or 48 vCPUs, though the lists held such types."""
MOST_TIMES = 8
"""No instance was seen of more than so many times the vCPUs that waited ..."""
LEAST_PART = 9
"""... nor of less than that part of them."""
SPREAD_FROM = 3
"""Waiting jobs from which on a decision launches in every zone."""


def observed(demand: Demand, offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return, of the offers that may be taken, those of the size drawn for their zone.

    Empty where none of the sizes seen is in reach of the demand: then the demand decides.
    """
    least, most = demand.vcpus / LEAST_PART, demand.vcpus * MOST_TIMES
    seen = [offer for offer in offers if offer.vcpus in PICKS and least <= offer.vcpus <= most]
    zones: dict[int, set[int]] = {}
    for offer in seen:
        zones.setdefault(offer.zone, set()).add(offer.vcpus)
    drawn = {zone: _drawn(sorted(sizes), demand.size_draws[zone]) for zone, sizes in zones.items()}
    return tuple(offer for offer in seen if offer.vcpus == drawn[offer.zone])


def _drawn(sizes: list[int], draw: float) -> int:
    """Return the size at which the cumulated weights pass the draw."""
    limits = list(accumulate(PICKS[size] for size in sizes))
    return next(size for size, limit in zip(sizes, limits, strict=True) if draw * limits[-1] < limit)
