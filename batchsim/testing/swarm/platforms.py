"""Random platforms beside AWS Batch: fleets that stand, listed or by their vCPUs, and RunTask without a queue."""

from __future__ import annotations

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft


def draw_platforms(draft: Draft, environments: list[Data]) -> Data:
    """The keys of ``world`` that say which environments stand, and which have no queue.

    A queue is on instances or on Fargate, so that all of one kind lose their queue together.
    """
    names = [each["computeEnvironmentName"] for each in environments]
    alone = draft.pick("hosts", "hosts", "tasks", "") if draft.has("no_queue") else "none"
    platforms = {name: "no_queue" for name in names if name.startswith(alone)}
    for name in names:
        if name.startswith("hosts") and name not in platforms and draft.has("always_on", 70):
            platforms[name] = "always_on"
    return {"platforms": platforms, "fleets": _fleets(draft, environments), **_run_task(draft)}


def standing(world: Data) -> set[str]:
    """The environments on instances whose fleets stand: their vCPUs cannot be changed."""
    return {name for name in (*world["platforms"], *world["fleets"]) if name.startswith("hosts")}


def _fleets(draft: Draft, environments: list[Data]) -> Data:
    hosts = [each for each in environments if each["computeEnvironmentName"].startswith("hosts")]
    return {each["computeEnvironmentName"]: _fleet(draft, each) for each in hosts if draft.has("fleets", 70)}


def _fleet(draft: Draft, environment: Data) -> list[Data]:
    types = environment["computeResources"]["instanceTypes"]
    return [
        {"type": draft.one_of(types), "count": draft.pick(1, 1, 2), "at": draft.pick("0s", "0s", "40s", "3m")}
        for _ in range(draft.integer(1, 2))
    ]


def _run_task(draft: Draft) -> Data:
    if not draft.has("no_queue"):
        return {}
    return {
        "run_task_attempts": draft.pick(10, 3, 6, 30),
        "run_task_backoff_base": draft.pick("1s", "10s", "0s"),
        "run_task_backoff_cap": draft.pick("60s", "20s", "5m"),
        "run_task_jitter": draft.pick("full", "none"),
    }
