"""Faults, timed actions and thresholds: what they name exists, and what they set can be set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from batchsim.errors import Path
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.checks.dependencies import unknown_entry
from batchsim.spec.faults import FaultTarget
from batchsim.spec.index import Index
from batchsim.spec.near import did_you_mean
from batchsim.spec.settings import Action
from batchsim.spec.updates import UPDATABLE, check_update, find_target

_JOB = re.compile(r"(?P<entry>[^@:]+)(?:@(?P<occurrence>[0-9]{1,18}))?(?::(?P<index>[0-9]{1,18}))?")
_THRESHOLD = re.compile(r"(?:<=|>=|<|>)\s*-?[0-9]+(?:\.[0-9]+)?\s*[a-zA-Z%$]*")


def check_faults(index: Index) -> Iterator[Flaw]:
    """E120, E122, E126: what a fault strikes exists; E117: its environment has instances, if those are struck."""
    known = index.names["computeEnvironments"]
    fargate = {
        item.computeEnvironmentName
        for _, item in index.items("computeEnvironments")
        if item.computeResources and item.computeResources.is_fargate
    }
    for path, fault in index.items("faults"):
        yield from _fault_targets(index, (*path, "select"), fault.select)
        name = fault.select.environment
        if name is None:
            continue
        place = (*path, "select", "environment")
        if name in fargate and fault.kind != "image_pull":
            yield Flaw("E117", "Fargate has no instances", place, name)
        if name not in known:
            yield Flaw("E120", "unknown compute environment", place, name, ", ".join(known), did_you_mean(name, known))


def _fault_targets(index: Index, path: Path, select: FaultTarget) -> Iterator[Flaw]:
    """Patterns of jobs, definitions and queues that fit nothing strike nothing: that is a slip of the pen."""
    known = {
        "definition": (index.names["jobDefinitions"], "job definition"),
        "queue": (index.names["jobQueues"], "job queue"),
    }
    for key, (names, what) in known.items():
        pattern = getattr(select, key)
        if pattern is not None and not any(fnmatchcase(name, pattern.partition(":")[0]) for name in names):
            yield Flaw("E122", f"no {what} has such a name", (*path, key), pattern, ", ".join(names),
                       did_you_mean(pattern, names))  # fmt: skip
    if select.job is not None:
        yield from _pattern_of_jobs(index, (*path, "job"), select.job)


def _pattern_of_jobs(index: Index, path: Path, pattern: str) -> Iterator[Flaw]:
    ids, entry = index.names["workload"], re.split("[@:]", pattern)[0]
    if not any(fnmatchcase(name, entry) for name in ids):
        yield Flaw("E126", "no entry has such an id", path, pattern, ", ".join(ids), did_you_mean(entry, ids))
    elif "*" not in pattern and ":" in pattern:
        yield from _job(index, path, pattern)


def check_actions(index: Index) -> Iterator[Flaw]:
    """E126: the job exists; E106, E113, E137: the path can be set, and to this value."""
    for path, action in index.items("actions"):
        for key in ("cancel", "terminate"):
            job = getattr(action, key)
            if job is not None:
                yield from _job(index, (*path, key), job)
        whole = all(map(index.is_whole, (*UPDATABLE, "schedulingPolicies")))
        if action.set is not None and whole:
            yield from _set(index, path, action)


def check_thresholds(index: Index) -> Iterator[Flaw]:
    """E115: a threshold compares with a number."""
    for name, text in index.scenario.thresholds.items():
        if not _THRESHOLD.fullmatch(text):
            yield Flaw("E115", "not a threshold", ("thresholds", name), text, '"< 4h", "<= 40", "> 0.95"')


def _job(index: Index, path: Path, job: str) -> Iterator[Flaw]:
    match = _JOB.fullmatch(job)
    if not match:
        yield Flaw("E115", "not a job id", path, job, "ENTRY, ENTRY@OCCURRENCE, ENTRY:INDEX, ENTRY@OCCURRENCE:INDEX")
        return
    yield from unknown_entry(index, path, match["entry"])
    size = {placed.entry.id: placed.size for placed in index.entries()}.get(match["entry"])
    if size is not None and match["index"] and int(match["index"]) >= size:
        allowed = f"0-{size - 1}" if size else "no index: the entry is no array"
        yield Flaw("E126", "no such array child", path, job, allowed)


def _set(index: Index, path: Path, action: Action) -> Iterator[Flaw]:
    try:
        target = find_target(index.scenario, action.set or "")
    except FlawsError as error:
        yield from (flaw.under(*path, "set") for flaw in error.flaws)
        return
    try:
        check_update(target, action.to, action.by)
    except FlawsError as error:
        yield from (flaw.under(*path, "to" if action.by is None else "by") for flaw in error.flaws)
