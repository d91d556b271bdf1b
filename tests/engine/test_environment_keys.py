"""What keys an environment's draws: the first entry that reaches it, if it was known when something was first drawn."""

from __future__ import annotations

from batchsim.engine.environment_keys import EnvironmentKeys


def test_the_first_entry_that_reaches_an_environment_keys_it_with_its_place_among_those_of_the_queue() -> None:
    keys = EnvironmentKeys()
    keys.know("first", (4, 2))
    keys.know("second", (2, 0))
    assert [keys.of(position) for position in (0, 2, 4)] == ["second|1", "first|1", "first|0"]


def test_environments_that_nobody_reaches_are_told_apart_by_who_draws_first() -> None:
    keys = EnvironmentKeys()
    assert [keys.of(position) for position in (7, 3, 7)] == ["unused 0", "unused 1", "unused 0"]


def test_a_key_that_was_asked_for_stays_and_one_that_was_not_is_the_later_entrys() -> None:
    keys = EnvironmentKeys()
    drawn = keys.of(0)
    keys.know("late", (0, 1))
    assert (keys.of(0), keys.of(1)) == (drawn, "late|1")
    assert drawn != keys.of(1)
