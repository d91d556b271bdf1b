"""Ends of Fargate tasks, worked off many at a time, leave the records that one by one leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from effort import effort

from batchsim import Result, Scenario, Simulation
from batchsim.engine.task_turnover import TaskTurnover
from batchsim.testing import Dice
from tests.scenario_builder import definition, environment, job, queue, scenario


def crowd(dice: Dice) -> Scenario:
    """Tasks of several sizes for a small environment, with failures, retries and jobs that wait for others."""
    sizes = {"small": (0.25, 512), "middle": (0.5, 1024), "large": (1, 2048), "huge": (2, 4096)}
    kinds = [definition(name, *size, platformCapabilities=["FARGATE"]) for name, size in sizes.items()]
    runs: tuple[Any, ...] = ("1s", "7s", {"lognormal": {"mean": "20s", "cv": 0.8}}, {"exponential": {"mean": "9s"}})
    work = []
    for number in range(dice.integer(2, 9)):
        name = f"job{number}"
        size = dice.integer(2, 60) if dice.integer(0, 3) else None
        needs = [f"job{dice.integer(0, number - 1)}"] if number and not dice.integer(0, 4) else []
        keys: dict[str, Any] = {"needs": needs}
        if not dice.integer(0, 3):
            keys |= {"fails": [{"probability": 0.2, "exit_code": 1}], "attempts": 2}
        at = f"{dice.integer(0, 30) * 500}ms"
        run = runs[dice.integer(0, len(runs) - 1)]
        on = f"queue{dice.integer(0, 1)}"
        work.append(job(name, run, at=at, size=size, on=on, kind=list(sizes)[dice.integer(0, 3)], **keys))
    hosts = [environment("tasks", type="FARGATE", maxvCpus=dice.integer(2, 6))]
    lines = [queue(f"queue{n}", "tasks", priority=dice.integer(1, 2)) for n in range(2)]
    timing = {"scheduler_cycle": ("0s", "1s", "300ms")[dice.integer(0, 2)]}
    if dice.integer(0, 1):
        timing |= {"fargate_provision": {"uniform": {"min": "1s", "max": "9s"}}, "new_image": "3s"}
    if not dice.integer(0, 3):
        timing |= {"fargate_burst": dice.integer(1, 20), "fargate_rate": f"{dice.integer(1, 9)}/s"}
    rest = {"definitions": kinds, "world": timing, "simulation": {"seed": dice.integer(1, 99)}}
    return scenario(*work, environments=hosts, queues=lines, **rest)


def same(one: Result, other: Result) -> bool:
    """Whether all columns of the records are equal."""
    pairs = [
        (getattr(one.records, table), getattr(other.records, table))
        for table in ("jobs", "attempts", "submissions", "timeline", "blocked")
    ]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for a, b in pairs for name in a.__dataclass_fields__)


@pytest.mark.parametrize("number", range(effort(fast=40, verify=400, long=4000)))
def test_nobody_can_tell_it_from_ends_one_by_one(number: int) -> None:
    given = crowd(Dice(number))
    assert same(Simulation(given).finish(), Simulation(given, thorough=True).finish())


def test_it_takes_most_ends_of_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare the plain way with itself."""
    started: list[int] = []
    plainly = TaskTurnover._start

    def counted(self: TaskTurnover, low: int, high: int) -> None:
        started.append(high - low)
        plainly(self, low, high)

    monkeypatch.setattr(TaskTurnover, "_start", counted)
    for number in range(20):
        Simulation(crowd(Dice(number))).finish()
    assert sum(started) > 300
