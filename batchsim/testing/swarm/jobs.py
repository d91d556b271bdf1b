"""Random job definitions: small sizes that fit, some that never will, retries, rules and timeouts."""

from __future__ import annotations

from typing import Any

from batchsim.spec.fargate import FARGATE_MEMORY_MIB
from batchsim.testing.builders import Data, definition
from batchsim.testing.swarm.features import Draft

RULES: tuple[Data, ...] = (
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onExitCode": "1", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
    {"onStatusReason": "Task failed to start", "action": "retry"},
    {"onStatusReason": "Your Spot Task*", "onReason": "*", "action": "RETRY"},
    {"onExitCode": "13*", "action": "EXIT"},
    {"onReason": "OutOfMemory*", "onExitCode": "137", "action": "EXIT"},
)
_IMAGES = ("app:1", "tools:2", "model:3")
_OVERSIZED = ((8, 2_048), (4, 60_000), (8, 2_048), (64, 60_000))
"""More vCPUs than a tight maximum; more memory than any type; more of both."""


def draw_definitions(draft: Draft) -> list[Data]:
    """Return some for instances, then some for Fargate, then, with that feature, those that get stuck."""
    made = [_for_instances(draft, f"job-{number}") for number in range(draft.integer(1, 3))]
    if draft.has("fargate"):
        made += [_for_fargate(draft, f"task-{number}") for number in range(draft.integer(1, 2))]
    if draft.has("stuck_jobs"):
        made += [_oversized(draft), definition("stuck-task", 16, 32_768, fargate=True)]
    return made


def _for_instances(draft: Draft, name: str) -> Data:
    vcpus, memory = draft.pick(1, 2, 1, 3, 4), draft.pick(512, 1024, 3000, 3800, 7000)
    made = definition(name, vcpus, memory, **_behaviour(draft))
    container = {**made["containerProperties"], "image": draft.one_of(_IMAGES)}
    if draft.has("gpu", 50):
        container["resourceRequirements"] = [*container["resourceRequirements"], {"type": "GPU", "value": "1"}]
    return {**made, "containerProperties": container}


def _for_fargate(draft: Draft, name: str) -> Data:
    vcpus_milli = draft.pick(250, 500, 1000, 2000)
    memory = draft.one_of(FARGATE_MEMORY_MIB[vcpus_milli][:3])
    made = definition(name, vcpus_milli / 1000, memory, fargate=True, **_behaviour(draft))
    container = {**made["containerProperties"], "image": draft.one_of(_IMAGES)}
    if draft.chance(60):
        container["ephemeralStorage"] = {"sizeInGiB": draft.integer(21, 200)}
    if draft.chance(25):
        container["runtimePlatform"] = {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}
    return {**made, "containerProperties": container}


def _oversized(draft: Draft) -> Data:
    vcpus, memory = draft.one_of(_OVERSIZED)
    made = definition("stuck-job", vcpus, memory)
    return {**made, "containerProperties": {**made["containerProperties"], "image": draft.one_of(_IMAGES)}}


def _behaviour(draft: Draft) -> dict[str, Any]:
    """Retry strategy and timeout."""
    behaviour: dict[str, Any] = {}
    if draft.has("retries", 80):
        behaviour["retryStrategy"] = draw_retries(draft)
    if draft.has("timeouts", 70):
        behaviour["timeout"] = {"attemptDurationSeconds": draft.pick(60, 90, 300)}
    return behaviour


def draw_retries(draft: Draft) -> Data:
    """A retry strategy, with rules where the scenario has them."""
    strategy: Data = {"attempts": draft.integer(1, 5)}
    if draft.has("rules"):
        strategy["evaluateOnExit"] = [draft.one_of(RULES) for _ in range(draft.integer(1, 3))]
    return strategy
