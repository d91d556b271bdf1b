"""What an explanation reads of a run's scenario: plain values, as the resolved file or a parsed scenario has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from batchsim.analysis.explain.explanation import instant
from batchsim.units import parse_duration_ms

Raw = Mapping[str, Any]
_SECTIONS = ("computeEnvironments", "jobQueues", "consumableResources", "schedulingPolicies")


class Settings:
    """Reads the raw mapping of a scenario; what it does not say has AWS Batch's, or the model's, default."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    @property
    def started_at(self) -> str:
        """When the run starts, in UTC."""
        return instant(str(self._section("simulation").get("start", "2026-01-01T00:00:00Z"))).isoformat()

    def world(self, key: str, default: Any) -> Any:
        """A value under ``world``."""
        return self._section("world").get(key, default)

    def delay_ms(self, key: str) -> int:
        """A constant delay under ``world``; 0 where none is given, or it is random."""
        given = self.world(key, 0)
        return 0 if isinstance(given, Mapping) else _duration_ms(given)

    @cached_property
    def environments(self) -> Mapping[str, Raw]:
        """Compute environments by name, in file order."""
        return {str(each["computeEnvironmentName"]): each for each in self._list("computeEnvironments")}

    @cached_property
    def queues(self) -> Mapping[str, Raw]:
        """Job queues by name, in file order."""
        return {str(each["jobQueueName"]): each for each in self._list("jobQueues")}

    @cached_property
    def entries(self) -> Mapping[str, Raw]:
        """Workload entries by id, workflows flattened."""
        flat = (entry for item in self._list("workload") for entry in item.get("workflow") or (item,))
        return {str(entry["id"]): entry for entry in flat if "id" in entry}

    @cached_property
    def definitions(self) -> Mapping[str, Raw]:
        """Job definitions by ``name:revision``."""
        return {f"{each['jobDefinitionName']}:{each.get('revision', 1)}": each for each in self._list("jobDefinitions")}

    def served_by(self, queue: str) -> tuple[str, ...]:
        """The environments of a queue in their order."""
        order = self.queues.get(queue, {}).get("computeEnvironmentOrder") or ()
        ordered = sorted(order, key=lambda item: int(item["order"]))
        return tuple(str(item["computeEnvironment"]).rsplit("/", 1)[-1] for item in ordered)

    def priority(self, queue: str, at_ms: int) -> int:
        """A queue's priority at an instant."""
        return int(self._value("jobQueues", queue, "priority", self.queues.get(queue, {}).get("priority", 0), at_ms))

    def max_vcpus(self, environment: str, at_ms: int) -> int | None:
        """maxvCpus at an instant; None where the scenario does not say."""
        given = (self.environments.get(environment, {}).get("computeResources") or {}).get("maxvCpus")
        found = self._value("computeEnvironments", environment, "maxvCpus", given, at_ms)
        return None if found is None else int(found)

    def is_fargate(self, environment: str) -> bool:
        """Whether an environment runs Fargate tasks."""
        resources = self.environments.get(environment, {}).get("computeResources") or {}
        return str(resources.get("type", "")).startswith("FARGATE")

    def vcpu_quota(self, environment: str) -> str:
        """The account's vCPU quotas for how an environment buys: ``On-Demand standard 64``; empty where it has none."""
        given = self.world("ec2_vcpu_quota", None)
        resources = self.environments.get(environment, {}).get("computeResources") or {}
        option, words = ("spot", "Spot") if resources.get("type") == "SPOT" else ("on_demand", "On-Demand")
        if not isinstance(given, Mapping):
            return str(given).replace("_", " ") if given else ""
        return ", ".join(f"{words} {class_} {vcpus}" for class_, vcpus in (given.get(option) or {}).items())

    def changes(self, section: str, name: str) -> list[tuple[int, str, Any]]:
        """(instant, field, new value) of the timed actions on something, in order of time; None for a difference."""
        found = [
            (_duration_ms(action["at"]), str(action["set"]).rpartition(".")[2], action.get("to"))
            for action in self._list("actions")
            if "set" in action and _addresses(str(action["set"]), name, section)
        ]
        return sorted(found, key=lambda change: change[0])

    def _value(self, section: str, name: str, field: str, given: Any, at_ms: int) -> Any:
        past = [to for at, which, to in self.changes(section, name) if which == field and at <= at_ms]
        return past[-1] if past else given

    def _section(self, key: str) -> Raw:
        found: Raw = self._raw.get(key) or {}
        return found

    def _list(self, key: str) -> Sequence[Raw]:
        found: Sequence[Raw] = self._raw.get(key) or ()
        return found


def _addresses(path: str, name: str, section: str) -> bool:
    """Whether a path means something in a section; a queue may have the name of an environment."""
    *parents, _ = path.split(".")
    is_other = len(parents) > 1 and parents[0] in _SECTIONS and parents[0] != section
    return name in parents and not is_other


def _duration_ms(value: Any) -> int:
    """A duration of a resolved file; a whole number is in ms already, as in a parsed scenario."""
    return value if isinstance(value, int) and not isinstance(value, bool) else parse_duration_ms(value)
