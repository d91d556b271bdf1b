"""From unmet demand to a running container: the decision, the boot, the agent, the container's start.

https://docs.aws.amazon.com/batch/latest/userguide/when-to-use-fargate.html ("a few minutes" for a new instance)
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_common_causes.html
"""

from __future__ import annotations

import pytest
from scenario_builder import attempts_of, environment, job, launched, queue, scenario, scenario_data, starts

from batchsim.spec import parse

BOOT = ("scale_up_delay", "instance_pending", "instance_boot", "agent_register", "user_data")
STAGES = (*BOOT, "warm_start", "new_image", "slow_pull", "slow_pull_probability")


def cold(*defaults, simulate, jobs=300, **world):
    """Jobs that each bring an instance; the keys named have their defaults, all other stages take no time."""
    entries = [job(f"j{n}", "1s", at=f"{n}h") for n in range(jobs)]
    data = scenario_data(*entries, environments=[environment()], world=world)
    for key in defaults:
        del data["world"][key]
    return simulate(parse(data))


def test_half_of_all_cold_starts_take_less_than_three_minutes_and_eight_in_ten_two_to_four(simulate):
    result = cold(*STAGES, simulate=simulate)
    took = result.attempts["running_at_s"] - result.attempts["runnable_at_s"]
    assert 160 < took.median() < 185
    assert took.quantile(0.1) > 115
    assert took.quantile(0.9) < 255


@pytest.mark.parametrize(
    ("key", "low_s", "median_s", "high_s"),
    [("scale_up_delay", 10, 35, 61), ("instance_boot", 8, 30, 110), ("agent_register", 20, 78, 320)],
)
def test_each_stage_draws_what_its_law_says(key, low_s, median_s, high_s, simulate):
    took = cold(key, simulate=simulate).jobs["wait_s"]
    assert low_s <= took.min()
    assert took.max() <= high_s
    assert took.median() == pytest.approx(median_s, rel=0.15)


@pytest.mark.parametrize("stage", ["scale_up_delay", "instance_boot", "agent_register", "user_data"])
def test_or_as_a_what_if_a_stage_takes_always_as_long(stage, simulate):
    result = cold(simulate=simulate, jobs=3, **{stage: "100s"})
    assert set(result.jobs["wait_s"]) == {100}


def test_user_data_take_no_time_unless_the_world_says_so(simulate):
    assert set(cold("user_data", simulate=simulate, jobs=2).jobs["wait_s"]) == {0}


def test_the_first_part_of_the_boot_is_not_billed(simulate):
    result = cold("instance_pending", simulate=simulate, jobs=100, instance_boot="60s")
    unbilled = result.instances["billed_from_s"] - result.instances["launched_at_s"]
    assert 8 <= unbilled.min() < unbilled.max() <= 17
    fixed = cold(simulate=simulate, jobs=3, instance_boot="60s", instance_pending="20s").instances
    assert set(fixed["billed_from_s"] - fixed["launched_at_s"]) == {20}


def test_a_job_starts_only_on_an_instance_that_is_registered(simulate):
    result = cold(simulate=simulate, jobs=1, instance_boot="30s", agent_register="70s")
    (host,) = result.instances.itertuples()
    assert (attempts_of(result, "j0")[0].starting_at_s, host.ready_at_s) == (100, 100)


def test_demand_is_what_waits_in_the_order_in_which_it_will_start(simulate):
    """Only the higher queue's job has an instance: maxvCpus leaves no room for both."""
    queues = [queue("low"), queue("high", priority=9)]
    work = [job("small", on="low"), job("large", on="high", vcpus=4)]
    places = [environment(types=("box.1", "box.4"), maxvCpus=4)]
    result = simulate(scenario(*work, environments=places, queues=queues, world={"scale_up_delay": "10s"}))
    assert launched(result)[0] == "box.4"
    assert starts(result) == {"large": 10, "small": 70}


def test_what_boots_is_not_ordered_again(simulate):
    late = [job("a"), job("b", at="20s")]
    slow = {"scale_up_delay": "10s", "instance_boot": "5m"}
    result = simulate(scenario(*late, environments=[environment(types=("box.2",))], world=slow))
    assert launched(result) == ["box.2"]
