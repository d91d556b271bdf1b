"""Packing: which instance with room a job goes to; ``engine/fleet.py`` has an index for best fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Room(NamedTuple):
    """What an instance still has free; ``age`` is its launch number, least for the oldest."""

    age: int
    vcpus: int
    memory_mib: int
    gpus: int


Size = tuple[int, int, int]
"""vCPUs, MiB, GPUs."""


def count_that_fit(room: Size, job: Size) -> int:
    """Return how many equal jobs a room takes."""
    return min(have // want for have, want in zip(room, job, strict=True) if want)


Packing = Callable[[Iterable[Room]], Room | None]
"""Given the rooms that fit a job, the one it takes."""


def best_fit(rooms: Iterable[Room]) -> Room | None:
    """Least free vCPU, then least free memory, then the oldest (ECS "binpack"; AWS publishes no rule)."""
    return min(rooms, key=lambda room: (room.vcpus, room.memory_mib, room.age), default=None)


def worst_fit(rooms: Iterable[Room]) -> Room | None:
    """Most free vCPU, then most free memory, then the oldest (ECS "spread")."""
    return min(rooms, key=lambda room: (-room.vcpus, -room.memory_mib, room.age), default=None)


def first_fit(rooms: Iterable[Room]) -> Room | None:
    """The oldest."""
    return min(rooms, key=lambda room: room.age, default=None)


PACKINGS: dict[str, Packing] = {"best_fit": best_fit, "worst_fit": worst_fit, "first_fit": first_fit}
