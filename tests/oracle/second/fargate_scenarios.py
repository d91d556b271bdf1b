"""Random scenarios on Fargate and Fargate Spot by number, as plain data: small, tight, full of ties."""

from __future__ import annotations

from random import Random

from oracle.second import drawing
from oracle.second.blocked import CAPACITY, MAX_RESOURCE
from oracle.second.drawing import Data, Features, ms

FEATURES = (
    "arrays", "blocked", "changes", "cycle", "dependencies", "environments", "launch rate", "long", "outages", "pulls",
    "queues", "quotas", "requests", "retries", "rules", "sigterm", "skip", "storage", "timeouts",
)  # fmt: skip
TOGETHER = (
    ("environments", "launch rate", "quotas", "skip"),
    ("environments", "launch rate", "quotas", "skip"),
    ("environments", "launch rate", "skip"),
    ("environments", "blocked", "quotas"),
    ("environments", "blocked", "outages"),
    ("environments", "outages", "skip"),
)
SIZES = {
    250: (512, 1024, 2048), 500: (1024, 2048, 4096), 1000: (2048, 3072, 8192), 2000: (4096, 5120), 4000: (8192, 30720),
}  # fmt: skip
"""MiB by thousandths of a vCPU."""
HOURS = 3_600_000


def scenario(seed: int) -> Data:
    """Scenario number ``seed``: always the same."""
    dice = Random(f"fargate {seed}")  # noqa: S311 (no secret)
    on = drawing.features(dice, FEATURES, TOGETHER)
    environments = [_environment(dice, on, n) for n in range(dice.choice([2, 3, 3]) if "environments" in on else 1)]
    queues = drawing.queues(dice, on, [each["computeEnvironmentName"] for each in environments])
    if "blocked" in on:
        for queue in queues:
            _limit(dice, queue)
    workload, definitions = _workload(dice, on, len(queues))
    until = 60 * HOURS if "long" in on else dice.choice([3 * HOURS, 400_000, 150_000 + dice.randrange(300_000)])
    data: Data = {
        "name": f"fargate-{seed}",
        "allow_unplaceable": True,
        "computeEnvironments": environments,
        "jobQueues": queues,
        "jobDefinitions": definitions,
        "workload": workload,
        "world": _world(dice, on),
        "simulation": {"seed": seed, "until": ms(until)},
    }
    requests = drawing.requests(dice, workload) if "requests" in on else []
    return {**data, "actions": requests + (_changes(dice, on, data) if "changes" in on else [])}


def _environment(dice: Random, on: Features, number: int) -> Data:
    resources = {
        "type": dice.choice(["FARGATE", "FARGATE_SPOT"]),
        "maxvCpus": dice.choice([1, 2, 2, 4] if "blocked" in on else [2, 4, 4, 6, 16]),
        "subnets": ["SUBNET_ID"],
        "securityGroupIds": ["SECURITY_GROUP_ID"],
    }
    invalid = {"status": "INVALID", "statusReason": dice.choice(["the service role is wrong", "the subnet is gone"])}
    return {
        "computeEnvironmentName": f"env{number}",
        "type": "MANAGED",
        "state": dice.choice(["ENABLED"] * 9 + ["DISABLED"]),
        "computeResources": resources,
        **(invalid if "blocked" in on and dice.random() < 0.15 else {}),
    }


def _limit(dice: Random, queue: Data) -> None:
    reasons = dice.sample([MAX_RESOURCE, MAX_RESOURCE, CAPACITY, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"], 2)
    queue["jobStateTimeLimitActions"] = [
        {"reason": each, "state": "RUNNABLE", "maxTimeSeconds": dice.choice([600, 700, 1203]), "action": "CANCEL"}
        for each in reasons
        if dice.random() < 0.7
    ]


def _world(dice: Random, on: Features) -> Data:
    world = drawing.common_world(dice, on) | {
        "fargate_provision": ms(dice.choice([0, 5000, 30_000, 1234])),
        "pull_overhead": "2s",
        "pull_rate_fargate": "40MB/s",
        "ce_backoff": ms(dice.choice([30_000, 61_000, 180_000])),
        "fargate_max_days": 1,
    }
    if "launch rate" in on:
        world |= {"fargate_burst": dice.choice([1, 2, 3]), "fargate_rate": dice.choice(["1/s", "7/min", "1/min"])}
    if "quotas" in on:
        world["fargate_vcpu_quota"] = {"on_demand": dice.choice([2, 2, 3, 4, 6]), "spot": dice.choice([1, 2, 2, 3, 6])}
    if "outages" in on:
        # one that begins while a head waits for the launch rate: model.md does not say who looks when
        start, length = (
            dice.choice([0, 0, 40_000, 90_000]) * ("launch rate" not in on),
            dice.choice([50_000, 200_000, 400_000, 1_500_000]),
        )
        world["fargate_spot_outages"] = [{"from": ms(start), "for": ms(length)}]
    return world


# -- the workload


def _workload(dice: Random, on: Features, queues: int) -> tuple[list[Data], list[Data]]:
    entries: list[Data] = []
    definitions: list[Data] = []
    for number in range(dice.randint(4, 11)):
        request = drawing.submit(dice, on, number, f"queue{dice.randrange(queues)}", entries, (1, 2, 3))
        if "timeouts" in on and dice.random() < 0.5:
            request["timeout"] = {"attemptDurationSeconds": dice.choice([60, 90])}
        entries.append(_entry(dice, on, number, request))
        definitions.append(_definition(dice, on, number))
    return entries, definitions


def _entry(dice: Random, on: Features, number: int, request: Data) -> Data:
    scripts = [_script(dice, on) for _ in range(drawing.size_of(request))]
    entry = {
        "id": f"job{number}",
        "submit": request,
        "at": ms(dice.choice([0, 0, 0, 10_000, 30_000, dice.randrange(200) * 1000, dice.randrange(200_000)])),
        "run": drawing.run(request, scripts),
        "image": f"{40 * dice.randint(0, 20) if 'pulls' in on else 40}MB",
    }
    if "sigterm" in on and dice.random() < 0.5:
        entry["on_sigterm"] = dice.choice(["exit_zero", "exit_nonzero"])
    return entry


def _script(dice: Random, on: Features) -> list[Data]:
    return [_step(dice, on) for _ in range(dice.choice([1, 1, 2, 3]) if "retries" in on else 1)]


def _step(dice: Random, on: Features) -> Data:
    runs = [*drawing.STEP_MS, dice.randrange(1, 150_000)]
    if "blocked" in on:
        runs += [300_000, 900_000, dice.randrange(1, 1_500_000)]
    if "long" in on:
        runs += [25 * HOURS]
    step: Data = {"run": ms(dice.choice(runs))}
    if code := dice.choice([0, 0, 0, 1, 2, 3, 21]):
        step |= {"exit": code, **({"reason": "Oops it failed"} if dice.random() < 0.3 else {})}
    return step


def _definition(dice: Random, on: Features, number: int) -> Data:
    vcpus = dice.choice([250, 500, 1000, 2000, 2000, 4000] if "blocked" in on else [250, 500, 1000, 1000, 2000, 4000])
    definition = drawing.definition(number, "image", vcpus, dice.choice(SIZES[vcpus]))
    container = definition["containerProperties"]
    container["executionRoleArn"] = "arn:aws:iam::ACCOUNT_ID:role/tasks"
    if "storage" in on and dice.random() < 0.4:
        container["ephemeralStorage"] = {"sizeInGiB": dice.choice([21, 50, 200])}
    return {**definition, "platformCapabilities": ["FARGATE"]}


# -- timed changes


def _changes(dice: Random, on: Features, data: Data) -> list[Data]:
    horizon = 2500 if "blocked" in on else 300
    return [_change(dice, data, dice.randrange(horizon) * 1000) for _ in range(dice.choice([1, 2, 3]))]


def _change(dice: Random, data: Data, at: int) -> Data:
    environment, queue = dice.choice(data["computeEnvironments"]), dice.choice(data["jobQueues"])
    name, other = environment["computeEnvironmentName"], queue["jobQueueName"]
    values = {
        f"{name}.maxvCpus": [1, 2, 4, 8],
        f"{name}.state": ["ENABLED", "DISABLED"],
        f"{other}.priority": [1, 3, 9],
        f"{other}.state": ["ENABLED", "DISABLED"],
    }
    if "status" in environment:
        values[f"{name}.status"] = ["VALID", "INVALID"]
    key = dice.choice(list(values))
    return {"at": ms(at), "set": key, "to": dice.choice(values[key])}
