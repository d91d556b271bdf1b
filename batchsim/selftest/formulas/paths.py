"""Waits that are known job by job: the recursion of Kiefer and Wolfowitz, and a generator of traces to feed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapreplace


def kiefer_wolfowitz(jobs: Iterable[tuple[int, int]], servers: int) -> list[int]:
    """The wait of each job in G/G/c, first come first served (Kiefer and Wolfowitz 1955; Lindley 1952 for one server).

    ``jobs`` are (arrival, service) in order of arrival, in any whole unit of time; so are the waits.
    """
    free_at = [0] * servers
    waits = []
    for arrival, service in jobs:
        start = max(arrival, free_at[0])
        heapreplace(free_at, start + service)
        waits.append(start - arrival)
    return waits


def lcg_trace(count: int, lo_gap: int, hi_gap: int, lo_service: int, hi_service: int) -> Iterator[tuple[int, int]]:
    """(arrival, service) of ``count`` jobs from a generator of 31 bits: two draws a job, of its gap and its service.

    x(0) = 12345, x -> (1103515245 x + 12345) mod 2^31; a draw is low + (x >> 8) mod (high - low + 1).
    """
    state, arrival = 12345, 0
    for _ in range(count):
        state = _next(state)
        arrival += lo_gap + (state >> 8) % (hi_gap - lo_gap + 1)
        state = _next(state)
        yield arrival, lo_service + (state >> 8) % (hi_service - lo_service + 1)


def _next(state: int) -> int:
    return (1103515245 * state + 12345) % 2**31
