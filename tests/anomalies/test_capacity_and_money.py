"""What may not be assumed of capacity and of bills."""

from __future__ import annotations

from math import exp

import pytest
from anomalies.rows import in_this_order
from scenario_builder import jobs_of


def test_an_environment_can_be_one_instance_beyond_its_maxvcpus(shown):
    result = shown("over_max")
    at_two_minutes = result.instances.query("launched_at_s <= 120 < ended_at_s")
    allowed = result.scenario.computeEnvironments[0].computeResources.maxvCpus
    assert (allowed, at_two_minutes["vcpus"].sum()) == (5, 6)


def test_spot_at_half_the_price_is_dearer_where_work_begins_anew_too_often(shown):
    on_demand, spot = shown("spot_restarts"), shown("spot_restarts", {"hosts.computeResources.type": "SPOT"})
    assert spot.metrics("cost_usd")["cost_usd"] > 1.4 * on_demand.metrics("cost_usd")["cost_usd"]
    times_longer = spot.jobs["turnaround_s"].mean() / on_demand.jobs["turnaround_s"].mean()
    assert times_longer == pytest.approx((exp(2) - 1) / 2, rel=0.1)  # 3.19: two losses in the time of the work


def test_a_faster_boot_can_be_dearer(shown):
    fast, slow = shown("faster_boot"), shown("faster_boot", {"world.instance_boot": "35s"})
    assert (fast.instances["billed_s"].tolist(), slow.instances["billed_s"].tolist()) == ([60, 60], [60])


def test_a_longer_idle_timeout_can_be_cheaper(shown):
    short, long = shown("idle_timeout"), shown("idle_timeout", {"world.scale_down_idle": "60s"})
    assert (short.instances["billed_s"].sum(), long.instances["billed_s"].sum()) == (1200, 640)


def test_more_retries_can_make_a_night_later_and_dearer_and_save_no_job(shown):
    once, often = shown("poison"), shown("poison", {"poison.submit.retryStrategy.attempts": 10})
    assert [each.metrics("jobs_succeeded")["jobs_succeeded"] for each in (once, often)] == [10, 10]
    assert [each.metrics("cost_usd")["cost_usd"] for each in (once, often)] == [0.12, 0.66]
    assert [jobs_of(each)["good:9"].ended_at_s for each in (once, often)] == [600, 3300]


def test_the_largest_first_into_larger_hosts_can_need_more_of_them(shown):
    larger = {"hosts.instanceTypes": ["host.61"]}
    not_decreasing = in_this_order(1, 7, 8, 2, 3, 9, 10, 4, 5, 6)
    runs = [{}, larger, {**larger, **not_decreasing}]
    assert [len(shown("first_fit_decreasing", changes).instances) for changes in runs] == [3, 4, 3]


def test_more_vcpu_seconds_can_be_billed_than_maxvcpus_allows(shown):
    result = shown("billed_minute")
    on_s = (result.instances["ended_at_s"] - result.instances["ready_at_s"]).sum()
    assert (result.horizon_s, on_s, result.instances["billed_s"].sum()) == (110, 60, 360)
    assert result.metrics("vcpu_utilisation")["vcpu_utilisation"] == 1  # which is why utilisation is by on-time
