"""The same night on three platforms, and work for which AWS Batch is the wrong tool."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Simulate
from scenarios.conftest import FOLDER

import batchsim
from batchsim import Result

SEEDS = range(1, 11)
PATIENT = {"platform": "no_queue", "run_task_attempts": 40, "run_task_backoff_cap": "15m"}
SERVICE = {
    "platform": "always_on", "warm_start": "0s", "new_image": "0s", "slow_pull": "0s", "scheduler_cycle": "0s",
}  # fmt: skip


def variant(name: str, values: dict[str, Any] | None = None) -> batchsim.Scenario:
    """A shipped scenario as a command in its comment changes it."""
    scenario = batchsim.load(FOLDER / f"{name}.yaml")
    for key, value in (values or {}).items():
        scenario = scenario.with_(key, value)
    return scenario


# -- batch_vs_ecs_vs_eks


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_night_on_batch_on_a_fleet_and_by_run_task_alone(simulate: Simulate, seed: int) -> None:
    platforms = ({}, {"platform": "always_on"}, {"platform": "no_queue"}, PATIENT)
    nights = [simulate(variant("batch_vs_ecs_vs_eks", values), seed=seed) for values in platforms]
    assert all(night.jobs.work_s.tolist() == nights[0].jobs.work_s.tolist() for night in nights)
    batch, fleet, alone, patient = (night.summary() for night in nights)
    # Cost: a fleet is paid for all day, whoever puts its tasks on it.
    assert fleet["cost"]["total_usd"] > 12 * batch["cost"]["total_usd"]
    assert fleet["cost"]["total_usd"] == alone["cost"]["total_usd"] == patient["cost"]["total_usd"]
    assert fleet["cost"]["by_cause"]["kept_by_minvcpus"] > 0.9 * fleet["cost"]["total_usd"]
    # Wait: nothing boots on a fleet, and that is all.
    sooner = batch["headline"]["makespan_s"] - fleet["headline"]["makespan_s"]
    assert 60 < sooner < 5 * 60
    # Failures: none with a queue, nine of ten without one and with little patience, none with much.
    assert [each["jobs"]["failed"] for each in (batch, fleet, patient)] == [0, 0, 0]
    assert 530 <= alone["jobs"]["failed"] <= 540
    assert nights[2].jobs.wait_s.max() < 5 * 60
    assert abs(patient["headline"]["makespan_s"] / batch["headline"]["makespan_s"] - 1) < 0.15
    assert 13 < patient["run_task"]["calls"] / 600 < 17


@pytest.mark.parametrize("seed", SEEDS)
def test_a_queue_keeps_the_order_and_clients_do_not(simulate: Simulate, seed: int) -> None:
    queue, clients = (simulate(variant("batch_vs_ecs_vs_eks", values), seed=seed) for values in ({}, PATIENT))
    assert order_of_starts(queue) > 0.999
    assert abs(order_of_starts(clients)) < 0.2


def order_of_starts(night: Result) -> float:
    """Rank correlation of the array index with the order in which the jobs started that had to wait for room."""
    started = night.attempts.reset_index().set_index("job_id")["index"]
    waited = night.jobs[night.jobs.wait_s > 600]
    return float(np.corrcoef(started[waited.job_id].rank(), waited.array_index.astype(float))[0, 1])


# -- when_not_to_use_batch


def in_time(result: Result, target_s: float = 1.0) -> float:
    """The share of requests that are done within the target."""
    return float((result.jobs.turnaround_s[result.jobs.entry == "request"] <= target_s).mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_requests_are_late_as_jobs_and_in_time_as_calls_of_a_service(simulate: Simulate, seed: int) -> None:
    batch = simulate(variant("when_not_to_use_batch"), seed=seed)
    service = simulate(variant("when_not_to_use_batch", SERVICE), seed=seed)
    late, prompt = (each.summary()["latency"]["by_queue"]["thumbnails"]["turnaround_s"] for each in (batch, service))
    assert in_time(batch) <= 0.001
    assert in_time(service) >= 0.999
    assert late["p50"] > 8
    assert late["p99"] > 60
    assert prompt["p99"] < 0.8
    # It is not the queue: half of them find room at once, and a container takes seconds to start.
    requests = batch.jobs[batch.jobs.entry == "request"]
    assert requests.wait_s.median() < 2 < requests.start_up_s.median()
    cost = [each.summary()["cost"]["by_environment"]["thumbnails"] for each in (batch, service)]
    assert cost[1] > 10 * cost[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_api_costs_on_batch_what_it_costs_on_a_fleet(simulate: Simulate, seed: int) -> None:
    batch, fleet = (simulate(variant("when_not_to_use_batch", values), seed=seed) for values in ({}, SERVICE))
    bills = [each.summary()["cost"]["by_environment"]["api"] for each in (batch, fleet)]
    assert bills[0] == pytest.approx(bills[1], rel=0.01)
    assert bills[1] == pytest.approx(2 * 24 * 0.0765 + 2 * 30 * 0.08 / 30.4, rel=0.02)  # two c6a.large and their disks
    up_after = [each.attempts.running_at_s[each.attempts.queue == "api"].max() for each in (batch, fleet)]
    assert up_after[1] == 0
    assert up_after[0] > 60
