"""Pieces of one task over long columns, side by side: numpy, pandas and Arrow let go of the interpreter at work.

Threads, not processes: the columns are large, and all pieces read the same.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Found = TypeVar("Found")

FEW_THREADS = 256
"""Of a user, all processes taken together: where they may not have more, each new one may be the one too many."""


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_confined() -> bool:
    """Whether memory or threads are short by decree: libraries that get none of either abort the process."""
    threads = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    is_bounded = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    return is_bounded or 0 <= threads < FEW_THREADS


def side_by_side(work: Callable[[Piece], Found], pieces: Sequence[Piece], workers: int) -> list[Found]:
    """What ``work`` makes of each piece, in their order, on so many threads; on none if there is but one worker.

    Two pieces may read the same things, and fill the same caches, at once: what both then make has to be the same. What
    a piece raises is raised, the first in order of the pieces; those that nobody has begun by then are left.
    """
    if workers <= 1:
        return [work(piece) for piece in pieces]
    pool = ThreadPoolExecutor(workers)
    try:
        futures = _begun(pool, work, pieces)
        return [future.result() for future in futures] if futures else [work(piece) for piece in pieces]
    finally:
        pool.shutdown(cancel_futures=True)


def _begun(
    pool: ThreadPoolExecutor, work: Callable[[Piece], Found], pieces: Sequence[Piece]
) -> list[Future[Found]] | None:
    """The pieces as handed out; None where the system gives no thread, for which there may be too little memory."""
    try:
        return [pool.submit(work, piece) for piece in pieces]
    except RuntimeError:
        return None
