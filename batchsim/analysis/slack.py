"""How much later each job could have ended without moving the end of its workflow: its total float.

A pass from the last calls to the first (Kelley and Walker's critical path method, 1959), on the graph as it was
recorded: what a job took from the end of its dependencies to its own end is taken as it was. O(jobs + dependencies).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from batchsim.analysis.dependency_graph import ALL, NOBODY, PLAIN, SEQUENTIAL, Graph, followed_firings
from batchsim.analysis.exact import Int64s
from batchsim.analysis.parts import Spans
from batchsim.records.tables import NEVER, Records


def slack_ms(records: Records, spans: Spans, graph: Graph) -> Int64s:
    """Return every job's slack in ms, NEVER for a job of no workflow. Shape: (jobs,).

    An unfinished job ends at the horizon here, and so does its workflow.
    """
    here = graph.workflow != NEVER
    end = np.append(graph.end_ms, NEVER)[graph.workflow]
    latest = np.where(here, end, NEVER)
    if len(records.dependencies.submission) or any(entry != NEVER for entry in records.names.follows):
        latest = np.array(_Pass(records, spans, graph, latest).run(), np.int64)
    return np.where(here, latest - spans.end_ms, NEVER)


class _Pass:
    """The backward pass, on plain lists. Its nodes: calls, and as :func:`_node` firings that others come after."""

    def __init__(self, records: Records, spans: Spans, graph: Graph, latest: Int64s) -> None:
        calls = records.submissions
        self._first, self._size = calls.first_job.tolist(), calls.size.tolist()
        self._latest: list[int] = latest.tolist()
        """The latest end of each job that moves nothing."""
        self._length = (spans.end_ms - graph.ready_ms).tolist()
        """From when a job was ready to its end."""
        self._decided_by = graph.decided_by.tolist()
        self._here = (graph.workflow != NEVER).tolist()
        self._before = _before(records, graph)
        self._until_looked_at = _until_looked_at(records, spans, graph).tolist()
        self._limits: dict[int, int] = {}
        """The latest end of a firing that others come after."""

    def run(self) -> list[int]:
        """Go through the nodes, none before all that wait for it have been; return the latest ends."""
        for node in _backwards(self._before):
            for before, kind in self._before.get(node, ()):
                self._limit(node, before, kind)
        return self._latest

    def _limit(self, node: int, before: int, kind: int) -> None:
        """What a node allows to one that it waits for."""
        if node < 0:
            self._limit_jobs(before, self._limits.get(node, _NO_LIMIT))
        elif not self._here[self._first[node]]:
            return
        elif before < 0:
            allowed = min(self._latest_ready(job, ALL) - self._until_looked_at[job] for job in self._jobs(node))
            self._limits[before] = min(self._limits.get(before, _NO_LIMIT), allowed)
        elif kind == PLAIN:
            self._limit_jobs(before, min(self._latest_ready(job, before) for job in self._jobs(node)))
        else:
            self._limit_one_by_one(node, before, kind)

    def _limit_jobs(self, call: int, allowed: int) -> None:
        for job in self._jobs(call):
            self._latest[job] = min(self._latest[job], allowed)

    def _limit_one_by_one(self, call: int, parent: int, kind: int) -> None:
        """Child i allows something to child i, or, from the last one on, to the child before it."""
        latest, theirs = self._latest, self._jobs(parent)
        shift = theirs.start - self._first[call] - (kind == SEQUENTIAL)
        for job in reversed(self._jobs(call)):
            if job + shift in theirs:
                latest[job + shift] = min(latest[job + shift], self._latest_ready(job, parent))

    def _jobs(self, call: int) -> range:
        return range(self._first[call], self._first[call] + self._size[call])

    def _latest_ready(self, job: int, parent: int) -> int:
        """The latest instant at which a job may be ready, as far as one parent goes."""
        decided_by = self._decided_by[job]
        counts = decided_by != NOBODY and (ALL in (parent, decided_by) or decided_by == parent)
        return self._latest[job] - self._length[job] if counts else _NO_LIMIT


_NO_LIMIT = 1 << 62
Before = dict[int, list[tuple[int, int]]]


def _before(records: Records, graph: Graph) -> Before:
    """By node: what it waits for and how, the sequence within an array first, which limits its own jobs."""
    edges, found = records.dependencies, Before()
    for call, parent, kind in zip(edges.submission.tolist(), edges.parent.tolist(), edges.kind.tolist(), strict=True):
        found.setdefault(call, []).append((parent, kind))
    for parents in found.values():
        parents.sort(key=lambda link: link[1] != SEQUENTIAL)
    own, leader = followed_firings(records)
    follows = np.flatnonzero((leader != NEVER) & (graph.came_after[records.submissions.first_job] != NEVER))
    for call in follows.tolist():
        found.setdefault(call, []).append((_node(int(leader[call])), PLAIN))
    for call in np.flatnonzero(np.isin(own, leader[follows])).tolist():
        found.setdefault(_node(int(own[call])), []).append((call, PLAIN))
    return found


def _node(firing: int) -> int:
    """The node of a firing, below those of the calls."""
    return -1 - firing


def _backwards(before: Before) -> Iterator[int]:
    """Yield the nodes that anybody waits for, or that wait, none before all that wait for it."""
    waiting = dict.fromkeys(before, 0)
    for node, nodes in before.items():
        for other, _ in nodes:
            waiting[other] = waiting.get(other, 0) + (other != node)
    free = [node for node, count in waiting.items() if not count]
    while free:
        yield (node := free.pop())
        for other, _ in before.get(node, ()):
            if other != node:
                waiting[other] -= 1
                if not waiting[other]:
                    free.append(other)


def _until_looked_at(records: Records, spans: Spans, graph: Graph) -> Int64s:
    """From the end of the firing that a job's submission came after to when its dependencies were looked at."""
    looked_at = np.minimum(spans.created_ms + records.dep_eval_delay_ms, spans.end_ms)
    return looked_at - spans.end_ms[graph.came_after]
