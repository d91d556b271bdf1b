"""Fair shares: the long run of backlogged shares, and what a reservation leaves free (API, FairsharePolicy)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil


def long_run(weight_factors: Sequence[float]) -> list[float]:
    """The part of the capacity of each share that always has jobs waiting: in proportion to 1/weightFactor."""
    parts = [1 / factor for factor in weight_factors]
    return [part / sum(parts) for part in parts]


def round_of(weight_factors: Sequence[float], most: int = 1000) -> int:
    """The fewest slots of which each share's part is a whole number. ``ValueError`` if it takes more than ``most``."""
    parts = long_run(weight_factors)
    for slots in range(1, most + 1):
        if all(abs(part * slots - round(part * slots)) < 1e-9 * slots for part in parts):
            return slots
    raise ValueError(f"no {most} slots or fewer can be parted in proportion to 1/{list(weight_factors)}")


def left_free(max_vcpus: int, reservation_percent: int, active: int) -> int:
    """vCPUs that a reservation keeps jobs of 1 vCPU from taking: max (r/100)^n, up to whole ones; n active shares."""
    return ceil(Decimal(max_vcpus) * (Decimal(reservation_percent) / 100) ** active)
