"""The random scenarios reach every corner: each mark is counted, and too low a count fails by name."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from batchsim.testing import expected_marks, marks_of
from batchsim.testing.counters import SHARED
from batchsim.testing.swarm import FEATURES
from tests.properties.claims import numbered

pytestmark = pytest.mark.slow  # half a minute; it judges what is drawn, which few changes touch
SCENARIOS = 300
FLOOR = 20
"""Least number of times that each mark must be seen."""
SPREAD = 10
"""Least number of scenarios in which each mark must be seen."""


@cache
def counted() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often each mark is seen, in how many scenarios, and how many scenarios have each feature."""
    seen, scenarios, features = Counter[str](), Counter[str](), Counter[str]()
    for number in range(SCENARIOS):
        base = numbered(number)
        marks = marks_of(base.result)
        seen.update(marks)
        scenarios.update(marks.keys())
        features.update(base.data["description"].split())
    return seen, scenarios, features


def table(names: tuple[str, ...]) -> str:
    seen, scenarios, _ = counted()
    lines = (f"{name:44}{seen[name]:8}{scenarios[name]:12}" for name in names)
    return "\n".join([f"{'mark':44}{'seen':>8}{'scenarios':>12}", *lines])


def test_every_mark_is_seen_often_enough() -> None:
    print(table(expected_marks()))
    seen, scenarios, _ = counted()
    rare = tuple(mark for mark in expected_marks() if seen[mark] < FLOOR or scenarios[mark] < SPREAD)
    assert not rare, f"seen less than {FLOOR} times, or in less than {SPREAD} of {SCENARIOS} scenarios:\n{table(rare)}"


def test_nothing_happens_that_the_list_of_marks_lacks() -> None:
    assert sorted(set(counted()[0]) - set(expected_marks())) == []


def test_two_queues_share_an_environment_in_half_of_the_scenarios() -> None:
    assert counted()[1][SHARED] >= SCENARIOS / 2


def test_every_feature_is_on_in_some_scenarios_and_off_in_others() -> None:
    features = counted()[2]
    assert [name for name in FEATURES if not FLOOR <= features[name] <= SCENARIOS - FLOOR] == []
