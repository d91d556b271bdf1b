"""What a region charges for given types and for Fargate, without pools or zones: for repricing a run."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from batchsim.catalog.fargate import fargate_prices
from batchsim.catalog.market import regions
from batchsim.catalog.quotes import market_of, quote
from batchsim.catalog.resolve import dates_of, unknown_region
from batchsim.errors import ScenarioError
from batchsim.spec.facts import PriceList
from batchsim.spec.scenario import Scenario


def price_list(scenario: Scenario, types: Iterable[str]) -> PriceList:
    """The prices of ``types`` in the region of ``scenario.world``, the scenario's own prices over the catalogue's.

    A type without a price there is left out. Raises :class:`ScenarioError` (E155) for a region that is not known.
    """
    world = scenario.world
    if world.region not in regions():
        raise ScenarioError([unknown_region(world.region)])
    sold = market_of(world)
    quotes = ((name, quote(name, world, sold)) for name in types)
    known = {name: (q.on_demand_nano_usd_per_h, q.spot_nano_usd_per_h) for name, q in quotes if q is not None}
    fargate = fargate_prices(world.region, world.fargate_spot_factor)
    return PriceList(world.region, MappingProxyType(known), fargate, dates_of(scenario))
