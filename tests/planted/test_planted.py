"""Bugs planted in the product one by one, a line each: the checker names the rule that the line carries.

``python tests/planted/sample.py`` does the same to lines drawn at random, through more layers than the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import pytest
from plain_engine import plainly

import batchsim
from tests.planted import bugs_capacity, bugs_jobs, worlds
from tests.planted.patching import Bug

if TYPE_CHECKING:
    from batchsim import Scenario


BUGS = (*bugs_jobs.BUGS, *bugs_capacity.BUGS)


def violated(scenario: Scenario) -> list[str]:
    """The ids of the invariants that a run of the scenario breaks."""
    return [violation.id for violation in batchsim.run(scenario, seed=1).check()]


@cache
def violated_without_a_bug(world: Callable[[], Scenario]) -> list[str]:
    return violated(world())


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_line_that_is_wrong_is_caught_by_the_rule_that_it_carries(bug: Bug) -> None:
    assert violated_without_a_bug(bug.scenario) == []
    with pytest.MonkeyPatch.context() as patch:
        plainly(patch)
        bug.breaks(patch)
        assert bug.caught_by in violated(bug.scenario())


def test_every_world_is_reached_by_some_bug(cases: Callable[[int], None]) -> None:
    cases(len(BUGS))
    made = {world for world in vars(worlds).values() if hasattr(world, "cache_info")}
    assert {world.__name__ for world in made} == {bug.scenario.__name__ for bug in BUGS}
