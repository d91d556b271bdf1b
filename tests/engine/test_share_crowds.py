"""Fair-share queues of many shares, of every kernel and kind of weight: fast paths leave the records of plain ones."""

from __future__ import annotations

from typing import Any

import pytest
from effort import effort

from batchsim import Scenario, Simulation
from batchsim.engine.share_order import ShareOrder
from batchsim.testing import Dice
from tests.engine.test_crowds import same
from tests.scenario_builder import definition, environment, fixed, job, queue, scenario


def crowd(dice: Dice) -> Scenario:
    """Up to forty shares that come and go, idle for longer than the window, retry, and have weights of their own."""
    shapes = {f"shape{n}": (dice.integer(1, 4), 512 * dice.integer(1, 6)) for n in range(dice.integer(1, 4))}
    shares = [f"{'ab'[n % 2]}{n}" for n in range(dice.integer(2, 40))]
    work = [_entry(dice, number, list(shapes), shares) for number in range(dice.integer(5, 60))]
    hosts = [_hosts(dice, f"hosts{n}") for n in range(dice.integer(1, 2))]
    names = [each["computeEnvironmentName"] for each in hosts]
    lines = [_queue(dice, number, names) for number in range(2)]
    timing = {
        "scheduler_cycle": ("0s", "1s", "700ms")[dice.integer(0, 2)],
        "usage_update": ("1s", "1s", "300ms", "20s")[dice.integer(0, 3)],
        "decay_kernel": ("linear", "linear", "exponential", "rect")[dice.integer(0, 3)],
        "min_window": ("0s", "30s", "5m", "10m")[dice.integer(0, 3)],
        "fss_hol": ("strict", "strict", "per_share")[dice.integer(0, 2)],
        "instance_boot": f"{dice.integer(0, 40)}s",
        "scale_down_idle": f"{dice.integer(5, 60)}s",
    }
    policy = {
        "shareDecaySeconds": (0, 60, 900)[dice.integer(0, 2)],
        "computeReservation": (0, 0, 20)[dice.integer(0, 2)],
        "shareDistribution": _weights(dice, shares),
    }
    top: dict[str, Any] = {"schedulingPolicies": [{"name": "fair", "fairsharePolicy": policy}]}
    kinds = [definition(name, *size) for name, size in shapes.items()]
    top["simulation"] = {"seed": dice.integer(1, 99)}
    return scenario(*work, environments=hosts, queues=lines, definitions=kinds, world=timing, **top)


def _weights(dice: Dice, shares: list[str]) -> list[dict[str, Any]]:
    if not dice.integer(0, 2):
        return [{"shareIdentifier": "a*", "weightFactor": 0.5}, {"shareIdentifier": "b*", "weightFactor": 2}]
    weighed = [name for name in shares if dice.integer(0, 1)]
    return [{"shareIdentifier": name, "weightFactor": (1, 1, 0.25, 3)[dice.integer(0, 3)]} for name in weighed]


def _hosts(dice: Dice, name: str) -> dict[str, Any]:
    if dice.integer(0, 1):
        return fixed(4 * dice.integer(1, 6), name, ["box.4"])
    return environment(name, ["box.4", "box.8"], maxvCpus=dice.integer(8, 40))


def _queue(dice: Dice, number: int, hosts: list[str]) -> dict[str, Any]:
    fair = {"schedulingPolicyArn": "fair"} if not number or dice.integer(0, 1) else {}
    return queue(f"queue{number}", *hosts[: dice.integer(1, len(hosts))], priority=dice.integer(1, 2), **fair)


def _entry(dice: Dice, number: int, shapes: list[str], shares: list[str]) -> dict[str, Any]:
    keys: dict[str, Any] = {"size": dice.integer(2, 12)} if dice.integer(0, 1) else {}
    if not dice.integer(0, 3):
        keys |= {"fails": [{"probability": 0.2}], "attempts": 3}
    if not dice.integer(0, 3):
        keys["priority"] = dice.integer(0, 2)
    if not dice.integer(0, 9):
        keys["cancel_after"] = f"{dice.integer(1, 200)}s"
    at = ("0s", f"{dice.integer(0, 300)}s", {"poisson": f"{dice.integer(6, 90)}/h", "for": "20m"})[dice.integer(0, 2)]
    run = ({"lognormal": {"mean": f"{dice.integer(5, 60)}s", "cv": 0.6}}, f"{dice.integer(1, 90)}s")[dice.integer(0, 1)]
    share, on = shares[dice.integer(0, len(shares) - 1)], f"queue{dice.integer(0, 1)}"
    return job(f"job{number}", run, at=at, on=on, kind=shapes[dice.integer(0, len(shapes) - 1)], share=share, **keys)


@pytest.mark.parametrize("number", range(effort(fast=12, verify=300, long=6000)))
def test_nobody_can_tell_the_fast_paths_from_the_plain_ones(number: int) -> None:
    given = crowd(Dice(number))
    assert same(Simulation(given).finish(), Simulation(given, thorough=True).finish())


def test_most_updates_leave_most_shares_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare the plain way with itself."""
    waited, looked_at = [], []
    update, take_usage = ShareOrder.update, ShareOrder._take_usage
    monkeypatch.setattr(ShareOrder, "update", lambda order, *due: (waited.append(len(due[1])), update(order, *due)))
    monkeypatch.setattr(ShareOrder, "_take_usage", lambda *those: (looked_at.append(1), take_usage(*those)))
    for number in range(10):
        Simulation(crowd(Dice(number))).finish()
    assert sum(waited) > 2 * len(looked_at) > 1_000
