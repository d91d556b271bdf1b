"""A queue's environments in order: the next is tried where one is invalid, disabled, full or short of capacity.

https://docs.aws.amazon.com/batch/latest/userguide/compute_environments.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeEnvironmentOrder.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    column,
    definition,
    environment,
    fargate,
    fixed,
    job,
    launched,
    queue,
    reasons,
    scenario,
    starts,
    task,
)

from batchsim import ScenarioError


def where(result):
    """The environment of each job's last attempt."""
    return column(result, "environment", "attempts")


def spot(name="spot", **resources):
    return environment(name, **{"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", **resources})


# -- three in order


def test_three_environments_are_filled_in_their_order(simulate):
    places = [fixed(1, "third"), fixed(2, "first"), fixed(1, "second")]
    result = simulate(
        scenario(job("a", count=4), environments=places, queues=[queue("queue", "first", "second", "third")])
    )
    assert where(result) == {"a@0": "first", "a@1": "first", "a@2": "second", "a@3": "third"}


def test_environments_go_by_their_order_and_not_by_their_place_in_the_list(simulate):
    backwards = queue("queue", "first", "second")
    backwards["computeEnvironmentOrder"].reverse()
    places = [fixed(1, "first"), fixed(1, "second")]
    result = simulate(scenario(job("a"), environments=places, queues=[backwards]))
    assert where(result) == {"a": "first"}


def test_a_head_for_which_all_three_are_full_takes_the_first_room_anywhere(simulate):
    places = [fixed(1, "first"), fixed(1, "second"), fixed(1, "third")]
    work = [job("a", "90s"), job("b", "40s"), job("c", "60s"), job("d")]
    result = simulate(scenario(*work, environments=places))
    assert (where(result)["d"], starts(result)["d"]) == ("second", 40)
    assert reasons(result)[0] == (0, "max_vcpus", "third")


def test_growth_goes_on_to_the_next_environment_where_maxvcpus_end_it(simulate):
    places = [environment("first", maxvCpus=1), environment("second", maxvCpus=2), environment("third")]
    slow = {"scale_up_delay": "5s", "instance_boot": "60s"}
    result = simulate(scenario(job("a", size=5), environments=places, world=slow))
    assert result.instances["environment"].tolist() == ["first", "second", "second", "third", "third"]
    assert set(starts(result).values()) == {65}


def test_capacity_errors_send_jobs_down_the_order_for_the_back_off_and_no_longer(simulate):
    places = [spot("spot"), environment("dear", maxvCpus=1), environment("last", maxvCpus=1)]
    short = {"spot_depth": 0, "ce_backoff": "100s", "scale_up_delay": "1s"}
    work = [job("a", "1h"), job("b", "1h"), job("c", at="50s"), job("d", at="150s")]
    result = simulate(scenario(*work, environments=places, world=short, simulation={"until": "300s"}))
    assert where(result) == {"a": "dear", "b": "last"}
    tries = result.scaling[result.scaling["capacity_errors"] > 0]
    assert tries["at_s"].tolist() == [1, 102, 203]


@pytest.mark.parametrize(("back_off", "again"), [("180s", 182), ("30s", 32)])
def test_a_pool_without_capacity_is_left_alone_for(back_off, again, simulate):
    none_left = {"spot_depth": 0, "scale_up_delay": "1s", "ce_backoff": back_off}
    result = simulate(scenario(job("a"), environments=[spot()], world=none_left, simulation={"until": "200s"}))
    tries = result.scaling.loc[result.scaling["capacity_errors"] > 0, "at_s"].tolist()
    assert tries[:2] == [1, again]


def test_fargate_environments_are_tried_in_order_too(simulate):
    places = [fargate("first", maxvCpus=1), fargate("second", maxvCpus=1), fargate("third")]
    result = simulate(scenario(task("a", count=3), environments=places))
    assert where(result) == {"a@0": "first", "a@1": "second", "a@2": "third"}


def test_every_fargate_environment_takes_tasks_of_both_architectures(simulate):
    arm = {"runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}}
    kinds = [definition("arm", 1, 2048, platformCapabilities=["FARGATE"], container=arm)]
    result = simulate(scenario(task("x"), task("y", kind="arm"), environments=[fargate()], definitions=kinds))
    assert dict(zip(result.attempts["job_id"], result.attempts["architecture"], strict=True)) == {
        "x": "x86_64",
        "y": "arm64",
    }


# -- INVALID


@pytest.mark.parametrize("kind", [environment, fargate])
def test_an_invalid_environment_is_passed_over(kind, simulate):
    first = {**kind("first"), "status": "INVALID"}
    make = task if kind is fargate else job
    result = simulate(scenario(make("a"), environments=[first, kind("second")]))
    assert (where(result), starts(result)) == ({"a": "second"}, {"a": 0})


def test_an_invalid_environment_launches_nothing_not_even_its_minimum(simulate):
    broken = {**fixed(2), "status": "INVALID"}
    result = simulate(scenario(job("a"), environments=[broken], allow_unplaceable=True))
    assert launched(result) == []
    assert result.summary()["ended_by"] == "stuck"
    assert reasons(result) == [(0, "environment_invalid", "hosts")]


def test_what_runs_in_an_environment_goes_on_when_it_turns_invalid(simulate):
    actions = [
        {"at": "10s", "set": "hosts.status", "to": "INVALID"},
        {"at": "100s", "set": "hosts.status", "to": "VALID"},
    ]
    result = simulate(scenario(job("a"), job("b"), job("c", at="20s"), environments=[environment()], actions=actions))
    assert starts(result) == {"a": 0, "b": 0, "c": 100}
    assert reasons(result)[-2:] == [(20, "environment_invalid", "hosts"), (100, "empty", "nan")]


def test_an_invalid_environment_is_said_to_be_invalid_also_where_it_is_disabled(simulate):
    broken = {**environment(state="DISABLED"), "status": "INVALID"}
    result = simulate(scenario(job("a"), environments=[broken], allow_unplaceable=True))
    assert reasons(result)[0][1] == "environment_invalid"


def test_any_other_status_is_taken_as_valid(simulate):
    result = simulate(scenario(job("a"), environments=[{**environment(), "status": "UPDATING"}]))
    assert starts(result) == {"a": 0}


def test_a_status_that_nothing_can_be_set_to_is_refused():
    actions = [{"at": "1s", "set": "hosts.status", "to": "BROKEN"}]
    with pytest.raises(ScenarioError, match="VALID, INVALID"):
        scenario(job("a"), environments=[environment()], actions=actions)


# -- DISABLED


def test_jobs_go_on_to_the_next_environment_while_one_is_disabled(simulate):
    actions = [
        {"at": "10s", "set": "first.state", "to": "DISABLED"},
        {"at": "80s", "set": "first.state", "to": "ENABLED"},
    ]
    work = [job("a", "30s"), job("b", at="20s"), job("c", at="90s")]
    places = [environment("first"), environment("second")]
    assert where(simulate(scenario(*work, environments=places, actions=actions))) == {
        "a": "first",
        "b": "second",
        "c": "first",
    }


# -- many queues, many environments


def test_many_queues_share_one_environment_by_priority(simulate):
    queues = [queue(f"q{number}", priority=number) for number in range(5)]
    work = [job(f"j{number}", "10s", on=f"q{number}") for number in range(5)]
    assert list(starts(simulate(scenario(*work, queues=queues)))) == ["j4", "j3", "j2", "j1", "j0"]


def test_queues_may_have_the_same_environments_in_different_orders(simulate):
    places = [fixed(1, "east"), fixed(1, "west")]
    queues = [queue("a", "east", "west", priority=2), queue("b", "west", "east", priority=1)]
    result = simulate(scenario(job("x", on="a"), job("y", on="b"), environments=places, queues=queues))
    assert where(result) == {"x": "east", "y": "west"}
