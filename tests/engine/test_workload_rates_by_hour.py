"""Rates by hour: a Poisson process whose rate follows the local clock, days on which clocks change included."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import arrivals
from batchsim.engine.workload.arrivals import Calendar, HourlyRates, poisson_firings_ms
from batchsim.engine.workload.hours import local_hours

STREAM = Draws(9).stream("arrivals", "clicks")
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
OFFICE = (0,) * 8 + (20, 60, 80, 40, 30, 60, 60, 40, 20) + (5,) * 4 + (0,) * 3


def epoch_ms(text, zone="UTC"):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def arrive(per_h, start="2026-01-05", days=1.0, zone="UTC", begin_ms=0, stream=STREAM):
    rates_per_s = tuple(rate / 3600 for rate in per_h)
    calendar = Calendar(epoch_ms(start, zone), zone)
    return HourlyRates.over(rates_per_s, calendar, begin_ms, begin_ms + round(days * DAY_MS)).firings_ms(stream)


def by_hour(instants_ms, start, zone, form="%H"):
    """How many fall into each local hour."""
    local = [datetime.fromtimestamp((epoch_ms(start, zone) + ms) / 1000, ZoneInfo(zone)) for ms in instants_ms.tolist()]
    return np.bincount([int(each.strftime(form)) for each in local], minlength=24)


def test_the_counts_of_each_hour_are_poisson():
    found = by_hour(arrive(OFFICE, days=200), "2026-01-05", "UTC")
    rates = np.array(OFFICE)
    assert stats.chisquare(found[rates > 0], rates[rates > 0] * found.sum() / rates.sum()).pvalue > 1e-4
    assert found.sum() == pytest.approx(200 * sum(OFFICE), abs=4 * (200 * sum(OFFICE)) ** 0.5)


def test_the_counts_of_single_hours_spread_as_poisson_counts_do():
    hours = np.bincount(arrive((7,) * 24, days=400) // HOUR_MS, minlength=9_600)
    observed = np.bincount(np.minimum(hours, 14), minlength=15)
    theirs = [*stats.poisson(7).pmf(range(14)), stats.poisson(7).sf(13)]
    assert stats.chisquare(observed, np.array(theirs) * len(hours)).pvalue > 1e-4


def test_hours_without_a_rate_are_empty():
    found = by_hour(arrive(OFFICE, days=100), "2026-01-05", "UTC")
    assert found[np.array(OFFICE) == 0].tolist() == [0] * 11


def test_a_week_of_rates_begins_on_monday():
    week = [0.0] * 168
    week[5 * 24 + 10] = 500.0  # Saturday at ten
    found = arrive(week, days=14)
    assert set(found // HOUR_MS) == {5 * 24 + 10, 12 * 24 + 10}


def test_24_equal_rates_are_a_poisson_process():
    poisson = poisson_firings_ms(12 / 3600, 0, 30 * DAY_MS, STREAM)
    assert (
        np.abs(arrive((12,) * 24, days=30) - poisson).max() <= 1
    )  # it rounds, where hours are kept apart by the floor


def test_the_hour_that_clocks_jump_over_has_no_arrivals_and_the_day_23_hours():
    found = arrive((1000,) * 24, start="2026-03-29", days=23 / 24, zone="Europe/Berlin")
    assert by_hour(found, "2026-03-29", "Europe/Berlin")[2] == 0
    assert len(found) == pytest.approx(23_000, abs=600)


def test_an_hour_that_comes_twice_has_its_rate_twice():
    night = [0.0] * 24
    night[2] = 3000.0
    found = arrive(night, start="2026-10-25", days=1.0, zone="Europe/Berlin")
    assert len(found) == pytest.approx(6000, abs=4 * 6000**0.5)
    assert (found // HOUR_MS).min() == 2
    assert (found // HOUR_MS).max() == 3


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        ("UTC", "2026-01-05T00:00", "2026-01-05T03:00", [0, 1, 2]),
        ("Asia/Kolkata", "2026-01-05T00:30", "2026-01-05T03:00", [0, 1, 2]),
        ("Europe/Berlin", "2026-03-29T01:00", "2026-03-29T04:00", [145, 147]),
        ("Europe/Berlin", "2026-10-25T01:00", "2026-10-25T04:00", [145, 146, 146, 147]),
        ("Australia/Lord_Howe", "2026-04-05T01:00", "2026-04-05T03:00", [145, 145, 146]),  # back by half an hour
        ("Australia/Lord_Howe", "2026-10-04T01:00", "2026-10-04T04:00", [145, 146, 147]),
        ("America/St_Johns", "2007-03-11T00:00", "2007-03-11T02:00", [144, 145]),  # at 00:01
    ],
)
def test_local_hours_follow_the_clocks_of_their_zone(zone, start, end, hours):
    found = list(local_hours(zone, epoch_ms(start, zone), epoch_ms(end, zone)))
    assert [hour for _, hour in found] == hours
    for at_ms, hour in found:
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
        assert local.weekday() * 24 + local.hour == hour


def test_a_start_within_an_hour_counts_from_there():
    found = arrive((600,) * 24, days=1 / 48, begin_ms=HOUR_MS // 2)
    assert found.min() >= HOUR_MS // 2
    assert len(found) == pytest.approx(300, abs=4 * 300**0.5)


@pytest.mark.parametrize("block", [1, 7, 100_000])
def test_arrivals_do_not_depend_on_how_they_are_drawn(block, monkeypatch):
    expected = arrive(OFFICE, days=3)
    monkeypatch.setattr(arrivals, "_BLOCK", block)
    assert np.array_equal(arrive(OFFICE, days=3), expected)


def test_a_longer_stretch_only_adds_arrivals():
    short, long = arrive(OFFICE, days=2), arrive(OFFICE, days=9)
    assert np.array_equal(long[: len(short)], short)


def test_a_higher_rate_moves_arrivals_forward_and_draws_no_others():
    calm, busy = arrive(OFFICE, days=1), arrive([2 * rate for rate in OFFICE], days=1)
    assert np.all(busy[: len(calm)] <= calm)


def test_no_time_has_no_arrivals():
    assert arrive(OFFICE, days=0).tolist() == []
