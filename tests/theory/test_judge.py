"""The judge: what passes, what fails, what is inconclusive; and that it errs as seldom as it says."""

from __future__ import annotations

from decimal import Decimal
from math import nan, sqrt

import numpy as np
import pytest
from scipy import stats

from batchsim.selftest.case import Bounded, Case, bound, exact, mean, probability
from batchsim.selftest.judge import FAMILY_ALPHA, SLACK, equal, judge, t_quantile
from batchsim.selftest.registry import cases
from batchsim.selftest.runner import Report
from batchsim.selftest.table import lines, listing

K = 70


def nothing(*_):
    """No scenario, no measurement: values are given."""
    return ()


def outcome(quantity, values, family=K):
    case = Case("T0.0", "given values", "", (quantity,), nothing, nothing)
    (verdict,) = judge(case, [{quantity.name: value} for value in values], family)
    return verdict.outcome


def spread(centre, half_width, n=30):
    """``n`` values of this mean and ordinary 95 % half-width."""
    steps = np.linspace(-1, 1, n)
    wanted = half_width / t_quantile(n - 1, 0.975) * sqrt(n)
    return (centre + steps / steps.std(ddof=1) * wanted).tolist()


def test_an_estimate_within_its_interval_passes():
    assert outcome(mean("E[Wq]", 100), spread(102, 2)) == "pass"


def test_an_estimate_beyond_its_interval_fails():
    assert outcome(mean("E[Wq]", 100), spread(108, 2)) == "fail"


def test_an_interval_that_is_too_wide_is_inconclusive():
    assert outcome(mean("E[Wq]", 100), spread(100, 3.1)) == "inconclusive"
    assert outcome(mean("E[Wq]", 100, half_width=0.05), spread(100, 3.1)) == "pass"


def test_a_probability_may_be_wide_by_a_hundredth():
    assert outcome(probability("P", 0.02), spread(0.021, 0.0099)) == "pass"
    assert outcome(probability("P", 0.02), spread(0.021, 0.0101)) == "inconclusive"


def test_the_margin_is_the_bonferroni_interval_and_half_a_percent():
    margin = stats.t.ppf(1 - FAMILY_ALPHA / 2 / K, 29) / stats.t.ppf(0.975, 29) * 2 + SLACK * 100
    assert outcome(mean("E[Wq]", 100), spread(100 + margin * 0.999, 2)) == "pass"
    assert outcome(mean("E[Wq]", 100), spread(100 + margin * 1.001, 2)) == "fail"


def test_seventy_quantities_give_the_quantile_of_the_plan():
    assert t_quantile(29, 1 - FAMILY_ALPHA / (2 * 70)) == pytest.approx(5.2, abs=0.05)


@pytest.mark.parametrize("values", [[], [100.0], [100.0, nan]])
def test_what_is_not_there_is_inconclusive(values):
    assert outcome(mean("E[Wq]", 100), values) == "inconclusive"


def test_an_exact_value_must_be_met_by_every_run():
    assert outcome(exact("makespan", 12), [12, 12]) == "pass"
    assert outcome(exact("makespan", 12), [12, 13]) == "fail"
    assert outcome(exact("makespan", 12), []) == "fail"


@pytest.mark.parametrize(
    ("value", "theta", "same"),
    [
        (12, 12.0, True),
        (1.0 + 5e-10, 1.0, True),
        (1.0 + 5e-9, 1.0, False),
        ((1, 2.0), (1, 2), True),
        ((1, 2, 3), (1, 2), False),
        (1, (1,), False),
        (Decimal("0.1"), Decimal("0.10"), True),
        (Decimal("0.1000000001"), Decimal("0.1"), False),
        ("ab", "ab", True),
        (0.0, 1e-12, False),
        (1.0, "1.0", False),
        (nan, 1.0, False),
    ],
)
def test_floats_are_equal_to_a_part_in_a_billion_and_the_rest_entirely(value, theta, same):
    assert equal(value, theta) is same


@pytest.mark.parametrize(
    ("bounded", "found"),
    [
        (Bounded(1, 2, 3), "pass"),
        (Bounded(1, 3.0005, 3), "pass"),
        (Bounded(1, 3.01, 3), "fail"),
        (Bounded(1, 0.9, 3), "fail"),
        (Bounded(1, nan, 3), "fail"),
    ],
)
def test_bounds_may_be_missed_by_a_tick(bounded, found):
    assert outcome(bound("makespan"), [Bounded(0, 1, 2), bounded]) == found


def test_a_correct_simulator_fails_about_as_seldom_as_the_rule_says():
    draws = np.random.default_rng(1)
    family, rounds = 5, 20_000
    beyond = stats.t.ppf(1 - FAMILY_ALPHA * 50 / (2 * family), 29)  # as the rule, for an alpha that can be counted
    samples = draws.normal(0, 1, (rounds, family, 30))
    errors = np.abs(samples.mean(axis=2)) / (samples.std(axis=2, ddof=1) / sqrt(30))
    assert (errors > beyond).any(axis=1).mean() == pytest.approx(0.05, abs=0.008)


def test_every_line_of_the_table_fits_on_80_columns():
    for case in cases():
        rows = [{each.name: wide(each, sign) for each in case.quantities} for sign in (1, -0.7)]
        shown = [line for line, _ in lines(Report(case, tuple(judge(case, rows, K))))]
        assert max(map(len, shown)) <= 80
        assert len(listing(case)) <= 80


def wide(quantity, sign):
    """A value of many digits, as the kind of quantity has it."""
    if quantity.kind == "bound":
        return Bounded(123456.789, 1234567.89, 12345678.9)
    return quantity.theta if quantity.kind == "exact" else sign * 0.0123456789
