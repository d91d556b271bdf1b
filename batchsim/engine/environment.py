"""What the scheduler, the demand meter and whoever looks in ask of a compute environment, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from batchsim.engine.plan import EnvironmentPlan
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason


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
    valid: bool
    """Whether its status is not INVALID."""
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

    def release(self, attempt: int) -> None:
        """Take back what an attempt held."""

    def stance(self, shape: int, booting: Rooms) -> WaitReason:
        """Why a job of this shape, for which no room is free, does not start here."""

    def serves(self, shape: int, booting: Rooms) -> bool:
        """Whether such a job waits here, so that the next environment of its queue is not tried."""

    def may_grow_for(self, shape: int) -> bool:
        """Whether an instance that holds a job of this shape may be launched now."""

    def is_short(self, shape: int) -> bool:
        """Whether a job of this shape that was tried last finds too little of a consumable resource."""

    def may_free(self, shape: int) -> bool:
        """Whether room for a job of this shape may come as jobs end, where maxvCpus or a quota is used up."""

    def would_hold(self, shape: int) -> bool:
        """Whether a type that EC2 does not sell in the environment's zones would hold a job of this shape."""

    def takes(self, shape: int) -> bool:
        """Whether jobs of this shape may start here at all."""

    def has_room(self, shape: int, *, holds: bool = False) -> bool:
        """Whether a job of this shape would find room now; ``holds``: it has its consumable resources already."""

    def refusal(self, shape: int) -> str:
        """Return why RunTask finds no room for a job of this shape now."""

    def booting_rooms(self) -> Rooms:
        """Return the room of what boots."""

    def view(self) -> EnvironmentView:
        """Return its vCPUs."""


def held_by(environments: Sequence[Environment], free: Sequence[int], whole: Sequence[int], shape: int) -> int:
    """Return which environment of a queue (``whole``) a job waits for that none of the ``free`` ones serves.

    The last free one in which it may start; else the last that somebody holds already; else, in vain, the queue's last.
    """
    ordered = (*reversed(free), *reversed(whole))
    return next((each for each in ordered if environments[each].takes(shape)), whole[-1])
