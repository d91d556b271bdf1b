"""Random heads that block their queue: how soon they are told of, time limits, environments that cannot serve."""

from __future__ import annotations

from collections.abc import Mapping

from batchsim.spec.queues import TIME_LIMIT_REASONS
from batchsim.testing.builders import Data, definition, entry, environment, queue
from batchsim.testing.swarm.features import Draft

_BROKEN: Mapping[str, Data] = {
    "invalid": {"status": "INVALID"},
    "role": {"status": "INVALID", "statusReason": "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"},
    "unsold": {},
    "narrow": {},
    "small": {},
}
_ELSEWHERE = "us-east-1e"
"""A zone where EC2 sells no m7i."""


def draw_blocked(draft: Draft, drawn: Data) -> Data:
    """The scenario with detection and time limits, and perhaps with a queue of its own that nothing serves."""
    world = {**drawn["world"], **_detection(draft)}
    queues = [_limited(draft, each) for each in drawn["jobQueues"]]
    found = {**drawn, "world": world, "jobQueues": queues}
    return _with_broken(draft, found) if draft.has("broken_environments") else found


def _detection(draft: Draft) -> Data:
    return {"block_detect": draft.pick("10s", "90s", "0s", "5m")} if draft.has("quick_detection") else {}


def _limited(draft: Draft, made: Data) -> Data:
    if not draft.has("time_limits", 80):
        return made
    reasons = {*TIME_LIMIT_REASONS[:3], draft.one_of(TIME_LIMIT_REASONS)}
    return {
        **made,
        "jobStateTimeLimitActions": [
            {"reason": each, "state": "RUNNABLE", "maxTimeSeconds": draft.pick(600, 600, 700), "action": "CANCEL"}
            for each in sorted(reasons)
        ],
    }


def _with_broken(draft: Draft, drawn: Data) -> Data:
    """One more environment, INVALID, too small, or of types that EC2 does not sell there; with jobs of its own."""
    kind = draft.one_of(tuple(_BROKEN))
    zone, most = ("subnet-e", 8) if kind == "unsold" else ("subnet-a", 1 if kind == "narrow" else 8)
    broken = {**environment("broken", most=most), **_BROKEN[kind]}
    strategy = draft.pick("BEST_FIT", "BEST_FIT_PROGRESSIVE")
    broken["computeResources"] |= {
        "instanceTypes": ["m7i.large"],
        "subnets": [zone],
        "allocationStrategy": strategy,
    }
    vcpus = {"narrow": 2, "small": 4}.get(kind, 1)
    jobs = entry("waits", "broken", "broken", at=draft.pick("0s", "45s"), count=draft.integer(1, 2))
    world = drawn["world"]
    return {
        **drawn,
        "computeEnvironments": [*drawn["computeEnvironments"], broken],
        "jobQueues": [*drawn["jobQueues"], _limited(draft, queue("broken", ["broken"]))],
        "jobDefinitions": [*drawn["jobDefinitions"], definition("broken", vcpus, 512)],
        "workload": [*drawn["workload"], jobs],
        "world": {**world, "zones": {**world.get("zones", {}), "subnet-e": _ELSEWHERE}},
    }
