"""What the random scenarios of the second oracle have in common: entries, scripts, rules, needs and requests."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

Data = dict[str, Any]
Features = frozenset[str]

STEP_MS = (1, 10_000, 20_000, 40_000, 60_000, 90_000)
RULES = (
    {"onExitCode": "1", "action": "RETRY"},
    {"onExitCode": "2*", "action": "RETRY"},
    {"onExitCode": "*", "action": "RETRY"},
    {"onExitCode": "143", "action": "EXIT"},
    {"onExitCode": "137", "action": "EXIT"},
    {"onReason": "Oops*", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
    {"onStatusReason": "Essential*", "onExitCode": "3", "action": "EXIT"},
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
)


def features(dice: Random, of: Sequence[str], together: Sequence[tuple[str, ...]]) -> Features:
    """Each on or off: what always meets hides errors. In every second scenario some that seldom meet do."""
    on = {each for each in of if dice.random() < 0.5}
    return frozenset(on.union(dice.choice(together)) if dice.random() < 0.5 else on)


def ms(number: int) -> str:
    return f"{number}ms"


def common_world(dice: Random, on: Features) -> Data:
    return {
        "scheduler_cycle": ms(dice.choice([1000, 7000, 10_000]) if "cycle" in on else 0),
        "retry_delay": ms(dice.choice([0, 3500])),
        "fifo_order": dice.choice(["submitted", "runnable"]),
        "retry_position": dice.choice(["front", "front", "original", "back"]),
        "head_of_line": "skip" if "skip" in on else "strict",
        "cancel_pending_wait": dice.choice([True, True, False]),
        "block_detect": ms(dice.choice([0, 60_000, 600_000, 605_000])),
        "fargate_provision": "0s",
        "ce_backoff": "3m",
        "notice": "2m",
        "stop_timeout": "30s",
        "warm_start": "0s",
        "timeout_lag": "0s",
        "stopped_when": "sigterm",
        "spot_hazard": 0,
        "spot_shocks_per_day": 0,
    }


def queues(dice: Random, on: Features, environments: list[str]) -> list[Data]:
    drawn = []
    for number in range(dice.choice([2, 3]) if "queues" in on else 1):
        most = len(environments)
        order = dice.sample(environments, dice.choice([*range(1, most), most, most, most]))
        drawn.append(
            {
                "jobQueueName": f"queue{number}",
                "priority": dice.choice([1, 1, 2, 5]),
                "state": "ENABLED",
                "computeEnvironmentOrder": [
                    {"order": place + 1, "computeEnvironment": name} for place, name in enumerate(order)
                ],
            }
        )
    return drawn


def submit(dice: Random, on: Features, number: int, queue: str, before: list[Data], attempts: Sequence[int]) -> Data:
    """The request of an entry, which may depend on those before it."""
    request: Data = {"jobName": f"job{number}", "jobQueue": queue, "jobDefinition": f"job{number}"}
    if "arrays" in on and dice.random() < 0.5:
        request["arrayProperties"] = {"size": dice.choice([2, 3, 4])}
    if "retries" in on and (allowed := dice.choice(attempts)) > 1:
        request["retryStrategy"] = {"attempts": allowed}
        if "rules" in on and dice.random() < 0.7:
            request["retryStrategy"]["evaluateOnExit"] = dice.sample(RULES, dice.randint(1, 3))
    if "dependencies" in on:
        request["dependsOn"] = needs(dice, request, before)
    return request


def needs(dice: Random, request: Data, before: list[Data]) -> list[Data]:
    drawn = [_need(dice, request, each) for each in dice.sample(before, min(len(before), dice.choice([0, 1, 1, 2])))]
    if "arrayProperties" in request and dice.random() < 0.3:
        drawn.append({"type": "SEQUENTIAL"})
    return drawn


def _need(dice: Random, request: Data, other: Data) -> Data:
    size, others = request.get("arrayProperties"), other["submit"].get("arrayProperties")
    n_to_n = {"type": "N_TO_N"} if size and size == others and dice.random() < 0.7 else {}
    return {"jobId": other["id"], **n_to_n}


def run(request: Data, script: list[list[Data]]) -> Data:
    return {"scripts": script} if "arrayProperties" in request else {"script": script[0]}


def size_of(request: Data) -> int:
    return request.get("arrayProperties", {"size": 1})["size"]


def definition(number: int, image: str, vcpus: int, mib: int) -> Data:
    """``vcpus``: thousandths."""
    asked = [{"type": "VCPU", "value": f"{vcpus / 1000:g}"}, {"type": "MEMORY", "value": str(mib)}]
    container = {"image": image, "resourceRequirements": asked}
    return {"jobDefinitionName": f"job{number}", "type": "container", "containerProperties": container}


def requests(dice: Random, workload: list[Data]) -> list[Data]:
    """CancelJob and TerminateJob, of jobs, arrays and single children, not before their submission."""
    drawn = []
    for number in range(dice.choice([1, 2, 3])):
        entry, at = dice.choice(workload), dice.randrange(300) * 1000
        size = size_of(entry["submit"])
        child = f":{dice.randrange(size)}" if size > 1 and dice.random() < 0.5 else ""
        if at >= int(entry["at"].removesuffix("ms")):
            verb = dice.choice(["cancel", "terminate"])
            drawn.append({"at": ms(at), verb: entry["id"] + child, "reason": f"enough {number}"})
    return drawn
