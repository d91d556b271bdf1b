"""Where a function crosses zero: to the last bits, and what is returned where it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.laws.roots import root


@given(st.floats(-50, 50), st.floats(0.1, 60), st.floats(0.1, 60), st.sampled_from([1, -1]))
def test_the_zero_of_a_rising_or_falling_function_is_found_to_the_last_bits(zero, below, above, way):
    found = root(lambda x: way * ((x - zero) ** 3 + (x - zero)), zero - below, zero + above)
    assert found == pytest.approx(zero, rel=1e-15, abs=1e-14)


@pytest.mark.parametrize(("low", "high", "nearest"), [(1.0, 9.0, 1.0), (-9.0, -1.0, -1.0)])
@pytest.mark.parametrize("way", [1, -1])
def test_where_it_does_not_cross_zero_the_end_that_is_nearer_to_it_is_returned(low, high, nearest, way):
    assert root(lambda x: way * x, low, high) == nearest


def test_a_zero_that_is_hit_is_returned_at_once():
    asked = []
    assert root(lambda x: asked.append(x) or x, -3.0, 3.0) == 0.0
    assert asked == [-3.0, 3.0, 0.0]


def test_where_the_line_through_both_ends_tells_nothing_the_middle_is_tried():
    """A step from next to nothing to very much: its place is found by halving."""
    assert root(lambda x: -1e-300 if x < 5.0 else 1e300, 0.0, 16.0) == pytest.approx(5.0, abs=1e-14)


def test_of_a_jump_that_would_take_for_ever_the_end_of_what_is_left_is_returned():
    """The step from -1 to 1e10 draws the line from one end again and again: 200 values must do."""
    asked = []
    jump = lambda x: asked.append(x) or (-1.0 if x < 5.0 else 1e10)  # noqa: E731
    assert root(jump, 0.0, 16.0) == pytest.approx(5.0, abs=5.0)
    assert len(asked) == 202
