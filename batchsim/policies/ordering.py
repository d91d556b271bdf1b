"""Queue ordering: the key by which waiting jobs of a FIFO queue stand in line.

Job rows are numbered in file order (entry, occurrence, array index), calls from outside behind them, so a row is
itself the last part of every key.
"""

from __future__ import annotations

from typing import Literal

FifoOrder = Literal["submitted", "runnable"]
RetryPosition = Literal["front", "original", "back"]


def fifo_key(order: FifoOrder, created_ms: int, runnable_ms: int, row: int) -> tuple[int, int, int]:
    """Return a job's place in its queue: by submission (API, FrontOfQueueDetail), or by first RUNNABLE."""
    return (created_ms, 0, row) if order == "submitted" else (runnable_ms, created_ms, row)


def retry_key(
    position: RetryPosition, own: tuple[int, int, int], runnable_ms: int
) -> tuple[bool, tuple[int, int, int]]:
    """Return whether a retried job stands before all that were not retried, and its place there.

    ``own`` is its first place. Front: retried jobs among themselves by their own place (User Guide, "Best practices");
    original: its own place; back: by its new RUNNABLE instant.
    """
    key = (runnable_ms, runnable_ms, own[2]) if position == "back" else own
    return position == "front", key


def serving_order(priorities: list[int]) -> list[int]:
    """Return the queues' positions in the order of service: by priority, then by position in the file."""
    return sorted(range(len(priorities)), key=lambda position: (-priorities[position], position))
