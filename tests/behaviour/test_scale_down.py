"""Scale-down: who goes, when, and what keeps an instance; what minvCpus and the settings of a scaling policy mean.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeScalingPolicy.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html (state, minvCpus)
"""

from __future__ import annotations

from math import isnan

import pytest
from scenario_builder import environment, job, launched, queue, scenario, starts

from batchsim import ScenarioError

IDLE = {"scale_down_idle": "300s", "scale_down_check": "60s"}
TWENTY = {"scalingPolicy": {"minScaleDownDelayMinutes": 20}}


def ended(result):
    """When each instance ended, in seconds; None at the end of the run."""
    return [None if isnan(at) else at for at in result.instances["ended_at_s"].tolist()]


# -- how long an idle instance stays


@pytest.mark.parametrize(("idle", "check", "at"), [("300s", "60s", 360), ("60s", "60s", 120), ("0s", "60s", 60),
                                                   ("300s", "0s", 310), ("300s", "250s", 500)])  # fmt: skip
def test_an_idle_instance_goes_at_the_first_check_after_its_time(idle, check, at, simulate):
    grid = {"scale_down_idle": idle, "scale_down_check": check}
    assert ended(simulate(scenario(job("a", "10s"), environments=[environment()], world=grid))) == [at]


def test_a_new_instance_that_gets_no_job_has_the_same_time_from_the_moment_it_is_ready(simulate):
    """The second was launched for a job that took the first one's room."""
    slow = {**IDLE, "instance_boot": "100s"}
    result = simulate(scenario(job("a", "50s", size=2), environments=[environment(desiredvCpus=1)], world=slow))
    assert result.instances[["ready_at_s", "attempts"]].values.tolist() == [[0, 2], [100, 0]]
    assert ended(result) == [420, 420]


def test_instances_with_a_job_are_never_chosen_so_half_empty_ones_stay(simulate):
    work = [job("short", "10s", size=8), job("long", "2h", size=2, vcpus=2)]
    result = simulate(scenario(*work, environments=[environment(types=("box.4",), maxvCpus=12)], world=IDLE))
    assert result.attempts["outcome"].eq("succeeded").all()
    assert sorted(ended(result)) == [360, 360, 7500]


# -- minScaleDownDelayMinutes


@pytest.mark.parametrize(("minutes", "at"), [(0, 360), (20, 1260), (30, 1860)])
def test_the_delay_counts_from_the_end_of_the_instances_last_job(minutes, at, simulate):
    patient = environment(scalingPolicy={"minScaleDownDelayMinutes": minutes})
    assert ended(simulate(scenario(job("a", "10s"), environments=[patient], world=IDLE))) == [at]


def test_every_job_starts_it_anew_and_each_instance_has_its_own(simulate):
    work = [job("a", "10s", count=2), job("b", "10s", at="15m")]
    result = simulate(scenario(*work, environments=[environment(**TWENTY)], world=IDLE))
    assert ended(result) == [15 * 60 + 10 + 20 * 60 + 50, 1260]


def test_the_longer_of_idle_time_and_delay_counts(simulate):
    long = {"scale_down_idle": "30m", "scale_down_check": "60s"}
    assert ended(simulate(scenario(job("a", "10s"), environments=[environment(**TWENTY)], world=long))) == [1860]


def test_instances_that_never_ran_a_job_do_not_wait_for_it(simulate):
    unused = environment(desiredvCpus=2, **TWENTY)
    assert ended(simulate(scenario(job("a", "10s"), environments=[unused], world=IDLE))) == [1260, 300]


def test_spot_takes_an_instance_whatever_the_delay(simulate):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", **TWENTY)
    lost = [{"kind": "spot_reclaim", "at": "2m", "select": {"environment": "spot", "ordinal": 0}}]
    assert ended(simulate(scenario(job("a", "10s"), environments=[spot], world=IDLE, faults=lost))) == [120]


def test_the_idle_time_is_billed(simulate):
    result = simulate(scenario(job("a", "10s"), environments=[environment(**TWENTY)], world=IDLE))
    causes = result.costs.groupby("cause", observed=True)["cost_usd"].sum()
    assert causes["idle_tail"] == pytest.approx(1250 * 0.0001)


def test_a_surplus_is_not_closed_where_instances_are_to_stay_for_jobs_to_come(simulate):
    """Two instances of 4 vCPUs run a job of one each; without the delay one of them is closed after a while."""
    found = []
    for policy in ({}, TWENTY):
        hosts = environment(types=("box.4",), desiredvCpus=8, maxvCpus=8, **policy)
        world = {**IDLE, "drain_surplus": True, "packing": "worst_fit"}
        result = simulate(scenario(job("a", "1h", count=2), environments=[hosts], world=world))
        found.append(int(result.instances["closed_at_s"].notna().sum()))
    assert found == [1, 0]


@pytest.mark.parametrize("minutes", [1, 19, 10_081])
def test_a_delay_is_20_to_10080_minutes_or_0(minutes):
    with pytest.raises(ScenarioError, match="10080"):
        scenario(job("a"), environments=[environment(scalingPolicy={"minScaleDownDelayMinutes": minutes})])


# -- minvCpus


def test_an_8xlarge_stays_for_minvcpus_of_4(simulate):
    """An instance never shrinks, nor is a smaller one put in its place."""
    warm = environment(types=("c6i.8xlarge", "c6i.xlarge"), minvCpus=4, maxvCpus=64, desiredvCpus=64)
    result = simulate(scenario(job("a", "10s", size=40), environments=[warm], world=IDLE))
    assert launched(result) == ["c6i.8xlarge", "c6i.8xlarge"]
    assert ended(result).count(None) == 1


def test_minvcpus_are_a_warm_pool_that_serves_jobs_at_once_and_costs_money_throughout(simulate):
    warm = environment(minvCpus=2, maxvCpus=2)
    slow = {**IDLE, "instance_boot": "5m"}
    result = simulate(scenario(job("a", "10s", at="1h"), environments=[warm], world=slow))
    assert starts(result) == {"a": 3600}
    assert result.instances[["ready_at_s", "billed_s"]].values.tolist() == [[0, 3610], [0, 3610]]


def test_an_instance_that_minvcpus_kept_goes_in_its_own_time_once_there_are_more(simulate):
    """Idle from the start, for 300 s; a third one is asked for meanwhile, and is kept in its place."""
    more = [{"at": "100s", "set": "hosts.desiredvCpus", "to": 3}]
    warm = environment(minvCpus=2, maxvCpus=3)
    assert ended(simulate(scenario(job("a", "1h"), environments=[warm], world=IDLE, actions=more))) == [None, 300, None]


def test_an_idle_instance_goes_when_the_minimum_that_kept_it_is_lowered(simulate):
    """After its 300 s at once, else when they are over."""
    lowered = [{"at": "1000s", "set": "hosts.minvCpus", "to": 0}]
    warm = environment(minvCpus=1, maxvCpus=1)
    late = scenario(job("a", "10s"), job("b", "10s", at="1h"), environments=[warm], world=IDLE, actions=lowered)
    assert ended(simulate(late))[0] == 1020
    soon = late.with_("actions.0.at", "100s")
    assert ended(simulate(soon))[0] == 360


def test_minvcpus_are_kept_even_in_a_disabled_environment(simulate):
    off = [{"at": "30s", "set": "hosts.state", "to": "DISABLED"}]
    warm = environment(minvCpus=1, maxvCpus=4)
    work = [job("a", "10s", size=3), job("b", "10s", at="20m")]
    result = simulate(scenario(*work, environments=[warm], world=IDLE, actions=off, simulation={"until": "1h"}))
    assert ended(result).count(None) == 1
    assert result.jobs["state"].tolist() == ["SUCCEEDED"] * 3 + ["RUNNABLE"]


def test_a_disabled_environment_lets_its_jobs_end_and_launches_nothing_more(simulate):
    off = [{"at": "30s", "set": "hosts.state", "to": "DISABLED"}]
    work = [job("a", "10m"), job("b", at="5m")]
    result = simulate(scenario(*work, environments=[environment()], world=IDLE, actions=off))
    assert result.jobs["state"].tolist() == ["SUCCEEDED", "RUNNABLE"]
    assert ended(result) == [900]


# -- the pause after a scale-in


@pytest.mark.parametrize(("pause", "at"), [("0s", 400), ("300s", 660), ("10s", 400)])
def test_after_a_scale_in_nothing_is_launched_for_the_cooldown(pause, at, simulate):
    """The first instance goes at 360 s, the second job comes at 400 s."""
    work = [job("a", "10s"), job("b", "10s", at="400s")]
    cool = {**IDLE, "post_scale_in_cooldown": pause}
    assert simulate(scenario(*work, environments=[environment()], world=cool)).instances["launched_at_s"].tolist() == [
        0,
        at,
    ]


def test_a_cooldown_that_begins_while_a_decision_is_pending_holds_it_up(simulate):
    work = [job("a", "10s", count=2), job("b", "2h"), job("c", "10s", at="350s", vcpus=2)]
    cool = {**IDLE, "scale_up_delay": "20s", "post_scale_in_cooldown": "5m"}
    hosts = environment(types=("box.1", "box.2"), maxvCpus=8, allocationStrategy="BEST_FIT_PROGRESSIVE")
    result = simulate(scenario(*work, environments=[hosts], world={**cool, "max_instance_vcpus_per_launch": 1}))
    assert max(result.instances["launched_at_s"]) >= 360 + 300


def test_each_environment_cools_down_by_itself(simulate):
    places = [environment("first"), environment("second")]
    queues = [queue("queue", "first"), queue("other", "second")]
    work = [job("a", "10s"), job("b", "10s", at="400s", on="other"), job("c", "10s", at="400s")]
    cool = {**IDLE, "post_scale_in_cooldown": "5m"}
    result = simulate(scenario(*work, environments=places, queues=queues, world=cool))
    assert starts(result) == {"a": 0, "b": 400, "c": 660}
