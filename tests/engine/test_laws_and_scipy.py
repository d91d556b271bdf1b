"""Every law with a formula against scipy's of the same name: quantiles, moments, the distribution of keyed draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from batchsim.engine.elementary import excess, log_gamma
from batchsim.engine.laws import Exponential, Gamma, Lognormal, Sampler, Triangular, Uniform, Weibull
from batchsim.engine.randomness import Draws

MINUTE = 60_000.0
STREAM = Draws(7).stream("work", "laws")
U = np.concatenate([np.linspace(0.0005, 0.9995, 1999), 10.0 ** -np.arange(4, 12), 1 - 10.0 ** -np.arange(4, 12)])
U = np.rint(U * 2.0**53) * 2.0**-53  # as streams give them: 1 - u is exact

LAWS = {
    "uniform": (Uniform(30_000, 90_000), stats.uniform(30_000, 60_000)),
    "triangular": (Triangular(30_000, 45_000, 300_000), stats.triang(1 / 18, 30_000, 270_000)),
    "right triangle": (Triangular(30_000, 30_000, 90_000), stats.triang(0, 30_000, 60_000)),
    "left triangle": (Triangular(30_000, 90_000, 90_000), stats.triang(1, 30_000, 60_000)),
    "exponential": (Exponential(MINUTE), stats.expon(scale=MINUTE)),
    "lognormal": (Lognormal(MINUTE, 0.8), stats.lognorm(0.8, scale=MINUTE)),
    "Weibull": (Weibull(0.7, MINUTE), stats.weibull_min(0.7, scale=MINUTE)),
    "steep Weibull": (Weibull(6.0, MINUTE), stats.weibull_min(6.0, scale=MINUTE)),
    "gamma": (Gamma(2.5, MINUTE), stats.gamma(2.5, scale=MINUTE)),
    "gamma like an exponential": (Gamma(1.0, MINUTE), stats.expon(scale=MINUTE)),
    "flat gamma": (Gamma(0.3, MINUTE), stats.gamma(0.3, scale=MINUTE)),
    "narrow gamma": (Gamma(400.0, 900.0), stats.gamma(400.0, scale=900.0)),
}


@pytest.mark.parametrize("name", LAWS)
def test_its_quantiles_are_scipys(name):
    law, theirs = LAWS[name]
    assert law.quantile(U) == pytest.approx(theirs.ppf(U), rel=2e-9, abs=1e-6)


@pytest.mark.parametrize("name", LAWS)
def test_its_mean_is_scipys(name):
    law, theirs = LAWS[name]
    assert law.mean_ms == pytest.approx(theirs.mean(), rel=1e-13)


@pytest.mark.parametrize("name", LAWS)
def test_a_hundred_thousand_keyed_draws_have_its_distribution(name):
    law, theirs = LAWS[name]
    assert stats.kstest(law.quantile(STREAM.block(0, 100_000)), theirs.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", LAWS)
def test_the_moments_of_its_draws_are_scipys(name):
    law, theirs = LAWS[name]
    draws, deviation = law.of(STREAM.block(0, 100_000)), theirs.std()
    assert draws.mean() == pytest.approx(theirs.mean(), abs=4 * deviation / math.sqrt(100_000))
    assert draws.std() == pytest.approx(deviation, rel=0.05)


@given(st.floats(0.01, 1e5))
def test_a_gamma_law_of_any_shape_has_scipys_quantiles(shape):
    u = U[(U > 1e-9) & (U < 1 - 1e-9)]
    found, theirs = Gamma(shape, 1e6 / shape).quantile(u), special.gammaincinv(shape, u) * 1e6 / shape
    assert found == pytest.approx(theirs, rel=1e-8, abs=1e-4)


@given(st.floats(0.01, 1e9))
def test_a_gamma_laws_quantiles_rise(shape):
    assert np.all(np.diff(Gamma(shape, 1e6).quantile(np.sort(U))) >= 0)


@pytest.mark.parametrize("law", [Weibull, Gamma, Lognormal])
@pytest.mark.parametrize("cv", [1e-3, 0.1, 0.4, 1.0, 2.5, 9.0])
def test_a_law_by_mean_and_cv_has_both(law, cv):
    made = law.from_mean(720_000.0, cv)
    theirs = {
        Weibull: lambda: stats.weibull_min(made.shape, scale=made.scale_ms),
        Gamma: lambda: stats.gamma(made.shape, scale=made.scale_ms),
        Lognormal: lambda: stats.lognorm(made.sigma, scale=made.median_ms),
    }[law]()
    assert made.mean_ms == pytest.approx(720_000, rel=1e-12)
    assert math.sqrt(theirs.var()) / theirs.mean() == pytest.approx(cv, rel=1e-6)


PAIRS = [
    ((0.5, 3e5), (0.95, 1.2e6)),
    ((0.1, 3e5), (0.9, 4e5)),
    ((0.25, 6e4), (0.999, 7.2e6)),
    ((0.9, 6e4), (0.99, 9e4)),
]


@pytest.mark.parametrize("law", [Weibull, Gamma, Lognormal])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_law_by_two_percentiles_hits_both(law, pair):
    (p, low_ms), (q, high_ms) = pair
    assert law.from_percentiles(*pair).quantile(np.array([p, q])) == pytest.approx([low_ms, high_ms], rel=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_gamma_law_of_two_percentiles_is_the_one_that_scipy_knows(pair):
    law = Gamma.from_percentiles(*pair)
    (p, low_ms), (q, high_ms) = pair
    assert stats.gamma(law.shape, scale=law.scale_ms).cdf([low_ms, high_ms]) == pytest.approx([p, q], rel=1e-9)


def test_an_exponential_law_by_its_median_hits_it():
    assert Exponential.from_percentile((0.5, 60_000)).quantile(np.array([0.5])).tolist() == pytest.approx([60_000])


@given(st.floats(0.05, 1e6))
def test_the_gamma_function_is_the_standard_librarys(x):
    assert log_gamma(np.array([x]))[0] == pytest.approx(math.lgamma(x), rel=1e-14, abs=1e-14)


@given(st.floats(-30, 30))
def test_the_excess_of_the_exponential_keeps_its_digits_near_zero(x):
    exact = sum(x**k / math.factorial(k) for k in range(2, 30)) if abs(x) < 1 else math.expm1(x) - x
    assert excess(np.array([x]))[0] == pytest.approx(exact, rel=1e-13, abs=1e-300)


def test_the_draws_are_those_that_were_pinned():
    assert Sampler(LAWS["Weibull"][0], STREAM).block_ms(0, 4).tolist() == PINNED["Weibull"]
    assert Sampler(LAWS["gamma"][0], STREAM).block_ms(0, 4).tolist() == PINNED["gamma"]
    assert Sampler(LAWS["triangular"][0], STREAM).block_ms(0, 4).tolist() == PINNED["triangular"]


PINNED = {
    "Weibull": [11967, 894, 1094, 32928],
    "gamma": [85400, 34778, 37136, 126559],
    "triangular": [76795, 44410, 45439, 111079],
}
