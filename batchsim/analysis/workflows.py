"""What each workflow's critical path comes to, and which part of it is the lever: what would shorten it most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.critical_path import SEGMENT_PARTS, WAITS, first_firings, workflow_parts
from batchsim.analysis.exact import Int64s
from batchsim.analysis.frame import Columns, duration, pick, seconds, words
from batchsim.analysis.statistics import ratio
from batchsim.records.tables import NEVER

if TYPE_CHECKING:
    from batchsim.analysis.run import Analysis

_START_UP = ("provisioning", "image_pull", "container_start")
LEVERS = ("arrival", "throttled", "dependency", *WAITS, "retry_delay", "start_up", "earlier_running", "last_running")
"""The parts of a path that one thing would shorten; start-up is one of them."""

MOST_TOLD = 5
"""So many workflows, the longest, are in the summary."""

MOST_STEPS = 40
"""So many steps of a path are in the summary."""


@dataclass(frozen=True, slots=True, eq=False)
class Workflows:
    """One row a workflow. Shape of each: (workflows,), but for ``levers``: (workflows, levers)."""

    jobs: Int64s
    path_jobs: Int64s
    levers: Int64s
    """In ms, in the order of :data:`LEVERS`."""
    lever: Int64s
    """The largest one; of equals the first."""
    lever_job: Int64s
    """The job of the path that has most of it; NEVER where the path has no length."""
    unfinished: Int64s
    """Jobs that had not ended."""


def workflows(run: Analysis) -> Workflows:
    """Return what the paths of all workflows come to."""
    graph, path = run.graph, run.critical
    size = len(graph.due_ms)
    here = graph.workflow != NEVER
    levers = lever_lengths(workflow_parts(run))
    lever = np.argmax(levers, axis=1) if size else np.zeros(0, np.int64)
    rows = np.flatnonzero(path.on_path)
    share = lever_lengths(path.parts[rows])[np.arange(len(rows)), lever[graph.workflow[rows]]]
    rows = rows[np.lexsort((path.step[rows], -share, graph.workflow[rows]))]
    firsts = rows[np.r_[True, np.diff(graph.workflow[rows]) != 0]] if len(rows) else rows
    return Workflows(
        jobs=np.bincount(graph.workflow[here], minlength=size),
        path_jobs=path.path_length,
        levers=levers,
        lever=lever,
        lever_job=np.where(levers.any(axis=1), firsts, NEVER),
        unfinished=np.bincount(graph.workflow[here & run.spans.censored], minlength=size),
    )


def lever_lengths(parts: Int64s) -> Int64s:
    """Return columns of parts as those of levers: the three phases of start-up together."""
    columns = [
        parts[:, [SEGMENT_PARTS.index(name) for name in (_START_UP if lever == "start_up" else (lever,))]].sum(axis=1)
        for lever in LEVERS
    ]
    return np.stack(columns, axis=1)


def workflows_columns(run: Analysis) -> Columns:
    """One row a workflow: its makespan, cut into the parts of its critical path, and the lever that would shorten it.

    ``makespan_s`` runs from the first due instant to the last end (the horizon while a job is unfinished) and is the
    sum of the ``_s`` columns between it and ``lever``. ``lever`` is the largest of these (provisioning, image pull and
    container start together are ``start_up``), ``lever_s`` so many seconds of the path, ``lever_job`` the job on it
    that has most of them.
    """
    graph, found = run.graph, workflows(run)
    entry, occurrence = first_firings(run)
    length = graph.end_ms - graph.due_ms
    largest = found.levers[np.arange(len(length)), found.lever]
    parts = workflow_parts(run)
    return {
        "workflow": np.arange(len(length)),
        "entry": words(entry, run.records.names.entries),
        "occurrence": occurrence,
        "jobs": found.jobs,
        "unfinished": found.unfinished,
        "path_jobs": found.path_jobs,
        "due_s": seconds(graph.due_ms),
        "end_s": seconds(graph.end_ms),
        "makespan_s": duration(length),
        **{f"{name}_s": duration(parts[:, at]) for at, name in enumerate(SEGMENT_PARTS)},
        "lever": words(np.where(found.lever_job == NEVER, NEVER, found.lever), LEVERS),
        "lever_job": pick(run.job_ids, found.lever_job),
        "lever_s": duration(largest),
    }


def longest(run: Analysis) -> dict[str, Any]:
    """Return how many workflows there were and the longest of them, with their paths and levers, for the summary."""
    graph = run.graph
    length = graph.end_ms - graph.due_ms
    rows = np.lexsort((np.arange(len(length)), -length))[:MOST_TOLD].tolist()
    found, entry, occurrence = workflows(run), *first_firings(run)
    told = [
        {
            "entry": run.records.names.entries[int(entry[row])],
            "occurrence": int(occurrence[row]),
            "jobs": int(found.jobs[row]),
            "unfinished": int(found.unfinished[row]),
            "due_s": int(graph.due_ms[row]) / 1000,
            "makespan_s": int(length[row]) / 1000,
            "parts": _parts_s(found, row),
            "lever": _lever(run, found, row),
            "path_jobs": int(found.path_jobs[row]),
            "path": _path(run, row),
        }
        for row in rows
    ]
    return {"count": len(length), "longest": told}


def _parts_s(found: Workflows, row: int) -> dict[str, float]:
    """The parts of a path that are not empty, in seconds; start-up as one."""
    return {name: int(ms) / 1000 for name, ms in zip(LEVERS, found.levers[row], strict=True) if ms}


def _lever(run: Analysis, found: Workflows, row: int) -> dict[str, Any] | None:
    """The largest part of a path; None where it has no length."""
    job = int(found.lever_job[row])
    if job == NEVER:
        return None
    largest, total = int(found.levers[row, found.lever[row]]), int(found.levers[row].sum())
    name = LEVERS[int(found.lever[row])]
    return {"part": name, "length_s": largest / 1000, "share": ratio(largest, total), "job_id": str(run.job_ids[job])}


def _path(run: Analysis, row: int) -> list[dict[str, Any]]:
    """The first steps of a path."""
    path, graph = run.critical, run.graph
    jobs = np.flatnonzero(path.on_path & (graph.workflow == row))
    jobs = jobs[np.argsort(path.step[jobs])][:MOST_STEPS]
    levers = lever_lengths(path.parts[jobs])
    lengths = zip(jobs.tolist(), np.argmax(levers, axis=1).tolist(), np.any(levers, axis=1).tolist(), strict=True)
    return [
        {
            "job_id": str(run.job_ids[job]),
            "start_s": int(graph.start_ms[job]) / 1000,
            "end_s": int(run.spans.end_ms[job]) / 1000,
            "dominant_part": LEVERS[lever] if any_length else None,
        }
        for job, lever, any_length in lengths
    ]
