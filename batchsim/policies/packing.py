"""Packing: which instance with room a job goes to; ``engine/fleet.py`` has an index for best fit."""

from __future__ import annotations

from collections.abc import Callable
from sys import maxsize
from typing import NamedTuple

Size = tuple[int, int, int]
"""vCPUs, MiB, GPUs."""


class Job(NamedTuple):
    """What a job asks of an instance."""

    vcpus: int
    memory_mib: int
    gpus: int


class Room(NamedTuple):
    """What a ready instance still has free, and how large it is. ``age`` is its launch number, least for the oldest."""

    age: int
    vcpus: int
    memory_mib: int
    gpus: int
    of_vcpus: int = 0
    """The whole instance's."""
    of_memory_mib: int = 0
    """The whole instance's usable memory."""
    of_gpus: int = 0
    jobs: int = 0
    """Jobs that it holds."""
    zone: int = 0
    """Position among the scenario's zones."""
    spot: bool = False

    def holds(self, job: Job) -> bool:
        """Whether there is room for the job."""
        return self.vcpus >= job.vcpus and self.memory_mib >= job.memory_mib and self.gpus >= job.gpus


Packing = Callable[[Job, tuple[Room, ...]], Room]
"""Given a job and the rooms of one environment that hold it, oldest first and at least one: the room that it takes.

A job at the head of its queue for which there is room is placed: a packing chooses where, not whether.
"""


def best_fit(job: Job, rooms: tuple[Room, ...]) -> Room:  # noqa: ARG001 (one signature for all packings)
    """Least free vCPU, then least free memory, then the oldest (ECS "binpack"; AWS publishes no rule)."""
    return min(rooms, key=lambda room: (room.vcpus, room.memory_mib, room.age))


def worst_fit(job: Job, rooms: tuple[Room, ...]) -> Room:  # noqa: ARG001 (one signature for all packings)
    """Most free vCPU, then most free memory, then the oldest (ECS "spread")."""
    return min(rooms, key=lambda room: (-room.vcpus, -room.memory_mib, room.age))


def first_fit(job: Job, rooms: tuple[Room, ...]) -> Room:  # noqa: ARG001 (one signature for all packings)
    """The oldest."""
    return min(rooms, key=lambda room: room.age)


PACKINGS: dict[str, Packing] = {"best_fit": best_fit, "worst_fit": worst_fit, "first_fit": first_fit}
"""The values of ``world.packing``."""


def count_that_fit(room: Size, job: Size) -> int:
    """Return how many equal jobs a room takes; a job asks for something."""
    most = room[0] // job[0] if job[0] else maxsize
    # Written out, since demand is measured by it a hundred thousand times a run; few jobs ask for GPUs.
    if job[1]:
        most = min(most, room[1] // job[1])
    return min(most, room[2] // job[2]) if job[2] else most
