"""Which jobs a job waited for in PENDING, and until when each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from batchsim.analysis.explain.explanation import Step
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.explain.words import some
from batchsim.analysis.typed import MISSING


class Parent(NamedTuple):
    """A job that another one waits for."""

    id: str
    ended_ms: int
    """The horizon where it had not ended."""
    state: str


class Dependencies:
    """What one job depends on."""

    def __init__(self, run: RunTables, job: int, call: int) -> None:
        self._run, self._job, self._call = run, job, call

    def steps(self, created_ms: int, released_ms: int) -> Iterator[Step]:
        """The time in SUBMITTED and PENDING, cut where a parent ended."""
        evaluated = min(created_ms + self._run.settings.delay_ms("dep_eval_delay"), released_ms)
        parents = self.parents() if created_ms < released_ms else []
        if created_ms < evaluated:
            text = "AWS Batch has not looked at its dependencies yet"
            yield _pending(created_ms, evaluated, "SUBMITTED", text)
        ends = sorted({parent.ended_ms for parent in parents if evaluated < parent.ended_ms < released_ms})
        for start, end in zip([evaluated, *ends], [*ends, released_ms], strict=True):
            if start < end:
                yield _pending(start, end, "PENDING", self._text(parents, start), self._until(parents, end))

    def parents(self) -> list[Parent]:
        """The jobs that this one waits for, in the order of ``dependsOn``."""
        if self._call == NOBODY:
            return []
        listed = self._run.text("submissions", "depends_on", self._call).split()
        found = (self._parent(*word.rpartition("/")[::2]) for word in listed)
        return [parent for parent in found if parent is not None]

    def _parent(self, call_id: str, kind: str) -> Parent | None:
        run, index = self._run, self._run.number("jobs", "array_index", self._job)
        if kind == "SEQUENTIAL":
            return self._child(call_id, index - 1) if index > 0 else None
        if kind == "N_TO_N":
            return self._child(call_id, index)
        row = run.call_row(call_id)
        if row == NOBODY:
            return None
        ended = run.ms("submissions", "ended_at_s", row)
        return Parent(call_id, run.horizon_ms if ended == MISSING else ended, run.text("submissions", "state", row))

    def _child(self, call_id: str, index: int) -> Parent | None:
        row = self._run.job_row(f"{call_id}:{index}")
        if row == NOBODY:
            return None
        ended = self._run.ms("jobs", "ended_at_s", row)
        state = self._run.text("jobs", "state", row)
        return Parent(f"{call_id}:{index}", self._run.horizon_ms if ended == MISSING else ended, state)

    def _text(self, parents: list[Parent], at_ms: int) -> str:
        waiting = [parent.id for parent in parents if parent.ended_ms > at_ms]
        if waiting:
            return f"waits for {some(waiting)} to end"
        return "its dependencies have ended; AWS Batch has not released it yet"

    def _until(self, parents: list[Parent], at_ms: int) -> str:
        ended = [parent for parent in parents if parent.ended_ms == at_ms and parent.state in ("SUCCEEDED", "FAILED")]
        if ended:
            return ", ".join(f"`{parent.id}` {parent.state}" for parent in ended[:3])
        over = self._run.ms("jobs", "ended_at_s", self._job)
        if over == at_ms:
            reason = self._run.text("jobs", "reason", self._job)
            return self._run.text("jobs", "state", self._job) + (f": {reason}" if reason else "")
        return "the run ended" if at_ms == self._run.horizon_ms and over == MISSING else ""


def first_failure(run: RunTables, name: str) -> str:
    """Of a job or an array that failed, the one whose failure it goes back to: itself, unless it never started."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        row, call = run.job_row(name), run.call_row(name)
        if row == NOBODY and call != NOBODY:
            children = run.children(call)
            failed = [int(child) for child in children if run.text("jobs", "state", int(child)) == "FAILED"]
            row = failed[0] if failed else NOBODY
        if row == NOBODY or run.attempts_of(run.ids(np.array([row]))[0]):
            return name
        parents = Dependencies(run, row, run.call_of(row)).parents()
        name = next((parent.id for parent in parents if parent.state == "FAILED"), name)
    return name


def _pending(start_ms: int, end_ms: int, state: str, text: str, until: str = "") -> Step:
    return Step(start_ms / 1000, end_ms / 1000, state, "dependency", text, "dependency", until=until)
