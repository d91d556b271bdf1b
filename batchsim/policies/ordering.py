"""Ordering: the place of a waiting job in its queue's line, and the order in which queues are served.

Job rows are numbered in file order (entry, occurrence, array index), calls from outside behind them, so a row is
itself the last part of every key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

FifoOrder = Literal["submitted", "runnable"]
RetryPosition = Literal["front", "original", "back"]
Key = int | float | tuple[int | float, ...]
"""A place in line: the least is served first. Equal keys are served in the order of the file."""


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job that takes its place in line: RUNNABLE for the first time, or again after an attempt."""

    entry: str
    """Its workload entry's id."""
    queue: str
    definition: str
    """``name:revision`` of its job definition."""
    vcpus: float
    memory_mib: int
    gpus: int
    timeout_s: int | None
    """``attemptDurationSeconds``: the longest that an attempt may run."""
    attempts: int
    """Attempts made so far: 0 the first time."""
    created_at_ms: int
    """When SubmitJob took it, or its array."""
    first_runnable_at_ms: int
    runnable_at_ms: int
    """The instant at which it joins the line."""


JobOrder = Callable[[WaitingJob], Key]
"""Given a job that joins a line: its key. It is asked once for all children of an array that join together."""


@dataclass(frozen=True, slots=True)
class WaitingQueue:
    """A queue when a scheduling pass begins."""

    position: int
    """In the file: the last word in every tie."""
    name: str
    priority: int
    jobs: int
    """Jobs that wait in it."""
    head: WaitingJob | None
    """The first in line; None where nothing waits."""


QueueOrder = Callable[[tuple[WaitingQueue, ...]], Sequence[WaitingQueue]]
"""Given all queues in file order: the same in the order in which the pass serves them.

Each queue goes as far as it can before the next, and only its head may start.
"""


# -- AWS's rules, as the engine keeps them


def fifo_key(order: FifoOrder, created_ms: int, runnable_ms: int, row: int) -> tuple[int, int, int]:
    """Return a job's place in its queue: by submission (API, FrontOfQueueDetail), or by first RUNNABLE."""
    return (created_ms, 0, row) if order == "submitted" else (runnable_ms, created_ms, row)


def retry_key(
    position: RetryPosition, own: tuple[int, int, int], runnable_ms: int
) -> tuple[bool, tuple[int, int, int]]:
    """Return whether a retried job stands before all that were not retried, and its place there.

    ``own`` is its first place. Front: retried jobs among themselves by their own place (User Guide, "Best practices");
    original: its own place; back: that which it would have, had it come (by either order) at its new RUNNABLE instant.
    """
    key = (runnable_ms, *own[1:]) if position == "back" else own
    return position == "front", key


def serving_order(priorities: list[int]) -> list[int]:
    """Return the queues' positions in the order of service: by priority, then by position in the file."""
    return sorted(range(len(priorities)), key=lambda position: (-priorities[position], position))


# -- and the same as policies: to build upon, and for the test that nobody can tell them apart


def fifo(order: FifoOrder = "submitted", retried: RetryPosition = "front") -> JobOrder:
    """Return AWS's FIFO order as a policy, with ``world.fifo_order`` and ``world.retry_position`` as given."""

    def place(job: WaitingJob) -> Key:
        own = (job.created_at_ms, 0) if order == "submitted" else (job.first_runnable_at_ms, job.created_at_ms)
        if job.attempts and retried == "back":
            own = (job.runnable_at_ms, own[1])
        return (0 if job.attempts and retried == "front" else 1, *own)

    return place


def by_priority(queues: tuple[WaitingQueue, ...]) -> Sequence[WaitingQueue]:
    """Order queues as AWS does: by priority, then by their place in the file."""
    return sorted(queues, key=lambda queue: (-queue.priority, queue.position))
