"""Spot prices in steps: the price at an instant, and the mean over a stretch of time to the nano-dollar."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.spot_prices import mean_price, price_at

STEPS = ((0, 10), (100, 30), (250, 20))


@pytest.mark.parametrize(("at", "price"), [(0, 10), (99, 10), (100, 30), (249, 30), (250, 20), (10**9, 20)])
def test_a_step_holds_from_its_own_instant_to_the_next(at: int, price: int) -> None:
    assert price_at(STEPS, at) == price


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "mean"), [(0, 100, 10), (0, 200, 20), (50, 150, 20), (100, 100, 30), (240, 260, 25)]
)
def test_a_mean_weighs_each_price_by_its_time(from_ms: int, to_ms: int, mean: int) -> None:
    assert mean_price(STEPS, from_ms, to_ms) == mean


@given(
    prices=st.lists(st.integers(0, 10**13), min_size=1, max_size=6),
    lengths=st.lists(st.integers(1, 10**9), min_size=6, max_size=6),
    start=st.integers(0, 10**9),
    length=st.integers(1, 3 * 10**9),
)
def test_it_is_rounded_once_half_to_even(prices: list[int], lengths: list[int], start: int, length: int) -> None:
    instants = [sum(lengths[:count]) for count in range(len(prices))]
    steps = tuple((at if count else 0, price) for count, (at, price) in enumerate(zip(instants, prices, strict=True)))
    ends = [*(at for at, _ in steps[1:]), 1 << 60]
    paid = sum(
        max(0, min(end, start + length) - max(at, start)) * price for (at, price), end in zip(steps, ends, strict=True)
    )
    assert mean_price(steps, start, start + length) == round(Fraction(paid, length))
