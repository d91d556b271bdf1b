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


def back_key(runnable_ms: int, row: int) -> tuple[int, int, int]:
    """Return the place of a retried job that goes to the back: by its new RUNNABLE instant, behind equal ones."""
    return (runnable_ms, runnable_ms, row)


def serving_order(priorities: list[int]) -> list[int]:
    """Return the queues' positions in the order of service: by priority, then by position in the file."""
    return sorted(range(len(priorities)), key=lambda position: (-priorities[position], position))
