"""Whole-number arithmetic against Python's own."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.exact import apportion, mul_div, sum_by

whole = st.integers(0, 2**61)


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(1, 2**40)), min_size=1))
def test_multiply_divide_rounds_once_and_half_to_even(rows: list[tuple[int, int, int]]) -> None:
    rows = [(a, min(b, c), c) for a, b, c in rows]
    expected = [round(Fraction(a * b, c)) for a, b, c in rows]
    assert mul_div(*np.array(rows).T).tolist() == expected


@given(whole, whole, st.integers(1, 2**61))
def test_products_beyond_64_bits_are_exact(a: int, b: int, c: int) -> None:
    assert mul_div([a], [min(b, c)], [c]).tolist() == [round(Fraction(a * min(b, c), c))]


def test_pythons_integers_are_taken_where_int64_ends() -> None:
    huge = np.array([3 * 10**30], dtype=object)
    assert mul_div([10**9], huge, 2 * huge).tolist() == [5 * 10**8]


@pytest.mark.parametrize(("a", "rounded"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_a_half_goes_to_the_even_neighbour(a: int, rounded: int) -> None:
    assert mul_div([a], 1, 2).tolist() == [rounded]


@pytest.mark.parametrize(("a", "rounded"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 4), (9, 4), (11, 6)])
def test_a_half_goes_to_the_even_neighbour_in_pythons_integers_too(a: int, rounded: int) -> None:
    huge = 2**57 + 1
    assert mul_div([[a]], [[huge]], [[2 * huge]]).tolist() == [[rounded]]


@pytest.mark.parametrize(("a", "b", "c"), [(7, 2, 3), (5, 1, 3), (8, 1, 3), (10**9, 10**9 + 1, 10**9 + 7)])
def test_below_and_above_a_half_go_to_the_nearest_in_pythons_integers(a: int, b: int, c: int) -> None:
    huge = 2**58
    rows = mul_div([a, 2 * a], b * huge, c * huge)
    assert rows.tolist() == [round(Fraction(a * b, c)), round(Fraction(2 * a * b, c))]
    assert rows.dtype == np.int64


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1)).filter(lambda g: sum(g[1]) > 0),
        min_size=1,
        max_size=5,
    )
)
def test_parts_add_up_and_none_is_off_by_a_whole_unit(groups: list[tuple[int, list[int]]]) -> None:
    amounts, totals = np.array([g[0] for g in groups]), np.array([sum(g[1]) for g in groups])
    weight = np.concatenate([np.array(g[1]) for g in groups])
    group = np.repeat(np.arange(len(groups)), [len(g[1]) for g in groups])
    parts = apportion(amounts, weight, group, totals)
    assert sum_by(group, parts, len(groups)).tolist() == amounts.tolist()
    exact = [Fraction(int(amounts[g]) * int(w), int(totals[g])) for g, w in zip(group, weight, strict=True)]
    assert all(abs(part - ideal) <= 1 for part, ideal in zip(parts.tolist(), exact, strict=True))


def test_weights_that_fall_short_leave_part_of_the_amount_unsplit() -> None:
    assert apportion(np.array([100]), np.array([4, 5]), np.array([0, 0]), np.array([10])).tolist() == [40, 50]


def test_a_group_without_weight_gets_nothing() -> None:
    assert apportion(np.array([7]), np.array([0]), np.array([0]), np.array([0])).tolist() == [0]
