"""The invariants that every run must satisfy, as small functions over its tables (:mod:`batchsim.analysis.check`)."""

from __future__ import annotations

from batchsim.analysis.invariants import (
    beside,
    bills,
    blocked,
    capacity,
    consumables,
    control,
    dependencies,
    hosts,
    images,
    launches,
    lifecycle,
    limits,
    notifications,
    order,
    platforms,
    progress,
    recurring,
    references,
    retries,
    revisions,
    shares,
    timeline,
    totals,
    waits,
)
from batchsim.analysis.invariants.registry import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    *references.INVARIANTS,
    *lifecycle.INVARIANTS,
    *retries.INVARIANTS,
    *progress.INVARIANTS,
    *dependencies.INVARIANTS,
    *hosts.INVARIANTS,
    *capacity.INVARIANTS,
    *launches.INVARIANTS,
    *order.INVARIANTS,
    *platforms.INVARIANTS,
    *limits.INVARIANTS,
    *timeline.INVARIANTS,
    *blocked.INVARIANTS,
    *images.INVARIANTS,
    *waits.INVARIANTS,
    *bills.INVARIANTS,
    *beside.INVARIANTS,
    *totals.INVARIANTS,
    *recurring.INVARIANTS,
    *notifications.INVARIANTS,
    *consumables.INVARIANTS,
    *control.INVARIANTS,
    *revisions.INVARIANTS,
    *shares.INVARIANTS,
)
"""All of them, in the order in which violations are told: what exists, what happened, who waited, what it cost."""
