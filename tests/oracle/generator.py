"""Random deterministic scenarios by number, as plain data of a scenario file: small, tight, full of ties."""

from __future__ import annotations

from random import Random
from typing import Any

from oracle.widening import widen

Data = dict[str, Any]

TYPES = {
    "unit.1": (1, 2000, 0),
    "unit.2": (2, 4000, 0),
    "unit.4": (4, 7000, 0),
    "unit.8": (8, 15000, 0),
    "gpu.4": (4, 7000, 2),
    "gpu.8": (8, 15000, 2),
}
"""vCPUs, MiB, GPUs; a vCPU costs the same on all."""
PRICED = {
    "snug.3": (3, 6000, 0, 0.047),
    "cheap.4": (4, 5000, 0, 0.04),
    "near.4": (4, 7500, 0, 0.0501),
    "fat.2": (2, 16000, 0, 0.065),
    "bulk.16": (16, 30000, 0, 0.046),
}
"""The same, and dollars a vCPU and hour; near.4 costs as much as unit.4 but for a fifth of a percent."""
SUBNETS = {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"}


def scenario(seed: int) -> Data:
    """Scenario number ``seed``: always the same; odd numbers have more features."""
    data = plain(seed)
    return widen(Random(f"{seed} more"), data) if seed % 2 else data  # noqa: S311 (no secret)


def plain(seed: int) -> Data:
    """What all numbers have."""
    dice = Random(seed)  # noqa: S311 (no secret)
    environments = [_environment(dice, n) for n in range(dice.choice([1, 1, 1, 2, 3]))]
    queues = _queues(dice, [each["computeEnvironmentName"] for each in environments])
    listed = [each for each in environments if "allocationStrategy" not in each.get("computeResources", {})]
    fleets = {each["computeEnvironmentName"]: _fleet(dice, each) for each in listed}
    workload = _workload(dice, [each["jobQueueName"] for each in queues])
    definitions = [_definition(f"image{n}") for n in range(3)]
    until = dice.choice(["drained"] * 4 + ["7m", "12m", "30m"])
    data: Data = {
        "name": f"oracle-{seed}",
        "computeEnvironments": environments,
        "jobQueues": queues,
        "jobDefinitions": definitions,
        "workload": workload,
        "world": _world(dice, fleets),
        "faults": _faults(dice, environments, fleets),
        "simulation": {"seed": seed, "until": until, "max_time": "2h"},
        "allow_unplaceable": True,
    }
    return {**data, "actions": _actions(dice, data)}


# -- the AWS half


def _environment(dice: Random, number: int) -> Data:
    if dice.random() < 0.15:
        return {"computeEnvironmentName": f"env{number}", "type": "UNMANAGED", "state": "ENABLED"}
    if dice.random() < 0.55:
        return _scaled(dice, number)
    resources = {
        "type": dice.choice(["SPOT", "SPOT", "EC2"]),
        "minvCpus": 0,
        "maxvCpus": 1000,
        "instanceTypes": list(TYPES),
        "subnets": ["subnet-a"],
    }
    state = "DISABLED" if dice.random() < 0.04 else "ENABLED"
    return {"computeEnvironmentName": f"env{number}", "type": "MANAGED", "state": state, "computeResources": resources}


PURCHASES = [
    ("EC2", "BEST_FIT"), ("EC2", "BEST_FIT"), ("EC2", "BEST_FIT_PROGRESSIVE"), ("EC2", "BEST_FIT_PROGRESSIVE"),
    ("EC2", "BEST_FIT_PROGRESSIVE_ORDERED"), ("SPOT", "SPOT_CAPACITY_OPTIMIZED"), ("SPOT", "BEST_FIT"),
    ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED"), ("SPOT", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED"),
    ("SPOT", "BEST_FIT_PROGRESSIVE"),
]  # fmt: skip


def _scaled(dice: Random, number: int) -> Data:
    """An environment with a scaler, and one type of instances or several."""
    kind, strategy = dice.choice(PURCHASES)
    types = [dice.choice(["unit.8", "unit.8", "gpu.8", "unit.4"])]
    if dice.random() < 0.7:
        types = dice.sample([*TYPES, *PRICED], dice.randint(2, 5))
    resources = {
        "type": kind,
        "allocationStrategy": strategy,
        "minvCpus": dice.choice([0, 0, 0, 4, 7]),
        "maxvCpus": dice.choice([8, 9, 10, 13, 16, 24, 40]),
        "instanceTypes": types,
        "subnets": dice.choice([["subnet-a"], ["subnet-a"], ["subnet-a", "subnet-b"], ["subnet-b", "subnet-a"]]),
    }
    return {
        "computeEnvironmentName": f"env{number}",
        "type": "MANAGED",
        "state": "ENABLED",
        "computeResources": resources,
    }


def _queues(dice: Random, environments: list[str]) -> list[Data]:
    return [
        {
            "jobQueueName": f"queue{n}",
            "priority": dice.choice([1, 1, 2, 5, 9]),
            "computeEnvironmentOrder": [
                {"order": place + 1, "computeEnvironment": name}
                for place, name in enumerate(dice.sample(environments, dice.randint(1, len(environments))))
            ],
        }
        for n in range(dice.choice([1, 2, 2, 3]))
    ]


def _definition(image: str) -> Data:
    container = {"image": image, "resourceRequirements": [_asks("VCPU", 1), _asks("MEMORY", 1000)]}
    return {"jobDefinitionName": image, "type": "container", "containerProperties": container}


def _asks(kind: str, amount: int) -> Data:
    return {"type": kind, "value": str(amount)}


# -- the world


def _fleet(dice: Random, environment: Data) -> list[Data]:
    fleet = [_part(dice) for _ in range(dice.choice([1, 1, 2, 2, 3]))]
    if dice.random() < 0.9:  # nothing is stuck for want of size
        fleet.append({"type": dice.choice(["unit.8", "gpu.8"]), "at": dice.choice(["0s", "0s", "40s", "4m"])})
    if environment["type"] == "UNMANAGED":
        spot = dice.choice([True, True, False])
        fleet = [{**part, "spot": spot} for part in fleet]
    return fleet


def _part(dice: Random) -> Data:
    at = dice.choice(["0s", "0s", "0s", "30s", "1m", "90s", "2m", "5m", "100500ms"])
    return {"type": dice.choice(list(TYPES)), "count": dice.choice([1, 1, 1, 2, 3]), "at": at}


def _world(dice: Random, fleets: Data) -> Data:
    pick = dice.choice
    plain = {
        "instanceTypes": {
            **{name: _type(*size) for name, size in TYPES.items()},
            **{name: _type(*size) for name, size in PRICED.items()},
        },
        "zones": SUBNETS,
        "fleets": fleets,
        "slow_pull_probability": 0,
        "spot_hazard": 0,
        "spot_shocks_per_day": 0,
        "spot_depth": "unlimited",
        "block_detect": "0s",
        "demand_by": "both",
        "prefer_size": "largest_filled",
        "drain_surplus": False,
    }
    rules = {
        "scheduler_cycle": pick(["0s", "0s", "1s", "10s", "7s", "1m"]),
        "fifo_order": pick(["submitted", "runnable", "runnable"]),
        "retry_position": pick(["original", "back", "front"]),
        "head_of_line": pick(["strict", "strict", "skip"]),
        "packing": pick(["first_fit", "first_fit", "best_fit", "worst_fit"]),
        "bill_from": pick(["running", "launch", "ready"]),
        "initial_capacity": pick(["ready", "booting"]),
        "cancel_pending_wait": pick([True, False]),
        "spot_drain": pick([False, True]),
        "first_hour_free": pick([True, True, False]),
        "root_gb": pick([0, 0, 30]),
        "gp3_gb_month": "$0.08",
    }
    delays = {
        "retry_delay": pick(["0s", "0s", "10s", "500ms"]),
        "timeout_lag": pick(["0s", "0s", "3s"]),
        "instance_pending": pick(["0s", "10s"]),
        "instance_boot": pick(["0s", "10s", "10s", "30s"]),
        "user_data": pick(["0s", "5s"]),
        "agent_register": pick(["0s", "20s", "50s"]),
        "warm_start": pick(["0s", "0s", "10s", "1500ms"]),
        "new_image": pick(["0s", "0s", "20s"]),
        "pull_overhead": "2s",
        "pull_rate_ec2": "80MB/s",
        "notice": pick(["0s", "30s", "1m", "2m"]),
        "stop_timeout": "30s",
        "scale_up_delay": pick(["0s", "15s", "30s", "1m"]),
        "scale_down_idle": pick(["1m", "90s", "5m"]),
        "scale_down_check": pick(["0s", "10s", "1m"]),
        "ce_backoff": pick(["3m", "1m", "45s", "10s", "0s"]),
    }
    return plain | rules | delays


def _type(vcpus: int, mib: int, gpus: int, usd: float = 0.05) -> Data:
    return {
        "vcpu": vcpus,
        "memory": f"{mib + 500}MiB",
        "usable_memory": f"{mib}MiB",
        "gpu": gpus,
        "arch": "x86_64",
        "price": f"${usd * vcpus:.6f}/h",
        "spot_price": f"${usd * vcpus / 4:.6f}/h",
    }


# -- the workload


def _workload(dice: Random, queues: list[str]) -> list[Data]:
    entries: list[Data] = []
    for n in range(dice.randint(2, 9)):
        entries.append(_entry(dice, n, queues, entries))
    return entries


def _entry(dice: Random, number: int, queues: list[str], earlier: list[Data]) -> Data:
    name = f"job{number}"
    submit: Data = {"jobName": name, "jobQueue": dice.choice(queues), "jobDefinition": f"image{dice.randrange(3)}"}
    if dice.random() < 0.5:
        submit["containerOverrides"] = {"resourceRequirements": _sizes(dice)}
    if dice.random() < 0.35:
        submit["arrayProperties"] = {"size": dice.randint(2, 6)}
    needs = _needs(dice, submit, earlier)
    if needs:
        submit["dependsOn"] = needs
    if dice.random() < 0.5:
        submit["retryStrategy"] = _retry(dice)
    if dice.random() < 0.25:
        submit["timeout"] = {"attemptDurationSeconds": dice.choice([60, 60, 90, 200])}
    entry: Data = {
        "id": name,
        "submit": submit,
        "at": dice.choice(["0s", "0s", "1s", "10s", "30s", "1m", "2m", "5m", "1500ms"]),
    }
    if "arrayProperties" not in submit and not needs and dice.random() < 0.2:
        entry["count"] = dice.randint(2, 4)
    entry["run"] = _run(dice, entry.get("count", 1) * submit.get("arrayProperties", {}).get("size", 1))
    if dice.random() < 0.1:
        entry["image"] = dice.choice(["400MB", "1200MB"])
    if dice.random() < 0.5:
        entry["on_sigterm"] = dice.choice(["die", "exit_zero", "exit_nonzero"])
    return entry


def _sizes(dice: Random) -> list[Data]:
    asked = [
        _asks("VCPU", dice.choice([1, 1, 2, 2, 3, 4, 8])),
        _asks("MEMORY", dice.choice([500, 1000, 1900, 3500, 7000])),
    ]
    return [*asked, _asks("GPU", dice.choice([1, 2]))] if dice.random() < 0.08 else asked


def _needs(dice: Random, submit: Data, earlier: list[Data]) -> list[Data]:
    needs = []
    others = [entry for entry in earlier if "count" not in entry]
    for other in dice.sample(others, min(len(others), dice.choice([0, 0, 0, 1, 1, 2]))):
        needs.append({"jobId": other["id"]})
        same = other["submit"].get("arrayProperties") == submit.get("arrayProperties")
        if "arrayProperties" in submit and same and dice.random() < 0.7:
            needs[-1]["type"] = "N_TO_N"
    if "arrayProperties" in submit and dice.random() < 0.25:
        needs.append({"type": "SEQUENTIAL"})
    return needs


def _retry(dice: Random) -> Data:
    rules = [_rule(dice) for _ in range(dice.choice([0, 0, 1, 2, 3]))]
    return {"attempts": dice.randint(1, 4), **({"evaluateOnExit": rules} if rules else {})}


def _rule(dice: Random) -> Data:
    conditions = [
        {"onStatusReason": "Host EC2*"}, {"onReason": "*"}, {"onReason": "OutOfMemory*"}, {"onExitCode": "1"},
        {"onExitCode": "13*"}, {"onExitCode": "*"}, {"onStatusReason": "Essential*", "onExitCode": "2"},
    ]  # fmt: skip
    return {**dice.choice(conditions), "action": dice.choice(["RETRY", "EXIT", "exit"])}


def _run(dice: Random, jobs: int) -> Any:
    if dice.random() < 0.4:
        return _time(dice)
    if dice.random() < 0.5:
        return {"script": _steps(dice)}
    return {"scripts": [dice.choice([_steps, _step])(dice) for _ in range(jobs)]}


def _steps(dice: Random) -> list[Any]:
    return [_step(dice) for _ in range(dice.randint(1, 4))]


def _time(dice: Random) -> str:
    return dice.choice(["10s", "20s", "30s", "1m", "1m", "90s", "2m", "5m", "61500ms"])


def _step(dice: Random) -> Any:
    step: Data = {"run": _time(dice)}
    if dice.random() < 0.6:
        step["exit"] = dice.choice([1, 1, 2, 137])
    if dice.random() < 0.2:
        step["reason"] = "OutOfMemoryError: Container killed due to memory usage"
    return step if len(step) > 1 else step["run"]


# -- what happens to it


def _faults(dice: Random, environments: list[Data], fleets: Data) -> list[Data]:
    spots = [each["computeEnvironmentName"] for each in environments if _is_spot(each, fleets)]
    reclaims = [_reclaim(dice, dice.choice(spots)) for _ in range(dice.choice([0, 1, 1, 2, 3]) if spots else 0)]
    scaled = [each for each in environments if each["computeEnvironmentName"] not in fleets]
    short = dice.choice([0, 0, 1, 2, 3]) if scaled else 0
    shortages = [_shortage(dice, dice.choice(scaled)) for _ in range(short)]
    return reclaims + shortages + [each for environment in scaled for each in _depths(dice, environment)]


def _depths(dice: Random, environment: Data) -> list[Data]:
    """How deep the pools of a Spot environment are, by type."""
    resources = environment["computeResources"]
    if resources["type"] != "SPOT" or dice.random() < 0.5:
        return []
    return [
        {"kind": "capacity", "at": "0s", "capacity": dice.choice([2, 3, 4, 5, 8]), "select": {"type": name}}
        for name in resources["instanceTypes"]
    ]


def _is_spot(environment: Data, fleets: Data) -> bool:
    if environment["type"] == "UNMANAGED":
        return bool(fleets[environment["computeEnvironmentName"]][0]["spot"])
    return bool(environment["computeResources"]["type"] == "SPOT")


def _reclaim(dice: Random, environment: str) -> Data:
    at = dice.choice(["30s", "1m", "90s", "2m", "3m", "4m", "5m", "6m", "130500ms"])
    target = {"environment": environment, "ordinal": dice.choice([0, 0, 1, 2, 3])}
    return {"kind": "spot_reclaim", "at": at, "select": target, "replace": dice.choice([True, False])}


def _shortage(dice: Random, environment: Data) -> Data:
    """EC2 has few instances, or none, of a type, of a zone, for an environment, or at all."""
    types = environment["computeResources"]["instanceTypes"]
    where: Data = {}
    if dice.random() < 0.7:
        where["type"] = dice.choice([*types, f"{dice.choice(types).partition('.')[0]}.*"])
    if dice.random() < 0.2:
        where["zone"] = SUBNETS[dice.choice(environment["computeResources"]["subnets"])]
    if dice.random() < 0.2:
        where["environment"] = environment["computeEnvironmentName"]
    if dice.random() < 0.2:
        where["spot"] = environment["computeResources"]["type"] == "SPOT"
    lasts = {"for": dice.choice(["30s", "2m", "5m", "20m"])} if dice.random() < 0.8 else {}
    return {
        "kind": "capacity", "at": dice.choice(["0s", "0s", "30s", "1m", "3m"]), **lasts,
        "capacity": dice.choice([0, 0, 1, 2, 4]), "select": where,
    }  # fmt: skip


def _actions(dice: Random, scenario: Data) -> list[Data]:
    stops = [_stop(dice, dice.choice(scenario["workload"])) for _ in range(dice.choice([0, 0, 0, 1, 2, 3]))]
    return stops + [_change(dice, scenario) for _ in range(dice.choice([0, 0, 0, 1, 2, 3]))]


def _moment(dice: Random) -> str:
    return dice.choice(["10s", "30s", "1m", "90s", "3m", "5m"])


def _stop(dice: Random, entry: Data) -> Data:
    name = entry["id"]
    if "count" in entry:
        name += f"@{dice.randrange(entry['count'])}"
    if "arrayProperties" in entry["submit"] and dice.random() < 0.5:
        name += f":{dice.randrange(entry['submit']['arrayProperties']['size'])}"
    return {"at": _moment(dice), dice.choice(["cancel", "terminate"]): name}


def _change(dice: Random, scenario: Data) -> Data:
    """A key of an environment or a queue is set."""
    if dice.random() < 0.35:
        queue = dice.choice(scenario["jobQueues"])["jobQueueName"]
        path, value = dice.choice([(f"{queue}.priority", dice.choice([1, 3, 7, 10])), (f"{queue}.state", "DISABLED"),
                                   (f"{queue}.state", "ENABLED")])  # fmt: skip
        return {"at": _moment(dice), "set": path, "to": value}
    environment = dice.choice(scenario["computeEnvironments"])
    keys = [("state", "DISABLED"), ("state", "ENABLED")]
    resources = environment.get("computeResources", {})
    if "allocationStrategy" in resources:
        keys += [("maxvCpus", dice.choice([8, 12, 30, 64])), ("minvCpus", dice.choice([0, 4, 6, 8]))]
        keys += [("desiredvCpus", dice.choice([4, 8, 11])), ("maxvCpus", dice.choice([8, 20]))]
    key, value = dice.choice(keys)
    return {"at": _moment(dice), "set": f"{environment['computeEnvironmentName']}.{key}", "to": value}
