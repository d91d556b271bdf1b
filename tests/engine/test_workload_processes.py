"""Poisson arrivals and the partitions of a data set: their laws, their sums, and what they do not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import arrivals
from batchsim.engine.workload.arrivals import Calendar, cron_firings_ms, poisson_firings_ms
from batchsim.engine.workload.datasets import partition_bytes

STREAM = Draws(5).stream("arrivals", "clicks")


def test_poisson_arrivals_come_at_their_rate():
    arrived = poisson_firings_ms(2.0, 0, 50_000_000, STREAM)
    assert len(arrived) == pytest.approx(100_000, abs=4 * math.sqrt(100_000))
    assert np.all(np.diff(arrived) >= 0)


def test_poisson_gaps_are_exponential():
    gaps = np.diff(poisson_firings_ms(0.01, 0, 2_000_000_000, STREAM))
    heights = 1 - np.exp(-np.sort(gaps) / 100_000)
    assert math.sqrt(len(gaps)) * np.abs(heights - np.arange(len(gaps)) / len(gaps)).max() < 2.23  # p = 1e-4


def test_a_longer_window_only_adds_arrivals():
    short, long = (poisson_firings_ms(1.0, 0, end_ms, STREAM) for end_ms in (1_000_000, 9_000_000))
    assert np.array_equal(long[: len(short)], short)


def test_a_later_start_shifts_arrivals():
    early, late = poisson_firings_ms(1.0, 0, 100_000, STREAM), poisson_firings_ms(1.0, 5_000, 105_000, STREAM)
    assert np.array_equal(early + 5_000, late)


@pytest.mark.parametrize("block", [1, 7, 100_000])
def test_arrivals_do_not_depend_on_how_they_are_drawn(block, monkeypatch):
    expected = poisson_firings_ms(1.0, 0, 1_000_000, STREAM)
    monkeypatch.setattr(arrivals, "_BLOCK", block)
    assert np.array_equal(poisson_firings_ms(1.0, 0, 1_000_000, STREAM), expected)


@pytest.mark.parametrize(("rate", "end_ms"), [(1.0, 0), (1e-12, 1_000)])
def test_an_empty_window_has_no_arrivals(rate, end_ms):
    assert poisson_firings_ms(rate, 0, end_ms, STREAM).tolist() == []


def test_cron_firings_count_from_the_start_of_the_simulation():
    ten_at_night = Calendar(1_767_304_800_000, "UTC")  # 2026-01-01T22:00:00Z
    assert cron_firings_ms("0 2 * * ? *", ten_at_night, 2 * 86_400_000, 10).tolist() == [14_400_000, 100_800_000]
    assert cron_firings_ms("* * * * ? *", ten_at_night, 86_400_000, 2).tolist() == [0, 60_000]


@given(st.integers(1, 1024**5), st.integers(1, 3000), st.floats(0, 20), st.integers(0, 5))
def test_partitions_are_whole_bytes_that_sum_to_the_data_set(size, partitions, cv, seed):
    parts = partition_bytes(size, partitions, cv, "logs", Draws(seed))
    assert parts.shape == (partitions,)
    assert parts.min() >= 0
    assert sum(parts.tolist()) == size


def test_an_even_data_set_differs_by_one_byte_at_most():
    parts = partition_bytes(10**13, 1001, 0, "logs", Draws(1))
    assert set(parts.tolist()) == {10**13 // 1001, 10**13 // 1001 + 1}


def test_skew_spreads_partitions_by_its_coefficient_of_variation():
    parts = partition_bytes(10**15, 100_000, 0.5, "logs", Draws(1))
    assert parts.std() / parts.mean() == pytest.approx(0.5, rel=0.02)


def test_partitions_are_keyed_by_the_data_sets_name():
    logs, same, other = (
        partition_bytes(10**12, 50, 0.5, name, Draws(1)).tolist() for name in ("logs", "logs", "clicks")
    )
    assert logs == same != other
