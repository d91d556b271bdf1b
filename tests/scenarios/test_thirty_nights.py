"""A month of nights: how ready times and costs are distributed, over ten seeds."""

from __future__ import annotations

import pandas as pd
import pytest
from scenarios.conftest import TenSeeds

from batchsim import Result
from batchsim.analysis.statistics import enough_for

LATE_S = 45 * 60


@pytest.fixture
def months(ten_seeds: TenSeeds) -> tuple[Result, ...]:
    return ten_seeds("thirty_nights")


def nights_of(months: tuple[Result, ...]) -> pd.DataFrame:
    return pd.concat([month.occurrences.assign(seed=month.seed) for month in months], ignore_index=True)


def slow_nights(month: Result) -> set[int]:
    """The nights of which some partition works more than forty minutes."""
    slow = month.jobs[(month.jobs.entry == "transform") & (month.jobs.work_s > 2400)]
    return set(slow.occurrence.tolist())


def test_each_month_has_thirty_nights_and_every_one_is_ready(months: tuple[Result, ...]) -> None:
    for month in months:
        assert month.occurrences.occurrence.tolist() == list(range(30))
        assert month.occurrences.ready_after_s.notna().all()


def test_a_night_is_late_where_it_has_a_slow_partition_and_only_there(months: tuple[Result, ...]) -> None:
    for month in months:
        late = month.occurrences.occurrence[month.occurrences.ready_after_s > LATE_S]
        assert set(late.tolist()) == slow_nights(month)


def test_of_all_nights_about_a_quarter_is_late(months: tuple[Result, ...]) -> None:
    share = (nights_of(months).ready_after_s > LATE_S).mean()
    assert share == pytest.approx(1 - 0.999**300, abs=0.1)  # four deviations of 300 nights


def test_most_nights_are_ready_within_half_an_hour_and_none_near_the_mean(months: tuple[Result, ...]) -> None:
    for month in months:
        ready_s = month.occurrences.ready_after_s
        assert ready_s.median() < 30 * 60
        assert ready_s.mean() > 1.15 * ready_s.median()
    pooled = nights_of(months).ready_after_s
    assert pooled.between(0.9 * pooled.mean(), 1.1 * pooled.mean()).mean() < 0.05


def test_time_has_a_tail_and_money_hardly_one(months: tuple[Result, ...]) -> None:
    for month in months:
        found = month.occurrences
        assert found.ready_after_s.max() > 1.8 * found.ready_after_s.median()
        assert found.cost_loaded_usd.max() < 1.5 * found.cost_loaded_usd.median()


def test_every_night_begins_with_nothing_and_leaves_nothing(months: tuple[Result, ...]) -> None:
    for month in months:
        night = (month.instances.launched_at_s // 86400).astype(int)
        assert (month.instances.ended_at_s // 86400).astype(int).equals(night)
        assert night.nunique() == 30


def test_the_report_shows_a_percentile_from_twenty_nights_on_and_no_p95_of_thirty(months: tuple[Result, ...]) -> None:
    (told,) = months[0].summary()["occurrences"]
    assert told["entries"] == ["transform", "load"]
    assert told["ready_after_s"]["p50"] == months[0].occurrences.ready_after_s.sort_values().iloc[14]
    assert told["ready_after_s"]["p95"] is None
    assert enough_for(95) <= len(nights_of(months))


def test_two_in_the_morning_is_local_time(months: tuple[Result, ...]) -> None:
    assert (months[0].occurrences.due_at_s % 86400).unique().tolist() == [6 * 3600]  # New York's summer
