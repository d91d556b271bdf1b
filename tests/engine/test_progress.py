"""How far a container gets: the closed form against a clock that ticks through every millisecond."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.workload.progress import SPEED_1, CheckpointRule, Progress, Stretch, progress_of, running_ms

MILLI = SPEED_1 // 1_000


def plainly(stretch: Stretch, until_ms: int) -> Progress:
    """The same, a millisecond at a time: lead, then work and checkpoints by turns."""
    spent = {"lead": 0, "work": 0, "write": 0}
    size, saved, kept, writing = stretch.to_ms - stretch.from_ms, 0, 0, 0
    bound = min(stretch.rule.every_ms, size)
    for _ in range(max(0, until_ms - stretch.begins_ms)):
        if spent["lead"] < stretch.lead_ms:
            spent["lead"] += 1
            continue
        while not writing and spent["work"] == running_ms(bound, stretch.speed_pico) and bound < size:
            writing = stretch.rule.cost_ms
            if not writing:
                saved, kept, bound = bound, spent["work"], min(bound + stretch.rule.every_ms, size)
        if not writing:
            spent["work"] += 1
            continue
        spent["write"], writing = spent["write"] + 1, writing - 1
        if not writing:
            saved, kept, bound = bound, spent["work"], min(bound + stretch.rule.every_ms, size)
    while not writing and spent["work"] == running_ms(bound, stretch.speed_pico) and bound < size:
        if stretch.rule.cost_ms:
            break
        saved, kept, bound = bound, spent["work"], min(bound + stretch.rule.every_ms, size)
    exact = Fraction((spent["work"] - kept) * stretch.speed_pico, SPEED_1)
    done = bound if spent["work"] == running_ms(bound, stretch.speed_pico) else saved + int(exact)
    restore, write = (0, spent["lead"]) if stretch.saving else (spent["lead"], 0)
    lengths = (restore, write + spent["write"], kept, spent["work"] - kept)
    return Progress(*lengths, stretch.from_ms + saved, stretch.from_ms + done)


rules = st.builds(CheckpointRule, st.integers(1, 60), st.integers(0, 9), st.integers(0, 20))
stretches = st.builds(
    lambda begins, lead, start, work, rule, speed, saving: Stretch(
        begins, lead, start, start + work, rule, speed, saving
    ),
    st.integers(0, 30), st.integers(0, 20), st.integers(0, 50), st.integers(1, 150), rules,
    st.sampled_from([SPEED_1, SPEED_1, 1250 * MILLI, 900 * MILLI, 333 * MILLI, 3000 * MILLI, SPEED_1 // 7]),
    st.booleans(),
)  # fmt: skip


@given(stretches, st.integers(0, 400))
def test_the_closed_form_equals_a_clock_that_ticks(stretch: Stretch, until_ms: int) -> None:
    instant = min(until_ms, stretch.begins_ms + stretch.length_ms())
    assert stretch.at(instant) == plainly(stretch, instant)


@given(stretches)
def test_at_its_end_all_of_the_work_is_done_and_nothing_else_was(stretch: Stretch) -> None:
    end = stretch.at(stretch.begins_ms + stretch.length_ms())
    assert end.done_ms == stretch.to_ms
    assert end.saved_ms < stretch.to_ms
    assert end.kept_ms + end.unkept_ms == running_ms(stretch.to_ms - stretch.from_ms, stretch.speed_pico)
    assert sum(end[:4]) == stretch.length_ms()


@given(stretches, st.integers(0, 300), st.integers(0, 300))
def test_progress_never_goes_back(stretch: Stretch, one: int, other: int) -> None:
    before, after = stretch.at(min(one, other)), stretch.at(max(one, other))
    assert before.saved_ms <= after.saved_ms <= after.done_ms
    assert before.done_ms <= after.done_ms
    assert sum(before[:4]) <= sum(after[:4])


@given(stretches, st.integers(0, 300))
def test_a_write_under_way_ends_when_it_is_said_to(stretch: Stretch, at: int) -> None:
    ends = stretch.writes_until(at)
    if ends is not None:
        assert stretch.at(ends).saved_ms == stretch.at(at).done_ms > stretch.at(at).saved_ms
        assert stretch.at(ends - 1).saved_ms == stretch.at(at).saved_ms


def test_a_checkpoint_that_would_fall_on_the_end_is_not_written() -> None:
    rule = CheckpointRule(every_ms=10, cost_ms=3)
    assert [Stretch(0, 0, 0, work, rule, SPEED_1).length_ms() for work in (10, 11, 20, 21)] == [10, 14, 23, 27]


def test_the_second_stretch_saves_what_the_first_one_did() -> None:
    first = Stretch(0, 0, 0, 100, CheckpointRule(every_ms=30, cost_ms=5), SPEED_1)
    second = first._replace(begins_ms=40, lead_ms=5, from_ms=35, saving=True)
    assert progress_of(first, second, 44) == (0, 9, 30, 5, 30, 35)
    assert progress_of(first, second, 45) == (0, 10, 35, 0, 35, 35)
    assert progress_of(first, second, 76) == (0, 11, 35, 30, 35, 65)


@pytest.mark.parametrize(
    ("work_ms", "speed_milli", "wanted"),
    [(60_000, 1_000, 60_000), (60_000, 1_250, 48_000), (1, 1_000_000, 1), (0, 2_000, 0), (1, 400, 2), (3, 2_000, 2)],
)
def test_work_over_speed_is_rounded_once_half_to_even_and_takes_a_millisecond_at_least(
    work_ms: int, speed_milli: int, wanted: int
) -> None:
    assert running_ms(work_ms, speed_milli * MILLI) == wanted
