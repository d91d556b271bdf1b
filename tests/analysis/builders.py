"""Small hand-made records for tests: say what matters, the rest has defaults.

Times are given in seconds (floats with at most three decimals) and become integer milliseconds.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from batchsim.records.tables import (
    NEVER,
    Attempts,
    ConsumableUse,
    Dependencies,
    Instances,
    Jobs,
    Names,
    Progress,
    Records,
    Scaling,
    Shares,
    Submissions,
    Timeline,
)
from batchsim.records.vocabulary import EndedBy, JobState, Outcome, WaitReason, WhyEnded, WhyLaunched
from batchsim.units import PICO

USD = 1_000_000_000
"""Nano-dollars."""

Row = dict[str, Any]

NEVER_S = NEVER / 1000


def ms(seconds: float) -> int:
    return NEVER if seconds == NEVER_S else round(seconds * 1000)


def call(**row: Any) -> Row:
    """One SubmitJob call of one job of 1 vCPU and 1 GiB, due and created at 0."""
    default: Row = {
        "entry": 0, "occurrence": 0, "workflow_occurrence": 0, "first_job": 0, "size": 1, "is_array": False,
        "queue": 0, "share": NEVER, "scheduling_priority": NEVER, "definition": 0, "image": 0,
        "vcpus_milli": 1000, "memory_mib": 1024, "gpus": 0, "arm64": False, "windows": False,
        "ephemeral_gib": 0, "attempts_allowed": 1, "timeout_ms": NEVER, "data_bytes": 0, "due_at_ms": 0,
        "created_at_ms": 0, "ended_at_ms": NEVER, "state": JobState.SUCCEEDED, "status_reason": 0, "calls": 1,
        "needs": 0,
    }  # fmt: skip
    return default | row


def job(**row: Any) -> Row:
    """One job that was RUNNABLE at 0."""
    default: Row = {
        "submission": 0, "array_index": NEVER, "state": JobState.SUCCEEDED, "status_reason": 1, "work_ms": 1000,
        "runnable_at_ms": 0, "waiting_since_ms": NEVER, "ended_at_ms": NEVER, "attempts": 1,
        "run_task_calls": 0,
    }  # fmt: skip
    return default | row


def attempt(start: float, end: float = NEVER_S, *, pull: float = 0, boot: float = 0, **row: Any) -> Row:
    """One attempt on instance 0, placed at ``start`` after a wait from 0; ``pull`` and ``boot`` s before RUNNING."""
    default: Row = {
        "job": 0, "attempt": 1, "instance": 0, "environment": 0, "runnable_at_ms": 0, "starting_at_ms": ms(start),
        "pull_at_ms": ms(start), "pulled_at_ms": ms(start + pull), "running_at_ms": ms(start + pull + boot),
        "ended_at_ms": ms(end), "outcome": Outcome.SUCCEEDED if end >= 0 else Outcome.OPEN, "status_reason": 1,
        "container_reason": 0, "exit_code": 0,
    }  # fmt: skip
    return default | row


def progress(attempt: int = 0, **row: Any) -> Row:
    """How far the attempt in that row got; lengths and positions in ms, 0 unless given."""
    default: Row = {
        "attempt": attempt, "restore_ms": 0, "checkpoint_ms": 0, "kept_ms": 0, "unkept_ms": 0, "from_ms": 0,
        "saved_ms": 0, "done_ms": 0, "sigterm_at_ms": NEVER,
    }  # fmt: skip
    return default | row


def instance(on: float = 0, ready: float = 0, off: float = NEVER_S, **row: Any) -> Row:
    """One On-Demand instance of 2 vCPUs, 8 GiB and 0.36 USD/h (0.1 mUSD/s), billed from ``on``, ended at ``off``."""
    default: Row = {
        "environment": 0, "ordinal": 0, "type": 0, "zone": 0, "spot": False, "vcpus": 2, "memory_mib": 8192,
        "nominal_memory_mib": 8192, "gpus": 0, "speed_pico": PICO,
        "price_nano_usd_per_h": 360_000_000, "on_demand_nano_usd_per_h": 360_000_000,
        "launched_at_ms": ms(on), "billed_from_ms": ms(on), "ready_at_ms": ms(ready), "notice_at_ms": NEVER,
        "closed_at_ms": NEVER,
        "ended_at_ms": ms(off), "why_launched": WhyLaunched.DEMAND,
        "why_ended": WhyEnded.SCALE_IN if off >= 0 else WhyEnded.HORIZON,
    }  # fmt: skip
    return default | row


def head(at: float, reason: WaitReason, **row: Any) -> Row:
    """One row of queue 0's timeline."""
    default: Row = {"queue": 0, "share": NEVER, "at_ms": ms(at), "reason": reason, "environment": 0, "job": 0}
    return default | row


def table(kind: type[Any], rows: list[Row]) -> Any:
    names = [field.name for field in fields(kind)]
    return kind(**{name: np.array([row[name] for row in rows], dtype=_dtype(rows, name)) for name in names})


def _dtype(rows: list[Row], name: str) -> type:
    return np.bool_ if rows and isinstance(rows[0][name], bool) else np.int64


def names(**texts: Any) -> Names:
    default: Row = {
        "entries": ("work", "more"), "queues": ("main", "other"), "queue_priorities": (10, 1),
        "environments": ("hosts", "tasks"), "environment_kinds": ("EC2", "FARGATE"), "definitions": ("def:1",),
        "types": ("m5.large",), "zones": ("us-east-1a",), "images": ("busybox",),
        "status_reasons": ("", "Essential container in task exited"), "container_reasons": ("",),
    }  # fmt: skip
    return Names(**(default | texts))


def run(
    *,
    calls: list[Row] | None = None,
    jobs: list[Row] | None = None,
    attempts: list[Row] | None = None,
    instances: list[Row] | None = None,
    progress: list[Row] | None = None,
    timeline: list[Row] | None = None,
    edges: list[Row] | None = None,
    horizon: float = 3600,
    ended_by: EndedBy = EndedBy.DRAINED,
    texts: Row | None = None,
) -> Records:
    """Records of these rows. Without ``jobs``, one job an attempt or call, each with a call of its own."""
    attempts = attempts or []
    if jobs is None:
        attempts = [row | {"job": at} for at, row in enumerate(attempts)]
        jobs = [job(submission=at, ended_at_ms=row["ended_at_ms"]) for at, row in enumerate(attempts)]
    if calls is None:
        calls = [call() for _ in range(1 + max((row["submission"] for row in jobs), default=-1))]
    calls = [
        row | {"occurrence": at, "first_job": at} if row["occurrence"] == 0 else row for at, row in enumerate(calls)
    ]
    return Records(
        names=names(**(texts or {})),
        submissions=table(Submissions, calls),
        jobs=table(Jobs, jobs),
        attempts=table(Attempts, attempts),
        progress=table(Progress, progress or []),
        instances=table(Instances, instances or []),
        scaling=table(Scaling, []),
        timeline=table(Timeline, timeline or []),
        dependencies=table(Dependencies, edges or []),
        consumables=table(ConsumableUse, []),
        shares=table(Shares, []),
        horizon_ms=ms(horizon),
        ended_by=int(ended_by),
    )
