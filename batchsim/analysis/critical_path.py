"""The critical path of each workflow: the chain of jobs, each of which let the next one go, that ends with its end.

Backward from the job that ended last (of equals the first in the file), through what bound each job's start: the
dependency that ended last, or the end that its submission came after; else its own submission, at which a path begins.
A job's segment is cut into parts, each from its own two instants: coming and being submitted, dependency, waiting by
reason, start-up, earlier attempts, running. The segments of a path follow one another, so the parts of a path add up
to the workflow's makespan, from its first due instant to its last end, to the millisecond.

A wait for capacity does not lead to another job: who held the room is nobody's dependency, and had he ended sooner,
another might have had it. The path goes on through the wait itself, with its reasons; ``freed_by`` names the job whose
end made the room that was taken (on instances; on Fargate there is no such job).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.frame import Columns, duration, pick, seconds, texts, words
from batchsim.analysis.occurrences import firings
from batchsim.records.tables import NEVER, Bools
from batchsim.records.vocabulary import JobState, WaitReason

if TYPE_CHECKING:
    from batchsim.analysis.run import Analysis

REASONS = tuple(reason for reason in WaitReason if reason)
WAITS = tuple(f"wait_{reason.text}" for reason in REASONS)
SEGMENT_PARTS = (
    "arrival",
    "throttled",
    "dependency",
    *WAITS,
    "retry_delay",
    "provisioning",
    "image_pull",
    "container_start",
    "earlier_running",
    "last_running",
)
"""What a segment is made of, in order of time within one attempt.

``arrival`` runs from the workflow's first due instant, or from what the submission came after, to when the job was due.
``dependency`` is SUBMITTED and PENDING, for a job that a dependency let go only what followed on its end.
"""


@dataclass(frozen=True, slots=True, eq=False)
class CriticalPath:
    """Every job's segment, and which of them are on the path of its workflow. Shape of each column: (jobs,)."""

    parts: Int64s
    """Of each segment, in ms. Shape: (jobs, parts), in the order of :data:`SEGMENT_PARTS`."""
    step: Int64s
    """Place on the path, from 1; NEVER off it."""
    freed_by: Int64s
    """The job whose end made the room that the last attempt took while it waited, or NEVER."""
    path_length: Int64s
    """Number of jobs on the path of each workflow. Shape: (workflows,)."""

    @property
    def on_path(self) -> Bools:
        """Which jobs are on a path."""
        return np.asarray(self.step != NEVER)


def critical(run: Analysis) -> CriticalPath:
    """Return all paths of a run. O(jobs), vectorised but for one step a link of the longest path."""
    from_end, length = _walk(run)
    workflow = run.graph.workflow
    step = np.where(from_end == NEVER, NEVER, np.append(length, 0)[workflow] - from_end)
    return CriticalPath(_segments(run), step, _freed_by(run), length)


def _walk(run: Analysis) -> tuple[Int64s, Int64s]:
    """How many jobs of a path come after each of its jobs (NEVER off the paths), and the length of each path."""
    graph, end = run.graph, run.spans.end_ms
    here = np.flatnonzero(graph.workflow != NEVER)
    order = here[np.lexsort((here, -end[here], graph.workflow[here]))]
    current = order[np.r_[True, np.diff(graph.workflow[order]) != 0]] if len(order) else order
    from_end, length = np.full(len(end), NEVER, np.int64), np.zeros(len(graph.due_ms), np.int64)
    while len(current):
        from_end[current] = length[graph.workflow[current]]
        length[graph.workflow[current]] += 1
        current = graph.bound_by[current]
        current = current[current != NEVER]
    return from_end, length


def _segments(run: Analysis) -> Int64s:
    """The parts of every segment; a job of no workflow has none."""
    graph, spans, parts, jobs = run.graph, run.spans, run.parts, run.records.jobs
    released = np.where(jobs.runnable_at_ms == NEVER, spans.end_ms, int64(jobs.runnable_at_ms))
    bound = graph.by_dependency
    columns = {
        "arrival": np.where(bound, 0, spans.due_ms - graph.start_ms),
        "throttled": np.where(bound, 0, parts.throttled),
        "dependency": np.where(bound, released - graph.start_ms, parts.dependency),
        **dict(zip(WAITS, map(run.reasons.of, REASONS), strict=True)),
        **{name: getattr(parts, name) for name in SEGMENT_PARTS[3 + len(WAITS) :]},
    }
    table = np.stack([columns[name] for name in SEGMENT_PARTS], axis=1)
    table[graph.workflow == NEVER] = 0
    return np.asarray(table, np.int64)


def _freed_by(run: Analysis) -> Int64s:
    """The job whose attempt was the last to end on the instance that a job's last attempt took, while it waited."""
    attempts, end = run.records.attempts, run.phases.end_ms
    found = np.full(len(run.records.jobs.state), NEVER, np.int64)
    hosted = np.flatnonzero(attempts.instance != NEVER)
    if not len(hosted):
        return found
    host, rows = int64(attempts.instance), np.arange(len(end))
    order = hosted[np.lexsort((-rows[hosted], end[hosted], host[hosted]))]
    span = run.records.horizon_ms + 1
    at = np.searchsorted((host * span + end)[order], host[hosted] * span + run.phases.starting_ms[hosted], side="right")
    before = order[np.maximum(at - 1, 0)]
    freed = (at > 0) & (host[before] == host[hosted]) & (end[before] > attempts.runnable_at_ms[hosted])
    found[attempts.job[hosted]] = np.where(freed, attempts.job[before], NEVER)  # rows stand in order of placement
    return found


def workflow_parts(run: Analysis) -> Int64s:
    """Return the parts of each workflow's path, in ms. Shape: (workflows, parts)."""
    path, graph = run.critical, run.graph
    total = np.zeros((len(graph.due_ms), len(SEGMENT_PARTS)), np.int64)
    np.add.at(total, graph.workflow[path.on_path], path.parts[path.on_path])
    return total


def critical_path_check(run: Analysis) -> list[str]:
    """Return a sentence for each workflow whose path does not add up to its makespan, and for each negative part."""
    graph, total = run.graph, workflow_parts(run).sum(axis=1)
    length = graph.end_ms - graph.due_ms
    wrong = np.flatnonzero(total != length).tolist()
    problems = [f"workflow {row}: its path sums to {total[row]} ms, should be {length[row]} ms" for row in wrong]
    negative = np.argwhere(run.critical.parts < 0).tolist()
    problems += [f"job {row}: {SEGMENT_PARTS[part]} of its segment is negative" for row, part in negative]
    return problems


def dominant(parts: Int64s) -> NDArray[np.object_]:
    """Return the name of the largest part of each row, of equals the first; empty where all are 0."""
    names = np.array([*SEGMENT_PARTS, ""], dtype=object)
    largest = np.argmax(parts, axis=1) if len(parts) else np.zeros(0, np.int64)
    return np.asarray(names[np.where(parts.any(axis=1), largest, len(SEGMENT_PARTS))])


def critical_path_columns(run: Analysis) -> Columns:
    """One row a job of a workflow, by workflow, its path first and in order: what bound it, its segment, its slack.

    ``workflow`` numbers workflows from 0; ``entry`` and ``occurrence`` are those of its first firing, as in
    ``occurrences``. ``start_s`` to ``end_s`` is the job's segment, the ``_s`` columns after these are its parts and add
    up to it; ``dominant_part`` is the largest. ``step`` is the place on the path. ``bound_by`` let the job go
    (``bound_as`` ``dependency``, or ``after`` for a submission that came after its end); empty: its own submission.
    ``slack_s``: how much later the job could have ended without moving the end of its workflow. An unfinished job
    (``censored``) ends at the horizon.
    """
    import pandas as pd

    graph, path, spans = run.graph, run.critical, run.spans
    rows = _in_order(run)
    entry, occurrence = first_firings(run)
    workflow = graph.workflow[rows]
    return {
        "workflow": workflow,
        "entry": words(entry[workflow], run.records.names.entries),
        "occurrence": occurrence[workflow],
        "job_id": pick(run.job_ids, rows),
        "state": words(run.records.jobs.state[rows], texts(JobState)),
        "is_critical": path.on_path[rows],
        "step": pd.arrays.IntegerArray(path.step[rows], path.step[rows] == NEVER),
        "bound_by": pick(run.job_ids, graph.bound_by[rows]),
        "bound_as": words(_bound_as(run)[rows], _BOUND_AS),
        "freed_by": pick(run.job_ids, path.freed_by[rows]),
        "start_s": seconds(graph.start_ms[rows]),
        "end_s": seconds(spans.end_ms[rows]),
        **{f"{name}_s": duration(path.parts[rows, at]) for at, name in enumerate(SEGMENT_PARTS)},
        "dominant_part": pd.Categorical(_or_none(dominant(path.parts[rows])), categories=SEGMENT_PARTS),
        "censored": spans.censored[rows],
        "slack_s": seconds(run.slack_ms[rows]),
    }


_BOUND_AS = ("dependency", "after")


def _bound_as(run: Analysis) -> Int64s:
    graph = run.graph
    return np.where(graph.bound_by == NEVER, NEVER, np.where(graph.by_dependency, 0, 1))


def _or_none(names: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([name or None for name in names.tolist()], dtype=object)


def _in_order(run: Analysis) -> Int64s:
    """Jobs by workflow, those of its path first and in order, then by the start of their segments."""
    graph, path = run.graph, run.critical
    here = np.flatnonzero(graph.workflow != NEVER)
    order = np.lexsort((here, graph.start_ms[here], path.step[here], ~path.on_path[here], graph.workflow[here]))
    return np.asarray(here[order])


def first_firings(run: Analysis) -> tuple[Int64s, Int64s]:
    """Return the entry and occurrence of each workflow's first firing, as in ``occurrences``."""
    group, number, of_call = firings(run.records)
    firing, workflow = of_call[run.records.jobs.submission], run.graph.workflow
    here = workflow != NEVER
    first = np.full(len(run.graph.due_ms), len(group), np.int64)
    np.minimum.at(first, workflow[here], firing[here])
    return group[first], number[first]
