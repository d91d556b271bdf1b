"""Windows of Fargate tasks, worked off in columns, leave the records that ends one by one leave."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from effort import effort

from batchsim import Scenario, Simulation
from batchsim.engine import task_turnover, task_window
from batchsim.engine.laws import Constant, Sampler, Uniform
from batchsim.engine.randomness import Draws
from batchsim.engine.task_pulls import TaskPulls
from batchsim.engine.task_window import TaskLine, TaskWindow
from batchsim.engine.token_bucket import TokenBucket
from batchsim.testing import Dice
from tests.engine.test_task_turnover import crowd, same
from tests.scenario_builder import definition, environment, job, queue, scenario


def throng(dice: Dice) -> Scenario:
    """So many tasks of several sizes that last so long that dozens of them end before the first of the next line."""
    sizes = {"small": (0.25, 512), "middle": (0.5, 1024), "large": (1, 2048)}
    kinds = [definition(name, *size, platformCapabilities=["FARGATE"]) for name, size in sizes.items()]
    work = []
    for number in range(dice.integer(2, 6)):
        fails = [{"probability": 0.01, "exit_code": 1}] if not dice.integer(0, 3) else []
        keys: dict[str, Any] = {"fails": fails, "attempts": 2}
        run = {"lognormal": {"mean": "9m", "cv": (0.1, 0.4)[dice.integer(0, 1)]}}
        kind = list(sizes)[dice.integer(0, 2)]
        work.append(job(f"job{number}", run, size=dice.integer(80, 700), on="queue", kind=kind, **keys))
    timing = {"scheduler_cycle": ("0s", "1s", "7s")[dice.integer(0, 2)], "slow_pull_probability": 0.1}
    if not dice.integer(0, 2):
        timing |= {"fargate_burst": dice.integer(20, 90), "fargate_rate": f"{dice.integer(1, 4)}/s"}
    hosts = [environment("tasks", type="FARGATE", maxvCpus=dice.integer(30, 90))]
    rest = {"definitions": kinds, "world": timing, "simulation": {"seed": dice.integer(1, 99)}}
    return scenario(*work, environments=hosts, queues=[queue("queue", "tasks", priority=1)], **rest)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many ends each window took that was tried; ten are enough for one."""
    monkeypatch.setattr(task_window, "LEAST", 10)
    monkeypatch.setattr(task_turnover, "RETRIED_AFTER", 10)
    taken: list[int] = []
    plainly = TaskWindow.work_off

    def counted(self: TaskWindow, before: int, line: TaskLine) -> tuple[int, int, int]:
        found = plainly(self, before, line)
        taken.append(found[0])
        return found

    monkeypatch.setattr(TaskWindow, "work_off", counted)
    return taken


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("number", range(effort(fast=20, verify=300, long=3000)))
def test_nobody_can_tell_a_throng_from_ends_one_by_one(number: int) -> None:
    given = throng(Dice(number))
    assert same(Simulation(given).finish(), Simulation(given, thorough=True).finish())


def test_windows_take_most_ends_of_throngs(windows: list[int]) -> None:
    jobs = sum(len(Simulation(throng(Dice(number))).finish().jobs) for number in range(12))
    assert sum(windows) > jobs / 3


@pytest.mark.parametrize("number", range(effort(fast=40, verify=400, long=4000)))
def test_windows_of_a_single_end_are_no_other(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the next end, failure, last job or launch rate is near: so the places at which a window must stop."""
    monkeypatch.setattr(task_window, "LEAST", 1)
    monkeypatch.setattr(task_turnover, "RETRIED_AFTER", 1)
    given = (crowd if number % 2 else throng)(Dice(number))
    assert same(Simulation(given).finish(), Simulation(given, thorough=True).finish())


def test_tokens_used_up_over_time_are_those_taken_one_by_one() -> None:
    many, single = (TokenBucket(20, Fraction(7, 2)) for _ in range(2))
    many.take_over_time([5, 900, 901, 4_000], [9, 3, 2, 14])
    for at_ms, count in ((5, 9), (900, 3), (901, 2), (4_000, 14)):
        single.tokens(at_ms)
        single.take(count)
    assert [many.tokens(at_ms) for at_ms in (4_001, 4_800, 9_000)] == [
        single.tokens(at_ms) for at_ms in (4_001, 4_800, 9_000)
    ]


def test_pulls_drawn_for_many_are_those_drawn_for_each() -> None:
    draws = Draws(7)
    streams = [draws.stream(name, "tasks") for name in ("slow?", "new", "slow")]
    pulls = TaskPulls(
        streams[0], 0.3, Sampler(Uniform(1_000, 9_000), streams[1]), Sampler(Constant(60_000), streams[2])
    )
    assert np.array_equal(pulls.some_ms(1_000, 100), [pulls.one_ms(index, 1) for index in range(1_000, 1_100)])
