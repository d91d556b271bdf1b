"""Faults that take instances, or keep them from coming: failures, outages of a zone, boots that never end, slow hosts.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
https://docs.aws.amazon.com/batch/latest/userguide/best-practices.html ("Host EC2*" in evaluateOnExit)
"""

from __future__ import annotations

from math import isnan

import pytest
from fault_stories import fault, on_demand, spot, struck
from scenario_builder import attempts_of, column, environment, fixed, job, jobs_of, queue, scenario, starts

import batchsim

HOST_RULE = [{"action": "RETRY", "onStatusReason": "Host EC2*"}, {"action": "EXIT", "onReason": "*"}]


def failure(at="40s", ordinal=0):
    return fault("instance_failure", at, select={"environment": "hosts", "ordinal": ordinal})


# -- instance_failure


def test_an_instance_fails_without_notice_and_is_billed_on_demand_too(simulate):
    result = simulate(scenario(job("a", "60s", attempts=2), environments=[on_demand()], faults=[failure()]))
    host = next(result.instances.itertuples())
    assert (str(host.why_ended), host.ended_at_s, isnan(host.notice_at_s)) == ("instance_failure", 40, True)
    assert host.compute_usd == pytest.approx(60 * 0.0001), "a minute at least, and no hour is free"
    assert [str(each.outcome) for each in attempts_of(result, "a")] == ["host_lost", "succeeded"]


@pytest.mark.parametrize("target", [("first", 1), ("second", 0), ("second", 2)])
def test_the_instance_of_that_number_in_that_environment_fails_and_no_other(simulate, target):
    places = [fixed(3, "first"), fixed(3, "second")]
    one = fault("instance_failure", "40s", select={"environment": target[0], "ordinal": target[1]})
    work = [job("a", "60s", size=3, on="first"), job("b", "60s", size=3, on="second")]
    queues = [queue("first", "first"), queue("second", "second")]
    result = simulate(scenario(*work, environments=places, queues=queues, faults=[one]))
    failed = result.instances[result.instances["why_ended"] == "instance_failure"]
    assert [(row.environment, row.ordinal) for row in failed.itertuples()] == [target]


def test_its_status_reason_matches_the_patterns_that_aws_recommends(simulate):
    story = [job("a", "60s", attempts=3, rules=HOST_RULE), job("b", "60s", attempts=3, rules=HOST_RULE[1:])]
    result = simulate(scenario(*story, environments=[on_demand(types=("box.2",))], faults=[failure()]))
    first = attempts_of(result, "a")[0]
    assert first.status_reason.startswith("Host EC2 (instance i-")
    assert first.status_reason.endswith(") terminated.")
    assert jobs_of(result)["a"].state == "SUCCEEDED"


def test_a_rule_may_give_up_on_a_lost_host(simulate):
    given_up = [{"action": "EXIT", "onStatusReason": "Host EC2*"}]
    story = scenario(job("a", attempts=3, rules=given_up), environments=[on_demand()], faults=[failure()])
    assert jobs_of(simulate(story))["a"].state == "FAILED"


def test_a_job_that_exits_as_its_instance_fails_is_safe(simulate):
    result = simulate(scenario(job("a", "40s"), environments=[fixed()], faults=[failure("40s")]))
    assert jobs_of(result)["a"].state == "SUCCEEDED"


def test_a_failure_takes_starting_and_running_attempts_and_nobody_elsewhere(simulate):
    places = [on_demand(types=("box.2",))]
    result = simulate(scenario(job("a", "60s", size=4), environments=places, faults=[failure()]))
    assert sorted(column(result, "outcome", "attempts").values()) == ["host_lost"] * 2 + ["succeeded"] * 2


def test_mtbf_is_the_mean_time_between_failures_of_an_instance(simulate):
    """600 instances watched for an hour each at an mtbf of 3 h: about 600 x (1 - e**-0.333) = 170 fail."""
    failing = [fault("instance_failure", mtbf="3h")]
    places = [environment("hosts", ("box.1",), maxvCpus=600)]
    result = simulate(scenario(job("a", "1h", size=600), environments=places, faults=failing))
    failed = (result.instances["why_ended"] == "instance_failure").sum()
    assert 135 < failed < 205, "170 +- 3 standard deviations"


def test_only_what_is_on_in_the_window_fails(simulate):
    failing = [fault("instance_failure", "10m", lasts="10m", mtbf="5m")]
    result = simulate(scenario(job("a", "1h", size=8, attempts=10), environments=[on_demand()], faults=failing))
    instants = [at for at, _ in struck(result)]
    assert instants
    assert all(600 < at < 1200 for at in instants)


def test_a_part_of_a_fleet_fails_at_one_instant(simulate):
    failing = [fault("instance_failure", "30s", fraction=0.5)]
    places = [environment("hosts", ("box.1",), maxvCpus=400)]
    result = simulate(scenario(job("a", "1m", size=400), environments=places, faults=failing))
    instants = {at for at, _ in struck(result)}
    assert instants == {30}
    assert 150 < len(struck(result)) < 250


# -- az_outage


def outage(at="10m", lasts="5m", zone="us-east-1a", **select):
    return fault("az_outage", at, lasts, select={"zone": zone, **select})


def test_nothing_in_a_zone_overlaps_its_outage(simulate):
    result = simulate(scenario(job("a", "20m", size=8, attempts=3), environments=[on_demand()], faults=[outage()]))
    zone = dict(zip(result.instances["instance"], result.instances["zone"], strict=True))
    overlapping = [
        row
        for row in result.attempts.itertuples()
        if zone[row.instance] == "us-east-1a" and row.starting_at_s < 900 and row.ended_at_s > 600
    ]
    assert not overlapping
    assert (result.instances["why_ended"] == "zone_outage").sum() == 4


def test_the_other_zone_takes_over_within_boot_and_cycle(simulate):
    slow = {"instance_boot": "90s", "scheduler_cycle": "1s", "ce_backoff": "60s"}
    story = scenario(job("a", "20m", size=8, attempts=3), environments=[on_demand()], faults=[outage()], world=slow)
    result = simulate(story)
    again = result.attempts[result.attempts["attempt"] == 2]
    assert len(again) == 4
    assert again["starting_at_s"].max() <= 600 + 90 + 1
    assert set(result.instances[result.instances["launched_at_s"] >= 600]["zone"]) == {"us-east-1b"}


def test_with_one_zone_launches_fail_until_it_is_back(simulate):
    slow = {"instance_boot": "90s", "ce_backoff": "60s"}
    places = [on_demand(subnets=["subnet-a"])]
    result = simulate(scenario(job("a", "20m", attempts=2), environments=places, faults=[outage()], world=slow))
    assert result.scaling["capacity_errors"].sum() == 5, "at 600, 660, 720, 780 and 840 s"
    assert attempts_of(result, "a")[1].starting_at_s == 900 + 90
    assert result.summary()["faults"][0]["events"] == {"instance_lost": 1, "launch_refused": 5}


def test_an_outage_is_of_what_it_selects(simulate):
    places = [on_demand("first"), on_demand("second")]
    story = scenario(job("a", "20m", size=16), environments=places, faults=[outage(environment="second")])
    result = simulate(story)
    assert set(result.instances[result.instances["why_ended"] == "zone_outage"]["environment"]) == {"second"}


def test_minvcpus_come_back_after_the_outage(simulate):
    places = [fixed(2, subnets=["subnet-a"])]
    story = scenario(environments=places, faults=[outage()], simulation={"until": "20m"}, world={"ce_backoff": "60s"})
    result = simulate(story)
    assert sorted(result.instances["launched_at_s"]) == [0, 0, 900, 900]


def test_a_listed_fleet_has_nothing_come_from_a_zone_that_is_out(simulate):
    coming = {
        "hosts": [{"type": "box.1", "count": 2, "at": "11m", "zone": "us-east-1a"}, {"type": "box.1", "count": 1}]
    }
    world = {"fleets": coming}
    story = scenario(environments=[on_demand()], faults=[outage()], world=world, simulation={"until": "30m"})
    assert simulate(story).instances["launched_at_s"].tolist() == [0]


def test_the_same_fleet_comes_from_another_zone_or_before_the_outage(simulate):
    for change in ({"zone": "us-east-1b"}, {"at": "9m"}):
        coming = {"hosts": [{"type": "box.1", "count": 2, "at": "11m", "zone": "us-east-1a", **change}]}
        world = {"fleets": coming}
        story = scenario(environments=[on_demand()], faults=[outage()], world=world, simulation={"until": "30m"})
        assert len(simulate(story).instances) == 2


def test_no_replacement_comes_from_a_zone_that_is_out(simulate):
    taken = fault("spot_reclaim", "10m", select={"environment": "spot", "ordinal": 1}, replace=True)
    story = scenario(job("a", "30m", size=2), environments=[spot()], faults=[outage("9m", zone="us-east-1b"), taken])
    result = simulate(story)
    assert "spot_reclaim" not in set(result.instances["why_ended"]), "it was gone before"


# -- boot_failure


def test_an_instance_that_never_registers_is_replaced_once_that_is_noticed(simulate):
    never = [fault("boot_failure", lasts="1s", probability=1, detect_after="5m")]
    slow = {"instance_boot": "60s"}
    result = simulate(scenario(job("a"), environments=[on_demand()], faults=never, world=slow))
    assert starts(result) == {"a": 360}
    assert result.instances["launched_at_s"].tolist() == [0, 300]
    assert column(result, "wait_instance_booting_s") == {"a": 360}


@pytest.mark.parametrize(("billed", "usd"), [(True, 0.03), (False, 0), (None, 0.03)])
def test_its_fault_says_whether_it_is_billed(billed, usd, simulate):
    said = {} if billed is None else {"billed": billed}
    never = [fault("boot_failure", lasts="1s", probability=1, detect_after="5m", **said)]
    result = simulate(scenario(job("a"), environments=[on_demand()], faults=never))
    assert result.instances["cost_usd"].fillna(0).tolist()[0] == pytest.approx(usd)
    assert result.summary()["faults"][0]["wasted_usd"] == pytest.approx(usd)


def test_detection_takes_ten_minutes_unless_the_fault_says_else(simulate):
    never = [fault("boot_failure", lasts="1s", probability=1)]
    result = simulate(scenario(job("a"), environments=[on_demand()], faults=never))
    assert result.instances["ended_at_s"].tolist()[0] == 600


def test_a_part_of_all_boots_fails(simulate):
    never = [fault("boot_failure", probability=0.25)]
    places = [environment("hosts", ("box.1",), maxvCpus=400)]
    result = simulate(scenario(job("a", "30m", size=400), environments=places, faults=never))
    first = result.instances[result.instances["launched_at_s"] == 0]
    assert 70 < (first["why_ended"] == "boot_failure").sum() < 130


# -- slow_instance


def test_a_slow_instance_is_slow_for_life(simulate):
    slow = [fault("slow_instance", probability=1, factor=4)]
    story = scenario(job("a", "60s", count=3), environments=[fixed()], faults=slow)
    result = simulate(story)
    ran = result.attempts["ended_at_s"] - result.attempts["running_at_s"]
    assert ran.tolist() == [240, 240, 240]
    assert set(result.instances["speed"]) == {0.25}
    assert result.attempts["instance"].nunique() == 1


def test_factors_of_several_faults_multiply(simulate):
    slow = [fault("slow_instance", probability=1, factor=2), fault("slow_instance", probability=1, factor=5)]
    result = simulate(scenario(job("a", "60s"), environments=[fixed()], faults=slow))
    assert column(result, "ended_at_s") == {"a": 600}


@pytest.mark.parametrize(
    ("factors", "speed", "takes_s"),
    [
        ([1.5], 1, 150),
        ([7], 1, 700),
        ([400], 1, 40_000),
        ([999], 1, 99_900),
        ([1.0004], 1, 100.04),
        ([3, 1.1], 0.7, 471.429),
        ([0.01, 0.01], 1, 0.01),
        ([0.01, 0.01, 0.01], 1_000, 0.001),
    ],
)
def test_work_takes_exactly_so_many_times_as_long(factors, speed, takes_s, simulate):
    slow = [fault("slow_instance", probability=1, factor=factor) for factor in factors]
    story = scenario(job("a", "100s"), environments=[fixed()], faults=slow, world={"speed": {"x86_64": speed}})
    assert column(simulate(story), "ended_at_s") == {"a": takes_s}


def test_only_launches_in_the_window_are_slow(simulate):
    slow = [fault("slow_instance", "1m", lasts="1m", probability=1, factor=2)]
    story = scenario(
        *(job(f"j{at}", "10s", at=f"{at}s") for at in (0, 60, 120)), environments=[on_demand()], faults=slow
    )
    assert simulate(story).instances["speed"].tolist() == [1, 0.5, 1]


# -- composition


def test_rates_add(simulate):
    """Two faults of 6 h each are as one of 3 h: about 170 of 600 instances fail within an hour."""
    both = [fault("instance_failure", mtbf="6h"), fault("instance_failure", mtbf="6h")]
    places = [environment("hosts", ("box.1",), maxvCpus=600)]
    result = simulate(scenario(job("a", "1h", size=600), environments=places, faults=both))
    assert 135 < (result.instances["why_ended"] == "instance_failure").sum() < 205
    assert {name for _, name in struck(result)} == {"faults[0]", "faults[1]"}, "each has draws of its own"


def test_availability_is_the_least_of_what_faults_leave(simulate):
    places = [on_demand(subnets=["subnet-a"])]
    dry = [fault("capacity", capacity=3), fault("capacity", capacity=5)]
    result = simulate(scenario(job("a", "100s", size=8), environments=places, faults=dry))
    assert result.scaling["desired_vcpus"].max() == 3


def test_damage_is_what_was_lost_and_what_it_cost(simulate):
    """Two jobs that fill an instance of $0.0002/s are lost after 40 s of work."""
    story = [job("a", "60s", size=2, memory=4096)]
    result = simulate(scenario(*story, environments=[on_demand(types=("box.2",))], faults=[failure()]))
    (line,) = result.summary()["faults"]
    assert (line["fault"], line["attempts_lost"], line["jobs"], line["instances"]) == ("faults[0]", 2, 2, 1)
    assert (line["wasted_s"], line["wasted_usd"]) == (80, pytest.approx(0.008))
    assert result.costs[result.costs["cause"] == "lost_to_faults"]["cost_usd"].sum() == pytest.approx(0.008)


def test_the_report_names_each_fault_that_struck(simulate):
    named = {**failure(), "name": "rack-7"}
    result = simulate(scenario(job("a", "60s"), environments=[on_demand()], faults=[named]))
    assert "rack-7" in result.report()
    assert "1 instance lost" in result.report()


def test_a_failed_instance_is_a_call_away_in_a_stepped_run():
    simulation = batchsim.Simulation(scenario(job("a", "60s"), environments=[on_demand()], faults=[failure()]))
    simulation.advance(until="41s")
    assert simulation.finish().instances["ended_at_s"].tolist()[0] == 40


# -- what the checker makes of it


def test_a_listed_fleet_stays_away_from_a_zone_that_is_out(simulate):
    out = fault("az_outage", "30s", "2m", select={"zone": "us-east-1a"})
    fleet = {"hosts": [{"type": "box.1"}, {"type": "box.1", "at": "1m"}, {"type": "box.1", "at": "5m"}]}
    story = scenario(job("a", attempts=2), environments=[environment()], world={"fleets": fleet}, faults=[out])
    assert simulate(story).instances.launched_at_s.tolist() == [0, 300]


def test_what_is_lost_before_the_next_pass_is_decided_on_anew(simulate):
    taken = fault("spot_reclaim", "25s", select={"environment": "spot", "ordinal": 0}, notice="0s")
    slow = {"scheduler_cycle": "10s", "scale_up_delay": "22s", "instance_boot": "1m"}
    result = simulate(scenario(job("a"), environments=[spot()], world=slow, faults=[taken]))
    assert result.instances.launched_at_s.tolist() == [22, 52]


def test_a_container_that_exits_at_a_notice_in_the_instant_of_an_outage_is_no_victim_of_the_outage(simulate):
    out = fault("az_outage", "95s", "2m", select={"zone": "us-east-1a"})
    told = fault("spot_reclaim", "215s", select={"environment": "spot", "ordinal": 0}, notice="120s")
    work = job("a", "10m", on_sigterm="exit_nonzero")
    result = simulate(
        scenario(work, environments=[spot(subnets=["subnet-a"])], world={"spot_drain": True}, faults=[told, out])
    )
    (attempt,) = attempts_of(result, "a")
    assert (attempt.ended_at_s, attempt.outcome, attempt.exit_code, attempt.sigterm_at_s) == (95, "reclaimed", 143, 95)
    assert result.instances.why_ended.tolist()[0] == "zone_outage"


@pytest.mark.parametrize("bill_from", ["launch", "running", "ready"])
def test_what_is_lost_as_it_is_launched_costs_nothing(bill_from, simulate):
    told = fault("spot_reclaim", "0s", select={"environment": "spot", "ordinal": 0}, notice="0s")
    world = {"bill_from": bill_from, "initial_capacity": "booting"}
    result = simulate(scenario(job("a"), environments=[spot(minvCpus=1)], world=world, faults=[told]))
    first = next(result.instances.itertuples())
    assert (first.launched_at_s, first.ended_at_s, first.cost_usd) == (0, 0, 0)


def test_what_has_its_notice_as_it_is_launched_is_decided_on_anew(simulate):
    """It will be taken within the two minutes: it covers nothing, and the next decision is due."""
    crunch = fault("spot_reclaim", hazard=60, notice="120s")
    world = {"spot_drain": True, "scale_up_delay": "5s", "instance_boot": "1m", "scheduler_cycle": "1s"}
    until = {"until": "20m"}
    result = simulate(
        scenario(job("a"), environments=[spot(maxvCpus=99)], world=world, faults=[crunch], simulation=until)
    )
    hosts = result.instances[:-1]
    told = hosts.notice_at_s == hosts.launched_at_s
    assert told.sum() > 3
    assert (result.instances.launched_at_s.diff()[1:].to_numpy()[told] == 5).all()
