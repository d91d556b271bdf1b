"""The statistics against known truth: coverage, the percentage's formula, Bonferroni, and what needs no chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from batchsim.experiments.paired import Pair, bonferroni, paired, percent, spread, t_quantile

TRIALS = 2000


def pairs(n: int, *, base: float = 100.0, shift: float = 0.0, seed: int = 1) -> np.ndarray:
    """Normal pairs of correlation 0.8: shape (trials, 2, n)."""
    draw = np.random.default_rng(seed)
    common = draw.normal(0, 2, (TRIALS, 1, n))
    own = draw.normal(0, 1, (TRIALS, 2, n))
    return base + common + own + np.array([0.0, shift])[None, :, None]


def compared(first: object, second: object, level: float = 0.95) -> Pair:
    pair = paired(np.array(first, float), np.array(second, float), level)
    assert pair
    return pair


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def near(level: float) -> object:
    """Within three standard errors of a share of :data:`TRIALS`."""
    return pytest.approx(level, abs=3 * (level * (1 - level) / TRIALS) ** 0.5)


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_the_interval_of_a_difference_holds_the_truth_in_95_of_100(n: int) -> None:
    found = [compared(a, b).difference for a, b in pairs(n, shift=3.0)]
    assert share([each.low <= 3.0 <= each.high for each in found]) == near(0.95)


@pytest.mark.parametrize("n", [5, 10, 30])
def test_the_interval_of_a_percentage_holds_the_truth_in_95_of_100(n: int) -> None:
    found = [percent(a, b, 0.95) for a, b in pairs(n, base=10.0, shift=-4.0)]
    held = [each is None or each.low <= -40.0 <= each.high for each in found]
    assert share(held) == near(0.95)


@pytest.mark.parametrize("n", [5, 10, 30])
def test_equal_laws_are_called_different_in_5_of_100(n: int) -> None:
    assert share([bool(compared(a, b).different) for a, b in pairs(n)]) == near(0.05)


def test_three_variants_together_are_wrong_in_at_most_5_of_100() -> None:
    level = bonferroni(0.95, 3)
    draw = np.random.default_rng(2)
    nights = draw.normal(10, 1, (TRIALS, 4, 10))
    wrong = [any(compared(each[0], other, level).different for other in each[1:]) for each in nights]
    assert level == pytest.approx(1 - 0.05 / 3)
    assert share(wrong) <= 0.05 + 3 * (0.05 * 0.95 / TRIALS) ** 0.5


def test_the_interval_is_scipys_paired_t() -> None:
    first, second = [3.0, 4.0, 5.5, 7.0], [2.0, 4.5, 3.0, 5.0]
    scipy = stats.ttest_rel(second, first).confidence_interval(0.9)
    ours = compared(first, second, 0.9)
    assert (ours.difference.low, ours.difference.high) == pytest.approx((scipy.low, scipy.high))
    assert ours.correlation == pytest.approx(stats.pearsonr(first, second).statistic)
    assert t_quantile(0.95, 30) == pytest.approx(2.0452, abs=1e-4)


def test_the_percentage_is_the_ratio_of_the_means_and_its_interval_fiellers() -> None:
    first, second, t = np.array([8.0, 12.0, 10.0]), np.array([5.0, 6.0, 4.0]), t_quantile(0.95, 3)
    found = percent(first, second, 0.95)
    assert found
    assert found.value == pytest.approx(-50.0)
    for end in (found.low, found.high):  # where the residuals' mean is t standard errors from zero
        rest = second - (1 + end / 100) * first
        assert abs(rest.mean()) == pytest.approx(t * rest.std(ddof=1) / 3**0.5)


def test_identical_series_differ_by_exactly_nothing() -> None:
    values = np.random.default_rng(3).lognormal(0, 1, 30)
    pair = compared(values, values.copy())
    assert (pair.difference.value, pair.difference.low, pair.difference.high, pair.sd) == (0, 0, 0, 0)
    assert pair.percent
    assert (pair.percent.value, pair.percent.low, pair.percent.high) == (0, 0, 0)
    assert pair.different is False


def test_one_replication_has_no_interval() -> None:
    pair = compared([4.0], [5.0])
    assert (pair.difference.value, pair.difference.low, pair.sd, pair.different) == (1, None, None, None)
    assert pair.percent
    assert (pair.percent.value, pair.percent.low) == (25, None)
    assert spread(np.array([4.0]), 0.95).mean.low is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("baseline", "variant", "different"),
    [
        ([0, 1, 0, 2, 1], [1, 2, 1, 3, 2], False),  # five nights, each one reclaim more: so it comes by chance too
        ([0, 1, 0, 2, 1, 1], [1, 2, 1, 3, 2, 2], True),
        ([4, 4, 4], [5, 5, 5], True),  # nothing random at all
    ],
)
def test_a_few_equal_differences_of_random_counts_show_nothing(
    baseline: list[float], variant: list[float], different: bool
) -> None:
    assert compared(baseline, variant).different is different


@pytest.mark.parametrize("baseline", [[0.0, 0.0, 0.0], [-1.0, 1.0, 0.5, -0.4]])
def test_there_is_no_percentage_of_what_may_be_nothing(baseline: list[float]) -> None:
    assert compared(baseline, [1.0] * len(baseline)).percent is None


def test_a_loss_that_shrinks_is_a_rise() -> None:
    pair = compared([-10.0, -11.0, -9.0], [-5.0, -5.5, -4.5])
    assert pair.percent
    assert pair.percent.value == pytest.approx(50)
    assert 0 < pair.percent.low <= pair.percent.value <= pair.percent.high  # type: ignore[operator]


def test_a_tie_is_half_a_win() -> None:
    assert compared([1, 2, 3, 4], [2, 3, 3, 1]).higher == 0.625


values = st.floats(1, 1000).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(values, values), min_size=2, max_size=12))
def test_percentage_and_difference_agree_on_what_differs(drawn: list[tuple[float, float]]) -> None:
    pair = compared(*zip(*drawn, strict=True))
    edge = min(abs(pair.difference.low), abs(pair.difference.high))  # type: ignore[arg-type]
    if pair.percent and edge > 1e-6:
        assert pair.percent.is_other_than_zero == pair.difference.is_other_than_zero
        assert pair.percent.low <= pair.percent.value <= pair.percent.high  # type: ignore[operator]
