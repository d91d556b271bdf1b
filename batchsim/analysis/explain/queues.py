"""A queue's waits over time: in equal stretches of it, how many jobs waited on average, and for which reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from batchsim.analysis.explain.lines import Line
from batchsim.analysis.explain.tables import RunTables
from batchsim.analysis.typed import Int64s

STRETCHES = 12


@dataclass(frozen=True, slots=True)
class QueueStretch:
    """A stretch of time in one queue."""

    start_s: float
    end_s: float
    waiting: float
    """Jobs that waited, on average."""
    waited_s: dict[str, float]
    """Job-seconds by the head's reason, the longest first."""


@dataclass(frozen=True, slots=True)
class QueueWaits:
    """What the jobs of a queue waited for."""

    queue: str
    jobs: int
    waited_s: dict[str, float]
    """Job-seconds by reason over the whole run, the longest first."""
    behind_s: float
    """How much of that was spent behind a head."""
    stretches: tuple[QueueStretch, ...]
    started_at: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def queue_waits(run: RunTables, queue: str, stretches: int = STRETCHES) -> QueueWaits:
    """Sum up a queue's waits, all lines of a fair-share queue together."""
    mine = run.jobs.among("queue", queue)
    shares = [share for share in run.jobs.words("share") if (mine & run.jobs.among("share", share)).any()]
    lines = [Line(run, queue, share) for share in shares]
    starts = np.concatenate([line.waits.start_ms for line in lines] or [_NONE])
    ends = np.concatenate([line.waits.end_ms for line in lines] or [_NONE])
    edges = _edges(starts, ends, stretches)
    areas = _added([_areas(run, line, edges) for line in lines])
    behind = sum(int((line.heads_ms - line.waits.start_ms).sum()) for line in lines)
    return QueueWaits(
        queue=queue,
        jobs=int(mine.sum()),
        waited_s=_ordered({reason: int(column.sum()) for reason, column in areas.items()}),
        behind_s=behind / 1000,
        stretches=tuple(_stretch(edges, at, areas) for at in range(len(edges) - 1)),
        started_at=run.settings.started_at,
    )


def _edges(starts: Int64s, ends: Int64s, stretches: int) -> Int64s:
    """From the first wait to the end of the last, in whole milliseconds."""
    lasting = ends > starts
    if not lasting.any():
        return _NONE
    first, last = int(starts[lasting].min()), int(ends[lasting].max())
    return np.unique(np.linspace(first, last, stretches + 1).round().astype(np.int64))


def _areas(run: RunTables, line: Line, edges: Int64s) -> dict[str, Int64s]:
    """Job-milliseconds of one line by reason, in each stretch between two edges."""
    if not len(edges) or not len(line.at_ms):
        return {}
    cuts = np.unique(np.concatenate((edges, line.at_ms[(line.at_ms > edges[0]) & (line.at_ms < edges[-1])])))
    waited = np.diff(_waited_before(line.waits.start_ms, line.waits.end_ms, cuts))
    reasons = run.timeline.text_of("reason", line.rows_at(cuts[:-1]))
    bucket = np.searchsorted(edges, cuts[:-1], side="right") - 1
    found: dict[str, Int64s] = {}
    for reason in dict.fromkeys(reasons.tolist()):
        rows, column = reasons == reason, np.zeros(len(edges) - 1, np.int64)
        np.add.at(column, bucket[rows], waited[rows])
        if column.any():
            found[str(reason)] = column
    return found


def _waited_before(starts: Int64s, ends: Int64s, cuts: Int64s) -> Int64s:
    """How many job-milliseconds had been waited before each instant."""

    def passed(instants: Int64s) -> Int64s:
        ordered = np.sort(instants)
        summed = np.concatenate(([0], np.cumsum(ordered)))
        count = np.searchsorted(ordered, cuts, side="left")
        return np.asarray(count * cuts - summed[count], np.int64)

    return passed(starts) - passed(ends)


def _added(columns: list[dict[str, Int64s]]) -> dict[str, Int64s]:
    found: dict[str, Int64s] = {}
    for each in columns:
        for reason, column in each.items():
            found[reason] = found[reason] + column if reason in found else column
    return found


def _stretch(edges: Int64s, at: int, areas: dict[str, Int64s]) -> QueueStretch:
    start, end = int(edges[at]), int(edges[at + 1])
    waited = {reason: int(column[at]) for reason, column in areas.items() if column[at]}
    return QueueStretch(start / 1000, end / 1000, sum(waited.values()) / (end - start), _ordered(waited))


def _ordered(waited_ms: dict[str, int]) -> dict[str, float]:
    return {reason: waited_ms[reason] / 1000 for reason in sorted(waited_ms, key=lambda reason: -waited_ms[reason])}


_NONE = np.zeros(0, np.int64)
