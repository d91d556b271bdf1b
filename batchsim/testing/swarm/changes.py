"""Random changes while a run goes on: revisions that come and go, and capacity that a user asks for."""

from __future__ import annotations

from collections.abc import Container

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

_INSTANTS = ("30s", "60s", "2m", "6m", "14m", "0s")


def with_changes(draft: Draft, drawn: Data, fixed: Container[str]) -> Data:
    """The scenario with more timed actions; the vCPUs of ``fixed`` environments are left alone."""
    if not draft.has("changes"):
        return drawn
    hosts = [
        each
        for each in drawn["computeEnvironments"]
        if each["computeEnvironmentName"] not in fixed and each["computeEnvironmentName"].startswith("hosts")
    ]
    actions = [_register(draft, drawn["jobDefinitions"]) for _ in range(draft.integer(1, 3))]
    actions += [_raised(draft, draft.one_of(hosts)) for _ in range(draft.integer(1, 2)) if hosts]
    if draft.chance(40):
        name = draft.one_of(drawn["jobDefinitions"])["jobDefinitionName"]
        actions.append({"at": draft.pick("14m", "6m"), "deregister": f"{name}:1"})
    return {**drawn, "actions": [*drawn["actions"], *actions]}


def _register(draft: Draft, definitions: list[Data]) -> Data:
    """Another image, other retries, another timeout; what it asks for stays, so that it fits where the old one did."""
    made = draft.one_of(definitions)
    container = {**made["containerProperties"], "image": draft.pick("app:9", made["containerProperties"]["image"])}
    changed: Data = {**made, "containerProperties": container}
    changed["retryStrategy"] = {"attempts": draft.integer(1, 4)}
    if draft.chance(40):
        changed["timeout"] = {"attemptDurationSeconds": draft.pick(60, 300)}
    return {"at": draft.one_of(_INSTANTS), "register": changed}


def _raised(draft: Draft, made: Data) -> Data:
    path = f"computeEnvironments.{made['computeEnvironmentName']}.desiredvCpus"
    return {"at": draft.pick("60s", "30s", "0s", "6m"), "set": path, "to": min(6, made["computeResources"]["maxvCpus"])}
