"""Random capacity: small instance types, one to four compute environments, one to three queues that share them."""

from __future__ import annotations

from collections.abc import Mapping

from batchsim.testing.builders import Data, environment, queue
from batchsim.testing.swarm.choices import some
from batchsim.testing.swarm.features import Draft

TYPES: Mapping[str, Data] = {
    "t.wide": {"vcpu": 4, "memory": "8GiB", "price": "$0.16/h"},
    "t.small": {"vcpu": 2, "memory": "4GiB", "price": "$0.08/h"},
    "t.fat": {"vcpu": 4, "memory": "16GiB", "price": "$0.21/h", "spot_price": "$0.07/h"},
    "t.large": {"vcpu": 8, "memory": "16GiB", "price": "$0.311/h", "spot_price": "$0.133/h"},
}
GPU_TYPE: Mapping[str, Data] = {"g.one": {"vcpu": 4, "memory": "16GiB", "gpu": 1, "price": "$0.53/h"}}
"""Every environment on instances has a type of 4 vCPUs or more, so that every job that should fit does."""

_ON_DEMAND = ("BEST_FIT_PROGRESSIVE", "BEST_FIT")
_SPOT = ("SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE", "BEST_FIT")


def draw_environments(draft: Draft) -> list[Data]:
    """Environments on instances first, then, with that feature, on Fargate."""
    hosts = [_on_instances(draft, number) for number in range(1 + draft.has("second_environment"))]
    tasks = range(1 + draft.has("second_environment", 50)) if draft.has("fargate") else ()
    return [*hosts, *(_on_fargate(draft, number) for number in tasks)]


def _on_instances(draft: Draft, number: int) -> Data:
    kind = "SPOT" if draft.has("spot", 80) or draft.has("notices", 70) else "EC2"
    most = draft.pick(4, 5, 6) if draft.has("tight_maximum") else draft.pick(8, 16, 11)
    resources: Data = {
        "instanceTypes": _types(draft),
        "subnets": draft.pick(["subnet-a"], ["subnet-a", "subnet-b"]),
        "allocationStrategy": draft.one_of(_SPOT if kind == "SPOT" else _ON_DEMAND),
    }
    if draft.has("minimum"):
        resources["minvCpus"] = draft.integer(1, min(most, 6))
    if draft.has("initial_capacity"):
        resources["desiredvCpus"] = draft.integer(resources.get("minvCpus", 0), most)
    if draft.chance(10):
        resources["scalingPolicy"] = {"minScaleDownDelayMinutes": 20}
    return _switched(draft, environment(f"hosts-{number}", kind, most=most), resources)


def _on_fargate(draft: Draft, number: int) -> Data:
    kind = "FARGATE_SPOT" if draft.has("spot") or draft.has("notices", 70) else "FARGATE"
    most = draft.integer(2, 4) if draft.has("tight_maximum") else draft.integer(4, 16)
    return _switched(draft, environment(f"tasks-{number}", kind, most=most), {})


def _switched(draft: Draft, made: Data, resources: Data) -> Data:
    """Merge what is particular to the environment, and perhaps disable it."""
    state = {"state": "DISABLED"} if draft.has("disabled_environment", 45) else {}
    return {**made, **state, "computeResources": {**made["computeResources"], **resources}}


def _types(draft: Draft) -> list[str]:
    large = [name for name, made in TYPES.items() if made["vcpu"] >= 4]
    chosen = {draft.one_of(large), *some(draft.choices, tuple(TYPES))}
    named = [name for name in TYPES if name in chosen]
    return [*named, *GPU_TYPE] if draft.has("gpu") else named


def draw_queues(draft: Draft, environments: list[Data]) -> list[Data]:
    """Queues in no particular order of priority; each is all on instances or all on Fargate."""
    names = [each["computeEnvironmentName"] for each in environments]
    families = [[n for n in names if n.startswith(word)] for word in ("hosts", "tasks")]
    count = draft.integer(2, 3) if draft.has("several_queues") else 1
    drawn: list[Data] = []
    for number in range(count):
        family = draft.one_of([each for each in families if each])
        drawn.append(_queue(draft, number, family, drawn))
    return drawn


def _queue(draft: Draft, number: int, family: list[str], before: list[Data]) -> Data:
    order = some(draft.choices, family)
    if before and draft.has("shared_environments"):
        order = [each["computeEnvironment"] for each in draft.one_of(before)["computeEnvironmentOrder"]]
    if draft.chance(30):
        order = order[::-1]
    # The first queue stays open, or there may be nothing to see.
    priority = 5 if draft.has("equal_priorities") else draft.pick(1, 10, 100)
    state = {"state": "DISABLED"} if number and draft.has("disabled_queue", 60) else {}
    return queue(f"queue-{number}", order, priority=priority, **state)


def is_on_fargate(made: Data) -> bool:
    """Whether a queue's jobs run as Fargate tasks."""
    return bool(made["computeEnvironmentOrder"][0]["computeEnvironment"].startswith("tasks"))
