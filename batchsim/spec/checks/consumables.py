"""Consumable resources that jobs take: they exist, each is named once, and there are not too many of them."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.index import Index
from batchsim.spec.jobs import ConsumableResourceProperties
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean

MAX_CONSUMABLES = 5
"""Consumable resources of a job (User Guide, "Resource-aware scheduling")."""


def check_consumables(index: Index) -> Iterator[Flaw]:
    """E122: the resources exist; E123: each stands once in a list; E140: the list is not too long."""
    for path, definition in index.items("jobDefinitions"):
        key = "consumableResourceProperties"
        yield from listed(index, (*path, key), definition.consumableResourceProperties)
    for placed in index.entries():
        key, submit = "consumableResourcePropertiesOverride", placed.entry.submit
        yield from listed(index, (*placed.path, "submit", key), submit.consumableResourcePropertiesOverride)


def listed(index: Index, path: Path, given: ConsumableResourceProperties | None) -> Iterator[Flaw]:
    """What is wrong with one list of consumable resources."""
    items, path = given.consumableResourceList if given else (), (*path, "consumableResourceList")
    known, seen = index.names["consumableResources"], dict[str, int]()
    for number, item in enumerate(items):
        name, place = short_name(item.consumableResource), (*path, number, "consumableResource")
        if name not in known:
            allowed = ", ".join(known) or "none: the scenario has no consumableResources"
            yield Flaw("E122", "unknown consumable resource", place, name, allowed, did_you_mean(name, known))
        if name in seen:
            yield Flaw("E123", "resource named twice", place, name, also=((*path, seen[name]),))
        seen.setdefault(name, number)
    if len(items) > MAX_CONSUMABLES and index.scenario.world.strict_limits:
        yield Flaw("E140", "too many consumable resources", path, len(items), f"at most {MAX_CONSUMABLES}")
