"""The catalogue: types, prices and Spot facts of EC2 and Fargate, dated, and what of them a scenario can use."""

from __future__ import annotations

from batchsim.catalog.fargate import fargate_prices
from batchsim.catalog.instance_types import Family, bundles, families, instance_type, instance_types
from batchsim.catalog.market import Market, Offer, market, regions
from batchsim.catalog.memory import usable_memory_mib
from batchsim.catalog.price_list import price_list
from batchsim.catalog.resolve import facts_for
from batchsim.catalog.sources import Source, sources
from batchsim.spec.fargate import FARGATE_MEMORY_MIB, is_fargate_size

__all__ = [
    "FARGATE_MEMORY_MIB",
    "Family",
    "Market",
    "Offer",
    "Source",
    "bundles",
    "facts_for",
    "families",
    "fargate_prices",
    "instance_type",
    "instance_types",
    "is_fargate_size",
    "market",
    "price_list",
    "regions",
    "sources",
    "usable_memory_mib",
]
