"""The empirical distribution: exact where it is small, quantiles where it is large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.statistics import distribution, percentile

VALUES = st.lists(st.integers(0, 100), min_size=1, max_size=200)


def test_each_value_has_the_share_that_does_not_exceed_it() -> None:
    values, shares = distribution(np.array([7, 0, 7, 3]), 10)
    assert (values.tolist(), shares.tolist()) == ([0, 3, 7], [0.25, 0.5, 1.0])


def test_of_nothing_there_is_nothing() -> None:
    assert [column.tolist() for column in distribution(np.array([], np.int64), 10)] == [[], []]


def test_many_values_become_quantiles_from_the_least_to_the_largest() -> None:
    values, shares = distribution(np.arange(1000), 4)
    assert (values.tolist(), shares.tolist()) == ([0, 249, 499, 749, 999], [0.001, 0.25, 0.5, 0.75, 1.0])


@given(VALUES, st.integers(1, 30))
def test_every_point_is_a_point_of_the_whole_distribution(numbers: list[int], most: int) -> None:
    values, shares = distribution(np.array(numbers), most)
    assert shares.tolist() == pytest.approx([sum(n <= value for n in numbers) / len(numbers) for value in values])
    assert (values[0], values[-1]) == (min(numbers), max(numbers))
    assert len(values) <= max(most + 1, 1)


@given(VALUES)
def test_quantiles_are_the_nearest_rank_percentiles(numbers: list[int]) -> None:
    values, _ = distribution(np.array(numbers), 4)
    if len(set(numbers)) > 4:
        assert {percentile(np.sort(np.array(numbers)), share) for share in (25, 50, 75, 100)} <= set(values.tolist())
