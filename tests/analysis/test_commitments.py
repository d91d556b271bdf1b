"""Savings Plans and reserved instances by hand, hour by hour.

The builders' instance costs $0.36 an hour: a dollar buys 10,000 seconds of it.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from batchsim.analysis.attribution import by_cause, by_purchase
from batchsim.analysis.commitments import CommitmentBill
from batchsim.analysis.cost import Cost, cost, sum_check
from batchsim.analysis.prices import FargatePrices, FargateRates, Prices, Reserved, SavingsPlan
from batchsim.records.tables import NEVER, Records
from tests.analysis.builders import USD, attempt, call, instance, run

HOUR = 3600
RATES = FargateRates(40_000_000, 4_000_000, 100_000)


def plan(usd_per_h: float, discount: float = 0.25) -> SavingsPlan:
    return SavingsPlan(round(usd_per_h * USD), Fraction(str(discount)))


def settled(records: Records, **prices: object) -> Cost:
    result = cost(records, Prices(root_gb=0, **prices))  # type: ignore[arg-type]
    assert sum_check(result) == []
    return result


def hours(bill: CommitmentBill) -> list[tuple[float, float]]:
    """(covered, used) of each clock hour, in dollars."""
    return [(int(c) / USD, int(u) / USD) for c, u in zip(bill.covered, bill.used, strict=True)]


def test_a_plan_covers_what_it_buys_at_the_discount_and_the_rest_is_on_demand() -> None:
    records = run(instances=[instance(off=HOUR)], horizon=HOUR)
    result = settled(records, savings_plan=plan(0.09))
    assert hours(result.commitments[0]) == [(0.12, 0.09)], "0.09 / (1 - 0.25)"
    assert result.total_nano_usd == round((0.09 + 0.36 - 0.12) * USD)


def test_what_use_does_not_take_of_a_plan_is_paid_all_the_same() -> None:
    records = run(instances=[instance(off=1000)], horizon=2 * HOUR)
    result = settled(records, savings_plan=plan(0.12))
    assert hours(result.commitments[0]) == [(0.10, 0.075), (0, 0)]
    assert result.total_nano_usd == round(0.24 * USD), "two hours of commitment, which cover all use"
    causes = {line.name: line.nano_usd / USD for line in by_cause(result)}
    assert (causes["unused_commitment"], causes["commitment_discount"]) == (0.165, -0.025)


def test_hours_are_those_of_the_clock_not_of_the_run() -> None:
    """From half past to half past: 30 minutes of use in each of two hours, so a plan must cover half as much twice."""
    records = run(instances=[instance(off=HOUR)], horizon=HOUR)
    result = settled(records, savings_plan=plan(0.09), into_hour_ms=1_800_000)
    assert hours(result.commitments[0]) == [(0.12, 0.09), (0.12, 0.09)]
    assert result.total_nano_usd == round((0.18 + 0.36 - 0.24) * USD)


def test_a_reserved_instance_covers_3600_seconds_an_hour_of_whatever_runs_of_its_type() -> None:
    """Three instances for 40 minutes are two hours of use; the one that is reserved covers one."""
    records = run(instances=[instance(off=2400) for _ in range(3)], horizon=2400)
    result = settled(records, reserved=(Reserved("m5.large", 1, 200_000_000),))
    assert hours(result.commitments[0]) == [(0.36, 0.20)]
    assert result.total_nano_usd == round((0.20 + 0.72 - 0.36) * USD)


def test_a_reserved_family_covers_its_sizes_by_the_vcpu() -> None:
    hosts = [instance(off=HOUR), instance(off=HOUR, vcpus=8, price_nano_usd_per_h=1_440_000_000)]
    records = run(instances=hosts, horizon=HOUR)
    result = settled(records, reserved=(Reserved("m5", 5, 100_000_000),))
    assert hours(result.commitments[0]) == [(0.90, 0.50)], "5 of 10 vCPUs, at $0.18 a vCPU"


def test_other_types_are_not_covered() -> None:
    result = settled(run(instances=[instance(off=HOUR)], horizon=HOUR), reserved=(Reserved("c5", 5, 1),))
    assert hours(result.commitments[0]) == [(0, 0)]


def test_a_plan_takes_what_reserved_instances_leave() -> None:
    records = run(instances=[instance(off=HOUR) for _ in range(2)], horizon=HOUR)
    result = settled(records, reserved=(Reserved("m5.large", 1, 200_000_000),), savings_plan=plan(9))
    assert hours(result.commitments[1]) == [(0.36, 0.27)]
    purchases = {line.name: line.nano_usd / USD for line in by_purchase(records, result)}
    assert purchases == {"On-Demand": 0.72, "reserved instances": -0.16, "Savings Plan": 9 - 0.36}
    assert result.total_nano_usd == round((0.20 + 9) * USD)


def test_neither_covers_spot() -> None:
    records = run(instances=[instance(off=HOUR, spot=True)], horizon=HOUR)
    result = settled(records, reserved=(Reserved("m5.large", 1, 200_000_000),), savings_plan=plan(1))
    assert [hours(each) for each in result.commitments] == [[(0, 0)], [(0, 0)]]
    assert result.total_nano_usd == round((0.36 + 0.20 + 1) * USD)


@pytest.mark.parametrize(("kind", "covered"), [("FARGATE", 0.04 + 0.008), ("FARGATE_SPOT", 0)])
def test_a_plan_covers_fargates_vcpu_and_memory_but_not_its_storage(kind: str, covered: float) -> None:
    asked = call(vcpus_milli=1000, memory_mib=2048, ephemeral_gib=120)
    task = attempt(0, HOUR, instance=NEVER)
    records = run(calls=[asked], attempts=[task], texts={"environment_kinds": (kind, kind)}, horizon=HOUR)
    offer = FargatePrices(RATES, RATES, RATES, RATES)
    result = settled(records, fargate=(offer,), savings_plan=plan(1))
    assert hours(result.commitments[0]) == [(pytest.approx(covered), pytest.approx(covered * 0.75))]


def test_a_minute_beyond_the_end_of_the_run_is_billed_in_the_hour_in_which_it_lies() -> None:
    """The 60 s minimum may pass the last full hour; that hour's commitment is paid then."""
    records = run(instances=[instance(on=3590, ready=3590, off=HOUR)], horizon=HOUR)
    result = settled(records, savings_plan=plan(1))
    assert [round(covered * 10_000) for covered, _ in hours(result.commitments[0])] == [10, 50]


def test_the_pieces_of_a_bill_add_up_over_any_number_of_hours() -> None:
    odd = instance(on=0.001, ready=0.001, off=9 * HOUR + 17.123, price_nano_usd_per_h=96_123_457)
    result = settled(run(instances=[odd], horizon=10 * HOUR), savings_plan=plan(1000, 0.333), into_hour_ms=1)
    assert int(result.commitments[0].covered.sum()) == int(result.instances.compute.sum())
