"""Random stops: reasons, entries that give up, and what containers do at the SIGTERM of timeouts and TerminateJob."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.testing.builders import Data, entry
from batchsim.testing.swarm.capacity import is_on_fargate
from batchsim.testing.swarm.features import Draft


def with_stops(draft: Draft, drawn: Data) -> Data:
    """The scenario with entries that give up, and with containers that answer SIGTERM or run on after it."""
    workload, world = drawn["workload"], drawn["world"]
    if draft.has("impatience"):
        workload = [_each(item, lambda each: _impatient(draft, each)) for item in workload]
    if draft.has("stops"):
        workload = [_stopped(draft, drawn), *(_each(item, lambda each: _answering(draft, each)) for item in workload)]
        world = {
            **world,
            "stopped_when": draft.pick("exit", "exit", "exit", "sigterm"),
            "stop_timeout": draft.pick("30s", "5s", "2m", "30s"),
            "timeout_exit_zero": draft.pick("failed", "failed", "succeeded"),
        }
    return {**drawn, "workload": workload, "world": world, "actions": [_explained(draft, a) for a in drawn["actions"]]}


def _each(item: Data, change: Callable[[Data], Data]) -> Data:
    """An entry, or all members of a workflow, changed."""
    if "workflow" in item:
        return {**item, "workflow": [change(member) for member in item["workflow"]]}
    return change(item)


def _impatient(draft: Draft, made: Data) -> Data:
    """An entry that gives up; the one that is to get stuck does not."""
    gives_up = draft.chance(60) and made["id"] != "stuck"
    return {**made, "cancel_after": draft.pick("5m", "90s", "20m")} if gives_up else made


def _answering(draft: Draft, made: Data) -> Data:
    """An entry that answers SIGTERM."""
    if "on_sigterm" in made or draft.chance(50):
        return made
    if "checkpoint" in made and draft.chance(50):
        return {**made, "on_sigterm": "checkpoint"}
    return {**made, "on_sigterm": draft.pick("exit_zero", "exit_nonzero", "exit_zero")}


def _stopped(draft: Draft, drawn: Data) -> Data:
    """An array in the first queue whose timeout strikes shortly before its work is done, or long before."""
    queue = drawn["jobQueues"][0]
    kind = "task" if is_on_fargate(queue) else "job"
    named = [each["jobDefinitionName"] for each in drawn["jobDefinitions"]]
    fitting = next(name for name in named if name.startswith(kind))
    limit = {"timeout": {"attemptDurationSeconds": 60}, "retryStrategy": {"attempts": 2}}
    made = entry("stopped", queue["jobQueueName"], fitting, run=draft.pick("75s", "4m", "63s"), size=2)
    deed = draft.pick("die", "exit_zero", "die", "exit_zero")
    return {**made, "submit": {**made["submit"], **limit}, "on_sigterm": deed, "at": "0s"}


def _explained(draft: Draft, action: Data) -> Data:
    """An action that gives its reason, now and then."""
    if not draft.has("stops") or not action.keys() & {"cancel", "terminate"} or not draft.chance(40):
        return action
    return {**action, "reason": draft.pick("not wanted", "too dear", "Dependent job was wrong")}
