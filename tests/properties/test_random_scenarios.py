"""Every claim over numbered scenarios, the same ones everywhere; Hypothesis draws others and shrinks what fails.

``BATCHSIM_SCENARIOS=1000:5000 pytest tests/properties`` takes those numbers instead;
``BATCHSIM_EXAMPLES=2000`` lets Hypothesis draw so many, new ones each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from effort import LEVEL, effort
from hypothesis import given, settings

from batchsim.testing import scenario_data
from tests.properties.claims import (
    CLAIMS,
    Base,
    it_breaks_no_invariant,
    numbered,
    odd_policies_break_no_invariant,
    plain_twins_of_fast_paths_agree,
    the_same_seed_gives_the_same_bytes,
    told,
)

_BASE = 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "0")) % 10**9 * 1000
_NUMBERS = f"{_BASE}:{_BASE + effort(fast=30, verify=30, long=20_000)}"
FIRST, LAST = (int(bound) for bound in os.environ.get("BATCHSIM_SCENARIOS", _NUMBERS).split(":"))
EXAMPLES = int(os.environ.get("BATCHSIM_EXAMPLES", "0"))
ONCE_WRONG = (96, 166, 191, 248)
"""Behind the first ones: sound runs in which the checker once saw something wrong."""
ONCE_UNLIKE = (401, 464, 11025, 2026019, 2026040)
"""Runs that a fast path once changed: by licences for jobs behind, types' names, reservations, throttling, holders."""
REPLAY = "BATCHSIM_SCENARIOS={0}:{1} python -m pytest tests/properties/test_random_scenarios.py -k {2}"


@pytest.fixture(scope="module", params=range(FIRST, LAST), ids=lambda number: f"scenario{number}")
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def base(number: int) -> Base:
    """The scenario's own run, shared by all claims about it."""
    return numbered(number)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_of_every_scenario(claim: Callable[[Base], list[str]], base: Base, number: int) -> None:
    wrong = claim(base)
    assert not wrong, told(base, wrong, REPLAY.format(number, number + 1, claim.__name__))


@pytest.mark.parametrize("once_wrong", ONCE_WRONG)
def test_what_was_a_false_alarm_once_is_none(once_wrong: int) -> None:
    base = numbered(once_wrong)
    wrong = it_breaks_no_invariant(base)
    assert not wrong, told(base, wrong, REPLAY.format(once_wrong, once_wrong + 1, it_breaks_no_invariant.__name__))


@pytest.mark.parametrize("once_unlike", ONCE_UNLIKE)
def test_plain_twins_that_differed_once_agree(once_unlike: int) -> None:
    base = numbered(once_unlike)
    wrong = plain_twins_of_fast_paths_agree(base)
    assert not wrong, told(base, wrong, REPLAY.format(once_unlike, once_unlike + 1, "plain_twins"))


def test_an_order_of_ones_own_that_was_a_false_alarm_once_is_none() -> None:
    assert odd_policies_break_no_invariant(numbered(2026074)) == []


@settings(max_examples=EXAMPLES or 40, derandomize=not EXAMPLES, database=None, deadline=None)
@given(data=scenario_data())
def test_of_what_hypothesis_draws(data: dict[str, object]) -> None:
    base = Base(data)
    wrong = [*it_breaks_no_invariant(base), *the_same_seed_gives_the_same_bytes(base)]
    assert not wrong, told(base, wrong, "save the YAML above, then: batchsim run scenario.yaml --check --out DIR")


def unchanged_by_another_seed(number: int) -> set[str]:
    """The files of a scenario that another seed leaves as they are."""
    base, other = numbered(number), numbered(number)
    other.data["simulation"]["seed"] += 1
    return {name for name, text in base.files.items() if other.files.get(name) == text}


def test_no_file_is_untouched_by_the_seed() -> None:
    assert set.intersection(*map(unchanged_by_another_seed, range(12))) == set()
