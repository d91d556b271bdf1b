"""Random consumable resources: few of each, so that heads of queues wait for them, and now and then a new total."""

from __future__ import annotations

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

_NAMES = ("licence", "lane")
_INSTANTS = ("30s", "2m", "6m", "14m", "31m")


def with_consumables(draft: Draft, drawn: Data) -> Data:
    """The scenario with resources that most of its jobs need."""
    if not draft.has("consumables"):
        return drawn
    names = _NAMES[: draft.integer(1, 2)]
    resources = [_resource(draft, name) for name in names]
    definitions = [
        made if made["jobDefinitionName"].startswith("stuck") else _needing(draft, made, names)
        for made in drawn["jobDefinitions"]
    ]
    world = {**drawn["world"], "consumable_hold": draft.pick("attempt", "attempt", "job")}
    actions = [*drawn["actions"], *_changes(draft, names)]
    return {
        **drawn,
        "consumableResources": resources,
        "jobDefinitions": definitions,
        "world": world,
        "actions": actions,
    }


def _resource(draft: Draft, name: str) -> Data:
    made: Data = {"consumableResourceName": name, "totalQuantity": draft.pick(2, 3, 1, 6)}
    return {**made, "resourceType": "NON_REPLENISHABLE", "totalQuantity": 12} if draft.chance(15) else made


def _needing(draft: Draft, made: Data, names: tuple[str, ...]) -> Data:
    listed = [{"consumableResource": name, "quantity": draft.pick(1, 1, 2)} for name in names if draft.chance(70)]
    return {**made, "consumableResourceProperties": {"consumableResourceList": listed}} if listed else made


def _changes(draft: Draft, names: tuple[str, ...]) -> list[Data]:
    if not draft.chance(50):
        return []
    path = f"consumableResources.{draft.one_of(names)}.totalQuantity"
    return [{"at": draft.one_of(_INSTANTS), "set": path, "to": draft.integer(0, 5)}]
