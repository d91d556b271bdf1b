"""MSER-5 on series whose transient is known."""

from __future__ import annotations

import numpy as np
import pytest

from batchsim.analysis.warmup import mser5


def first_order(rng, count, phi, start):
    """x[n+1] = phi x[n] + e, from far away: the transient is start * phi**n."""
    values, value = np.empty(count), start
    for at in range(count):
        values[at] = value
        value = phi * value + rng.normal()
    return values


def test_a_worked_example_is_cut_where_its_transient_ends():
    series = np.concatenate((np.full(50, 10.0), np.tile([1.0, 2.0], 225)))  # a step down after 50 of 500
    assert mser5(series) == 50


def test_the_statistic_is_the_squares_over_the_square_of_the_number():
    means = np.random.default_rng(1).normal(size=40) + np.where(np.arange(40) < 9, 5, 0)
    by_hand = [((means[d:] - means[d:].mean()) ** 2).sum() / (40 - d) ** 2 for d in range(35)]
    assert mser5(np.repeat(means, 5)) == 5 * int(np.argmin(by_hand)) == 45


def test_a_transient_that_dies_away_is_cut_when_it_is_within_the_noise():
    cuts = [mser5(first_order(np.random.default_rng(seed), 2_000, 0.98, 60.0)) for seed in range(100)]
    known = np.array([cut for cut in cuts if cut is not None])
    assert len(known) > 85
    assert 60 * 0.98 ** np.median(known) < 5.0  # which is the steady process's own standard deviation
    assert np.median(known) < 400


def test_after_the_cut_the_mean_is_that_of_the_steady_state():
    whole, kept = [], []
    for seed in range(100):
        series = first_order(np.random.default_rng(1_000 + seed), 2_000, 0.9, 100.0)
        cut = mser5(series)
        whole.append(series.mean())
        kept.append(series[cut:].mean())
    error = np.std(kept, ddof=1) / 10
    assert np.mean(whole) > 0.4  # 100 / (1 - 0.9) / 2000 = 0.5
    assert abs(np.mean(kept)) < 0.02 + 4 * error


@pytest.mark.parametrize("count", [0, 4, 99])
def test_of_fewer_than_a_hundred_values_nothing_is_said(count):
    assert mser5(np.arange(count)) is None


def test_a_series_that_is_still_moving_is_too_short():
    assert mser5(np.arange(1_000.0)) is None


def test_numbers_far_from_zero_do_not_drown_the_transient():
    series = np.concatenate((np.full(50, 10.0), np.tile([1.0, 2.0], 225)))
    assert mser5(series + 1e9) == 50


def test_a_constant_series_has_no_warm_up():
    assert mser5(np.full(500, 7.0)) == 0
