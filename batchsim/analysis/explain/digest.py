"""A run in one page: its slowest jobs, what all jobs waited for, what failed, what it cost most for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from batchsim.analysis.explain.tables import RunTables
from batchsim.analysis.explain.words import SHORT
from batchsim.analysis.typed import MISSING, Int64s

SLOWEST = 5


@dataclass(frozen=True, slots=True)
class SlowJob:
    """A job that took long."""

    job: str
    state: str
    turnaround_s: float
    """To the end of the run, where it had not ended."""
    reason: str
    """The part of its turnaround that took longest, RUNNING aside unless there is nothing else."""
    reason_s: float
    running_s: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """What jobs spent their turnarounds on."""

    part: str
    text: str
    total_s: float
    """Of all jobs together."""
    share: float
    """Of their turnarounds."""
    jobs: int
    """For how many it is what took longest, RUNNING aside."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What :meth:`Story.digest` tells."""

    jobs: int
    by_state: Mapping[str, int]
    slowest: tuple[SlowJob, ...]
    reasons: tuple[Reason, ...]
    """In all, the longest first."""
    cost_usd: float
    cost_causes: tuple[tuple[str, float], ...]
    """Cause and dollars, the largest first."""
    stuck: tuple[Mapping[str, Any], ...]
    """``stuck.queues`` of ``summary.json``."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def digest(run: RunTables, slowest: int = SLOWEST) -> Digest:
    """Look over all jobs at once: columns are summed, no job is looked at by itself but the slowest."""
    summary, parts = run.summary, _parts(run)
    causes = {str(name): float(usd) for name, usd in summary["cost"]["by_cause"].items()}
    return Digest(
        jobs=len(run.jobs),
        by_state=dict(summary["jobs"].get("by_state") or {}),
        slowest=slow_jobs(run, slowest),
        reasons=_reasons(parts, _total(run)),
        cost_usd=float(summary["cost"]["total_usd"]),
        cost_causes=tuple(sorted(causes.items(), key=lambda each: -each[1])),
        stuck=tuple((summary.get("stuck") or {}).get("queues") or ()),
    )


def slow_jobs(run: RunTables, most: int) -> tuple[SlowJob, ...]:
    """The jobs of the longest turnaround, the earlier in the file first among equals."""
    total = _total(run)
    if not len(total):
        return ()
    rows = np.lexsort((np.arange(len(total)), -total))[:most]
    rows = rows[total[rows] > 0]
    parts = _parts(run)
    others = np.stack([parts[name][rows] for name in parts if name != "last_running"])
    names = [name for name in parts if name != "last_running"]
    longest = others.argmax(axis=0)
    return tuple(
        _slow_job(run, int(row), int(total[row]), names[longest[at]], int(others[longest[at], at]))
        for at, row in enumerate(rows)
    )


def _slow_job(run: RunTables, row: int, total_ms: int, part: str, part_ms: int) -> SlowJob:
    running = run.ms("jobs", "last_running_s", row)
    said = (part, part_ms) if part_ms else ("last_running", running)
    ended = run.ms("jobs", "ended_at_s", row) != MISSING
    state = run.text("jobs", "state", row)
    return SlowJob(run.ids(np.array([row]))[0], state, total_ms / 1000, said[0], said[1] / 1000, running / 1000, ended)


def _parts(run: RunTables) -> dict[str, Int64s]:
    """The columns that turnarounds are made of, in ms."""
    return {name: run.jobs.ms(f"{name}_s") for name in SHORT}


def _total(run: RunTables) -> Int64s:
    """Each job's turnaround, or its time to the end of the run."""
    due, end = run.jobs.ms("due_at_s"), run.by_horizon(run.jobs.ms("ended_at_s"))
    return np.where(due == MISSING, 0, np.maximum(end - due, 0))


def _reasons(parts: Mapping[str, Int64s], total: Int64s) -> tuple[Reason, ...]:
    names = [name for name in parts if name != "last_running"]
    columns = np.stack([parts[name] for name in names])
    longest = columns.argmax(axis=0) if columns.shape[1] else np.zeros(0, np.int64)
    has_any = columns.max(axis=0, initial=0) > 0
    counts = np.bincount(longest[has_any], minlength=len(names))
    whole = float(total.sum()) or 1.0
    found = [
        Reason(name, SHORT[name], ms / 1000, ms / whole, int(counts[names.index(name)]) if name in names else 0)
        for name, column in parts.items()
        if (ms := int(column.sum())) > 0
    ]
    return tuple(sorted(found, key=lambda each: -each.total_s))
