"""Near matches: what somebody probably meant."""

from __future__ import annotations

import pytest

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
