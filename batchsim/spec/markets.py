"""What ``world.market`` stands for: how often Spot takes an instance, how often a pool is shocked, how deep pools are.

AWS publishes the Spot Advisor's buckets and no hazard, no shocks and no depth: all of this is a choice of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from batchsim.spec.world import World


@dataclass(frozen=True, slots=True)
class Market:
    """How Spot behaves in a run."""

    hazard_per_h: float
    """Reclaims per instance-hour of a type of interruption factor 1."""
    shocks_per_day: float
    """Shocks a day of each (type, zone) pool; one takes half of the pool."""
    median_depth: int | Literal["unlimited"]
    """Median number of instances that a (type, zone) pool can give."""


MARKETS: Mapping[str, Market] = {
    "calm": Market(hazard_per_h=0.0001, shocks_per_day=0.0, median_depth=1000),
    "typical": Market(hazard_per_h=0.02, shocks_per_day=0.1, median_depth=200),
    "stormy": Market(hazard_per_h=0.1, shocks_per_day=2.0, median_depth=40),
}
"""By ``world.market``. One account's recorded runs showed 0.04 reclaims an instance-hour (95 %: 0.008 to 0.12)."""

BUCKET_FACTORS: tuple[float, ...] = (1 / 3, 1.0, 5 / 3, 7 / 3, 10 / 3)
"""How the Spot Advisor's interruption bucket of a type (0 to 4: under 5 %, ... over 20 % a month) scales the hazard."""


def market_of(world: World) -> Market:
    """The market that a world has: ``world.market``'s figures, each replaced by the one that ``world`` gives itself."""
    named = MARKETS[world.market]
    return Market(
        hazard_per_h=named.hazard_per_h if world.spot_hazard is None else world.spot_hazard,
        shocks_per_day=named.shocks_per_day if world.spot_shocks_per_day is None else world.spot_shocks_per_day,
        median_depth=named.median_depth if world.spot_depth is None else world.spot_depth,
    )
