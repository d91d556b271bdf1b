"""Backfilling: whether a job may start now on a host where room is promised to jobs ahead of it, by estimated times.

Aggressive is EASY backfilling (one promise, to the head), conservative promises room to every job ahead. Both are
what-ifs: AWS Batch does not backfill (User Guide, "Jobs stuck in RUNNABLE status").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from batchsim.policies.packing import Size

FOREVER = 1 << 62


class Use(NamedTuple):
    """Room of one host that is in use, or promised, from one instant to just before another."""

    from_ms: int
    to_ms: int
    size: Size


def has_room(capacity: Size, uses: Iterable[Use], job: Size, from_ms: int, to_ms: int) -> bool:
    """Whether a host has room for a job at every instant from ``from_ms`` to just before ``to_ms``."""
    meanwhile = [use for use in uses if use.from_ms < to_ms and use.to_ms > from_ms]
    instants = {max(use.from_ms, from_ms) for use in meanwhile} | {from_ms}
    return all(_fits(capacity, meanwhile, job, instant) for instant in instants)


def earliest_start(capacity: Size, uses: Iterable[Use], job: Size, now_ms: int, length_ms: int) -> int | None:
    """Return the first instant from which a host has room for a job of that length; None where there is none."""
    known = list(uses)
    frees = {use.to_ms for use in known if now_ms < use.to_ms < FOREVER}
    return next((at for at in (now_ms, *sorted(frees)) if has_room(capacity, known, job, at, at + length_ms)), None)


def _fits(capacity: Size, uses: list[Use], job: Size, at_ms: int) -> bool:
    vcpus, memory_mib, gpus = job
    for from_ms, to_ms, size in uses:
        if from_ms <= at_ms < to_ms:
            vcpus, memory_mib, gpus = vcpus + size[0], memory_mib + size[1], gpus + size[2]
    return vcpus <= capacity[0] and memory_mib <= capacity[1] and gpus <= capacity[2]
