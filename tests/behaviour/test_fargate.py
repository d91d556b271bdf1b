"""Fargate: tasks that share nothing, a launch rate, a maximum, and bills from the pull.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
"""

from __future__ import annotations

import pytest
from scenario_builder import attempts_of, column, definition, fargate, queue, reasons, scenario, starts, task


def test_a_task_is_provisioned_then_pulls_then_runs(simulate):
    stages = {"fargate_provision": "30s", "new_image": "8s"}
    result = simulate(scenario(task("a", "60s"), environments=[fargate()], world=stages))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.pull_at_s, attempt.pulled_at_s, attempt.running_at_s, attempt.ended_at_s) == (30, 38, 38, 98)
    assert attempt.billed_s == 68
    assert len(result.instances) == 0


def test_every_task_pulls_for_itself(simulate):
    result = simulate(
        scenario(task("a", size=3), task("b", at="5m"), environments=[fargate()], world={"new_image": "8s"})
    )
    assert column(result, "image_pull_s") == {"a:0": 8, "a:1": 8, "a:2": 8, "b": 8}


@pytest.mark.parametrize(("rate", "pull_s"), [("40MB/s", 22), ("400MB/s", 4)])
def test_an_image_of_a_known_size_takes_an_overhead_and_its_size(rate, pull_s, simulate):
    sized = task("a", image="800MB")
    result = simulate(
        scenario(sized, environments=[fargate()], world={"pull_overhead": "2s", "pull_rate_fargate": rate})
    )
    assert column(result, "image_pull_s") == {"a": pull_s}


def test_running_tasks_stay_within_the_maximum(simulate):
    result = simulate(scenario(task("a", "10s", size=5), environments=[fargate(maxvCpus=2)]))
    assert list(starts(result).values()) == [0, 0, 10, 10, 20]
    assert reasons(result) == [(0, "max_vcpus", "tasks"), (20, "empty", "nan")]


def test_quarter_vcpus_add_up(simulate):
    small = definition("small", 0.25, 512, platformCapabilities=["FARGATE"])
    work = task("a", "10s", size=9, kind="small")
    result = simulate(scenario(work, environments=[fargate(maxvCpus=1)], definitions=[small]))
    assert list(starts(result).values()) == [0] * 4 + [10] * 4 + [20]


def test_at_its_maximum_the_next_environment_takes_over(simulate):
    result = simulate(
        scenario(task("a", size=3), environments=[fargate("one", maxvCpus=2), fargate("two", maxvCpus=2)])
    )
    assert column(result, "environment", "attempts") == {"a:0": "one", "a:1": "one", "a:2": "two"}


def test_the_launch_rate_makes_the_head_wait_for_this_environment(simulate):
    slow = {"fargate_burst": 1, "fargate_rate": "1/s"}
    result = simulate(scenario(task("a", size=3), environments=[fargate("one"), fargate("two")], world=slow))
    assert set(column(result, "environment", "attempts").values()) == {"one"}
    assert list(starts(result).values()) == [0, 1, 2]
    assert reasons(result) == [(0, "launch_rate", "one"), (2, "empty", "nan")]


def test_the_launch_rate_is_one_for_all_environments_and_another_for_spot(simulate):
    slow = {"fargate_burst": 1, "fargate_rate": "1/s"}
    places = [fargate("one"), fargate("two"), fargate("spot", type="FARGATE_SPOT")]
    queues = [queue(name, name) for name in ("one", "two", "spot")]
    work = [task(name, on=name) for name in ("one", "two", "spot")]
    result = simulate(scenario(*work, environments=places, queues=queues, world=slow))
    assert starts(result) == {"one": 0, "two": 1, "spot": 0}


def test_the_rate_refills_up_to_the_burst_only(simulate):
    slow = {"fargate_burst": 2, "fargate_rate": "1/s"}
    work = [task("a", size=2), task("b", at="1h", size=3)]
    result = simulate(scenario(*work, environments=[fargate()], world=slow))
    assert list(starts(result).values()) == [0, 0, 3600, 3600, 3601]


def test_a_task_terminated_before_its_pull_costs_nothing(simulate):
    gone = [{"at": "10s", "terminate": "a"}]
    result = simulate(scenario(task("a"), environments=[fargate()], world={"fargate_provision": "30s"}, actions=gone))
    assert column(result, "cost_usd") == {"a": 0}


def test_every_try_is_a_task_and_a_bill_of_its_own(simulate):
    work = {"script": [{"run": "10s", "exit": 1}, {"run": "10s"}]}
    result = simulate(scenario(task("a", work, attempts=2), environments=[fargate()]))
    assert result.attempts["billed_s"].tolist() == [60, 60]


def test_fargate_spot_costs_its_share_and_storage_beyond_20_gib_extra(simulate):
    roomy = definition(
        "roomy", 1, 2048, platformCapabilities=["FARGATE"], container={"ephemeralStorage": {"sizeInGiB": 120}}
    )
    place = fargate("tasks", type="FARGATE_SPOT")
    result = simulate(scenario(task("a", "1h", kind="roomy"), environments=[place], definitions=[roomy]))
    hourly = 0.3 * (0.04048 + 2 * 0.004445) + 100 * 0.000111
    assert column(result, "cost_usd")["a"] == pytest.approx(hourly, rel=1e-3)


def test_a_disabled_environment_takes_no_tasks_but_those_that_run_go_on(simulate):
    off = [{"at": "10s", "set": "tasks.state", "to": "DISABLED"}, {"at": "5m", "set": "tasks.state", "to": "ENABLED"}]
    result = simulate(scenario(task("a"), task("b", at="20s"), environments=[fargate()], actions=off))
    assert starts(result) == {"a": 0, "b": 300}
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "SUCCEEDED"}
