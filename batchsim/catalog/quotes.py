"""What a type costs in a scenario's world: the scenario's prices over the catalogue's."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from batchsim.catalog.market import NEUTRAL_BUCKET, Market, Offer, market, regions
from batchsim.catalog.zones import fallback_zones
from batchsim.spec.world import CustomType, PriceOverride, World

_NOTHING = Offer((), None, None, NEUTRAL_BUCKET)


@dataclass(frozen=True, slots=True)
class Quote:
    """A type's prices (nano-dollars an hour), bucket and zones; ``zones`` None = wherever the environment is."""

    on_demand_nano_usd_per_h: int
    spot_nano_usd_per_h: int
    interruption_bucket: int
    zones: tuple[str, ...] | None

    def zones_among(self, zones: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``zones`` that offer the type, in their order."""
        return zones if self.zones is None else tuple(zone for zone in zones if zone in self.zones)


def market_of(world: World) -> Market:
    """The market of the world's region; one without offers where the catalogue does not hold the region."""
    if world.region in regions():
        return market(world.region)
    return Market(world.region, fallback_zones(world.region), {})


def quote(name: str, world: World, sold: Market) -> Quote | None:
    """The quote for a type, None where neither the scenario nor the region has an On-Demand price.

    Spot costs what the scenario says, else what the catalogue says for (type, region), else ``world.spot_factor`` x
    On-Demand, rounded half even. A type that the region does not list is where the scenario prices it.
    """
    listed = sold.offers.get(name)
    offer = listed or _NOTHING
    priced = world.prices.get(name, PriceOverride())
    own = world.instanceTypes.get(name, CustomType())
    on_demand = _first(priced.on_demand, own.price, offer.on_demand_nano_usd_per_h)
    if on_demand is None:
        return None
    spot = _first(priced.spot, own.spot_price, offer.spot_nano_usd_per_h)
    if spot is None:
        spot = round(on_demand * Fraction(str(world.spot_factor)))
    return Quote(on_demand, spot, offer.bucket, listed.zones if listed else None)


def _first(*prices: int | None) -> int | None:
    """The first price that is given; 0 is a price."""
    return next((price for price in prices if price is not None), None)
