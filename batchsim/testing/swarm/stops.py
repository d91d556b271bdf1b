"""Random stops: reasons, entries that give up, and what containers do at the SIGTERM of timeouts and TerminateJob."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft


def with_stops(draft: Draft, drawn: Data) -> Data:
    """The scenario with entries that give up, and with containers that answer SIGTERM or run on after it."""
    workload, world = drawn["workload"], drawn["world"]
    if draft.has("impatience"):
        workload = [_each(item, lambda entry: _impatient(draft, entry)) for item in workload]
    if draft.has("stops"):
        workload = [_each(item, lambda entry: _answering(draft, entry)) for item in workload]
        world = {
            **world,
            "stopped_when": draft.pick("exit", "exit", "exit", "sigterm"),
            "stop_timeout": draft.pick("30s", "5s", "2m", "30s"),
            "timeout_exit_zero": draft.pick("failed", "succeeded"),
        }
    return {**drawn, "workload": workload, "world": world, "actions": [_explained(draft, a) for a in drawn["actions"]]}


def _each(item: Data, change: Callable[[Data], Data]) -> Data:
    """An entry, or all members of a workflow, changed."""
    if "workflow" in item:
        return {**item, "workflow": [change(member) for member in item["workflow"]]}
    return change(item)


def _impatient(draft: Draft, entry: Data) -> Data:
    return {**entry, "cancel_after": draft.pick("5m", "90s", "20m")} if draft.chance(40) else entry


def _answering(draft: Draft, entry: Data) -> Data:
    """An entry that answers SIGTERM, or takes no notice of it, with a timeout that often strikes."""
    if draft.chance(60) and "script" not in entry["run"] and "dataset" not in entry["run"]:
        limit = {"timeout": {"attemptDurationSeconds": 60}}
        entry = {**entry, "run": draft.pick("75s", "4m", "70s"), "submit": {**entry["submit"], **limit}}
    if "on_sigterm" in entry or draft.chance(50):
        return entry
    if "checkpoint" in entry and draft.chance(50):
        return {**entry, "on_sigterm": "checkpoint"}
    return {**entry, "on_sigterm": draft.pick("exit_zero", "exit_nonzero", "exit_zero")}


def _explained(draft: Draft, action: Data) -> Data:
    """An action that gives its reason, now and then."""
    if not draft.has("stops") or not action.keys() & {"cancel", "terminate"} or not draft.chance(40):
        return action
    return {**action, "reason": draft.pick("not wanted", "too dear", "Dependent job was wrong")}
