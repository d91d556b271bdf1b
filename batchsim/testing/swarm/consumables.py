"""Random consumable resources: few of each, so that heads of queues wait for them, and now and then a new total."""

from __future__ import annotations

from batchsim.testing.builders import Data, entry
from batchsim.testing.swarm.capacity import is_on_fargate
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
        "workload": [*drawn["workload"], _licensed(draft, drawn)],
        "consumableResources": resources,
        "jobDefinitions": definitions,
        "world": world,
        "actions": actions,
    }


def _licensed(draft: Draft, drawn: Data) -> Data:
    """An array in the last queue, more of whose children want to run than may."""
    queue = drawn["jobQueues"][-1]
    kind = "task" if is_on_fargate(queue) else "job"
    named = [each["jobDefinitionName"] for each in drawn["jobDefinitions"]]
    fitting = next(name for name in named if name.startswith(kind))
    made = entry("licensed", queue["jobQueueName"], fitting, run="40s", size=draft.integer(3, 6))
    needed = {"consumableResourceList": [{"consumableResource": _NAMES[0], "quantity": 1}]}
    return {**made, "submit": {**made["submit"], "consumableResourcePropertiesOverride": needed}, "at": "15s"}


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
