"""Single jobs by the hundred for several queues of a fleet that scales: fast paths leave the records of plain ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from effort import effort

from batchsim import Result, Scenario, Simulation
from batchsim.engine.demand import DemandMeter
from batchsim.engine.flow import Flow
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.swift_pass import SwiftPass
from batchsim.testing import Dice
from tests.scenario_builder import definition, environment, job, queue, scenario

TABLES = ("jobs", "attempts", "submissions", "instances", "timeline", "scaling", "blocked", "shares")


def crowd(dice: Dice) -> Scenario:
    """Poisson arrivals of a dozen shapes at queues of equal or different priorities, near what the fleet can bear."""
    shapes = {f"shape{n}": (dice.integer(1, 8), 512 * dice.integer(1, 12)) for n in range(dice.integer(1, 12))}
    shares = ["red", "green", "blue"] if not dice.integer(0, 3) else []
    work = [_entry(dice, number, list(shapes), shares) for number in range(dice.integer(3, 12))]
    hosts = [_hosts(dice, f"hosts{n}") for n in range(1 + (not dice.integer(0, 2)))]
    names = [each["computeEnvironmentName"] for each in hosts]
    policy = {"schedulingPolicyArn": "arn:aws:batch:us-east-1:123456789012:scheduling-policy/fair"} if shares else {}
    lines = [
        queue(f"queue{n}", *names[: dice.integer(1, len(names))], priority=dice.integer(1, 3), **policy)
        for n in range(3)
    ]
    timing = {
        "scheduler_cycle": ("0s", "1s")[dice.integer(0, 1)],
        "instance_boot": f"{dice.integer(0, 40)}s",
        "scale_up_delay": f"{dice.integer(0, 20)}s",
        "scale_down_idle": f"{dice.integer(0, 60)}s",
        "demand_by": ("vcpu", "both")[dice.integer(0, 1)],
        "block_detect": "20s",
    }
    top: dict[str, Any] = {"simulation": {"seed": dice.integer(1, 99)}}
    if shares:
        weights = [{"shareIdentifier": each, "weightFactor": 1} for each in shares]
        fair = {"shareDecaySeconds": 600, "computeReservation": 0, "shareDistribution": weights}
        top["schedulingPolicies"] = [{"name": "fair", "fairsharePolicy": fair}]
    kinds = [definition(name, *size) for name, size in shapes.items()]
    return scenario(*work, environments=hosts, queues=lines, definitions=kinds, world=timing, **top)


def _entry(dice: Dice, number: int, shapes: list[str], shares: list[str]) -> dict[str, Any]:
    keys: dict[str, Any] = {"size": dice.integer(2, 9)} if not dice.integer(0, 4) else {}
    if not dice.integer(0, 3):
        keys |= {"fails": [{"probability": 0.2}], "attempts": 3}
    if shares:
        keys["share"] = shares[dice.integer(0, 2)]
    at = {"poisson": f"{dice.integer(2, 12)}/min", "for": f"{dice.integer(1, 3)}m"}
    run = {"lognormal": {"mean": f"{dice.integer(5, 60)}s", "cv": 0.6}}
    on, kind = f"queue{dice.integer(0, 2)}", shapes[dice.integer(0, len(shapes) - 1)]
    return job(f"job{number}", run, at=at, on=on, kind=kind, **keys)


def _hosts(dice: Dice, name: str) -> dict[str, Any]:
    types = [("box.8",), ("box.8", "box.16"), ("box.4", "box.8")][dice.integer(0, 2)]
    strategy = ("BEST_FIT", "BEST_FIT_PROGRESSIVE")[dice.integer(0, 3) > 0]
    return environment(name, types, maxvCpus=8 * dice.integer(1, 6), allocationStrategy=strategy)


def same(one: Result, other: Result) -> bool:
    """Whether all columns of the records are equal."""
    pairs = [(getattr(one.records, name), getattr(other.records, name)) for name in TABLES]
    return all(
        np.array_equal(getattr(a, column.name), getattr(b, column.name))
        for a, b in pairs
        for column in dataclasses.fields(a)
    )


@pytest.mark.parametrize("number", range(effort(fast=16, verify=200, long=2000)))
def test_nobody_can_tell_fast_paths_from_plain_ones(number: int) -> None:
    given = crowd(Dice(number))
    assert same(Simulation(given).finish(), Simulation(given, thorough=True).finish())


@pytest.mark.parametrize(
    ("room", "path", "taken"),
    [
        (Flow, "__call__", True),
        (SwiftPass, "leaves", None),
        (Scheduler, "_waits_on", True),
        (Scheduler, "_holds_still", True),
        (DemandMeter, "_is_quickly_unmet", True),
    ],
)
def test_crowds_go_by_the_fast_paths(
    room: type, path: str, taken: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test above would compare plain paths with themselves."""
    answers: list[object] = []
    told = getattr(room, path)

    def noted(*arguments: Any, **keys: Any) -> Any:
        answers.append(told(*arguments, **keys))
        return answers[-1]

    monkeypatch.setattr(room, path, noted)
    for number in range(60):
        Simulation(crowd(Dice(number))).finish()
        if answers.count(taken) > 5:
            return
    pytest.fail(f"{room.__name__}.{path} was {taken} {answers.count(taken)} times")
