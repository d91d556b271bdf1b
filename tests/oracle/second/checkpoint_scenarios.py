"""Random scenarios by number of containers that save their work while Spot takes the instances of listed fleets."""

from __future__ import annotations

from random import Random

from oracle.second import drawing
from oracle.second.drawing import Data, Features, ms

FEATURES = (
    "arrays", "checkpoints", "cycle", "dependencies", "drain", "environments", "notices", "pulls", "queues", "retries",
    "rules", "sigterm", "skip", "timeouts",
)  # fmt: skip
TOGETHER = (("checkpoints", "drain", "retries"), ("checkpoints", "notices", "retries"), ("drain", "pulls"))
WORK_MS = (30_000, 100_000, 150_000, 300_000, 600_000)
"""Twice as much at speed 2, so that all is whole milliseconds."""
EVERY_MS = (20_000, 60_000, 60_000, 100_000, 200_000, 400_000, None)
COST_MS = (0, 1000, 5000, 20_000, 30_000, 40_000)


def scenario(seed: int) -> Data:
    """Scenario number ``seed``: always the same."""
    dice = Random(f"checkpoints {seed}")  # noqa: S311 (no secret)
    on = drawing.features(dice, FEATURES, TOGETHER)
    counts = {f"env{n}": dice.choice([1, 2, 3]) for n in range(2 if "environments" in on else 1)}
    queues = drawing.queues(dice, on, list(counts))
    workload, definitions = _workload(dice, on, len(queues))
    world = _world(dice, on, counts)
    until = dice.choice([7_200_000, 3_600_000, dice.randrange(600, 2400) * 1000])
    return {
        "name": f"checkpoints-{seed}",
        "allow_unplaceable": True,
        "computeEnvironments": [_environment(name) for name in counts],
        "jobQueues": queues,
        "jobDefinitions": definitions,
        "workload": workload,
        "world": world,
        "faults": _reclaims(dice, counts),
        "simulation": {"seed": seed, "until": ms(until)},
    }


def _environment(name: str) -> Data:
    resources = {"type": "SPOT", "maxvCpus": 64, "instanceTypes": [_type(name)], "subnets": ["SUBNET_ID"]}
    return {"computeEnvironmentName": name, "type": "MANAGED", "state": "ENABLED", "computeResources": resources}


def _type(environment: str) -> str:
    return f"box.{environment}"


def _world(dice: Random, on: Features, counts: dict[str, int]) -> Data:
    types = {_type(name): _size(dice) for name in counts}
    return drawing.common_world(dice, on) | {
        "instanceTypes": types,
        "fleets": {name: [{"type": _type(name), "count": count}] for name, count in counts.items()},
        "speed": {"x86_64": dice.choice([1, 1, 2])},
        "notice": ms(dice.choice([120_000, 30_000, 60_000, 0]) if "notices" in on else 120_000),
        "stop_timeout": ms(dice.choice([30_000, 10_000, 120_000])),
        "spot_drain": "drain" in on,
        "checkpoint_on_notice": dice.choice([True, True, False]),
        "warm_start": ms(dice.choice([0, 5000])),
        "new_image": ms(dice.choice([8000, 45_000]) if "pulls" in on else 0),
        "slow_pull_probability": 0,
        "packing": "first_fit",
        "root_gb": 0,
        "instance_pending": "0s",
        "instance_boot": "0s",
        "agent_register": "0s",
    }


def _size(dice: Random) -> Data:
    memory = {"memory": "8000MiB", "usable_memory": "8000MiB"}
    return {"vcpu": dice.choice([1, 2, 4]), **memory, "arch": "x86_64", "price": "$0.72/h", "spot_price": "$0.36/h"}


def _reclaims(dice: Random, counts: dict[str, int]) -> list[Data]:
    """Of instances that are there, or of one that came in the place of another; each once."""
    drawn: dict[tuple[str, int], Data] = {}
    launched = {name: [0] * count for name, count in counts.items()}
    at = 0
    for _ in range(dice.randint(1, 8)):
        at += dice.choice([dice.randrange(30, 300) * 1000, dice.randrange(1, 600_000), 60_000, 120_000])
        name = dice.choice(list(counts))
        ordinal, is_replaced = dice.randrange(len(launched[name])), dice.random() < 0.8
        if (name, ordinal) in drawn:
            continue
        where = {"environment": name, "ordinal": ordinal}
        drawn[name, ordinal] = {"kind": "spot_reclaim", "at": ms(at), "select": where, "replace": is_replaced}
        launched[name] += [at] * is_replaced
    return list(drawn.values())


# -- the workload


def _workload(dice: Random, on: Features, queues: int) -> tuple[list[Data], list[Data]]:
    entries: list[Data] = []
    definitions: list[Data] = []
    for number in range(dice.randint(3, 9)):
        request = drawing.submit(dice, on, number, f"queue{dice.randrange(queues)}", entries, (2, 3, 5, 10))
        vcpus, mib = dice.choice([1000, 1000, 2000, 4000]), dice.choice([1000, 2000, 4000])
        definitions.append(drawing.definition(number, f"image{dice.randrange(2)}", vcpus, mib))
        entry = {
            "id": f"job{number}",
            "submit": request,
            "at": ms(dice.choice([0, 0, 0, dice.randrange(600) * 1000])),
            "run": drawing.run(request, [_script(dice, on) for _ in range(drawing.size_of(request))]),
            **_interruptions(dice, on),
        }
        if "timeouts" in on and entry.get("on_sigterm") != "checkpoint" and dice.random() < 0.5:
            request["timeout"] = {"attemptDurationSeconds": dice.choice([300, 600])}
        entries.append(entry)
    return entries, definitions


def _script(dice: Random, on: Features) -> list[Data]:
    steps = [_step(dice) for _ in range(dice.choice([1, 1, 2, 3]) if "retries" in on else 1)]
    return [{key: value for key, value in each.items() if key == "run" or len(steps) > 1} for each in steps]


def _step(dice: Random) -> Data:
    step: Data = {"run": ms(2 * dice.choice([*WORK_MS, dice.randrange(1, 400_000)]))}
    return {**step, "exit": dice.choice([1, 2])} if dice.random() < 0.6 else step


def _interruptions(dice: Random, on: Features) -> Data:
    """What the container makes of them: it saves on its way, at notices, or not at all."""
    deed = dice.choice(["die", "exit_nonzero", "exit_zero"]) if "sigterm" in on else "die"
    if "checkpoints" not in on or dice.random() < 0.2:
        return {"on_sigterm": deed}
    every = dice.choice(EVERY_MS)
    if every is None or dice.random() < 0.5:
        deed = "checkpoint"
    rule = {"cost": ms(dice.choice(COST_MS)), "restore": ms(dice.choice([0, 3000, 30_000]))}
    return {"on_sigterm": deed, "checkpoint": rule if every is None else {"every": ms(every), **rule}}
