"""The run in a few dozen equal stretches of time: queue depth, jobs running, vCPUs used, each as its mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.analysis.run import Analysis
from batchsim.analysis.stays import Stays, stays
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState

STRETCHES = 60


def over_time(run: Analysis) -> dict[str, Any]:
    """Return the means between each of ``edges_s`` and the next; no stretch of a run that took no time."""
    edges = np.unique(np.arange(STRETCHES + 1) * run.records.horizon_ms // STRETCHES)
    found, attempts = stays(run, (JobState.RUNNABLE, JobState.RUNNING)), run.records.attempts
    start, end = int64(attempts.starting_at_ms), int64(attempts.ended_at_ms)
    used = grown(edges, start, end, asked(run, run.records.submissions.vcpus_milli))
    return {
        "edges_s": (edges / 1000).tolist(),
        "jobs_runnable": _means(edges, _depth(edges, found[JobState.RUNNABLE])),
        "jobs_running": _means(edges, _depth(edges, found[JobState.RUNNING])),
        "vcpus_used": _means(edges, used / 1000),
    }


def _depth(edges_ms: Int64s, parts: list[Stays]) -> Int64s:
    return int64(sum(grown(edges_ms, each.start_ms, each.end_ms, np.full(len(each.job), each.size)) for each in parts))


def _means(edges_ms: Int64s, integral: Any) -> list[float]:
    """Means between the edges, of what grew to ``integral`` up to each, to three places."""
    return [float(mean) for mean in np.round(np.diff(integral) / np.diff(edges_ms), 3)]


def grown(edges_ms: Int64s, start_ms: Int64s, end_ms: Int64s, size: Int64s) -> Int64s:
    """Return the sum of ``size`` times the time held up to each edge; ends are NEVER where it is held on."""
    over = np.flatnonzero(end_ms != NEVER)
    at = np.concatenate((start_ms, end_ms[over]))
    change = np.concatenate((size, -size[over]))
    first = np.searchsorted(edges_ms, at)  # the first edge that is not before
    level, moment = (np.cumsum(sum_by(first, each, len(edges_ms) + 1))[:-1] for each in (change, change * at))
    return int64(level * edges_ms - moment)
