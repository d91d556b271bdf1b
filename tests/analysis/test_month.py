"""What a month costs: by the workload's own schedule, or else every night."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from scenario_builder import fixed, job, scenario

from batchsim.analysis.cost import cost
from batchsim.analysis.month import Schedule, per_month_nano_usd
from batchsim.analysis.prices import Prices, SavingsPlan
from batchsim.pricing import schedule_of
from tests.analysis.builders import USD, instance, run

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.mark.parametrize(
    ("at", "until", "horizon_ms", "period_ms"),
    [
        ("0s", "drained", HOUR_MS, DAY_MS),
        ("5h", "drained", DAY_MS, DAY_MS),
        ("0s", "drained", 3 * DAY_MS, 3 * DAY_MS),
        ({"rate": "2/s"}, "drained", HOUR_MS, DAY_MS),
        ({"cron": "0 2 * * ? *", "for": "7d"}, "drained", 6 * DAY_MS + 4 * HOUR_MS, 7 * DAY_MS),
        ("cron(0 2 * * ? *)", "10d", 10 * DAY_MS, 10 * DAY_MS),
        ({"cron": "0 2 * * ? *", "for": "30d"}, "10d", 10 * DAY_MS, 10 * DAY_MS),
        ({"poisson": "20/h", "for": "8h", "start": "4h"}, "drained", 13 * HOUR_MS, 12 * HOUR_MS),
    ],
)
def test_a_run_stands_for_a_part_of_the_calendar(at: Any, until: str, horizon_ms: int, period_ms: int) -> None:
    count = {"count": 9} if isinstance(at, dict) and "rate" in at else {}
    asked = scenario(job("a", at=at, **count), simulation={"until": until, "max_time": "60d"})
    assert schedule_of(asked, horizon_ms).period_ms == period_ms


def test_the_longest_of_several_schedules_counts() -> None:
    nightly, hourly = {"cron": "0 2 * * ? *", "for": "7d"}, {"poisson": "1/h", "for": "2d"}
    asked = scenario(job("a", at=nightly), job("b", at=hourly), job("c"))
    assert schedule_of(asked, DAY_MS).period_ms == 7 * DAY_MS


def test_the_assumption_is_told() -> None:
    assert schedule_of(scenario(job("a")), HOUR_MS).basis == (
        "if it runs once a night: x 30.4 in 730 hours; minvCpus is paid during the runs only"
    )
    weekly = scenario(job("a", at={"cron": "0 2 * * ? *", "for": "7d"}))
    assert schedule_of(weekly, 7 * DAY_MS).basis == "if the 7d of its schedule go on: x 4.35 in 730 hours"
    assert "again as soon as it has ended" in schedule_of(scenario(job("a")), 3 * DAY_MS).basis


def test_a_month_is_730_hours_of_such_runs() -> None:
    bill = cost(run(instances=[instance(off=3600)], horizon=3600), Prices(root_gb=0))
    assert per_month_nano_usd(bill, Schedule(DAY_MS, "")) == round(Fraction(360_000_000 * 730, 24))


def test_commitments_are_paid_in_all_hours_of_a_month() -> None:
    plan = SavingsPlan(USD, Fraction(1, 4))
    bill = cost(run(instances=[instance(off=3600)], horizon=3600), Prices(root_gb=0, savings_plan=plan))
    assert bill.total_nano_usd == USD, "it covers the one hour of use"
    assert per_month_nano_usd(bill, Schedule(DAY_MS, "")) == 730 * USD


def test_summary_and_report_tell_it(simulate: Any) -> None:
    result = simulate(scenario(job("a", "1h"), environments=[fixed()]))
    cost_of_it = result.summary()["cost"]
    assert cost_of_it["per_month_usd"] == pytest.approx(0.36 * 730 / 24)
    assert result.summary()["metrics"]["cost_per_month_usd"]["value"] == cost_of_it["per_month_usd"]
    assert "per month  $10.95 if it runs once a night" in result.report()
