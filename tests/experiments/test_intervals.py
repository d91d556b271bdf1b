"""Which interval a mean gets, and that intervals hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from effort import effort

from batchsim.experiments.intervals import bootstrap, method_of, proportion, spread_of

EXPERIMENTS = effort(fast=100, verify=600, long=2_000)
STREAM = np.random.default_rng


def share_that_hold(draw, truth, size):
    """Of intervals as batchsim chooses them."""
    held = 0
    for number in range(EXPERIMENTS):
        found = spread_of("makespan_s", draw(STREAM([number, size]), size), 0.95, number).mean
        held += found.low <= truth <= found.high
    return held / EXPERIMENTS


@pytest.mark.parametrize(
    ("draw", "truth", "least"),
    [
        (lambda rng, n: rng.normal(10, 2, n), 10.0, 0.92),
        (lambda rng, n: rng.exponential(1, n), 1.0, 0.90),
    ],
)
def test_intervals_of_thirty_hold_the_mean_about_as_often_as_they_say(draw, truth, least):
    slack = 3 * (0.95 * 0.05 / EXPERIMENTS) ** 0.5
    assert least - slack < share_that_hold(draw, truth, 30) < 0.97 + slack


def test_wilsons_interval_is_that_of_the_textbook():
    found = proportion(28, 30, 0.95)
    assert (found.low, found.high) == pytest.approx((0.7868, 0.9815), abs=1e-4)
    assert proportion(30, 30, 0.95).low == pytest.approx(30 / (30 + 1.959964**2))  # all of n: n / (n + z^2)
    assert proportion(0, 30, 0.95).low == pytest.approx(0)


@pytest.mark.parametrize(("n", "truth"), [(10, 0.5), (30, 0.9), (30, 0.5)])
def test_wilsons_interval_covers_exactly_about_what_it_says(n, truth):
    from scipy.stats import binom

    inside = [each.low <= truth <= each.high for each in (proportion(met, n, 0.95) for met in range(n + 1))]
    assert 0.93 < binom.pmf(np.arange(n + 1), n, truth) @ inside < 0.985


def test_a_bootstraps_sides_lean_where_the_tail_is():
    values = STREAM(3).lognormal(0, 1, 40)
    found = bootstrap(values, 0.95, STREAM(1))
    assert found.high - found.value > 1.1 * (found.value - found.low)


def test_a_bootstrap_has_a_stream_of_its_own_keyed_by_seed_and_metric():
    values = STREAM(3).lognormal(0, 1, 40)
    first, again, other, metric = (
        spread_of(name, values, 0.95, seed).mean
        for name, seed in (("wait_p95_s", 1), ("wait_p95_s", 1), ("wait_p95_s", 2), ("wait_p99_s", 1))
    )
    assert first == again
    assert len({first.low, other.low, metric.low}) == 3


@pytest.mark.parametrize(
    ("metric", "method"),
    [("wait_p95_s", "bca"), ("wait_max_s", "bca"), ("useful_share", "bca"), ("cost_usd", "t"), ("wait_mean_s", "t")],
)
def test_percentiles_and_ratios_of_money_are_bootstrapped_and_means_are_not(metric, method):
    assert method_of(metric, np.linspace(9, 11, 30)) == method  # as even as can be


def test_what_is_skewed_is_bootstrapped_whatever_it_is_called():
    assert method_of("cost_usd", STREAM(1).lognormal(0, 1.2, 50)) == "bca"


def test_few_values_and_equal_ones_get_students_t():
    assert method_of("wait_p95_s", STREAM(1).normal(10, 1, 9)) == "t"
    assert method_of("wait_p95_s", np.full(30, 4.0)) == "t"
    assert spread_of("wait_p95_s", np.full(30, 4.0), 0.95, 1).mean.low == 4.0


def test_one_value_has_no_interval():
    found = spread_of("wait_p95_s", np.array([4.0]), 0.95, 1)
    assert (found.mean.low, found.mean.high, found.sd) == (None, None, None)
