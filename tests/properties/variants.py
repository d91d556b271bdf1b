"""Small scenarios of whole seconds without chance but in the work, and what may be varied of them; by number."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from scenario_builder import environment, fails, fixed, job, queue, scenario_data

from batchsim.testing import Dice

Data = dict[str, Any]
LAWS = (
    {"lognormal": {"mean": "2m", "cv": 1}},
    {"exponential": {"mean": "90s"}},
    {"uniform": {"min": "10s", "max": "5m"}},
)
DURATION = re.compile(r"(\d+)(s|m|h)")
SECONDS = {"s": 1, "m": 60, "h": 3600}


def picked(dice: Dice, *options: Any) -> Any:
    return options[dice.integer(0, len(options) - 1)]


def graph(number: int, *, instants: bool = True) -> list[Data]:
    """Jobs of one vCPU, some arrays, each after some of those before it, each of a random length."""
    dice = Dice(number)
    jobs: list[Data] = []
    for at in range(dice.integer(3, 14)):
        before = [each["id"] for each in jobs]
        needs = [name for name in before if dice.integer(0, 3) == 0][:3]
        size = picked(dice, None, None, 2, 4)
        start = f"{dice.integer(0, 200)}s" if instants and dice.integer(0, 1) else "0s"
        jobs.append(job(f"j{at:02}", picked(dice, *LAWS), at=start, size=size, needs=needs))
    return jobs


def on_slots(work: list[Data], slots: int, seed: int, **more: Any) -> Data:
    """The work on so many warm slots that never change."""
    return scenario_data(*work, environments=[fixed(slots)], simulation={"seed": seed}, **more)


def one_class(number: int) -> Data:
    """Jobs of one shape in one FIFO queue, without dependencies, that come over time; two or three slots."""
    dice = Dice(number)
    work = [
        job(f"j{at:02}", picked(dice, *LAWS), at=f"{dice.integer(0, 600)}s", size=picked(dice, None, None, 3))
        for at in range(dice.integer(5, 20))
    ]
    return on_slots(work, dice.integer(1, 3), number)


def exact(number: int) -> Data:
    """Everything a scaler does, in whole seconds: boots, starts, idle time, retries, timeouts, reclaims; no chance."""
    dice = Dice(number)
    world = {
        "scheduler_cycle": picked(dice, "0s", "1s", "7s"),
        "scale_up_delay": picked(dice, "0s", "5s", "20s"),
        "instance_pending": picked(dice, "0s", "3s"),
        "instance_boot": picked(dice, "0s", "30s", "61s"),
        "agent_register": picked(dice, "0s", "11s"),
        "warm_start": picked(dice, "0s", "2s"),
        "new_image": picked(dice, "0s", "9s"),
        "scale_down_idle": picked(dice, "0s", "60s", "300s"),
        "scale_down_check": picked(dice, "0s", "10s", "60s"),
        "retry_delay": picked(dice, "0s", "4s"),
        "notice": picked(dice, "0s", "15s", "120s"),
        "stop_timeout": "30s",
        "ce_backoff": "180s",
        "block_detect": "600s",
        "usage_update": "1s",
        "min_window": "600s",
        "first_hour_free": False,
    }
    kind = picked(dice, "EC2", "SPOT")
    places = [
        environment("hosts", ("box.2", "box.4"), type=kind, maxvCpus=dice.integer(4, 12), minvCpus=picked(dice, 0, 2))
    ]
    places[0]["computeResources"]["allocationStrategy"] = "BEST_FIT_PROGRESSIVE"
    work = [_exact_job(dice, at) for at in range(dice.integer(3, 10))]
    faults = [
        {"kind": "spot_reclaim", "at": f"{dice.integer(20, 900)}s", "select": {"environment": "hosts", "ordinal": n}}
        for n in range(dice.integer(0, 3)) if kind == "SPOT"
    ]  # fmt: skip
    actions = [{"at": f"{dice.integer(10, 400)}s", "set": "hosts.maxvCpus", "to": dice.integer(4, 16)}]
    if dice.integer(0, 1):
        actions.append({"at": f"{dice.integer(10, 400)}s", "terminate": "j00"})
    queues = [queue("queue", "hosts", priority=1), queue("other", "hosts", priority=dice.integer(2, 9))]
    return scenario_data(
        *work, environments=places, queues=queues, world=world, faults=faults, actions=actions,
        simulation={"seed": number, "max_time": "36000s"},
    )  # fmt: skip


def _exact_job(dice: Dice, at: int) -> Data:
    runs = (f"{dice.integer(20, 900)}s", fails(1, run=f"{dice.integer(5, 90)}s", then=f"{dice.integer(20, 300)}s"))
    more: Data = {"timeout_s": dice.integer(60, 600)} if dice.integer(0, 2) == 0 else {}
    return job(
        f"j{at:02}", picked(dice, *runs), at=f"{dice.integer(0, 300)}s", vcpus=dice.integer(1, 2),
        size=picked(dice, None, None, 3), attempts=dice.integer(1, 3),
        on=picked(dice, "queue", "queue", "other"), **more,
    )  # fmt: skip


def slower(data: Any, k: int, key: str = "") -> Any:
    """Every duration of a scenario of whole seconds times ``k``."""
    if isinstance(data, dict):
        return {name: slower(value, k, name) for name, value in data.items()}
    if isinstance(data, list):
        return [slower(value, k, key) for value in data]
    if key == "attemptDurationSeconds":
        return data * k
    if isinstance(data, str) and (match := DURATION.fullmatch(data)):
        return f"{int(match[1]) * SECONDS[match[2]] * k}s"
    return data


def dearer(data: Data, k: int) -> Data:
    """Every price of a scenario's own types times ``k``."""
    other = deepcopy(data)
    for made in other["world"]["instanceTypes"].values():
        for name in ("price", "spot_price"):
            dollars = made[name].removeprefix("$").removesuffix("/h")
            made[name] = f"${float(dollars) * k:.2f}/h"
    return other
