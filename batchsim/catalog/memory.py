"""How much of an instance's memory jobs can ask for."""

from __future__ import annotations

from typing import Literal

MemoryModel = Literal["nitro_fit", "ratio", "exact"]


def usable_memory_mib(nominal_mib: int, model: MemoryModel) -> int:
    """Whole MiB that AWS Batch can hand out on an instance of ``nominal_mib``; 8192 gives 7647, 7618 or 8192.

    ``nitro_fit``, the default, is floor(0.9776 x nominal - 329) - 32: a fit to what ECS agents register on Nitro hosts,
    less the 32 MiB that Batch's image reserves (UG:memory-management; recorded runs refute the ratio). ``ratio`` is
    floor(0.93 x nominal), ``exact`` the nominal size.
    """
    if model == "nitro_fit":
        return max(0, nominal_mib * 9776 // 10_000 - 329 - 32)
    return nominal_mib * 93 // 100 if model == "ratio" else nominal_mib
