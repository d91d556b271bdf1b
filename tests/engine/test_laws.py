"""Laws against exact moments and distribution functions; samplers against their blocks."""

from __future__ import annotations

import math
import tracemalloc
from statistics import NormalDist
from time import process_time

import numpy as np
import pytest
from effort import patience
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.laws import LONGEST_MS, Constant, Exponential, Lognormal, Sampler, Uniform, law_of
from batchsim.engine.randomness import Draws
from batchsim.spec import LawSpec

DRAWS = 100_000
LAWS = {
    "uniform": Uniform(8_000, 17_000_000),
    "exponential": Exponential(3_600_000.0),
    "lognormal": Lognormal.from_mean(720_000.0, 0.4),
    "wide lognormal": Lognormal(30_000.0, 1.2),
    "percentiles": Lognormal.from_percentiles((0.5, 300_000.0), (0.95, 1_200_000.0)),
}
STREAM = Draws(11).stream("work", "transform")


def exact_cdf(law, x):
    match law:
        case Uniform(min_ms, max_ms):
            return np.clip((x - min_ms) / (max_ms - min_ms), 0, 1)
        case Exponential(scale_ms):
            return 1 - np.exp(-x / scale_ms)
        case Lognormal(median_ms, sigma):
            return np.array([NormalDist().cdf(z) for z in np.log(x / median_ms) / sigma])


def exact_variance(law):
    match law:
        case Uniform(min_ms, max_ms):
            return (max_ms - min_ms) ** 2 / 12
        case Exponential(scale_ms):
            return scale_ms**2
        case Lognormal(_, sigma):
            return law.mean_ms**2 * math.expm1(sigma**2)


def kolmogorov_smirnov(sample, law):
    """sqrt(n) times the greatest distance between the sample's distribution function and the law's."""
    heights = exact_cdf(law, np.sort(sample).astype(float))
    steps = np.arange(len(sample) + 1) / len(sample)
    return math.sqrt(len(sample)) * max((steps[1:] - heights).max(), (heights - steps[:-1]).max())


@pytest.mark.parametrize("name", LAWS)
def test_a_law_has_its_distribution(name):
    sample = LAWS[name].of(STREAM.block(0, DRAWS))
    assert kolmogorov_smirnov(sample, LAWS[name]) < 2.23  # p = 1e-4


@pytest.mark.parametrize("name", LAWS)
def test_a_law_has_its_exact_mean(name):
    sample = LAWS[name].of(STREAM.block(0, DRAWS))
    error = math.sqrt(exact_variance(LAWS[name]) / DRAWS)
    assert sample.mean() == pytest.approx(LAWS[name].mean_ms, abs=4 * error)


@pytest.mark.parametrize("name", ["uniform", "exponential", "lognormal"])
def test_a_law_has_its_exact_variance(name):
    sample = LAWS[name].of(STREAM.block(0, DRAWS))
    assert sample.var() == pytest.approx(exact_variance(LAWS[name]), rel=0.03)


def test_a_lognormal_by_mean_and_cv_has_both():
    law = Lognormal.from_mean(720_000.0, 0.4)
    assert law.mean_ms == pytest.approx(720_000, rel=1e-14)
    assert math.sqrt(exact_variance(law)) / law.mean_ms == pytest.approx(0.4, rel=1e-14)


def test_a_lognormal_by_percentiles_meets_both():
    law = Lognormal.from_percentiles((0.5, 300_000.0), (0.95, 1_200_000.0))
    assert law.quantile(np.array([0.5, 0.95])).tolist() == pytest.approx([300_000, 1_200_000], rel=1e-14)


@pytest.mark.parametrize("law", [Lognormal.from_mean(5000.0, 0.0), Lognormal(5000.0, 0.0), Uniform(5000, 5000)])
def test_a_law_without_spread_is_constant(law):
    assert law.of(STREAM.block(0, 100)).tolist() == [5000] * 100


def test_draws_are_rounded_half_to_even_once():
    assert Uniform(0, 10).of(np.array([0.05, 0.15, 0.25, 0.26])).tolist() == [0, 2, 2, 3]


@pytest.mark.parametrize("least_ms", [0, 1])
def test_a_run_time_is_at_least_1_ms_and_a_delay_at_least_0(least_ms):
    assert Uniform(0, 0, least_ms=least_ms).of(STREAM.block(0, 3)).tolist() == [least_ms] * 3
    assert Sampler(Constant(0, least_ms=least_ms), STREAM).one_ms(0) == least_ms


def test_no_draw_overflows():
    assert Lognormal(1e12, 20.0).of(np.array([1 - 2.0**-53])).tolist() == [LONGEST_MS]


@pytest.mark.parametrize(
    ("spec", "law"),
    [
        (LawSpec("constant", {"value": 5}), Constant(5, least_ms=1)),
        (LawSpec("uniform", {"min": 5, "max": 9}), Uniform(5, 9, least_ms=1)),
        (LawSpec("exponential", {"mean": 60_000}), Exponential(60_000.0, least_ms=1)),
        (LawSpec("lognormal", {"median": 60_000, "sigma": 0.4}), Lognormal(60_000, 0.4, least_ms=1)),
        (LawSpec("lognormal", {"mean": 60_000, "cv": 0.4}), Lognormal.from_mean(60_000, 0.4, least_ms=1)),
        (
            LawSpec("lognormal", {"p50": 60_000, "p95": 90_000}),
            Lognormal.from_percentiles((0.5, 60_000), (0.95, 90_000), least_ms=1),
        ),
    ],
)
def test_a_scenarios_law_is_compiled(spec, law):
    assert law_of(spec, least_ms=1) == law


@given(
    st.sampled_from([*LAWS.values(), Constant(77)]),
    st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 3)), max_size=30),
    st.sampled_from([1, 3, 64, 1024]),
)
def test_a_sampler_gives_one_value_however_it_is_asked(law, questions, chunk):
    sampler = Sampler(law, STREAM, chunk)
    for index, attempt in questions:
        block = Sampler(law, STREAM).block_ms(max(index - 3, 0), 5, attempt).tolist()
        picked = sampler.pick_ms(np.array([index]), attempt).tolist()
        assert [sampler.one_ms(index, attempt)] == picked == [block[min(index, 3)]]


def test_a_sampler_that_forgot_a_chunk_draws_it_again():
    sampler = Sampler(LAWS["lognormal"], STREAM, chunk=1)
    values = [sampler.one_ms(index) for index in range(2000)]
    assert len(sampler._chunks) <= 512
    assert [sampler.one_ms(index) for index in range(2000)] == values == sampler.block_ms(0, 2000).tolist()


def test_a_million_lognormal_run_times_take_a_moment():
    sampler = Sampler(LAWS["lognormal"], STREAM)
    started = process_time()
    sampler.block_ms(0, 1_000_000)
    assert process_time() - started < patience(1)  # 0.05 s on a quiet machine


def test_a_block_needs_little_more_memory_than_its_result():
    tracemalloc.start()
    Sampler(LAWS["lognormal"], STREAM).block_ms(0, 1_000_000)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 10_000_000


def test_the_draws_are_those_that_were_pinned():
    assert Sampler(LAWS["lognormal"], STREAM).block_ms(0, 4).tolist() == PINNED_LOGNORMAL
    assert Sampler(LAWS["exponential"], STREAM).block_ms(0, 4, attempt=2).tolist() == PINNED_EXPONENTIAL


PINNED_LOGNORMAL = [439810, 724030, 404264, 737289]
PINNED_EXPONENTIAL = [3755438, 10187413, 904660, 1570710]
