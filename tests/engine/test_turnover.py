"""Ends worked off many at a time, and one by one: nobody can tell, on random busy scenarios of many kinds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from effort import LEVEL, effort
from scenario_builder import Data, definition, environment, job, queue, scenario, world

from batchsim import Simulation
from batchsim.engine.drain import Drain
from batchsim.engine.handover import Handover
from batchsim.engine.swift_deal import SwiftDeal
from batchsim.engine.turnover import Turnover
from batchsim.engine.window import Window
from batchsim.spec import Scenario
from batchsim.testing import Dice

FIRST = 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "0")) % 10**9 * 1000
NUMBERS = range(FIRST, FIRST + effort(fast=8, verify=100, long=5000))


def busy(number: int) -> Scenario:
    """A few hundred to two thousand jobs on some dozen instances: shapes, lengths, losses, retries by chance."""
    dice = Dice(number)
    entries = [_entry(dice, each) for each in range(dice.integer(1, 5))]
    spot = dice.integer(0, 1) == 1
    hosts = environment(
        types=[f"box.{size}" for size in (4, 8, 16)[: dice.integer(1, 3)]],
        type="SPOT" if spot else "EC2",
        allocationStrategy="SPOT_CAPACITY_OPTIMIZED" if spot else "BEST_FIT_PROGRESSIVE",
        maxvCpus=(64, 200, 600)[dice.integer(0, 2)],
    )
    others = [environment("others", ["box.16"], maxvCpus=48)] if dice.integer(0, 3) == 0 else []
    names = [each["computeEnvironmentName"] for each in (hosts, *others)]
    return scenario(
        *entries,
        environments=[hosts, *others],
        queues=[queue("queue", *names), queue("second", names[-1], priority=dice.integer(1, 2))],
        definitions=[
            definition(f"shape-{vcpus}", vcpus, 1024 * vcpus, retryStrategy={"attempts": 5}) for vcpus in (1, 2, 4)
        ],
        world=_world(dice, spot=spot),
        simulation={"seed": number + 1},
    )


def _entry(dice: Dice, number: int) -> Data:
    mean = ("40s", "3m", "10m")[dice.integer(0, 2)]
    run = {"lognormal": {"mean": mean, "cv": (0.05, 0.3, 0.8)[dice.integer(0, 2)]}} if dice.integer(0, 4) else mean
    more: Data = {}
    if dice.integer(0, 2) == 0:
        more["checkpoint"] = {"every": "1m", "cost": "2s", "restore": "5s"}
    if dice.integer(0, 5) == 0:
        more["fails"] = [{"probability": 0.1, "exit_code": 1}]
    if dice.integer(0, 5) == 0:
        more["cancel_after"] = "12m"
    return job(
        f"entry-{number}",
        run,
        on="second" if dice.integer(0, 5) == 0 else "queue",
        kind=f"shape-{(1, 2, 4)[dice.integer(0, 2)]}",
        at=f"{dice.integer(0, 3) * 100}s",
        size=(2, 90, 400)[dice.integer(0, 2)],
        count=dice.integer(1, 2),
        **more,
    )


def _world(dice: Dice, *, spot: bool) -> Data:
    chance: Data = {
        "scheduler_cycle": ("0s", "1s", "7s")[dice.integer(0, 2)],
        "warm_start": {"lognormal": {"mean": "7s", "cv": 0.8}},
        "new_image": "8s",
        "cache_hit": ("0s", "1s")[dice.integer(0, 1)],
        "instance_boot": "40s",
        "scale_up_delay": "20s",
        "scale_down_idle": ("0s", "2m")[dice.integer(0, 1)],
        "block_detect": "5m",
        "drain_surplus": dice.integer(0, 1) == 1,
        "ice_prob": (0, 0.3)[dice.integer(0, 1)],
        "retry_position": ("front", "back")[dice.integer(0, 1)],
    }
    if spot:
        chance |= {"spot_hazard": (0.5, 5)[dice.integer(0, 1)], "notice": "2m", "spot_drain": dice.integer(0, 1) == 1}
    return world(**chance)


def unlike(one: Any, other: Any, where: str = "records") -> list[str]:
    """Return the parts in which two records differ."""
    if is_dataclass(one):
        parts = [(each.name, getattr(one, each.name), getattr(other, each.name)) for each in fields(one)]
        return [found for name, *pair in parts for found in unlike(*pair, f"{where}.{name}")]
    same = np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
    return [] if same else [where]


@pytest.fixture(params=NUMBERS, ids=lambda number: f"number{number}")
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def deal_always(patch: pytest.MonkeyPatch) -> None:
    """Deal out whatever can be dealt out, however few jobs and instances that concerns."""
    patch.setattr("batchsim.engine.swift_pass.LEAST_JOBS", 2)
    patch.setattr("batchsim.engine.swift_pass.LEAST_HOSTS", 1)
    patch.setattr("batchsim.engine.swift_deal.LEAST_JOBS", 2)


@pytest.mark.parametrize("least", [2, 32])
def test_the_plain_way_gives_the_same_records(
    number: int, least: int, monkeypatch: pytest.MonkeyPatch, cases: Callable[[int], None]
) -> None:
    cases(1)
    monkeypatch.setattr("batchsim.engine.turnover.MOST_SKIPPED", 0)
    monkeypatch.setattr("batchsim.engine.window.LEAST", least)
    if least == 2:
        deal_always(monkeypatch)
    story = busy(number)
    fast, plain = (Simulation(story, thorough=thorough).finish().records for thorough in (False, True))
    assert unlike(fast, plain) == []


def rough(number: int) -> Scenario:
    """The same, of which some cannot be dealt with in columns: failures to start, slower instances, timeouts."""
    told = [
        {"world.start_failure": 0.03},
        {"world.speed": {"box.4": 0.8, "box.16": 0.9}},
        {"entry-0.submit.timeout": {"attemptDurationSeconds": 150}},
    ]
    return busy(number).with_values(told[number % len(told)])


@pytest.mark.parametrize("number", range(effort(fast=9, verify=90, long=900)))
def test_what_is_out_of_the_ordinary_goes_the_plain_way(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchsim.engine.window.LEAST", 2)
    deal_always(monkeypatch)
    fast, plain = (Simulation(rough(number), thorough=thorough).finish().records for thorough in (False, True))
    assert unlike(fast, plain) == []


def hurried(number: int) -> Scenario:
    """Jobs of some cycles' length on a fleet that stands: some end before the last pass of the window they start in."""
    dice = Dice(number)
    shortest, cycle = dice.integer(1, 3), dice.integer(1, 3)
    run = {"uniform": {"min": f"{shortest}s", "max": f"{5 * shortest}s"}}
    return scenario(
        job("a", run, size=2_000, image="0MB"),
        environments=[environment(types=["box.16"], minvCpus=320, maxvCpus=320)],
        world=world(scheduler_cycle=f"{cycle}s", warm_start="0s", pull_overhead="0s"),
        simulation={"seed": number},
    )


@pytest.mark.parametrize("number", range(effort(fast=12, verify=100, long=2000)))
def test_a_job_that_starts_and_ends_before_the_last_pass_of_a_window_is_seen(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchsim.engine.window.LEAST", 4)
    deal_always(monkeypatch)
    fast, plain = (Simulation(hurried(number), thorough=thorough).finish().records for thorough in (False, True))
    assert unlike(fast, plain) == []


def test_the_scenarios_reach_every_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()
    twins = [(Window, "_commit"), (Handover, "run_pass"), (Handover, "_open"), (Turnover, "end_whole")]
    twins += [(Drain, "_pass"), (SwiftDeal, "_pulled_at")]
    deal_always(monkeypatch)
    for owner, name in twins:
        _count(monkeypatch, owner, name, seen)
    monkeypatch.setattr("batchsim.engine.window.LEAST", 2)
    for number in range(12):
        Simulation(busy(number)).finish()
    assert min(seen[name] for _, name in twins) >= 5, seen


def _count(patch: pytest.MonkeyPatch, owner: type, name: str, seen: Counter[str]) -> None:
    made = getattr(owner, name)

    def counted(*given: Any, **named: Any) -> Any:
        seen[name] += 1
        return made(*given, **named)

    patch.setattr(owner, name, counted)
