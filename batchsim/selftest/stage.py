"""Scenarios as plain data in which nothing takes time, and nothing is left to chance, but what a case says.

No boot, no container start, no pull, no Spot hazard, a scheduling pass and a scaling decision in the instant of a
change, idle instances gone at once. Instance types are ``box.N``: N vCPUs, 4 usable GiB and $0.36/h for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from batchsim.selftest.case import Data

LONGEST = "36500d"
_NO_TIME = (
    "scheduler_cycle", "retry_delay", "timeout_lag", "scale_up_delay", "instance_pending", "instance_boot",
    "agent_register", "user_data", "warm_start", "new_image", "slow_pull", "pull_overhead", "fargate_provision",
    "scale_down_idle", "scale_down_check", "notice", "block_detect",
)  # fmt: skip
_CALM = {"slow_pull_probability": 0, "spot_hazard": 0, "spot_shocks_per_day": 0, "spot_depth": "unlimited"}
_PLAIN = {"prefer_size": "largest_filled", "demand_by": "both", "drain_surplus": False, "root_gb": 0}


def box(vcpus: int, **overrides: Any) -> Data:
    """An instance type: ``vcpus``, 4 usable GiB and $0.36/h ($0.12/h on Spot) for each."""
    memory = f"{4 * vcpus}GiB"
    prices = {"price": f"${0.36 * vcpus:.2f}/h", "spot_price": f"${0.12 * vcpus:.2f}/h"}
    return {"vcpu": vcpus, "memory": memory, "usable_memory": memory, "arch": "x86_64", **prices, **overrides}


def world(types: Iterable[int] = (1,), **overrides: Any) -> Data:
    """A world without time, chance and disks, of boxes of so many vCPUs; ``instanceTypes`` stand beside them."""
    sold = {f"box.{vcpus}": box(vcpus) for vcpus in types} | overrides.pop("instanceTypes", {})
    return {"instanceTypes": sold, **dict.fromkeys(_NO_TIME, "0s"), **_CALM, **_PLAIN, **overrides}


def environment(name: str = "hosts", types: Sequence[str] = ("box.1",), **resources: Any) -> Data:
    """An On-Demand environment that starts empty; keywords are those of ``computeResources``."""
    ec2 = {} if resources.get("type", "EC2").startswith("FARGATE") else {"instanceTypes": list(types), "minvCpus": 0}
    settings = {"type": "EC2", "maxvCpus": 1, "subnets": ["subnet-a"], **ec2, **resources}
    return {"computeEnvironmentName": name, "type": "MANAGED", "state": "ENABLED", "computeResources": settings}


def fixed(slots: int, name: str = "hosts", types: Sequence[str] = ("box.1",), **resources: Any) -> Data:
    """A warm pool that never changes: minvCpus = desiredvCpus = maxvCpus = ``slots``."""
    return environment(name, types, minvCpus=slots, desiredvCpus=slots, maxvCpus=slots, **resources)


def queue(name: str = "queue", *environments: str, priority: int = 1, **overrides: Any) -> Data:
    """A queue on these environments, in order."""
    order = [{"order": place + 1, "computeEnvironment": each} for place, each in enumerate(environments or ("hosts",))]
    return {"jobQueueName": name, "priority": priority, "computeEnvironmentOrder": order, **overrides}


def definition(name: str = "job", vcpus: float = 1, memory_mib: int = 1024, **overrides: Any) -> Data:
    """A job definition."""
    amounts = {"VCPU": f"{vcpus:g}", "MEMORY": f"{memory_mib}"}
    container = {"image": name, "resourceRequirements": [{"type": k, "value": v} for k, v in amounts.items()]}
    return {"jobDefinitionName": name, "type": "container", "containerProperties": container, **overrides}


def entry(
    name: str, run: Any, *, at: Any = None, on: str = "queue", kind: str = "job", size: int | None = None, **keys: Any
) -> Data:
    """A workload entry; ``submit`` adds to the SubmitJob request, other ``keys`` are the entry's own."""
    array = {} if size is None else {"arrayProperties": {"size": size}}
    request = {"jobName": name, "jobQueue": on, "jobDefinition": kind, **array, **keys.pop("submit", {})}
    when = {} if at is None else {"at": at}
    return {"id": name, "submit": request, **when, "run": run, **keys}


def scenario(
    name: str,
    workload: Sequence[Data],
    environments: Sequence[Data],
    *,
    queues: Sequence[Data] | None = None,
    definitions: Sequence[Data] | None = None,
    around: Mapping[str, Any] | None = None,
    **top: Any,
) -> Data:
    """A scenario as its file would hold it; ``around`` is its world, ``top`` further sections."""
    simulation = {"max_time": LONGEST, **top.pop("simulation", {})}
    names = [each["computeEnvironmentName"] for each in environments]
    return {
        "name": name,
        "computeEnvironments": list(environments),
        "jobQueues": list(queues if queues is not None else [queue("queue", *names)]),
        "jobDefinitions": list(definitions if definitions is not None else [definition()]),
        "workload": list(workload),
        "world": dict(world() if around is None else around),
        "simulation": simulation,
        **top,
    }


def seconds(value: float) -> str:
    """A duration to the millisecond, as a scenario writes it."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "s"


def per_day(rate_per_s: float) -> str:
    """A rate as a scenario writes it, to 15 digits after the point."""
    return f"{rate_per_s * 86400:.15f}".rstrip("0").rstrip(".") + "/d"
