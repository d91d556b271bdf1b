"""Samples, tables of percentiles and mixtures: what they give, and that one uniform number is enough for each draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from batchsim.engine.laws import Constant, Exponential, Lognormal, Mixture, Piecewise, Resampled, Sampler, law_of
from batchsim.engine.randomness import Draws
from batchsim.spec.laws import parse_law

STREAM = Draws(3).stream("work", "made")
DRAWS = 100_000
samples = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


def test_a_sample_is_drawn_again_each_value_as_often_as_its_weight():
    drawn = Resampled.of_sample([30_000, 10_000, 60_000, 10_000], [1, 2, 1, 0]).of(STREAM.block(0, DRAWS))
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [10_000, 30_000, 60_000]
    assert stats.chisquare(counts, [DRAWS / 2, DRAWS / 4, DRAWS / 4]).pvalue > 1e-4


def test_a_value_that_stands_twice_is_twice_as_likely():
    u = np.array([0.1, 0.5, 0.66, 0.67, 0.99])
    assert Resampled.of_sample([5, 7, 5]).quantile(u).tolist() == [5, 5, 5, 7, 7]


@given(samples)
def test_the_mean_of_equally_likely_values_is_the_samples_interpolated_or_not(values):
    for kind in (Resampled, Piecewise):
        assert kind.of_sample(values).mean_ms == pytest.approx(np.mean(values), rel=1e-12, abs=1e-9)


@given(samples)
def test_a_sample_never_leaves_its_range(values):
    u = STREAM.block(0, 200)
    for kind in (Resampled, Piecewise):
        drawn = kind.of_sample(values).quantile(u)
        assert min(values) <= drawn.min() <= drawn.max() <= max(values)


def test_between_two_values_an_interpolated_sample_is_even():
    law = Piecewise.of_sample([10_000, 20_000])
    assert law.quantile(np.array([0.1, 0.25, 0.5, 0.75, 0.9])).tolist() == [10_000, 10_000, 15_000, 20_000, 20_000]


def test_a_table_of_percentiles_is_met_and_even_between():
    law = law_of(parse_law({"empirical": {"p50": "1m", "p90": "5m", "max": "10m"}}))
    assert law.quantile(np.array([0.25, 0.5, 0.7, 0.9, 0.95])).tolist() == pytest.approx(
        [30_000, 60_000, 180_000, 300_000, 450_000]
    )
    assert law.mean_ms == pytest.approx((0.5 * 30 + 0.4 * 180 + 0.1 * 450) * 1000)


def test_the_mean_of_a_piecewise_law_is_that_of_its_draws():
    law = law_of(parse_law({"empirical": {"min": "10s", "p5": "20s", "p50": "1m", "p99": "5m", "max": "2h"}}))
    draws = law.of(STREAM.block(0, DRAWS))
    assert draws.mean() == pytest.approx(law.mean_ms, abs=4 * draws.std() / DRAWS**0.5)


MIXED = Mixture.of_parts([Lognormal(300_000.0, 0.4), Constant(7_200_000), Exponential(30_000.0)], [7, 1, 2])


def test_a_mixture_draws_each_part_by_its_weight_and_its_law():
    drawn = MIXED.quantile(STREAM.block(0, DRAWS))
    cdf = lambda x: 0.7 * stats.lognorm(0.4, scale=3e5).cdf(x) + 0.2 * stats.expon(scale=3e4).cdf(x)  # noqa: E731
    assert (drawn == 7_200_000).mean() == pytest.approx(0.1, abs=0.004)
    smooth = drawn[drawn != 7_200_000]
    assert stats.kstest(smooth, lambda x: cdf(x) / 0.9).pvalue > 1e-4


def test_the_mean_of_a_mixture_is_that_of_its_parts():
    assert MIXED.mean_ms == pytest.approx(0.7 * MIXED.parts[0].mean_ms + 0.1 * 7_200_000 + 0.2 * 30_000)


def test_within_its_part_a_uniform_number_keeps_its_place():
    u = np.array([0.0001, 0.35, 0.6999])
    assert MIXED.quantile(u) == pytest.approx(MIXED.parts[0].quantile(u / 0.7), rel=1e-12)


def test_a_part_without_weight_is_never_drawn():
    law = Mixture.of_parts([Constant(1), Constant(2), Constant(3)], [0, 1, 0])
    assert set(law.of(np.array([2.0**-53, 0.5, 1 - 2.0**-53])).tolist()) == {2}


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6).filter(any), st.integers(0, 1000))
def test_a_mixture_gives_numbers_whatever_its_weights(weights, index):
    law = Mixture.of_parts([Exponential(1e6)] * len(weights), weights)
    assert np.all(np.isfinite(law.quantile(STREAM.block(index, 50))))


def test_mixtures_hold_mixtures():
    spec = {"mixture": [{"weight": 1, "constant": "5s"}, {"weight": 3, "mixture": [{"weight": 1, "constant": "9s"}]}]}
    drawn = law_of(parse_law(spec)).of(STREAM.block(0, DRAWS))
    assert (drawn == 9_000).mean() == pytest.approx(0.75, abs=0.006)


@pytest.mark.parametrize("law", [MIXED, Resampled.of_sample([1, 5, 9]), Piecewise.of_sample([1_000, 9_000_000])])
def test_a_sampler_gives_one_value_however_it_is_asked(law):
    sampler = Sampler(law, STREAM, chunk=64)
    block = sampler.block_ms(0, 500).tolist()
    assert block == [sampler.one_ms(index) for index in range(500)]
    assert block == sampler.pick_ms(np.arange(500)).tolist()
