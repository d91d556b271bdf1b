"""Columns that freeze: what is the same throughout takes no memory, what is not changed is not copied."""

from __future__ import annotations

import numpy as np

from batchsim.engine.columns import at_most, column, frozen, spread, unless


def test_a_column_of_which_nothing_is_replaced_is_itself():
    values = frozen(column("q", 5, 7))
    assert unless(np.zeros(5, np.bool_), values, -1) is values
    assert at_most(np.full(5, 7), values) is values


def test_what_is_replaced_leaves_the_rest_and_the_type_as_they_are():
    values = frozen(column("h", 4, 7))
    found = unless(np.array([True, False, False, True]), values, -1)
    assert found.tolist() == [-1, 7, 7, -1]
    assert found.dtype == np.int16
    assert at_most(np.array([9, 6, 7, 0]), np.array([7, 7, 7, 7])).tolist() == [7, 6, 7, 0]


def test_values_are_spread_over_rows_and_one_value_takes_no_memory():
    code = np.array([2, 0, 1, 1])
    assert spread(np.array([5, 6, 7]), code).tolist() == [7, 5, 6, 6]
    same = spread(np.array([5, 5, 5], np.int32), code)
    assert same.tolist() == [5, 5, 5, 5]
    assert same.strides == (0,)
    assert same.dtype == np.int32
