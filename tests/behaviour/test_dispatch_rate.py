"""A dispatch rate on instances, a what-if: AWS publishes none.

https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

import pytest
from scenario_builder import column, environment, fargate, fixed, job, queue, reasons, scenario, starts, task


@pytest.mark.parametrize(
    ("rate", "instants"),
    [
        ("unlimited", [0, 0, 0, 0, 0, 0]),
        ("2/s", [0, 0, 0.5, 1, 1.5, 2]),
        ("1/s", [0, 1, 2, 3, 4, 5]),
        ("6/min", [0, 10, 20, 30, 40, 50]),
    ],
)
def test_so_many_jobs_start_a_second_and_a_seconds_worth_at_once(rate, instants, simulate):
    world = {"dispatch_rate_ec2": rate}
    result = simulate(scenario(job("a", "10m", size=6), environments=[fixed(8, types=("box.8",))], world=world))
    assert list(starts(result).values()) == instants


def test_a_head_with_room_waits_for_the_rate_and_not_for_another_environment(simulate):
    places = [fixed(4, "one", types=("box.4",)), fixed(4, "two", types=("box.4",))]
    result = simulate(scenario(job("a", size=3), environments=places, world={"dispatch_rate_ec2": "1/s"}))
    assert set(column(result, "environment", "attempts").values()) == {"one"}
    assert reasons(result) == [(0, "launch_rate", "one"), (2, "empty", "nan")]


def test_a_head_without_room_waits_for_room(simulate):
    world = {"dispatch_rate_ec2": "1/s"}
    result = simulate(scenario(job("a", "10s", size=2), environments=[fixed(1)], world=world))
    assert reasons(result) == [(0, "max_vcpus", "hosts"), (10, "empty", "nan")]


def test_every_environment_has_a_rate_of_its_own_for_all_of_its_queues(simulate):
    places = [fixed(4, "one", types=("box.4",)), fixed(4, "two", types=("box.4",))]
    queues = [queue("p", "one"), queue("q", "one"), queue("r", "two")]
    work = [job(name, on=name) for name in "pqr"]
    result = simulate(scenario(*work, environments=places, queues=queues, world={"dispatch_rate_ec2": "1/s"}))
    assert starts(result) == {"p": 0, "q": 1, "r": 0}


def test_jobs_that_wait_for_the_rate_are_no_demand_for_more_instances(simulate):
    places = [environment(types=("box.4",), maxvCpus=64)]
    result = simulate(scenario(job("a", "10m", size=4), environments=places, world={"dispatch_rate_ec2": "1/s"}))
    assert (list(starts(result).values()), len(result.instances)) == ([0, 1, 2, 3], 1)


def test_retries_are_dispatched_at_the_rate_too(simulate):
    work = job("a", {"script": [{"run": "1s", "exit": 1}, {"run": "1s"}]}, size=2, attempts=2)
    places = [fixed(4, types=("box.4",))]
    result = simulate(scenario(work, environments=places, world={"dispatch_rate_ec2": "6/min"}))
    assert result.attempts.starting_at_s.tolist() == [0, 10, 20, 30]


def test_instances_start_a_burst_at_once_that_fargate_launches_one_by_one(simulate):
    hosts, tasks = [fixed(304, types=("box.16",))], [fargate()]
    on_hosts = simulate(scenario(job("a", "10m", size=300), environments=hosts))
    on_fargate = simulate(scenario(task("a", "10m", size=300), environments=tasks))
    assert (max(starts(on_hosts).values()), max(starts(on_fargate).values())) == (0, 10)
