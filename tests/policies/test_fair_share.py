"""Fair share's rules as functions: windows, weights, what past usage counts, what is reserved."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.policies.fair_share import (
    DecayKernel,
    decayed_usage,
    effective_weight,
    fade,
    jobs_admitted,
    placement_charge,
    units_per_ms,
    unreserved_milli,
    window_of,
)

W = 600_000
KERNELS: tuple[DecayKernel, ...] = ("linear", "exponential", "rect")


def vcpu_s(kernel: DecayKernel, since_s: int, until_s: int, at_s: int) -> float:
    """What one vCPU, held from one instant to another, counts."""
    steps = [(since_s * 1000, 1000), (until_s * 1000, 0)]
    return decayed_usage(kernel, W, steps, at_s * 1000) / units_per_ms(kernel, W) / 1_000_000


def test_the_window_is_the_decay_but_never_less_than_the_least() -> None:
    assert [window_of(seconds, 600_000) for seconds in (0, 60, 3600)] == [600_000, 600_000, 3_600_000]
    assert [window_of(seconds, 0) for seconds in (0, 60)] == [0, 60_000]


@pytest.mark.parametrize(
    ("kernel", "counted"),
    [
        # by hand, of 100 s held from age 500 s to 400 s, and of ages 100 s to 0 s
        ("linear", (100 - (500**2 - 400**2) / 1200, 100 - 100**2 / 1200)),
        (
            "exponential",
            (300 / math.log(2) * (2 ** (-4 / 3) - 2 ** (-5 / 3)), 300 / math.log(2) * (1 - 2 ** (-1 / 3))),
        ),
        ("rect", (100, 100)),
    ],
)
def test_three_kernels_count_the_same_past_differently(kernel: DecayKernel, counted: tuple[float, float]) -> None:
    assert vcpu_s(kernel, 100, 200, 600) == pytest.approx(counted[0])
    assert vcpu_s(kernel, 500, 600, 600) == pytest.approx(counted[1])


@pytest.mark.parametrize(
    ("kernel", "left"), [("linear", 0), ("rect", 0), ("exponential", 300 / math.log(2) * (2**-2 - 2 ** (-7 / 3)))]
)
def test_only_the_exponential_kernel_remembers_what_is_older_than_the_window(kernel: DecayKernel, left: float) -> None:
    assert vcpu_s(kernel, 0, 100, 700) == pytest.approx(left, abs=1e-3)


def test_without_a_window_what_is_held_counts() -> None:
    steps = [(0, 4000), (10_000, 1000)]
    assert [decayed_usage("linear", 0, steps, at) for at in (0, 9_999, 10_000, 99_999)] == [4000, 4000, 1000, 1000]


@pytest.mark.parametrize("kernel", KERNELS)
def test_more_time_held_later_counts_no_less(kernel: DecayKernel) -> None:
    early, late = (vcpu_s(kernel, at, at + 50, 600) for at in (200, 500))
    assert early <= late
    assert early < late or kernel == "rect"


@given(st.floats(0, 1e12), st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 10**8))
def test_fading_twice_is_fading_once(usage: float, held: int, first: int, second: int, window: int) -> None:
    together = fade(usage, held, first + second, window)
    assert fade(fade(usage, held, first, window), held, second, window) == pytest.approx(together, rel=1e-9, abs=1e-6)


@given(st.integers(0, 10**8), st.integers(1, 10**6))
def test_the_exponential_is_that_of_the_library(length: int, window: int) -> None:
    assert fade(1.0, 0, length, window) == pytest.approx(math.exp2(-2 * length / window), rel=1e-12, abs=1e-300)


def test_a_placement_counts_as_if_held_until_the_next_update() -> None:
    """In the units of usage, so that it compares with what a second of holding counts."""
    for kernel in ("rect", "exponential"):
        assert placement_charge(kernel, W, 1_000) == 1_000
    assert placement_charge("linear", W, 1_000) == 1_000 * 2 * W
    assert placement_charge("linear", 0, 1_000) == 1


def test_only_behind_a_prefix_the_number_of_active_shares_counts() -> None:
    assert [effective_weight(7, prefix=True, active=active) for active in (0, 1, 2, 5)] == [7, 7, 14, 35]
    assert effective_weight(7, prefix=False, active=5) == 7


@pytest.mark.parametrize(
    ("percent", "reserved"), [(50, [128_000, 64_000, 32_000]), (25, [64_000, 16_000, 4_000]), (0, [0, 0, 0])]
)
def test_awss_examples_of_reservations(percent: int, reserved: list[int]) -> None:
    assert [256_000 - unreserved_milli(256_000, percent, active) for active in (1, 2, 3)] == reserved


@given(st.integers(0, 10**9), st.integers(0, 99), st.integers(0, 500))
def test_what_is_not_reserved_is_exact_and_grows_with_the_shares(total: int, percent: int, active: int) -> None:
    free = unreserved_milli(total, percent, active)
    assert free == math.floor(total * (1 - Fraction(percent, 100) ** active))
    assert 0 <= free <= unreserved_milli(total, percent, active + 1) <= total


def test_jobs_are_admitted_one_by_one_as_far_as_room_reaches() -> None:
    assert [jobs_admitted(room, 2_000, 3) for room in (-5, 1_999, 2_000, 5_000, 9_000)] == [0, 0, 1, 2, 3]
