"""Figures and names as people read them."""

from __future__ import annotations

import pytest

from batchsim.records.vocabulary import FaultEffect
from batchsim.report import study_words, words
from batchsim.report.sentences import fault_events


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0, "0.0s"),
        (59.94, "59.9s"),
        (59.96, "1m 00s"),
        (3599.4, "59m 59s"),
        (3599.6, "1h 00m"),
        (7325, "2h 02m"),
        (86_399, "23h 59m"),
        (1e7, "115d 17h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "–"),
        (0, "$0.00"),
        (1e-9, "$0.000000001"),
        (0.000823, "$0.000823"),
        (0.9994, "$0.999"),
        (0.9996, "$1.00"),
        (1234567, "$1,234,567.00"),
        (-3, "-$3.00"),
    ],
)
def test_small_sums_keep_three_digits(usd: float | None, shown: str) -> None:
    assert words.dollars(usd) == shown


def test_a_bar_is_drawn_to_an_eighth_and_never_beyond_its_width() -> None:
    assert [words.bar(part, 4) for part in (0, 1 / 32, 0.5, 1, 7)] == ["", "▏", "██", "████", "████"]


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "right\u202eleft", "\x00"])
def test_control_characters_and_direction_marks_are_escaped(name: str) -> None:
    assert words.plain(name).isprintable()


def test_codes_become_words() -> None:
    assert words.words("lost_to_spot") == "lost to Spot"
    assert words.words("idle_gap") == "idle gap"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (2560, "2,560"), (539.81, "539.8"), (7.62, "7.62"), (0.25, "0.25"), (0.0241, "0.024")],
)
def test_a_number_has_as_many_decimals_as_say_something(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize("effect", FaultEffect)
def test_every_effect_of_a_fault_has_words(effect: FaultEffect) -> None:
    assert fault_events({effect.text: 2}).startswith("2 ")


def test_a_knob_is_told_by_its_end_and_one_that_is_the_end_of_another_in_whole() -> None:
    assert study_words.labels(["spot.maxvCpus", "world.market"]) == ["maxvCpus", "market"]
    assert study_words.labels(["market", "world.market", "a.b.market"]) == ["market", "world.market", "b.market"]
