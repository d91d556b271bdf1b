"""The workload: what is submitted when, how long each job works and how its attempts end, all known beforehand."""

from __future__ import annotations

from batchsim.engine.workload.expand import expand
from batchsim.engine.workload.firings import ReadTrace, TraceTable
from batchsim.engine.workload.plans import (
    DependencyKind,
    DependencySpec,
    EntryPlan,
    Requests,
    Workload,
    parent_calls,
)
from batchsim.engine.workload.work import FirstAttempts, Outcome, WorkSource

__all__ = [
    "DependencyKind",
    "DependencySpec",
    "EntryPlan",
    "FirstAttempts",
    "Outcome",
    "ReadTrace",
    "Requests",
    "TraceTable",
    "WorkSource",
    "Workload",
    "expand",
    "parent_calls",
]
