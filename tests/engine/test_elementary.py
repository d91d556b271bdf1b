"""The elementary functions against the standard library's, to the last few bits."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.elementary import exp, log, normal_quantile

ULP = 2.0**-52


def one(function, x):
    return float(function(np.array([x]))[0])


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_right_to_4_ulp(x):
    assert one(log, x) == pytest.approx(math.log(x), rel=4 * ULP, abs=0)


@given(st.floats(-650, 650))
def test_the_exponential_is_right_to_4_ulp(x):
    assert one(exp, x) == pytest.approx(math.exp(x), rel=4 * ULP, abs=0)


@given(st.floats(2.0**-53, 1 - 2.0**-53))
def test_the_normal_quantile_is_the_standard_librarys(u):
    assert one(normal_quantile, u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-13, abs=1e-300)


@given(st.floats(2.0**-53, 0.5))
def test_the_normal_quantile_is_symmetric(u):
    assert one(normal_quantile, 1 - (1 - u)) == -one(normal_quantile, 1 - u)


def test_exact_points_are_exact():
    assert one(log, 1.0) == 0
    assert one(exp, 0.0) == 1
    assert one(normal_quantile, 0.5) == 0


def test_huge_arguments_of_the_exponential_are_clipped():
    assert one(exp, 1e9) == one(exp, 700.0) < math.inf
    assert one(exp, -1e9) > 0


@pytest.mark.parametrize("function", [log, exp, normal_quantile])
def test_a_value_does_not_depend_on_its_neighbours(function):
    x = np.random.default_rng(5).uniform(1e-6, 1 - 1e-6, 3001)
    assert function(x).tolist() == [one(function, value) for value in x]


@pytest.mark.parametrize("function", [log, exp, normal_quantile])
def test_arguments_are_left_alone(function):
    x = np.linspace(0.01, 0.99, 99)
    function(x)
    assert np.array_equal(x, np.linspace(0.01, 0.99, 99))
