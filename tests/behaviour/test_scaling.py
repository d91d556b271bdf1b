"""Capacity over time: what stands at the start, when decisions fall due, how long a boot takes, when idle hosts go.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeScalingPolicy.html
"""

from __future__ import annotations

import pytest
from scenario_builder import ends, environment, fails, fixed, job, launched, queue, reasons, scenario, starts

IDLE = {"scale_down_idle": "300s", "scale_down_check": "60s"}


def lives(result):
    """(launched, ready, ended) of each instance, in seconds."""
    table = result.instances[["launched_at_s", "ready_at_s", "ended_at_s"]]
    return [tuple(row) for row in table.itertuples(index=False)]


# -- at the start


def test_the_initial_capacity_is_ready_and_billed_from_the_start(simulate):
    warm = environment(minvCpus=2, desiredvCpus=3, maxvCpus=4)
    result = simulate(scenario(job("a", "90s"), environments=[warm], world={"instance_boot": "60s", **IDLE}))
    assert result.instances["ready_at_s"].tolist() == [0, 0, 0]
    assert result.instances["billed_from_s"].tolist() == [0, 0, 0]
    assert starts(result) == {"a": 0}


def test_or_boots_as_a_what_if(simulate):
    late = {"initial_capacity": "booting", "instance_boot": "60s"}
    result = simulate(scenario(job("a"), environments=[fixed(2)], world=late))
    assert (lives(result)[0][:2], starts(result)) == ((0, 60), {"a": 60})


def test_desired_capacity_beyond_the_minimum_goes_when_it_is_idle(simulate):
    warm = environment(minvCpus=1, desiredvCpus=3, maxvCpus=4)
    result = simulate(scenario(job("a", "20m"), environments=[warm], world=IDLE))
    assert sorted(result.instances["ended_at_s"].fillna(0)) == [0, 300, 300]


def test_a_minimum_that_whole_instances_cannot_meet_exactly_ends_the_run_all_the_same(simulate):
    uneven = environment(types=("box.4",), minvCpus=10, maxvCpus=10)
    result = simulate(scenario(job("a"), environments=[uneven], world={"scale_up_delay": "10s"}))
    assert (launched(result), result.horizon_s) == (["box.4", "box.4"], 60)


@pytest.mark.parametrize(
    ("types", "bounds", "kinds"),
    [
        (("box.1", "box.2", "box.8"), {"minvCpus": 8, "maxvCpus": 8}, ["box.8"]),
        (("box.2",), {"minvCpus": 3, "maxvCpus": 4}, ["box.2", "box.2"]),
        (("box.2",), {"minvCpus": 3, "maxvCpus": 3}, ["box.2"]),
        (("box.2",), {"minvCpus": 3, "maxvCpus": 3, "allocationStrategy": "BEST_FIT_PROGRESSIVE"}, ["box.2", "box.2"]),
    ],
)
def test_the_strategy_chooses_the_initial_capacity_as_for_so_many_jobs_of_one_vcpu(types, bounds, kinds, simulate):
    assert launched(simulate(scenario(job("a"), environments=[environment(types=types, **bounds)]))) == kinds


# -- decisions


def test_a_decision_falls_due_a_delay_after_demand_arose_and_measures_it_afresh(simulate):
    work = [job("a", at="0s"), job("b", at="5s"), job("c", at="12s")]
    result = simulate(scenario(*work, environments=[environment()], world={"scale_up_delay": "10s"}))
    assert result.instances["launched_at_s"].tolist() == [10, 10, 22]
    assert starts(result) == {"a": 10, "b": 10, "c": 22}


def test_a_decision_whose_demand_is_gone_launches_nothing_and_holds_up_nothing(simulate):
    warm = environment(minvCpus=1, maxvCpus=2)
    result = simulate(scenario(job("a", "10s", count=2), environments=[warm], world={"scale_up_delay": "1000s"}))
    assert (launched(result), result.horizon_s) == (["box.1"], 20)


def test_the_stages_of_a_boot_follow_one_another_and_pending_is_not_billed(simulate):
    stages = {"instance_pending": "10s", "instance_boot": "30s", "agent_register": "70s", "user_data": "5s"}
    result = simulate(scenario(job("a"), environments=[environment()], world=stages))
    assert (lives(result), starts(result)) == ([(0, 105, 165)], {"a": 105})
    assert result.instances["billed_from_s"].tolist() == [10]
    assert result.instances["billed_s"].tolist() == [155]


@pytest.mark.parametrize(("bill_from", "billed_s"), [("launch", 165), ("running", 155), ("ready", 60)])
def test_bills_start_where_the_world_says(bill_from, billed_s, simulate):
    stages = {"instance_pending": "10s", "instance_boot": "30s", "agent_register": "75s", "bill_from": bill_from}
    result = simulate(scenario(job("a"), environments=[environment()], world=stages))
    assert result.instances["billed_s"].tolist() == [billed_s]


def test_a_job_takes_the_first_room_that_opens_not_the_instance_launched_for_it(simulate):
    places = [environment(minvCpus=1, maxvCpus=2)]
    result = simulate(scenario(job("a", "20s"), job("b"), environments=places, world={"instance_boot": "30s"}))
    assert starts(result) == {"a": 0, "b": 20}
    assert lives(result)[1] == (0, 30, 30)


# -- scale-in


def test_an_idle_instance_goes_at_the_first_check_after_its_time(simulate):
    result = simulate(scenario(job("a", "10s"), environments=[environment()], world=IDLE))
    assert lives(result) == [(0, 0, 360)]
    assert result.horizon_s == 360


def test_a_job_starts_the_idle_time_anew(simulate):
    work = [job("a", "10s"), job("b", "10s", at="5m")]
    result = simulate(scenario(*work, environments=[environment()], world=IDLE))
    assert lives(result) == [(0, 0, 660)]


def test_a_minimum_is_kept_in_whole_instances(simulate):
    big = environment(types=("box.4",), minvCpus=1, maxvCpus=8)
    result = simulate(scenario(job("a", "10s", size=8), environments=[big], world=IDLE))
    kept, gone = result.instances["why_ended"].tolist()
    assert {kept, gone} == {"end_of_run", "scale_in"}
    assert result.horizon_s == 360


def test_a_warm_pool_does_not_hold_up_the_end_of_the_run(simulate):
    result = simulate(scenario(job("a", "60s"), environments=[fixed(3)], world=IDLE))
    assert (result.horizon_s, result.summary()["cost"]["total_usd"]) == (60, 0.018)


def test_the_instance_that_is_idle_longest_goes_first(simulate):
    pair = environment(minvCpus=1, maxvCpus=2)
    result = simulate(scenario(job("a", "100s"), job("b", "10s"), environments=[pair], world=IDLE))
    assert result.instances["why_ended"].tolist() == ["end_of_run", "scale_in"]


def test_an_instance_with_a_job_is_never_scaled_in(simulate):
    big = environment(types=("box.4",))
    result = simulate(scenario(job("short", "10s", size=3), job("long", "1h"), environments=[big], world=IDLE))
    assert lives(result) == [(0, 0, 3900)]


def test_min_scale_down_delay_counts_from_an_instances_last_job(simulate):
    patient = environment(scalingPolicy={"minScaleDownDelayMinutes": 20})
    result = simulate(scenario(job("a", "10s"), environments=[patient], world=IDLE))
    assert lives(result) == [(0, 0, 1260)]


def test_min_scale_down_delay_is_not_for_instances_that_never_had_a_job(simulate):
    patient = environment(desiredvCpus=2, scalingPolicy={"minScaleDownDelayMinutes": 20})
    result = simulate(scenario(job("a", "10s"), environments=[patient], world=IDLE))
    assert result.instances["ended_at_s"].tolist() == [1260, 300]


def test_a_disabled_environment_shrinks_to_its_minimum(simulate):
    warm = environment(minvCpus=1, desiredvCpus=3)
    off = [{"at": "10s", "set": "hosts.state", "to": "DISABLED"}]
    result = simulate(scenario(job("a", "5s"), environments=[warm], actions=off, world=IDLE))
    assert sorted(result.instances["why_ended"]) == ["end_of_run", "scale_in", "scale_in"]


def test_scale_in_makes_room_below_the_maximum_for_a_head_that_needs_another_size(simulate):
    hosts = environment(types=("box.4", "box.8"), maxvCpus=8)
    work = [job("small", "10s"), job("large", "10s", vcpus=8)]
    result = simulate(scenario(*work, environments=[hosts], world={"prefer_size": "smallest", **IDLE}))
    assert (launched(result), ends(result)) == (["box.4", "box.8"], {"small": 10, "large": 370})
    assert reasons(result)[0] == (0, "max_vcpus", "hosts")


def test_a_smaller_instance_goes_where_a_larger_one_must_stay(simulate):
    mixed = environment(types=("box.1", "box.4"), minvCpus=4, maxvCpus=5)
    result = simulate(scenario(job("a", "10s", vcpus=4), job("b", "20s"), environments=[mixed], world=IDLE))
    assert launched(result) == ["box.4", "box.1"]
    assert result.instances["why_ended"].tolist() == ["end_of_run", "scale_in"]


def test_an_idle_instance_waits_for_the_pass_that_could_use_it(simulate):
    coarse = {"scheduler_cycle": "7s", "instance_boot": "10s", "scale_up_delay": "1s"}
    result = simulate(scenario(job("a"), environments=[environment()], world=coarse))
    assert (lives(result), starts(result)) == ([(1, 11, 77)], {"a": 14})


def test_nothing_is_launched_for_jobs_behind_a_head_that_cannot_start(simulate):
    hosts = environment(types=("box.1", "box.8"), maxvCpus=10)
    work = [job("long", "2h", vcpus=8), job("head", vcpus=8), job("small", count=2)]
    result = simulate(scenario(*work, environments=[hosts], world=IDLE))
    assert launched(result)[:1] == ["box.8"]
    assert all(at == 0 or at >= 7200 for at in result.instances["launched_at_s"])


# -- the end of a run


def test_a_run_that_is_cut_leaves_jobs_censored_and_instances_on(simulate):
    result = simulate(scenario(job("a", count=2), environments=[environment(maxvCpus=1)], simulation={"until": "90s"}))
    assert result.summary()["ended_by"] == "until"
    assert result.jobs["censored"].tolist() == [False, True]
    assert result.instances["why_ended"].tolist() == ["end_of_run"]


def test_a_late_action_counts_where_it_can_help_a_job_and_not_where_it_cannot(simulate):
    late = [{"at": "1h", "set": "hosts.state", "to": "ENABLED"}]
    helped = simulate(scenario(job("a", "10s"), environments=[environment(state="DISABLED")], actions=late))
    idle = simulate(scenario(job("a", "10s"), environments=[environment()], actions=late))
    assert (helped.horizon_s, idle.horizon_s) == (3610, 10)


def test_every_run_ends_at_its_longest_time(simulate):
    result = simulate(scenario(job("a", "2h"), simulation={"max_time": "1h"}))
    assert (result.summary()["ended_by"], result.horizon_s) == ("max_time", 3600)


def test_a_back_off_that_nobody_waits_for_holds_up_nothing(simulate):
    places = [environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE"), environment("dear")]
    result = simulate(scenario(job("a", "10s"), environments=places, world={"spot_depth": 0}))
    assert result.horizon_s == 10


def test_an_empty_workload_ends_where_it_starts(simulate):
    result = simulate(scenario(environments=[environment()]))
    assert (result.horizon_s, result.summary()["ended_by"]) == (0, "drained")


def test_the_bill_ends_with_the_last_job_not_with_the_next_cycle(simulate):
    result = simulate(scenario(job("a", "90500ms"), world={"scheduler_cycle": "7s"}))
    assert result.horizon_s == 90.5


def test_an_instance_that_idles_since_the_last_pass_outlives_a_check_meant_for_another(simulate):
    work = [job("a", fails(1, run="24s"), attempts=2), job("b", "15s")]
    grids = {"scheduler_cycle": "7s", "scale_down_check": "13s"}
    result = simulate(scenario(*work, environments=[environment(maxvCpus=2)], world=grids))
    assert len(result.instances) == 2
    assert starts(result)["a"] == 0


def test_a_boot_that_minvcpus_keeps_does_not_hold_the_end_of_the_run(simulate):
    places = [environment(types=("box.1",), minvCpus=1, maxvCpus=4)]
    more = [{"at": "10s", "set": "hosts.minvCpus", "to": 2}]
    result = simulate(scenario(job("a", "50s"), environments=places, world={"instance_boot": "100s"}, actions=more))
    assert result.horizon_s == 50


def test_all_that_waits_is_uncovered_however_the_jobs_are_cut_into_calls(simulate):
    places = [environment(types=("box.4",), type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", maxvCpus=6)]
    uncovered = []
    for many in ({"size": 9}, {"count": 9}):
        result = simulate(scenario(job("a", **many), environments=places))
        uncovered.append(result.scaling.uncovered_vcpus.iloc[0])
    assert uncovered == [9, 9]


def test_the_size_is_chosen_for_all_that_waits_not_for_what_maxvcpus_still_permits_in_small_ones(simulate):
    places = [environment(types=("box.1", "box.8", "box.4"), maxvCpus=9)]
    work = [job("s", "80s", count=2, vcpus=1, memory=4096), job("big", "30s", vcpus=7, memory=28672)]
    result = simulate(scenario(*work, environments=places, world={"scale_up_delay": "5s"}))
    assert sorted(launched(result)) == ["box.1", "box.8"]
    assert set(starts(result).values()) == {5}


def test_an_instance_launched_in_vain_stays_to_the_next_check_even_where_nothing_takes_time(simulate):
    """Its jobs wait for the first environment, which declines to grow: launched and ended for ever in one instant."""
    pair = [environment(name, maxvCpus=4) for name in ("first", "second")]
    story = scenario(
        job("a", count=8),
        environments=pair,
        queues=[queue("queue", "first", "second")],
        world={"scale_down_idle": "0s", "scale_down_check": "10s"},
        simulation={"until": "25s"},
    )
    result = simulate(story, policies={"scaling": lambda need: 0 if need.environment == "first" else 4})
    assert (result.instances["ended_at_s"] - result.instances["launched_at_s"]).min() == 10


def test_a_strategy_that_has_nothing_for_the_jobs_still_fills_up_to_the_minimum(simulate):
    """It was asked again at once, and for ever, where a decision takes no time."""
    story = scenario(
        job("a", count=2),
        environments=[environment()],
        actions=[{"at": "10s", "set": "hosts.minvCpus", "to": 2}],
        simulation={"until": "25s"},
    )
    result = simulate(story, policies={"allocation": lambda demand, offers: offers[0] if demand.head[1] < 5 else None})
    assert result.instances["why_launched"].tolist() == ["minvCpus", "minvCpus"]
