"""What keeps a share's usage up to date agrees with the rule, which sums all that the share ever held."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine import usage
from batchsim.engine.usage import usage_of
from batchsim.policies.fair_share import DecayKernel

KERNELS = st.sampled_from(("linear", "exponential", "rect"))
WINDOWS = st.sampled_from((0, 1, 999, 7_777, 600_000))
MOVES = st.lists(st.tuples(st.sampled_from((0, 1, 500, 1_000, 30_000)), st.integers(-5, 5), st.booleans()), max_size=60)


@given(KERNELS, WINDOWS, MOVES)
def test_kept_usage_is_the_plain_sum_to_the_last_bit(
    kernel: DecayKernel, window_ms: int, moves: list[tuple[int, int, bool]]
) -> None:
    kept, plain, now = usage_of(kernel, window_ms), usage_of(kernel, window_ms, thorough=True), 0
    for gap, change, looks in moves:
        now += gap
        milli = max(change * 250, -kept.steps.held)
        for each in (kept, plain):
            each.steps.change(now, milli)
        if looks:
            assert kept.at(now // 1000 * 1000) == plain.at(now // 1000 * 1000)


@pytest.mark.parametrize("kernel", ["linear", "exponential", "rect"])
@pytest.mark.parametrize("window_ms", [0, 10_000])
def test_old_steps_are_forgotten_and_nothing_else_is(
    kernel: DecayKernel, window_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_COMPACT", 16)
    kept, plain = usage_of(kernel, window_ms), usage_of(kernel, window_ms, thorough=True)
    for second, held in enumerate(accumulate([1000, -1000] * 200)):
        for each in (kept, plain):
            each.steps.change(second * 1000, 1000 if held else -1000)
        assert kept.at(second * 1000) == plain.at(second * 1000)
    assert len(kept.steps.since) < 40


def test_a_look_at_an_instant_is_not_the_last_word_on_it() -> None:
    """Jobs are placed after usage was taken, in the same instant."""
    kept = usage_of("rect", 60_000)
    assert kept.at(5_000) == 0
    kept.steps.change(5_000, 1_000)
    kept.steps.change(5_000, 1_000)
    assert [kept.at(5_000), kept.at(6_000)] == [0, 2_000_000]
