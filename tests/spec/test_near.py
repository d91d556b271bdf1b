"""Near matches: what somebody probably meant."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.spec.near import near

KEYS = ("priority", "maxvCpus", "state", "to")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("maxVcpu", "maxvCpus"), ("MAXVCPUS", "maxvCpus"), ("priorty", "priority"), ("pirority", "priority")],
)
def test_two_edits_or_another_case_are_near(word: str, meant: str) -> None:
    assert near(word, KEYS) == meant


@pytest.mark.parametrize("word", ["queue", "x", "", "statement", "pri"])
def test_what_is_further_away_is_no_match(word: str) -> None:
    assert near(word, KEYS) is None


def test_the_first_of_equals_is_taken() -> None:
    assert near("state", ("stato", "stata")) == "stato"


@cache
def edits(one: str, other: str) -> int:
    """By its definition: letters left out, put in, replaced, or two neighbours swapped."""
    if not one or not other:
        return len(one) + len(other)
    found = min(edits(one[1:], other) + 1, edits(one, other[1:]) + 1, edits(one[1:], other[1:]) + (one[0] != other[0]))
    if one[:2] == other[1::-1] and len(one) > 1:
        found = min(found, edits(one[2:], other[2:]) + 1)
    return found


WORDS = st.text("abcd", min_size=5, max_size=8)


@given(WORDS, WORDS)
def test_what_spares_the_count_of_edits_changes_no_answer(word: str, option: str) -> None:
    assert (near(word, [option]) is not None) == (edits(word, option) <= 2)
