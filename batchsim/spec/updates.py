"""What can be changed while a simulation runs, by a timed action or by ``Simulation.update``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from batchsim.spec.base import MAX_INT, check_number, check_whole, flawed
from batchsim.spec.places import Place, Places
from batchsim.spec.platforms import stands
from batchsim.spec.queues import LEAST_WEIGHT, MOST_WEIGHT
from batchsim.spec.scenario import Scenario


class Target(NamedTuple):
    """What a timed change or ``Simulation.update`` sets: a field of a named compute environment or job queue."""

    kind: str
    """``computeEnvironments``, ``jobQueues`` or ``consumableResources``."""
    name: str
    field: str
    share: str = ""
    """Of a scheduling policy, the entry of ``shareDistribution`` whose ``weightFactor`` it is."""


VCPUS = ("maxvCpus", "minvCpus", "desiredvCpus")
UPDATABLE: Mapping[str, tuple[str, ...]] = {
    "computeEnvironments": ("maxvCpus", "minvCpus", "desiredvCpus", "state", "status"),
    "jobQueues": ("priority", "state", "status"),
    "consumableResources": ("totalQuantity",),
}
"""What can be changed while a simulation runs."""


def find_target(scenario: Scenario, path: str) -> Target:
    """The updatable field at ``path``; raises :class:`FlawsError` (E106) when there is none, or more than one.

    E117: the vCPUs of an environment whose fleet stands cannot be changed.
    """
    names = {
        "computeEnvironments": [item.computeEnvironmentName for item in scenario.computeEnvironments],
        "jobQueues": [item.jobQueueName for item in scenario.jobQueues],
        "consumableResources": [item.consumableResourceName for item in scenario.consumableResources],
    }
    targets = [Target(kind, name, field) for kind in UPDATABLE for name in names[kind] for field in UPDATABLE[kind]]
    targets += _weights(scenario)
    places = [Place((number,), _target_words(target)) for number, target in enumerate(targets)]
    target = targets[int(Places(places).find(path).path[0])]
    if target.field in VCPUS and _stands(scenario, target.name):
        raise flawed(
            "E117", "the environment's fleet stands as it is", path, hint="See world.platform and world.fleets"
        )
    if target.field in VCPUS[1:] and _is_fargate(scenario, target.name):
        raise flawed("E117", f"Fargate has no {target.field}", path, hint="Its maxvCpus can be set")
    return target


def _is_fargate(scenario: Scenario, name: str) -> bool:
    found = (item.computeResources for item in scenario.computeEnvironments if item.computeEnvironmentName == name)
    return any(resources is not None and resources.is_fargate for resources in found)


def _weights(scenario: Scenario) -> list[Target]:
    """The weight factors of all fair-share policies (API, UpdateSchedulingPolicy)."""
    policies = ((policy, policy.fairsharePolicy) for policy in scenario.schedulingPolicies)
    return [
        Target("schedulingPolicies", policy.name, "weightFactor", item.shareIdentifier)
        for policy, fair in policies
        if fair is not None
        for item in fair.shareDistribution
    ]


def _stands(scenario: Scenario, name: str) -> bool:
    found = (item for item in scenario.computeEnvironments if item.computeEnvironmentName == name)
    return any(stands(scenario.world, item) for item in found)


def check_update(target: Target, value: object, by: int | None = None) -> None:
    """Raises :class:`FlawsError` unless ``target`` can take ``value``, or ``by`` more (E113, E114, E117, E137-E139)."""
    if by is not None:
        if target.field != "totalQuantity":
            raise flawed("E117", "only a consumable resource's totalQuantity changes by so much", by)
        return
    if target.field == "weightFactor":
        check_number(value, "E139", LEAST_WEIGHT, MOST_WEIGHT)
    elif target.field == "state":
        if value not in ("ENABLED", "DISABLED"):
            raise flawed("E113", "not one of the allowed values", value, allowed="ENABLED, DISABLED")
    elif target.field == "status":
        allowed = ("DELETED",) if target.kind == "jobQueues" else ("VALID", "INVALID")
        if value not in allowed:
            raise flawed("E113", "not one of the allowed values", value, allowed=", ".join(allowed))
    elif target.field in ("priority", "totalQuantity"):
        check_whole(value, "E114", 0, MAX_INT)
    else:
        check_whole(value, "E137", 1 if target.field == "maxvCpus" else 0, MAX_INT)


def _target_words(target: Target) -> tuple[str, ...]:
    if target.share:
        return (
            target.kind,
            *target.name.split("."),
            "fairsharePolicy",
            "shareDistribution",
            target.share,
            target.field,
        )
    within = ("computeResources",) if target.field in VCPUS else ()
    return (target.kind, *target.name.split("."), *within, target.field)
