"""Spot capacity: notices, losses, bills and what they do to jobs.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-for-interrupted-spot-instances.html
"""

from __future__ import annotations

from math import isnan

import pytest
from scenario_builder import attempts_of, column, environment, job, scenario, starts, task


def spot(types=("box.1",), **resources):
    return environment("spot", types, **{"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", **resources})


def reclaim(at, ordinal=0, **more):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}, **more}


def outcomes(result, job_id="a"):
    return [str(attempt.outcome) for attempt in attempts_of(result, job_id)]


def test_a_reclaim_ends_exactly_the_attempts_on_its_instance(simulate):
    result = simulate(scenario(job("a", size=4), environments=[spot(("box.2",))], faults=[reclaim("10s")]))
    assert column(result, "outcome", "attempts") == {
        "a:0": "reclaimed", "a:1": "reclaimed", "a:2": "succeeded", "a:3": "succeeded"
    }  # fmt: skip


def test_a_notice_comes_two_minutes_before_the_loss_and_work_goes_on(simulate):
    noticed = scenario(job("a", "1h"), environments=[spot()], faults=[reclaim("10m")], world={"notice": "120s"})
    result = simulate(noticed)
    (host,) = result.instances.itertuples()
    assert (host.notice_at_s, host.ended_at_s) == (480, 600)
    assert attempts_of(result, "a")[0].ended_at_s == 600


def test_an_instance_that_goes_before_its_reclaim_is_not_reclaimed(simulate):
    result = simulate(scenario(job("a", "10s"), environments=[spot()], faults=[reclaim("10m")]))
    assert result.instances["why_ended"].tolist() == ["scale_in"]
    assert result.horizon_s == 10


def test_a_lost_job_is_retried_from_the_start_on_a_new_instance(simulate):
    result = simulate(scenario(job("a", "60s", attempts=2), environments=[spot()], faults=[reclaim("40s")]))
    assert outcomes(result) == ["reclaimed", "succeeded"]
    assert [attempt.ended_at_s for attempt in attempts_of(result, "a")] == [40, 100]


def test_a_loss_in_the_middle_of_a_pull_ends_the_attempt_before_it_ran(simulate):
    pulling = {"new_image": "60s"}
    result = simulate(scenario(job("a", attempts=2), environments=[spot()], faults=[reclaim("20s")], world=pulling))
    first, second = attempts_of(result, "a")
    assert (first.ended_at_s, isnan(first.running_at_s), first.outcome) == (20, True, "reclaimed")
    assert (second.starting_at_s, second.running_at_s) == (20, 80)
    assert column(result, "image_pull_s") == {"a": 80}


def test_a_replacement_is_there_in_the_same_instant(simulate):
    slow = {"instance_boot": "5m"}
    lost = [reclaim("6m", replace=True)]
    result = simulate(scenario(job("a", "2m", attempts=2), environments=[spot()], faults=lost, world=slow))
    assert [attempt.starting_at_s for attempt in attempts_of(result, "a")] == [300, 360]
    assert result.instances["why_launched"].tolist() == ["demand", "replacement"]


def test_minimum_capacity_that_was_lost_comes_back_without_demand(simulate):
    warm = spot(minvCpus=1)
    late = job("a", at="10m")
    result = simulate(scenario(late, environments=[warm], faults=[reclaim("10s")], world={"scale_up_delay": "20s"}))
    assert result.instances["launched_at_s"].tolist() == [0, 30]
    assert starts(result) == {"a": 600}


def test_the_free_first_hour_counts_from_the_bill_not_from_the_launch(simulate):
    booted = {"instance_pending": "60s", "instance_boot": "60s"}
    result = simulate(scenario(job("a", "3h"), environments=[spot()], faults=[reclaim("60m30s")], world=booted))
    assert result.instances["waived_usd"].tolist()[0] > 0
    assert result.instances["compute_usd"].tolist()[0] == 0


@pytest.mark.parametrize(("at", "waived"), [("3599999ms", True), ("1h", False)])
def test_the_free_first_hour_ends_after_an_hour(at, waived, simulate):
    (host,) = simulate(scenario(job("a", "3h"), environments=[spot()], faults=[reclaim(at)])).instances.itertuples()
    assert (host.compute_usd == 0, host.waived_usd > 0) == (waived, waived)


def test_disks_are_billed_even_in_a_free_first_hour(simulate):
    lost = scenario(job("a", "3h"), environments=[spot()], faults=[reclaim("30m")], world={"root_gb": 30})
    (host,) = simulate(lost).instances.itertuples()
    assert (host.compute_usd, host.ebs_usd) == (0, pytest.approx(0.5 * 30 * 0.08 / 730, abs=1e-9))


def test_an_instance_lost_while_pending_costs_nothing(simulate):
    slow = {"instance_pending": "20s", "instance_boot": "30s", "root_gb": 30}
    result = simulate(scenario(job("a"), environments=[spot()], faults=[reclaim("10s")], world=slow))
    assert result.instances["cost_usd"].tolist()[0] == 0
    assert isnan(result.instances["billed_from_s"].tolist()[0])


@pytest.mark.parametrize("bill_from", ["running", "ready"])
def test_an_instance_lost_in_the_instant_in_which_its_bill_would_begin_has_none(bill_from, simulate):
    """Reclaims come before boots that are over."""
    slow = {"instance_pending": "30s", "instance_boot": "30s", "bill_from": bill_from}
    result = simulate(scenario(job("a"), environments=[spot()], faults=[reclaim("30s")], world=slow))
    assert isnan(result.instances["billed_from_s"].tolist()[0])
    assert result.instances["cost_usd"].tolist()[0] == 0


def test_a_pool_without_capacity_gives_no_initial_capacity_either(simulate):
    cut = {"simulation": {"until": "60s"}}
    result = simulate(scenario(job("a"), environments=[spot(minvCpus=2)], world={"spot_depth": 0}, **cut))
    assert len(result.instances) == 0


def test_reclaims_of_the_market_strike_and_are_repeated_by_the_seed(simulate):
    risky = scenario(job("a", "1h", size=30, attempts=10), environments=[spot(maxvCpus=30)], world={"spot_hazard": 1.0})
    one, again, other = (simulate(risky, seed) for seed in (1, 1, 2))
    assert one.attempts.equals(again.attempts)
    assert not one.attempts.equals(other.attempts)
    assert (one.attempts["outcome"] == "reclaimed").any()


def test_fargate_spot_tasks_are_interrupted_in_aws_words(simulate):
    tasks = environment("tasks", type="FARGATE_SPOT", maxvCpus=100)
    result = simulate(scenario(task("a", "10h", size=20), environments=[tasks], world={"spot_hazard": 1.0}))
    lost = result.attempts[result.attempts["outcome"] == "reclaimed"]
    assert set(lost["status_reason"]) == {"Your Spot Task was interrupted."}
    assert set(lost["exit_code"]) == {137}
