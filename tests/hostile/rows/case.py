"""What one hostile input is: the row that it belongs to, how it is made, and what the user must get."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Content = str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario file that ``batchsim validate`` is given, and the answer."""

    row: str
    """``B24``."""
    what: str
    """What is odd about it, in a few words: the test's name."""
    code: str = ""
    """The code of the first problem; nothing where the file is accepted."""
    says: tuple[str, ...] = ()
    """What the line on stderr must hold; of an accepted file, what stdout must."""
    exit: int = 2
    content: Content | None = None
    """The whole file; else it is the small scenario with ``change``."""
    change: Mapping[str, Any] = field(default_factory=dict)
    """New values by path, as ``jobQueues.0.priority``; :data:`GONE` takes a key away."""
    beside: Mapping[str, Content] = field(default_factory=dict)
    """Other files in its folder, by name."""
    only: bool = True
    """Whether that is the only code in the answer."""
    options: tuple[str, ...] = ()
    """More options of ``batchsim validate``."""

    @property
    def name(self) -> str:
        """How the test is called."""
        return f"{self.row}-{self.what}".replace(" ", "-")

    def file(self) -> bytes:
        """The bytes of the scenario file."""
        given = written(changed(self.change)) if self.content is None else self.content
        return given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given


class Raw(str):
    """A scalar as it stands in the file, without quotes: ``.nan``, ``0o10``, ``yes``."""

    __slots__ = ()


GONE = object()
"""In place of a value: the key is not there."""

SMALL: Mapping[str, Any] = {
    "name": "small",
    "computeEnvironments": [
        {
            "computeEnvironmentName": "spot",
            "computeResources": {
                "type": "SPOT",
                "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED",
                "minvCpus": 0,
                "maxvCpus": 64,
                "instanceTypes": ["m5.large", "m5.xlarge"],
                "subnets": ["subnet-1"],
            },
        },
        {
            "computeEnvironmentName": "tasks",
            "computeResources": {"type": "FARGATE", "maxvCpus": 64, "subnets": ["subnet-1"]},
        },
    ],
    "jobQueues": [
        {
            "jobQueueName": "work",
            "priority": 10,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}],
        },
        {
            "jobQueueName": "serverless",
            "priority": 10,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "tasks"}],
        },
    ],
    "schedulingPolicies": [{"name": "fair", "fairsharePolicy": {"shareDistribution": []}}],
    "jobDefinitions": [
        {
            "jobDefinitionName": "step",
            "type": "container",
            "containerProperties": {"image": "busybox", "vcpus": 2, "memory": 4096},
            "retryStrategy": {"attempts": 3},
        },
        {
            "jobDefinitionName": "task",
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": {
                "image": "busybox",
                "executionRoleArn": "arn:aws:iam::1:role/x",
                "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
            },
        },
    ],
    "workload": [
        {
            "id": "step",
            "submit": {"jobName": "step", "jobQueue": "work", "jobDefinition": "step"},
            "at": "0s",
            "run": "5m",
        },
        {
            "id": "task",
            "submit": {"jobName": "task", "jobQueue": "serverless", "jobDefinition": "task"},
            "at": "0s",
            "run": "5m",
        },
    ],
    "simulation": {"seed": 1},
}
"""A sound scenario with one of everything that the rows speak of."""


def changed(change: Mapping[str, Any]) -> dict[str, Any]:
    """The small scenario with other values at some paths."""
    data: dict[str, Any] = copy.deepcopy(dict(SMALL))
    for path, value in change.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        here: Any = data
        for part in way:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
        _put(here, last, value)
    return data


def _put(here: Any, last: Any, value: Any) -> None:
    if value is GONE:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value


def written(data: Any, indent: int = 0) -> str:
    """Data as block YAML, one key a line, so that every value has a line of its own; floats as YAML writes them."""
    pad = "  " * indent
    if isinstance(data, Mapping) and data:
        return "".join(f"{pad}{json.dumps(str(key))}:{_after(value, indent)}" for key, value in data.items())
    return "".join(f"{pad}-{_after(value, indent)}" for value in data)


def _after(value: Any, indent: int) -> str:
    if isinstance(value, Mapping | list | tuple) and value:
        return "\n" + written(value, indent + 1)
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, float):
        words = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
        return words.get(str(value), repr(value))
    return json.dumps(value)


def cases(row: str, code: str, *variants: tuple[Any, ...], says: Iterable[str] = (), **common: Any) -> list[Case]:
    """Cases of one row and one code; a variant is ``(what, path, value)``, with more paths and values if wanted."""
    found = []
    for what, *pairs in variants:
        change = dict(zip(pairs[::2], pairs[1::2], strict=True))
        found.append(Case(row=row, what=what, code=code, says=tuple(says), change=change, **common))
    return found
