"""Consumable resources that jobs take: they exist, each is named once, and there are not too many of them."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.definitions import in_time
from batchsim.spec.dump import to_data
from batchsim.spec.effective import effective_job
from batchsim.spec.index import Index, names_in
from batchsim.spec.jobs import ConsumableResourceProperties
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.scenario import Scenario
from batchsim.spec.updates import find_target

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


def short_of_resources(scenario: Scenario) -> Iterator[Flaw]:
    """E132: jobs that need more of a consumable resource than there is, or a timed action will ever make of it."""
    if not scenario.consumableResources:
        return
    most = {item.consumableResourceName: item.totalQuantity for item in scenario.consumableResources}
    for name, total in _raised(scenario):
        most[name] = max(most[name], total)
    for placed in Index(scenario, {}, names_in(to_data(scenario))).entries():
        for name, quantity in effective_job(scenario, placed.entry.submit).consumables:
            if quantity > most[name]:
                hint = "Set allow_unplaceable: true to see it wait, as in AWS"
                allowed = f"its totalQuantity is {most[name]} at most"
                path = (*placed.path, "submit")
                yield Flaw("E132", f"there is never so much of {name}", path, f"{quantity} of {name}", allowed, hint)


def _raised(scenario: Scenario) -> Iterator[tuple[str, int]]:
    """What timed actions make of totals."""
    totals = {item.consumableResourceName: item.totalQuantity for item in scenario.consumableResources}
    for _, action in in_time(scenario):
        if action.set is not None and (target := find_target(scenario, action.set)).kind == "consumableResources":
            by = totals[target.name] + (action.by or 0)
            totals[target.name] = max(0, by) if action.to is None else int(action.to)
            yield target.name, totals[target.name]
