"""What AWS Fargate charges in a region, from ``fargate.csv``; its sizes are in :mod:`batchsim.spec.fargate`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from batchsim.catalog.tables import nano_usd, rows
from batchsim.spec.facts import FargatePrices

WINDOWS = "windows"


def fargate_prices(region: str, spot_factor: float) -> Mapping[tuple[str, bool], FargatePrices]:
    """Prices by (architecture, whether Fargate Spot); none for a region that the catalogue does not hold.

    Windows tasks stand as an architecture of their own, ``windows``, where their price is known; Fargate Spot has none.

    Fargate Spot is ``spot_factor`` times On-Demand, rounded half even, for vCPUs and memory; no discount on storage is
    published.
    """
    on_demand = _on_demand().get(region, {})
    spot = {
        (name, True): _discounted(prices, Fraction(str(spot_factor)))
        for name, prices in on_demand.items()
        if name != WINDOWS
    }
    return MappingProxyType({(name, False): prices for name, prices in on_demand.items()} | spot)


@cache
def _on_demand() -> Mapping[str, Mapping[str, FargatePrices]]:
    """On-Demand prices by region and architecture."""
    found: dict[str, dict[str, FargatePrices]] = {}
    for row in rows("fargate"):
        columns = ("usd_per_vcpu_h", "usd_per_gib_h", "usd_per_storage_gib_h")
        prices = FargatePrices(*(nano_usd(row[column]) for column in columns))
        found.setdefault(row["region"], {})[row["architecture"]] = prices
    return MappingProxyType(found)


def _discounted(prices: FargatePrices, factor: Fraction) -> FargatePrices:
    return FargatePrices(
        round(prices.vcpu_nano_usd_per_h * factor),
        round(prices.gib_nano_usd_per_h * factor),
        prices.storage_nano_usd_per_gib_h,
    )
