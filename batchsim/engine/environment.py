"""What the scheduler, the demand meter and whoever looks in ask of a compute environment, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from batchsim.engine.plan import EnvironmentPlan, Shape
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason


class Cover(Protocol):
    """Demand is packed on it: what an environment covers of it, by room that is there or may come."""

    def pack(self, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs room that is there takes."""

    def grow(self, shape: int, want: Shape, count: int) -> int:
        """Return for how many of ``count`` jobs the environment may grow: what is beyond goes to the next one."""

    def keep(self, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs stay with a queue's last environment: all, where it may grow for one."""


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """vCPUs of one compute environment."""

    desired_vcpus: int
    """Running and booting."""
    booting_vcpus: int
    running_vcpus: int
    """On instances that are ready; on Fargate, of the tasks, rounded up."""


class Environment(Protocol):
    """A managed compute environment in the engine."""

    position: int
    enabled: bool
    max_vcpus: int
    highest_min_vcpus: int
    """The largest minvCpus that it had."""
    touched: bool
    """Whether a room or a gate opened since the last pass."""

    @property
    def plan(self) -> EnvironmentPlan:
        """What it was compiled from."""

    def place(self, low: int, high: int) -> int:
        """Start the first jobs of a run of equal ones; return how many."""

    def has_room(self, shape: int) -> bool:
        """Whether :meth:`place` would start a job of this shape now."""

    def release(self, attempt: int) -> None:
        """Take back what an attempt held."""

    def stance(self, shape: int, booting: Rooms) -> WaitReason:
        """Why a job of this shape, for which no room is free, does not start here."""

    def serves(self, shape: int, booting: Rooms) -> bool:
        """Whether such a job waits here, so that the next environment of its queue is not tried."""

    def refusal(self, shape: int) -> str:
        """Return why RunTask finds no room for a job of this shape now."""

    def booting_rooms(self) -> Rooms:
        """Return the room of what boots."""

    def cover(self) -> Cover:
        """Return what it covers of demand."""

    def view(self) -> EnvironmentView:
        """Return its vCPUs."""
