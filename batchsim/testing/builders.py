"""The parts of a scenario as plain data, each with the fewest words: what tests and notebooks build from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchsim.spec import Scenario, parse

Data = dict[str, Any]
"""A piece of a scenario in its file form: what YAML or JSON would hold."""


def environment(name: str, kind: str = "EC2", *, most: int = 8, **resources: Any) -> Data:
    """A managed compute environment of type ``kind`` with at most ``most`` vCPUs; ``resources`` in AWS's names."""
    on_instances = {} if kind.startswith("FARGATE") else {"instanceTypes": ["m5.large"]}
    compute = {"type": kind, "maxvCpus": most, **on_instances, **resources}
    return {"computeEnvironmentName": name, "type": "MANAGED", "computeResources": compute}


def queue(name: str, environments: Sequence[str], *, priority: int = 1, **more: Any) -> Data:
    """A job queue that tries ``environments`` in this order."""
    order = [{"order": place, "computeEnvironment": each} for place, each in enumerate(environments, 1)]
    return {"jobQueueName": name, "priority": priority, "computeEnvironmentOrder": order, **more}


def definition(name: str, vcpus: float = 1, memory_mib: int = 1024, *, fargate: bool = False, **more: Any) -> Data:
    """A container job definition; ``more`` is merged over it, so ``retryStrategy={"attempts": 3}`` works."""
    sizes = [{"type": "VCPU", "value": f"{vcpus:g}"}, {"type": "MEMORY", "value": str(memory_mib)}]
    container = {"image": f"{name}:latest", "resourceRequirements": sizes}
    platform = {"platformCapabilities": ["FARGATE"]} if fargate else {}
    return {"jobDefinitionName": name, "type": "container", "containerProperties": container, **platform, **more}


def submit(name: str, queue: str, definition: str, *, size: int = 0, **more: Any) -> Data:
    """A SubmitJob request; an array of ``size`` children unless that is 0."""
    array = {"arrayProperties": {"size": size}} if size else {}
    return {"jobName": name, "jobQueue": queue, "jobDefinition": definition, **array, **more}


def entry(name: str, queue: str, definition: str, *, run: Any = "60s", size: int = 0, **more: Any) -> Data:
    """One line of a workload; ``more`` holds the entry's own keys, such as ``at`` and ``fails``."""
    return {"id": name, "submit": submit(name, queue, definition, size=size), "run": run, **more}


def scenario(*, seed: int = 1, **parts: Any) -> Scenario:
    """Parse a whole scenario from its lists; raises :class:`~batchsim.ScenarioError` with all that is wrong."""
    settings = parts.pop("simulation", {})
    return parse({"name": "test", **parts, "simulation": {"seed": seed, **settings}})
