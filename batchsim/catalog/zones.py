"""Which zone each subnet lies in. AWS knows; a scenario file seldom says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

FALLBACK_LETTERS = "abc"
"""Zones of a region that the catalogue does not hold."""


def fallback_zones(region: str) -> tuple[str, ...]:
    """Three zones for a region of which nothing is known."""
    return tuple(region + letter for letter in FALLBACK_LETTERS)


def zone_by_subnet(subnets: Iterable[str], given: Mapping[str, str], zones: Sequence[str]) -> Mapping[str, str]:
    """A zone for each subnet: the ``given`` one (``world.zones``), else the region's ``zones`` in turn.

    Turns go by first appearance over the whole file, so that a subnet has one zone whatever environments share it.
    """
    unmapped = [subnet for subnet in dict.fromkeys(subnets) if subnet not in given]
    return {subnet: zones[turn % len(zones)] for turn, subnet in enumerate(unmapped)} | dict(given)


def zones_of(subnets: Iterable[str], by_subnet: Mapping[str, str], zones: Sequence[str]) -> tuple[str, ...]:
    """The zones of an environment in the order of its subnets, each once; without subnets all ``zones``."""
    return tuple(dict.fromkeys(by_subnet[subnet] for subnet in subnets)) or tuple(zones)
