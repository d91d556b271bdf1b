"""The sampled laws themselves, as a run's workload has them: 10^5 draws of every law that a scenario may write.

Kolmogorov-Smirnov (or chi-squared, where there are atoms) with p > 1e-4, and the first two moments. The laws' own
quantile functions are compared with scipy's in ``tests/engine/test_laws_and_scipy.py``; here scenario text goes in, and
milliseconds come out.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from effort import effort
from scipy import stats
from theory.seeds import campaign_seed

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import expand
from batchsim.formats.trace_csv import read_trace
from batchsim.selftest import stage
from batchsim.selftest.cases.queueing import pool
from batchsim.selftest.formulas import laws
from batchsim.spec import parse
from batchsim.spec.laws import LAWS

SEED = campaign_seed()
DRAWS = effort(fast=100_000, verify=1_000_000, long=4_000_000)
LEAST_P = 1e-4
MINUTE = 60_000.0


def lognormal(median, sigma):
    return stats.lognorm(sigma, scale=median)


def by_cv(mean, cv):
    sigma = sqrt(np.log1p(cv**2))
    return lognormal(mean / sqrt(1 + cv**2), sigma)


def by_percentiles(low, high, quantile):
    """Median and sigma of the lognormal law with ``low`` at 50 % and ``high`` at ``quantile``."""
    return lognormal(low, np.log(high / low) / stats.norm.ppf(quantile))


CONTINUOUS = {
    "uniform": ({"uniform": {"min": "30s", "max": "90s"}}, stats.uniform(30_000, 60_000)),
    "exponential": ({"exponential": {"mean": "1m"}}, stats.expon(scale=MINUTE)),
    "exponential by its median": ({"exponential": {"p50": "1m"}}, stats.expon(scale=MINUTE / np.log(2))),
    "lognormal": ({"lognormal": {"median": "1m", "sigma": 0.8}}, lognormal(MINUTE, 0.8)),
    "lognormal by mean and cv": ({"lognormal": {"mean": "1m", "cv": 1.5}}, by_cv(MINUTE, 1.5)),
    "lognormal by percentiles": (
        {"lognormal": {"p50": "1m", "p95": "4m"}},
        by_percentiles(MINUTE, 4 * MINUTE, 0.95),
    ),
    "weibull": ({"weibull": {"shape": 0.7, "scale": "1m"}}, stats.weibull_min(0.7, scale=MINUTE)),
    "steep weibull": ({"weibull": {"shape": 5, "scale": "1m"}}, stats.weibull_min(5, scale=MINUTE)),
    "gamma": ({"gamma": {"shape": 2.5, "scale": "1m"}}, stats.gamma(2.5, scale=MINUTE)),
    "gamma by mean and cv": ({"gamma": {"mean": "1m", "cv": 2}}, stats.gamma(0.25, scale=4 * MINUTE)),
    "erlang-4": (laws.erlang(4, 60).run, stats.erlang(4, scale=MINUTE / 4)),
    "triangular": (
        {"triangular": {"min": "30s", "mode": "45s", "max": "5m"}},
        stats.triang(1 / 18, 30_000, 270_000),
    ),
}
ATOMS = {
    "constant": ("1m", {60_000: 1.0}),
    "empirical": ({"empirical": ["10s", "1m", "1m", "5m"]}, {10_000: 0.25, 60_000: 0.5, 300_000: 0.25}),
    "empirical by weights": (
        {"empirical": {"values": ["1s", "2s", "3s"], "weights": [1, 2, 7]}},
        {1_000: 0.1, 2_000: 0.2, 3_000: 0.7},
    ),
    "mixture": (
        {"mixture": [{"weight": 1, "constant": "1s"}, {"weight": 3, "constant": "9s"}]},
        {1_000: 0.25, 9_000: 0.75},
    ),
}


def drawn(run, stream="job"):
    """The run times of an entry's jobs in ms, as a run would have them."""
    data = pool("laws", 1, [stage.entry("job", run, count=DRAWS, stream=stream)])
    (entry,) = expand(parse(data), Draws(SEED), 0, read_trace).entries
    return entry.work.work_ms()


def kolmogorov(sample, cdf):
    """The p-value of a sample of whole milliseconds, of at least 1, that were rounded to the nearest.

    The two distribution functions are compared where the rounding has its edges, so the p-value is on the safe side.
    """
    values, counts = np.unique(sample, return_counts=True)
    distance = np.abs(np.cumsum(counts) / len(sample) - cdf(values + 0.5)).max()
    return stats.kstwobign.sf(distance * sqrt(len(sample)))


def within(sample, mean, deviation, errors=5):
    """Whether a sample has this mean, by so many standard errors and the rounding to a millisecond."""
    return abs(sample.mean() - mean) <= errors * deviation / sqrt(len(sample)) + 0.5


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_continuous_law_is_scipys(name):
    run, law = CONTINUOUS[name]
    sample = drawn(run)
    assert kolmogorov(sample, law.cdf) > LEAST_P


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_continuous_law_has_its_first_two_moments(name):
    run, law = CONTINUOUS[name]
    sample = drawn(run).astype(float)
    assert within(sample, law.mean(), law.std())
    fourth = law.moment(4) - law.moment(2) ** 2  # the variance of a square
    assert within(sample**2, law.moment(2), sqrt(fourth) + 1e-4 * law.moment(2), errors=8)  # squares are very skew


@pytest.mark.parametrize("name", ATOMS)
def test_a_law_of_single_values_has_each_as_often_as_it_says(name):
    run, expected = ATOMS[name]
    values, counts = np.unique(drawn(run), return_counts=True)
    assert values.tolist() == list(expected)
    assert len(values) == 1 or stats.chisquare(counts, [DRAWS * p for p in expected.values()]).pvalue > LEAST_P


def test_a_table_of_percentiles_is_even_between_them():
    sample = drawn({"empirical": {"min": "10s", "p50": "1m", "p90": "5m", "max": "10m"}})
    points, heights = [10_000, 60_000, 300_000, 600_000], [0, 0.5, 0.9, 1]
    assert kolmogorov(sample, lambda x: np.interp(x, points, heights)) > LEAST_P


def test_an_interpolated_sample_is_even_between_the_middles_of_its_steps():
    sample = drawn({"empirical": {"values": ["10s", "20s", "60s"], "interpolate": True}})
    inner = sample[(sample > 10_000) & (sample < 60_000)]
    assert kolmogorov(inner, lambda x: np.interp(x, [10_000, 20_000, 60_000], [0, 0.5, 1])) > LEAST_P
    assert np.mean(sample == 10_000) == pytest.approx(1 / 6, abs=5 * sqrt(5 / 36 / DRAWS))


def test_a_mixture_of_rates_is_its_parts_by_weight():
    law = laws.hyperexponential(60, 9)
    sample = drawn(law.run)
    parts = [(part["weight"], float(part["exponential"]["mean"][:-1]) * 1000) for part in law.run["mixture"]]

    def cdf(x):
        return sum(weight * -np.expm1(-np.asarray(x) / mean) for weight, mean in parts)

    assert kolmogorov(sample, cdf) > LEAST_P
    assert within(sample, MINUTE, MINUTE * 3)


def test_every_law_is_among_these():
    written = [run for run, _ in [*CONTINUOUS.values(), *ATOMS.values()] if isinstance(run, dict)]
    assert {name for run in written for name in run} | {"constant"} == set(LAWS)


def test_the_gaps_of_poisson_arrivals_are_exponential():
    at = {"poisson": "1/s", "for": f"{DRAWS}s"}
    data = pool("arrivals", 1, [stage.entry("job", "1s", at=at)])
    (entry,) = expand(parse(data), Draws(SEED), 0, read_trace).entries
    gaps = np.diff(entry.due_at_ms)
    smooth = np.abs(gaps + Draws(SEED).stream("spread", "gaps").block(0, len(gaps)) - 0.5)
    assert stats.kstest(smooth, stats.expon(scale=1000).cdf).pvalue > LEAST_P
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 5 / sqrt(len(gaps))
    assert abs(len(entry.due_at_ms) - DRAWS) < 5 * sqrt(DRAWS)


def test_arrivals_run_times_and_two_entries_have_nothing_to_do_with_each_other():
    run = CONTINUOUS["exponential"][0]
    at = {"poisson": "1/s", "for": f"{DRAWS // 10}s"}
    entries = [stage.entry(name, run, at=at) for name in ("a", "b")]
    first, second = expand(parse(pool("two", 1, entries)), Draws(SEED), 0, read_trace).entries
    number = min(len(first.due_at_ms), len(second.due_at_ms)) - 1
    columns = [np.diff(entry.due_at_ms)[:number] for entry in (first, second)]
    columns += [entry.work.work_ms()[:number] for entry in (first, second)]
    found = np.corrcoef(np.vstack(columns))
    assert np.abs(found - np.eye(4)).max() < 5 / sqrt(number)
