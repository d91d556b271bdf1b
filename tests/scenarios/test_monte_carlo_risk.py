"""10,000 paths on Spot, in a typical and in a stormy market, over ten seeds."""

from __future__ import annotations

import pytest
from scenarios.conftest import TenSeeds

from batchsim import Result

Nights = tuple[Result, ...]


@pytest.fixture
def typical(ten_seeds: TenSeeds) -> Nights:
    return ten_seeds("monte_carlo_risk")


@pytest.fixture
def stormy(ten_seeds: TenSeeds) -> Nights:
    return ten_seeds("monte_carlo_risk", "world.market=stormy")


def lost_share(night: Result) -> float:
    """Work that reclaims lost, as a share of all work."""
    return float(night.summary()["reclaims"]["lost_s"] / night.jobs.work_s.sum())


def ready_s(night: Result) -> float:
    return float(night.summary()["headline"]["data_ready_at_s"])


def test_every_night_meets_its_deadline_in_either_market(typical: Nights, stormy: Nights) -> None:
    for night in (*typical, *stormy):
        assert (night.jobs.state == "SUCCEEDED").all()
        assert all(verdict["ok"] for verdict in night.summary()["thresholds"])


def test_a_typical_market_costs_a_hundredth_of_the_work_or_so_a_stormy_one_less_than_a_twentieth(
    typical: Nights, stormy: Nights
) -> None:
    assert sum(map(lost_share, typical)) / len(typical) < 0.01
    assert max(map(lost_share, typical)) < 0.02
    assert 0.01 < min(map(lost_share, stormy)) < max(map(lost_share, stormy)) < 0.05


def test_one_reclaim_takes_no_more_than_the_paths_of_one_instance(stormy: Nights) -> None:
    for night in stormy:
        lost = night.attempts[night.attempts.outcome == "reclaimed"]
        assert lost.groupby("instance").size().max() <= 16
        assert len(lost) > 200


def test_the_stormy_bill_is_no_higher_for_reclaims_in_the_first_hour_are_free(typical: Nights, stormy: Nights) -> None:
    bills = [(ours.summary()["cost"], theirs.summary()["cost"]) for ours, theirs in zip(typical, stormy, strict=True)]
    assert sum(theirs["total_usd"] <= ours["total_usd"] for ours, theirs in bills) >= 9  # of ten seeds
    assert all(theirs["waived_usd"] > 1 for _, theirs in bills)


def test_the_last_path_of_a_stormy_night_is_nearly_always_one_that_was_taken(stormy: Nights) -> None:
    last = [night.jobs.attempts[night.jobs[night.jobs.entry == "paths"].ended_at_s.idxmax()] for night in stormy]
    assert sum(attempts > 1 for attempts in last) >= 7  # of ten seeds; of all paths it is one in twenty-five


def test_with_three_attempts_about_every_other_stormy_night_would_fail(stormy: Nights) -> None:
    most = [night.jobs.attempts.max() for night in stormy]
    assert min(most) >= 3
    assert 3 <= sum(attempts > 3 for attempts in most) <= 8  # of ten seeds


def test_a_bad_market_delays_the_night_by_minutes_seldom_by_an_hour(typical: Nights, stormy: Nights) -> None:
    late_s = [ready_s(bad) - ready_s(calm) for calm, bad in zip(typical, stormy, strict=True)]
    assert sum(late_s) / len(late_s) < 30 * 60
    assert max(late_s) < 60 * 60


def test_the_aggregation_starts_when_the_last_path_has_ended(typical: Nights) -> None:
    for night in typical:
        paths, (last,) = (
            night.jobs[night.jobs.entry == "paths"],
            night.jobs[night.jobs.entry == "aggregate"].itertuples(),
        )
        assert last.runnable_at_s == paths.ended_at_s.max()
