"""The whole scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, PrivateAttr

from batchsim.spec.base import Model
from batchsim.spec.entries import Dataset, Item
from batchsim.spec.environments import ComputeEnvironment
from batchsim.spec.faults import Fault
from batchsim.spec.jobs import JobDefinition
from batchsim.spec.kinds import Flag, Text
from batchsim.spec.notifications import Notification
from batchsim.spec.queues import ConsumableResource, JobQueue, SchedulingPolicy
from batchsim.spec.settings import Action, SimulationSettings
from batchsim.spec.source import SourceMap
from batchsim.spec.world import World


class Scenario(Model):
    """A scenario: AWS's half under AWS's names, and the simulator's half. Made by :func:`batchsim.spec.parse`."""

    name: Text = ""
    description: Text = ""
    computeEnvironments: tuple[ComputeEnvironment, ...] = ()
    jobQueues: tuple[JobQueue, ...] = ()
    schedulingPolicies: tuple[SchedulingPolicy, ...] = ()
    jobDefinitions: tuple[JobDefinition, ...] = ()
    consumableResources: tuple[ConsumableResource, ...] = ()
    workload: tuple[Item, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    world: World = World()
    faults: tuple[Fault, ...] = ()
    actions: tuple[Action, ...] = ()
    notifications: tuple[Notification, ...] = ()
    simulation: SimulationSettings = SimulationSettings()
    thresholds: dict[Text, Text] = Field(default_factory=dict)
    allow_unplaceable: Flag = False

    _source: SourceMap = PrivateAttr(default_factory=SourceMap)

    @property
    def source(self) -> SourceMap:
        """The file that the scenario was read from and its positions; no part of equality."""
        return self._source

    def model_post_init(self, context: Any) -> None:
        """Keep the file's positions, which :func:`batchsim.spec.parse` passes along as ``source``."""
        self._source = (context or {}).get("source", self._source)

    def with_(self, path: str, value: Any) -> Scenario:
        """A new scenario with ``value`` at ``path``, as ``with_("spot.maxvCpus", 512)``; see ``paths.py``."""
        return self.with_values({path: value})

    def with_values(self, values: Mapping[str, Any]) -> Scenario:
        """The same with several at once, validated once all are in place: for those that only go together.

        ``with_values({"logs.partitions": 2000, "transform.count": 2000})``: neither is valid without the other.
        """
        from batchsim.spec.paths import with_values

        return with_values(self, values.items())

    def from_source(self, source: SourceMap) -> Scenario:
        """The same scenario, as if it was read from there."""
        copy = self.model_copy()
        copy._source = source  # noqa: SLF001 -- nobody else has the copy
        return copy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]
