"""Capacity errors: pools that are empty, by the market, by a fault or by chance, and what environments do then.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html (InsufficientInstanceCapacity)
https://docs.aws.amazon.com/batch/latest/userguide/allocation-strategies.html
"""

from __future__ import annotations

import pytest
from scenario_builder import environment, fixed, job, launched, queue, reasons, scenario, starts

import batchsim
from batchsim import ScenarioError
from batchsim.spec import World

CLOCK = {"ce_backoff": "60s"}


def dry(at="0s", capacity=0, **keys):
    """A fault: of what is selected EC2 has only so many instances."""
    lasts = {"for": keys.pop("lasts")} if "lasts" in keys else {}
    return {"kind": "capacity", "at": at, **lasts, "capacity": capacity, "select": keys}


def progressive(name="hosts", types=("box.1",), **resources):
    return environment(name, types, **{"allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": 64, **resources})


def test_a_pool_that_a_fault_emptied_gives_nothing_until_it_is_over_on_demand_too(simulate):
    result = simulate(scenario(job("a"), environments=[progressive()], faults=[dry(lasts="150s")], world=CLOCK))
    assert starts(result) == {"a": 180}, "tried at 0, 60, 120 and 180 s"
    assert reasons(result)[:2] == [(0, "capacity_error", "hosts"), (180, "empty", "nan")]
    assert result.scaling["capacity_errors"].sum() == 3


@pytest.mark.parametrize(("backoff", "at"), [("10s", 150), ("60s", 180), ("200s", 200), ("0s", 150)])
def test_the_next_try_is_a_back_off_later(backoff, at, simulate):
    story = scenario(job("a"), environments=[progressive()], faults=[dry(lasts="150s")], world={"ce_backoff": backoff})
    assert starts(simulate(story)) == {"a": at}


def test_a_fault_before_and_after_a_launch_is_none_of_its_business(simulate):
    around = [dry(at="0s", lasts="10s"), dry(at="11s")]
    result = simulate(scenario(job("a", "1h", at="10s"), environments=[progressive()], faults=around))
    assert result.instances["launched_at_s"].tolist() == [10]
    assert result.jobs["state"].tolist() == ["SUCCEEDED"], "instances that are on stay"


def test_never_more_are_on_than_the_fault_leaves_and_one_that_ends_makes_room_for_another(simulate):
    three = [dry(capacity=3)]
    story = scenario(job("a", "100s", size=7), environments=[progressive()], faults=three, world=CLOCK)
    result = simulate(story)
    assert result.scaling["desired_vcpus"].max() == 3
    assert sorted(starts(result).values()) == [0, 0, 0, 100, 100, 100, 200]


def test_a_fault_strikes_only_what_it_selects(simulate):
    """By type, zone, environment and way of purchase; the environment goes on with what is left."""
    both = {"types": ("box.1", "box.2"), "subnets": ["subnet-a", "subnet-b"]}
    cases = {
        ("box.2", "us-east-1a"): dry(type="box.1"),
        ("box.1", "us-east-1b"): dry(zone="us-east-1a"),
        ("box.1", "us-east-1a"): dry(environment="other", type="box.*"),
    }
    for expected, fault in cases.items():
        places, queues = [progressive(**both), progressive("other")], [queue("queue", "hosts"), queue("b", "other")]
        result = simulate(scenario(job("a"), environments=places, queues=queues, faults=[fault]))
        assert (launched(result)[0], result.instances["zone"].tolist()[0]) == expected


def test_spot_can_be_gone_while_on_demand_is_not(simulate):
    places = [progressive("spot", type="SPOT"), progressive("dear")]
    result = simulate(scenario(job("a"), environments=places, faults=[dry(spot=True)]))
    assert result.instances[["environment", "spot"]].values.tolist() == [["dear", False]]


def test_after_a_capacity_error_the_next_environment_of_the_queue_serves_the_head(simulate):
    places = [progressive("first", types=("box.1",)), progressive("second", types=("box.2",))]
    result = simulate(scenario(job("a"), environments=places, faults=[dry(type="box.1")]))
    assert (launched(result), starts(result)) == (["box.2"], {"a": 0})


def test_initial_capacity_meets_capacity_errors_too(simulate):
    warm = progressive(minvCpus=2, types=("box.1", "box.2"))
    result = simulate(scenario(job("a"), environments=[warm], faults=[dry(type="box.2")]))
    assert launched(result) == ["box.1", "box.1"]
    assert result.scaling["capacity_errors"].tolist()[0] == 1


def test_a_run_whose_pools_are_gone_for_good_ends_stuck(simulate):
    result = simulate(scenario(job("a"), environments=[progressive()], faults=[dry(at="0s")]))
    assert (result.summary()["ended_by"], result.horizon_s < 3600) == ("stuck", True)


def test_a_pending_decision_keeps_a_run_alive_whatever_it_will_find(simulate):
    """A pass that finds the pool held back lets the head go on; here each comes when the back-off is over."""
    late = {**CLOCK, "scheduler_cycle": "10m", "ce_backoff": "1m", "scale_up_delay": "5s"}
    places, short = [progressive("first"), fixed(1, "second")], {"max_time": "2h"}
    story = {"environments": places, "faults": [dry(environment="first")], "simulation": short}
    result = simulate(scenario(job("a"), **story, world=late))
    assert result.summary()["ended_by"] == "max_time"
    assert starts(simulate(scenario(job("a"), **story, world={**late, "ce_backoff": "10m"}))) == {"a": 600}


def test_on_demand_that_comes_back_keeps_a_run_alive_where_spot_never_does(simulate):
    result = simulate(
        scenario(job("a"), environments=[progressive()], faults=[dry(lasts="1h")], world={**CLOCK, "spot_depth": 0})
    )
    assert result.summary()["ended_by"] == "drained"


@pytest.mark.parametrize("vcpus", [1, 2])
def test_a_pool_that_comes_back_keeps_a_run_alive_only_for_a_job_that_its_environment_takes(vcpus, simulate):
    """minvCpus is tried for every minute for an hour; that helps nobody who needs a larger type."""
    short = {"environments": [progressive(minvCpus=1)], "faults": [dry(lasts="1h")], "allow_unplaceable": True}
    result = simulate(scenario(job("a", vcpus=vcpus), **short, world={**CLOCK, "block_detect": 0}))
    ended = {1: ("drained", True), 2: ("stuck", False)}
    assert (result.summary()["ended_by"], result.horizon_s >= 3600) == ended[vcpus]


def test_an_instance_that_boots_keeps_a_run_alive_only_for_a_job_that_it_holds(simulate):
    cold = {"environments": [progressive(minvCpus=1)], "allow_unplaceable": True}
    world = {"initial_capacity": "booting", "instance_boot": "10m", "block_detect": 0}
    result = simulate(scenario(job("a", vcpus=2), **cold, world=world))
    assert (result.summary()["ended_by"], result.horizon_s) == ("stuck", 0)


def test_spot_strategies_see_how_deep_a_fault_leaves_a_pool(simulate):
    deepest = environment(types=("box.1", "box.2"), type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED")
    faults = [dry(type="box.1", capacity=1, zone="us-east-1a")]
    zones = {**deepest, "computeResources": {**deepest["computeResources"], "subnets": ["subnet-a", "subnet-b"]}}
    result = simulate(scenario(job("a"), environments=[zones], faults=faults))
    assert result.instances["zone"].tolist() == ["us-east-1b"]


# -- by chance


def errors(probability, simulate, seed=1):
    world = {"ice_prob": probability, "ce_backoff": "10s"}
    return simulate(scenario(job("a", size=64), environments=[progressive()], world=world), seed)


def test_a_launch_meets_a_capacity_error_with_the_probability_of_the_world(simulate):
    runs = [errors(0.4, simulate, seed) for seed in range(12)]
    refused, done = sum(run.scaling["capacity_errors"].sum() for run in runs), sum(len(run.instances) for run in runs)
    assert 0.36 < refused / (refused + done) < 0.44  # 1,000 tries: within 2.6 standard deviations


def test_without_a_probability_nothing_is_refused(simulate):
    usual = {"ice_prob": World().ice_prob}
    result = simulate(scenario(job("a", size=64), environments=[progressive()], world=usual))
    assert (len(result.instances), result.scaling["capacity_errors"].sum()) == (64, 0)


def test_errors_by_chance_are_repeated_by_the_seed_and_shift_no_other_draw(simulate):
    one, again, none = errors(0.4, simulate), errors(0.4, simulate), errors(0, simulate)
    assert one.scaling.equals(again.scaling)
    assert one.jobs["work_s"].equals(none.jobs["work_s"])


def test_where_every_launch_fails_a_run_ends_stuck(simulate):
    result = simulate(scenario(job("a"), environments=[progressive()], world={"ice_prob": 1}))
    assert (len(result.instances), result.summary()["ended_by"]) == (0, "stuck")


# -- what the market leaves


def test_an_empty_spot_pool_is_a_capacity_error_and_its_depth_counts_what_is_on(simulate):
    """A pool of one instance: the second job gets its turn when the first one's instance is gone."""
    one = progressive(type="SPOT")
    world = {**CLOCK, "spot_depth": 1}
    result = simulate(scenario(job("a", "10s", count=2), environments=[one], world=world, simulation={"until": "1d"}))
    on = result.instances
    assert (on["launched_at_s"].iloc[1:].to_numpy() >= on["ended_at_s"].iloc[:-1].to_numpy()).all() or len(on) == 1


def test_hundreds_of_empty_pools_are_refused_together_as_if_each_had_been_tried(simulate):
    """Half an hour without capacity for 36 types in three zones, tried every three minutes."""
    zones = environment(
        types=("optimal",), maxvCpus=64, subnets=["a", "b", "c"], allocationStrategy="BEST_FIT_PROGRESSIVE"
    )
    story = scenario(job("a"), environments=[zones], faults=[dry(lasts="30m")], world={"ce_backoff": "3m"})
    result = simulate(story)
    tried = batchsim.Simulation(story, seed=1, thorough=True).finish()
    assert result.scaling.equals(tried.scaling)
    assert (result.scaling["capacity_errors"].sum(), starts(result)) == (10 * 108, {"a": 1800})


def test_the_report_tells_of_faults():
    faults = [dry(lasts="3m", type="box.*", spot=False, capacity=2)]
    report = batchsim.run(scenario(job("a"), environments=[progressive()], faults=faults), seed=1).report()
    told = "from 0s for 3m EC2 has no more than 2 instances of type box.*, spot false"
    assert told in " ".join(report.split())


# -- what a scenario may not ask


def test_faults_are_written_down_and_read_again():
    faults = [
        dry(lasts="3m", type="box.*"),
        {"kind": "spot_reclaim", "at": "1s", "select": {"environment": "s", "ordinal": 0}},
    ]
    given = scenario(job("a"), environments=[progressive(), progressive("s", type="SPOT")], faults=faults)
    assert batchsim.loads(batchsim.dump(given), "again.yaml").faults == given.faults


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (dry(type="m5.large"), "E156"),
        (dry(zone="us-east-1f"), "E159"),
        (dry(environment="nowhere"), "E120"),
        (dry(ordinal=1), "E117"),
        ({"kind": "spot_reclaim", "at": "1s", "select": {"environment": "hosts"}}, "E111"),
        ({"kind": "capacity", "at": "1s", "for": "0s"}, "E149"),
        ({"kind": "capacity", "at": "1s", "replace": True}, "E117"),
    ],
)
def test_faults_are_checked(fault, code):
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(scenario(job("a"), environments=[progressive()], faults=[fault]))
    assert [problem.code for problem in caught.value.problems] == [code]
