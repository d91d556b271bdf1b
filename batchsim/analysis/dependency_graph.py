"""What let each job go: the dependency graph of a run as it was recorded, and the workflows that it joins.

A *workflow* is all that hangs together: the entries that fire together (a ``workflow`` of the file, an entry and those
that come ``after`` it), and what depends on them by ``dependsOn``. A job's own *segment* begins where what bound its
start ended, and ends with the job; so the segments of a chain of bindings follow one another without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.occurrences import firings
from batchsim.analysis.parts import Spans
from batchsim.records.tables import NEVER, Bools, Records
from batchsim.records.vocabulary import JobState

DEPENDENCY_FAILED = "Dependent Job failed"
PLAIN, SEQUENTIAL, N_TO_N = range(3)
"""Kinds of dependencies, as :class:`~batchsim.records.tables.Dependencies` has them."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """One row a job and a dependency of it, the array as a whole standing for its last child. Shape: (links,)."""

    job: Int64s
    parent: Int64s
    """The job that ended last of what is waited for."""
    call: Int64s
    """The call that is waited for."""
    at_ms: Int64s
    """When it was over; the horizon where it was not."""
    failed: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Who let whom go. Shape of each column: (jobs,), but for ``due_ms`` and ``end_ms``: (workflows,)."""

    workflow: Int64s
    """Number of the job's workflow; NEVER for a job that was not due, or whose call was refused."""
    due_ms: Int64s
    end_ms: Int64s
    """The end of the workflow's last job; the horizon while one is unfinished."""
    bound_by: Int64s
    """The job whose end let this one go, or NEVER: then its submission did."""
    start_ms: Int64s
    """Its end; else when the workflow was due."""
    by_dependency: Bools
    """Whether it was a dependency; else, where there is a job, the end that the submission came after."""
    ready_ms: Int64s
    """When all that was waited for was over, and had been looked at."""
    came_after: Int64s
    """The last job of the firing that the job's submission came after (``at: {after: …}``), or NEVER."""
    decided_by: Int64s
    """The one call whose failure decided the job's fate; :data:`ALL`, or :data:`NOBODY`."""


ALL, NOBODY = -1, -2
"""All dependencies had to end; or none of them had to, since the job was stopped before."""


def dependency_graph(records: Records, spans: Spans) -> Graph:
    """Read off the records what bound each job's start. O(jobs x dependencies of each), vectorised."""
    here = takes_part(records, spans)
    workflow, due, end = _workflows(records, spans, here)
    found = links(records, spans, here)
    last, first_failed = _first(found, int64(np.lexsort((found.parent, -found.at_ms, found.job)))), _first_failed(found)
    looked_at = _looked_at(records, spans)
    bound, ready, decided_by = _binding(records, spans, found, last, first_failed, looked_at)
    by_dependency = bound != NEVER
    came_after = _followed(records, spans, here)
    bound = np.where(here, np.where(by_dependency, bound, came_after), NEVER)
    start = np.where(bound == NEVER, _pick(due, workflow), _pick(spans.end_ms, bound))
    return Graph(workflow, due, end, bound, start, by_dependency & here, ready, came_after, decided_by)


def takes_part(records: Records, spans: Spans) -> Bools:
    """Return which jobs were due and not refused for good: what is part of a workflow. Shape: (jobs,)."""
    calls = records.submissions
    refused = (calls.created_at_ms == NEVER) & (calls.status_reason > 0)
    return np.asarray(spans.was_due & ~refused[records.jobs.submission])


def _workflows(records: Records, spans: Spans, here: Bools) -> tuple[Int64s, Int64s, Int64s]:
    """The workflow of each job; when each workflow was due, and its end. Numbered by their first firing."""
    joined = _joined_firings(records)[records.jobs.submission]
    seen, number = np.unique(joined[here], return_inverse=True)
    workflow = np.full(len(here), NEVER, np.int64)
    workflow[here] = number
    due = np.full(len(seen), np.iinfo(np.int64).max)
    end = np.full(len(seen), NEVER, np.int64)
    np.minimum.at(due, number, spans.due_ms[here])
    np.maximum.at(end, number, spans.end_ms[here])
    return workflow, due, end


def _joined_firings(records: Records) -> Int64s:
    """By call: its firing, or the first of those that dependencies join it with."""
    of_call, edges = firings(records)[2], records.dependencies
    one, other = of_call[edges.submission], of_call[edges.parent]
    apart = one != other
    if not apart.any():
        return of_call
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = int(of_call.max()) + 1
    pairs = coo_array((np.ones(int(apart.sum()), np.int8), (one[apart], other[apart])), shape=(size, size))
    group = connected_components(pairs, directed=False)[1]
    lowest = np.full(int(group.max()) + 1, size, np.int64)
    np.minimum.at(lowest, group, np.arange(size))
    return np.asarray(lowest[group][of_call])


def links(records: Records, spans: Spans, here: Bools) -> Links:
    """Return every job's dependencies on what takes part, child by child where they act so."""
    edges, calls = records.dependencies, records.submissions
    exists = here[calls.first_job[edges.parent]] & here[calls.first_job[edges.submission]]
    rows = [int64(column)[exists] for column in (edges.submission, edges.parent, edges.kind)]
    pieces = [_plain(records, spans, *rows), _child_by_child(records, *rows)]
    job, parent, call = (np.concatenate(columns) for columns in zip(*(piece[:3] for piece in pieces), strict=True))
    failed = np.concatenate([piece[3] for piece in pieces])
    return Links(job, parent, call, spans.end_ms[parent], failed)


Piece = tuple[Int64s, Int64s, Int64s, Bools]


def _plain(records: Records, spans: Spans, call: Int64s, parent: Int64s, kind: Int64s) -> Piece:
    """Plain dependencies: each job of the call waits for the last job of the parent, and fails if any of it did."""
    call, parent = call[kind == PLAIN], parent[kind == PLAIN]
    calls, wanted = records.submissions, np.unique(parent)
    last = last_jobs(spans.end_ms, int64(calls.first_job)[wanted], int64(calls.size)[wanted])
    any_failed = np.zeros(len(calls.entry), np.bool_)
    jobs = records.jobs
    any_failed[jobs.submission[jobs.state == JobState.FAILED]] = True
    job, edge = _jobs_of(records, call)
    its = parent[edge]
    return job, last[np.searchsorted(wanted, its)], its, any_failed[its]


def last_jobs(end_ms: Int64s, first: Int64s, size: Int64s) -> Int64s:
    """Return, for each stretch of job rows, the one that ended last; of equals the first row."""
    row, stretch = _spread(first, size)
    order = np.lexsort((row, -end_ms[row], stretch))
    return row[order[np.r_[True, np.diff(stretch[order]) != 0]]] if len(row) else row


def _child_by_child(records: Records, call: Int64s, parent: Int64s, kind: Int64s) -> Piece:
    """N_TO_N: child i waits for child i; SEQUENTIAL: for the child before it."""
    call, parent, kind = (column[kind != PLAIN] for column in (call, parent, kind))
    calls = records.submissions
    job, edge = _jobs_of(records, call)
    index = job - calls.first_job[call[edge]] - (kind[edge] == SEQUENTIAL)
    waits = (index >= 0) & (index < calls.size[parent[edge]])
    job, edge, index = job[waits], edge[waits], index[waits]
    its = int64(calls.first_job)[parent[edge]] + index
    return job, its, parent[edge], np.asarray(records.jobs.state[its] == JobState.FAILED)


def _jobs_of(records: Records, call: Int64s) -> tuple[Int64s, Int64s]:
    """All jobs of the given calls, and which of the calls each is of."""
    calls = records.submissions
    return _spread(int64(calls.first_job)[call], int64(calls.size)[call])


def _spread(first: Int64s, size: Int64s) -> tuple[Int64s, Int64s]:
    """Every row of stretches ``first .. first + size - 1``, and the stretch that it is of."""
    stretch = np.repeat(np.arange(len(first)), size)
    within = np.arange(len(stretch)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(first[stretch] + within), stretch


def _first(found: Links, order: Int64s) -> tuple[Int64s, Int64s]:
    """Jobs that have links, and the first link of each in an order that is by job."""
    if not len(order):
        return order, order
    firsts = order[np.r_[True, np.diff(found.job[order]) != 0]]
    return found.job[firsts], firsts


def _first_failed(found: Links) -> tuple[Int64s, Int64s]:
    """Jobs that depend on what failed, and the link that failed first."""
    order = int64(np.lexsort((found.parent, found.at_ms, found.job)))
    return _first(found, order[found.failed[order]])


def _looked_at(records: Records, spans: Spans) -> Int64s:
    """When a job's dependencies were first looked at, not after its end."""
    return np.minimum(spans.created_ms + records.dep_eval_delay_ms, spans.end_ms)


def _binding(
    records: Records,
    spans: Spans,
    found: Links,
    last: tuple[Int64s, Int64s],
    first_failed: tuple[Int64s, Int64s],
    looked_at: Int64s,
) -> tuple[Int64s, Int64s, Int64s]:
    """The parent that let each job go (or NEVER), when it was ready, and who decided."""
    jobs, size = records.jobs, len(records.jobs.state)
    stopped = (jobs.runnable_at_ms == NEVER) & (jobs.ended_at_ms != NEVER)
    link = np.full(size, NEVER, np.int64)
    link[last[0]] = last[1]
    by_failure = stopped & (jobs.status_reason == _code(records.names.status_reasons, DEPENDENCY_FAILED))
    by_failure[:] &= np.isin(np.arange(size), first_failed[0])
    failed_link = np.full(size, NEVER, np.int64)
    failed_link[first_failed[0]] = first_failed[1]
    link = np.where(by_failure, failed_link, link)
    at = _pick(found.at_ms, link)
    cut_off = stopped & ~by_failure & (at != spans.end_ms)
    parent = np.where(cut_off | (at <= looked_at), NEVER, _pick(found.parent, link))
    ready = np.where(jobs.runnable_at_ms == NEVER, np.maximum(looked_at, at), int64(jobs.runnable_at_ms))
    decided_by = np.where(by_failure, _pick(found.call, link), np.where(cut_off, NOBODY, ALL))
    return parent, ready, decided_by


def _code(texts: tuple[str, ...], text: str) -> int:
    return texts.index(text) if text in texts else NEVER


def _pick(column: Int64s, row: Int64s) -> Int64s:
    """``column[row]``, NEVER where the row is."""
    padded = np.append(column, NEVER)
    return np.asarray(padded[np.where(row == NEVER, len(column), row)])


def follows(records: Records) -> Int64s:
    """Return, by entry, the one whose firings its own come after, or NEVER."""
    nobody = np.full(len(records.names.entries), NEVER, np.int64)
    nobody[: len(records.names.follows)] = records.names.follows
    return nobody


def followed_firings(records: Records) -> tuple[Int64s, Int64s]:
    """Return a number for each call's own firing of its entry, and that of the firing it comes after, or NEVER."""
    calls, leader = records.submissions, follows(records)[records.submissions.entry]
    most = int(calls.workflow_occurrence.max(initial=0)) + 1
    own = int64(calls.entry) * most + calls.workflow_occurrence
    return own, np.where(leader == NEVER, NEVER, leader * most + calls.workflow_occurrence)


def _followed(records: Records, spans: Spans, here: Bools) -> Int64s:
    """The job whose end a job's submission came after, the last of that firing; NEVER where there is none."""
    own, leader = followed_firings(records)
    if not np.any(leader != NEVER):
        return np.full(len(here), NEVER, np.int64)
    call = records.jobs.submission
    led = np.flatnonzero(here & np.isin(own[call], leader))
    order = led[np.lexsort((led, -spans.end_ms[led], own[call][led]))]
    firsts = order[np.r_[True, np.diff(own[call][order]) != 0]] if len(order) else order
    firing, wanted = own[call][firsts], leader[call]
    at = np.minimum(np.searchsorted(firing, wanted), max(len(firing) - 1, 0))
    known = here & (wanted != NEVER) & (np.append(firing, NEVER)[at] == wanted)
    return np.where(known, np.append(firsts, NEVER)[at], NEVER)
