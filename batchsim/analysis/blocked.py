"""Queues that a head blocked: how often AWS Batch told of it, for which reason, for how long, and who was cancelled."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.phases import until
from batchsim.analysis.run import Analysis
from batchsim.records.vocabulary import BlockReason


def blocked(run: Analysis) -> dict[str, Any]:
    """Return the heads that were told of, in all and by queue and reason, each in order of its first.

    ``blocked_s`` runs from when a job was head for that reason to when that was over, or the end of the run; ``job_id``
    and ``status_reason`` are those of the first.
    """
    table = run.records.blocked
    keys = np.stack((table.queue, table.reason), axis=1)
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    by_reason = [_one(run, row, np.flatnonzero(group == group[row])) for row in sorted(first.tolist())]
    return {"heads": len(table.job), "cancelled": int(np.count_nonzero(table.cancelled)), "by_reason": by_reason}


def _one(run: Analysis, first: int, rows: np.ndarray[Any, np.dtype[np.intp]]) -> dict[str, Any]:
    table, names = run.records.blocked, run.records.names
    lasted = until(table.until_ms, run.records.horizon_ms)[rows] - table.head_at_ms[rows]
    return {
        "queue": names.queues[int(table.queue[first])],
        "reason": BlockReason(int(table.reason[first])).text,
        "heads": len(rows),
        "cancelled": int(np.count_nonzero(table.cancelled[rows])),
        "blocked_s": int(lasted.sum()) / 1000,
        "first_at_s": int(table.at_ms[first]) / 1000,
        "job_id": str(run.job_ids[table.job[first]]),
        "status_reason": names.status_reasons[int(table.status_reason[first])],
    }
