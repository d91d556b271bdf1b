"""How long jobs waited, started up and took, overall and by queue, and what the waits were made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.parts import PART_NAMES
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import mean_s, ratio, statistics_s
from batchsim.records.tables import NEVER, Bools


def latency(run: Analysis) -> dict[str, Any]:
    """Return statistics of wait, start-up and turnaround, overall and by queue.

    ``wait_s`` is over jobs whose last wait is over, ``start_up_s`` over jobs that were placed, ``turnaround_s`` over
    jobs that ended after they had been RUNNABLE. Jobs that a dependency failed are in none of them.
    """
    queues = run.records.names.queues
    queue = run.records.submissions.queue[run.records.jobs.submission]
    everyone = np.ones(len(queue), np.bool_)
    return {
        "all": _of(run, everyone),
        "by_queue": {name: _of(run, queue == number) for number, name in enumerate(queues) if np.any(queue == number)},
    }


def _of(run: Analysis, chosen: Bools) -> dict[str, Any]:
    jobs, parts = run.records.jobs, run.parts
    waited = chosen & wait_is_over(run)
    placed = chosen & (jobs.attempts > 0)
    ended = chosen & (jobs.runnable_at_ms != NEVER) & (jobs.ended_at_ms != NEVER)
    return {
        "wait_s": statistics_s(parts.wait[waited]),
        "start_up_s": statistics_s(parts.start_up[placed]),
        "turnaround_s": statistics_s(run.spans.length_ms[ended]),
        "wait_reasons": wait_reasons(run, waited),
        "parts": turnaround_parts(run, ended),
    }


def wait_is_over(run: Analysis) -> Bools:
    """Return which jobs were RUNNABLE and do not wait any more: those whose wait is known."""
    jobs = run.records.jobs
    over = (jobs.waiting_since_ms == NEVER) | (jobs.ended_at_ms != NEVER)
    return np.asarray((jobs.runnable_at_ms != NEVER) & over)


def wait_reasons(run: Analysis, chosen: Bools) -> list[dict[str, Any]]:
    """Return what the chosen jobs' waits were made of, the largest first.

    ``share`` is of all their waiting; ``behind_share`` is the part of the reason's time in which the job was not head.
    """
    found = run.reasons
    at_head, behind = found.at_head[chosen].sum(axis=0), found.behind[chosen].sum(axis=0)
    total, count = int(run.parts.wait[chosen].sum()), int(np.count_nonzero(chosen))
    lines = [
        {
            "reason": reason.text,
            "mean_s": mean_s(int(head + tail), count),
            "share": ratio(int(head + tail), total),
            "behind_share": ratio(int(tail), int(head + tail)),
        }
        for reason, head, tail in zip(found.reasons, at_head, behind, strict=True)
        if head + tail
    ]
    return sorted(lines, key=lambda line: -(line["mean_s"] or 0))


def turnaround_parts(run: Analysis, chosen: Bools) -> dict[str, float | None]:
    """Return the mean of each part of the chosen jobs' turnaround, in seconds."""
    count = int(np.count_nonzero(chosen))
    return {f"{name}_s": mean_s(int(getattr(run.parts, name)[chosen].sum()), count) for name in PART_NAMES}
