"""What EC2 bills: seconds of running instances, their disks, and nothing for Batch itself.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-for-interrupted-spot-instances.html
https://aws.amazon.com/ebs/pricing/
https://aws.amazon.com/batch/pricing/
"""

from __future__ import annotations

import pytest
from scenario_builder import environment, fixed, job, scenario, scenario_data

from batchsim.spec import parse

HOUR = 0.36
"""What box.1 costs in an hour."""


def spot(**resources):
    return environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", **resources)


def host(result, number=0):
    return list(result.instances.itertuples())[number]


def lost(at):
    return [{"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": 0}}]


@pytest.mark.parametrize(("run", "seconds"), [("20s", 60), ("60s", 60), ("61s", 61), ("61400ms", 62), ("1h", 3600)])
def test_an_instance_is_billed_by_the_second_begun_and_for_a_minute_at_least(run, seconds, simulate):
    bill = host(simulate(scenario(job("a", run), environments=[environment()])))
    assert (bill.billed_s, bill.cost_usd) == (seconds, pytest.approx(seconds * HOUR / 3600))


def test_boot_idle_time_and_the_delay_of_scale_down_are_billed(simulate):
    slow = {"agent_register": "100s", "scale_down_idle": "300s", "scale_down_check": "0s"}
    result = simulate(scenario(job("a", "60s"), job("b", "60s", at="200s"), environments=[environment()], world=slow))
    assert [bill.billed_s for bill in result.instances.itertuples()] == [100 + 60 + 40 + 60 + 300]


def test_capacity_that_minvcpus_keeps_is_billed_to_the_end(simulate):
    result = simulate(scenario(job("a", "10m"), environments=[fixed(3)]))
    assert result.instances["billed_s"].tolist() == [600] * 3


def test_what_idles_for_a_month_costs_its_price_and_the_checker_can_count_so_far(simulate):
    result = simulate(scenario(job("a", "1h"), job("b", "1h", at="29d"), environments=[fixed(16, types=("box.16",))]))
    assert result.instances["cost_usd"].tolist() == [pytest.approx((29 * 24 + 1) * 16 * HOUR)]


@pytest.mark.parametrize(("free", "cost_usd"), [(True, 0), (False, 0.06)])
def test_the_first_hour_is_free_if_ec2_ends_it_or_as_a_what_if_is_not(free, cost_usd, simulate):
    story = scenario(job("a", "2h"), environments=[spot()], faults=lost("30m"), world={"first_hour_free": free})
    assert host(simulate(story)).cost_usd == pytest.approx(cost_usd)


def test_after_the_first_hour_all_seconds_are_billed(simulate):
    story = scenario(job("a", "2h"), environments=[spot()], faults=lost("90m"))
    assert host(simulate(story)).billed_s == 5400
    assert host(simulate(story)).cost_usd == pytest.approx(0.18)


def test_what_batch_ends_is_billed_even_in_its_first_hour(simulate):
    bill = host(simulate(scenario(job("a", "10m"), environments=[spot()])))
    assert (bill.why_ended, bill.cost_usd) == ("scale_in", pytest.approx(0.02))


@pytest.mark.parametrize(("size_gb", "usd_per_h"), [(30, 30 * 0.08 / 730), (0, 0), (100, 100 * 0.08 / 730)])
def test_an_instances_disk_is_billed_by_its_size(size_gb, usd_per_h, simulate):
    bill = host(simulate(scenario(job("a", "1h"), environments=[environment()], world={"root_gb": size_gb})))
    assert bill.ebs_usd == pytest.approx(usd_per_h, abs=1e-9)


@pytest.mark.parametrize(("price", "usd_per_h"), [("$0.08", 0.08), ("$0.10", 0.10)])
def test_an_instances_disk_is_billed_by_the_price_of_a_gb_month(price, usd_per_h, simulate):
    world = {"root_gb": 73, "gp3_gb_month": price}
    bill = host(simulate(scenario(job("a", "10h"), environments=[environment()], world=world)))
    assert bill.ebs_usd == pytest.approx(usd_per_h)


def test_a_disk_is_billed_though_the_instance_is_free(simulate):
    story = scenario(job("a", "2h"), environments=[spot()], faults=lost("30m"), world={"root_gb": 30})
    bill = host(simulate(story))
    assert (bill.compute_usd, bill.ebs_usd) == (0, pytest.approx(30 * 0.08 / 730 / 2, abs=1e-9))


def test_batch_itself_costs_nothing_and_what_is_not_counted_is_told(simulate):
    result = simulate(scenario(job("a", "1h", size=4), environments=[environment(types=("box.4",))]))
    assert result.summary()["cost"]["total_usd"] == host(result).cost_usd == pytest.approx(4 * HOUR)
    assert any("CloudWatch" in each for each in result.summary()["not_counted"])


@pytest.mark.parametrize(
    ("kind", "usd_per_h"),
    [
        ("m5.large", 0.096),
        ("m6i.4xlarge", 0.768),
        ("m7g.large", 0.0816),
        ("c5.18xlarge", 3.06),
        ("c6i.8xlarge", 1.36),
        ("c6a.large", 0.0765),
        ("c7g.16xlarge", 2.32),
        ("r5.16xlarge", 4.032),
        ("r6i.large", 0.126),
        ("r7g.16xlarge", 3.4272),
        ("g4dn.xlarge", 0.526),
        ("g5.48xlarge", 16.288),
        ("p3.8xlarge", 12.24),
    ],
)
def test_list_prices_of_us_east_1(kind, usd_per_h, simulate):
    place = environment(types=(kind,), maxvCpus=256)
    assert host(simulate(scenario(job("a", "1h"), environments=[place]))).cost_usd == pytest.approx(usd_per_h)


def test_prices_have_a_date(simulate):
    dates = simulate(scenario(job("a"), environments=[environment(types=("m5.large",))])).summary()["as_of"]
    assert all(len(str(date)) == len("2026-01-01") for date in dates.values())
    assert dates


def test_the_default_disk_is_30_gb_of_gp3(simulate):
    data = scenario_data(job("a", "1h"), environments=[environment()])
    del data["world"]["root_gb"]
    assert host(simulate(parse(data))).ebs_usd == pytest.approx(0.0032877, abs=1e-7)
