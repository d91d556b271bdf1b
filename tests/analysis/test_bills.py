"""Bills by the rules of the fact sheet, sections 6.3 and 7; golden vectors 10 and 11; validation T21."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from batchsim.analysis.bills import billed_seconds
from batchsim.analysis.cost import cost, sum_check
from batchsim.analysis.prices import FargatePrices, FargateRates, Prices
from batchsim.analysis.run import Analysis
from batchsim.records.vocabulary import WhyEnded
from tests.analysis.builders import USD, attempt, call, instance, run

X86 = FargateRates(40_480_000, 4_445_000, 111_000)
ARM = FargateRates(32_380_000, 3_560_000, 111_000)
SPOT = FargateRates(12_144_000, 1_333_500, 33_300)
FARGATE = FargatePrices(X86, ARM, X86, ARM)
PRICES = Prices(fargate=(None, FARGATE))
NO_DISK = replace(PRICES, root_gb=0)
TASK = {"instance": -1, "environment": 1}


def test_t21_1_seconds_are_rounded_up_and_a_minute_is_the_least() -> None:
    on_ms = np.array([0, 400, 1000, 59_000, 60_000, 60_200, 3_600_000])
    assert billed_seconds(on_ms).tolist() == [0, 60, 60, 60, 60, 61, 3600]


def test_t21_2_695_seconds_at_96_mills_an_hour() -> None:
    bill = cost(run(instances=[instance(off=695, price_nano_usd_per_h=96_000_000)]), NO_DISK)
    assert bill.total_nano_usd == 18_533_333


def test_t21_5_the_minimum_is_per_instance_not_per_job() -> None:
    together = run(attempts=[attempt(10 * n, 10 * n + 10) for n in range(100)], instances=[instance(off=1000)])
    apart = run(
        attempts=[attempt(0, 10, instance=n) for n in range(100)],
        instances=[instance(off=10, ordinal=n) for n in range(100)],
    )
    assert [int(cost(records, PRICES).instances.billed_s.sum()) for records in (together, apart)] == [1000, 6000]


@pytest.mark.parametrize(
    ("spot", "why", "minutes", "billed_minutes"),
    [
        (True, WhyEnded.SPOT_RECLAIM, 59, 0),
        (True, WhyEnded.SPOT_RECLAIM, 60, 60),
        (True, WhyEnded.SPOT_RECLAIM, 61, 61),
        (True, WhyEnded.SCALE_IN, 10, 10),
        (False, WhyEnded.SCALE_IN, 1 / 3, 1),
    ],
)
def test_golden_10_the_first_hour_rule(spot: bool, why: WhyEnded, minutes: float, billed_minutes: int) -> None:
    bill = cost(run(instances=[instance(off=minutes * 60, spot=spot, why_ended=why)], horizon=9999), PRICES)
    assert bill.instances.compute.tolist() == [billed_minutes * 6_000_000]
    assert bool(bill.instances.waived[0]) == (billed_minutes == 0)
    assert bill.instances.ebs[0] > 0
    assert sum_check(bill) == []


def test_the_first_hour_counts_from_the_billed_start_to_the_millisecond() -> None:
    rows = [instance(100, 160, off, spot=True, why_ended=WhyEnded.SPOT_RECLAIM) for off in (3699.999, 3700)]
    bill = cost(run(instances=rows, horizon=9999), PRICES)
    assert (bill.instances.compute == 0).tolist() == [True, False]


def test_the_first_hour_rule_can_be_switched_off() -> None:
    records = run(instances=[instance(off=600, spot=True, why_ended=WhyEnded.SPOT_RECLAIM)])
    assert cost(records, replace(PRICES, first_hour_free=False)).instances.compute.tolist() == [60_000_000]


def test_golden_11_a_fargate_task_of_half_a_minute_is_billed_a_minute() -> None:
    size = call(vcpus_milli=1000, memory_mib=2048)
    bill = cost(run(calls=[size], attempts=[attempt(0, 30, **TASK)]), PRICES)
    assert [int(charge[0]) for charge in bill.tasks.charges] == [674_667, 148_167, 0]
    assert round(bill.total_nano_usd / USD, 6) == 0.000823


def test_t21_3_a_quarter_vcpu_for_45_seconds() -> None:
    size = call(vcpus_milli=250, memory_mib=512)
    bill = cost(run(calls=[size], attempts=[attempt(0, 45, **TASK)]), PRICES)
    assert [int(charge[0]) for charge in bill.tasks.charges] == [168_667, 37_042, 0]
    assert abs(bill.total_nano_usd - 205_708.333) < 1


def test_fargate_is_billed_from_the_pull_not_from_provisioning() -> None:
    row = attempt(0, 130, **TASK) | {"pull_at_ms": 30_000, "pulled_at_ms": 40_000, "running_at_ms": 40_000}
    bill = cost(run(attempts=[row]), PRICES)
    assert bill.tasks.billed_s.tolist() == [100]
    assert sum_check(bill) == []


def test_fargate_storage_is_billed_beyond_20_gib_and_arm_has_its_own_price() -> None:
    size = call(vcpus_milli=1000, memory_mib=1024, ephemeral_gib=30, arm64=True)
    bill = cost(run(calls=[size], attempts=[attempt(0, 3600, **TASK)]), PRICES)
    assert [int(charge[0]) for charge in bill.tasks.charges] == [32_380_000, 3_560_000, 1_110_000]


def test_a_task_that_ended_while_it_was_provisioned_costs_nothing() -> None:
    row = attempt(0, 20, **TASK) | {"pull_at_ms": 20_000, "pulled_at_ms": 20_000, "running_at_ms": -1}
    bill = cost(run(attempts=[row]), PRICES)
    assert (bill.total_nano_usd, len(bill.rows.cause), sum_check(bill)) == (0, 0, [])


def test_fargate_spot_saves_against_the_same_task_on_demand() -> None:
    prices = Prices(fargate=(None, FargatePrices(SPOT, SPOT, X86, ARM)))
    bill = cost(run(attempts=[attempt(0, 3600, **TASK)]), prices)
    assert (bill.total_nano_usd, bill.on_demand_nano_usd) == (13_477_500, 44_925_000)


def test_an_instance_that_ended_before_it_was_billed_is_free() -> None:
    bill = cost(run(instances=[instance(off=9, billed_from_ms=-1, ready_at_ms=-1)]), PRICES)
    assert (bill.total_nano_usd, bill.instances.billed_s.tolist(), len(bill.rows.cause)) == (0, [0], 0)


def test_an_open_instance_is_billed_to_the_end_of_the_run() -> None:
    bill = cost(run(instances=[instance(on=100)], horizon=1100.5), NO_DISK)
    assert bill.total_nano_usd == 100_100_000


def test_the_root_volume_costs_a_third_of_a_cent_an_hour() -> None:
    bill = cost(run(instances=[instance(off=3600)]), PRICES)
    assert bill.instances.ebs.tolist() == [round(30 * 80_000_000 / 730)]


def test_on_demand_equivalent_waives_nothing_and_keeps_the_disk() -> None:
    lost = instance(off=1800, spot=True, why_ended=WhyEnded.SPOT_RECLAIM, price_nano_usd_per_h=100_000_000)
    bill = cost(run(instances=[lost]), PRICES)
    assert bill.on_demand_nano_usd == 180_000_000 + int(bill.instances.ebs[0])
    assert bill.total_nano_usd == int(bill.instances.ebs[0])


def test_tasks_without_prices_are_refused_by_the_environments_name() -> None:
    with pytest.raises(ValueError, match="no Fargate prices for environment tasks"):
        cost(run(attempts=[attempt(0, 30, **TASK)]), Prices())


def test_a_run_without_anything_costs_nothing() -> None:
    assert Analysis(run(), PRICES).cost.total_nano_usd == 0
