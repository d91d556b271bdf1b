"""What EC2 sells in one region: zones, On-Demand and Spot prices, interruption buckets, from ``REGION.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from batchsim.catalog.instance_types import Family, families
from batchsim.catalog.tables import items, nano_usd, rows
from batchsim.spec.facts import InstanceType

NEUTRAL_BUCKET = 1
"""Bucket of a family that the Spot Advisor does not list: factor 1, the market's own hazard (model.md 3)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One instance type in one region. Prices are nano-dollars an hour; None stands for "not known"."""

    zones: tuple[str, ...]
    on_demand_nano_usd_per_h: int | None
    spot_nano_usd_per_h: int | None
    """The Spot Advisor's estimate: On-Demand less its average saving over a month."""
    bucket: int


@dataclass(frozen=True, slots=True)
class Market:
    """One region: its zones in order, and what is offered there by instance type."""

    region: str
    zones: tuple[str, ...]
    offers: Mapping[str, Offer]


@cache
def market(region: str) -> Market:
    """The market of one of :func:`regions`, read once; ``KeyError`` for any other region.

    A zone is named by a letter, as in one AWS account: AWS deals the letters anew to each account.
    """
    if region not in regions():
        raise KeyError(region)
    known, found = families(), list(rows(region))
    letters = sorted(set("".join(row["zones"] for row in found)))
    offers = {name: offer for row in found for name, offer in _offers(region, known[row["family"]], row)}
    return Market(region, tuple(region + letter for letter in letters), MappingProxyType(offers))


@cache
def regions() -> tuple[str, ...]:
    """The regions whose prices the catalogue holds."""
    return tuple(row["region"] for row in rows("sources") if row["fact"] == "on_demand")


def _offers(region: str, family: Family, row: Mapping[str, str]) -> Iterator[tuple[str, Offer]]:
    """A family's offers by name. ``-`` in a list means not offered, or no price."""
    other_zones, prices, spot = (items(row[key]) for key in ("other_zones", "other_usd_per_h", "spot_bucket_saving"))
    per_vcpu = nano_usd(row["usd_per_vcpu_h"]) if row["usd_per_vcpu_h"] else None
    usual_bucket = _lower_median([int(text[0]) for text in spot.values()])
    for kind in family.types:
        size = kind.name.removeprefix(f"{family.name}.")
        letters = other_zones.get(size, row["zones"])
        if letters == "-":
            continue
        price = _price(kind, per_vcpu, prices.get(size))
        bucket, _, saving = spot.get(size, "").partition("/")
        yield (
            kind.name,
            Offer(
                tuple(region + letter for letter in letters),
                price,
                None if price is None or not saving else round(Fraction(price * (100 - int(saving)), 100)),
                int(bucket) if bucket else usual_bucket,
            ),
        )


def _price(kind: InstanceType, per_vcpu: int | None, exception: str | None) -> int | None:
    """Nano-dollars an hour of a type: its own price if the table has one, else by its vCPUs."""
    if exception == "-":
        return None
    if exception:
        return nano_usd(exception)
    return None if per_vcpu is None else per_vcpu * kind.vcpus


def _lower_median(buckets: list[int]) -> int:
    """The bucket of a size that the Advisor lacks.

    Left out one by one, a size's bucket is 0.8 off the lower median of its family's other sizes on average, and 1.4 or
    more off any constant.
    """
    return sorted(buckets)[(len(buckets) - 1) // 2] if buckets else NEUTRAL_BUCKET
