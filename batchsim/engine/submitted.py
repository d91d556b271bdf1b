"""How many jobs are in SUBMITTED: the service takes no more than a million at once (User Guide, "Service quotas").

A job stays SUBMITTED until the scheduler looks at it, at the first multiple of ``scheduler_cycle`` at or after its
submission; an array counts by its children.
"""

from __future__ import annotations

TOO_MANY_SUBMITTED = "Too many jobs in the SUBMITTED state"
"""Why a call is refused."""


class SubmittedJobs:
    """Counts the jobs that were submitted since the scheduler last looked."""

    def __init__(self, limit: int | None, cycle_ms: int) -> None:
        """``limit``: jobs that may be SUBMITTED at once; None: any number."""
        self._limit = limit
        self._cycle_ms = cycle_ms
        self._looked_at_ms = -1
        self._jobs = 0

    def add(self, jobs: int, now_ms: int) -> bool:
        """Count the jobs of one call, and return True; False where they would be too many."""
        if self._limit is None:
            return True
        cycle = self._cycle_ms
        looked_at_ms = -(-now_ms // cycle) * cycle if cycle else now_ms
        if looked_at_ms != self._looked_at_ms:
            self._looked_at_ms, self._jobs = looked_at_ms, 0
        if self._jobs + jobs > self._limit:
            return False
        self._jobs += jobs
        return True
