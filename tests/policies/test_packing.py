"""Packing: which of the rooms that fit a job takes."""

from __future__ import annotations

import pytest

from batchsim.policies.packing import PACKINGS, Packing, Room, best_fit, first_fit, worst_fit

ROOMS = (Room(0, 4, 400, 0), Room(1, 2, 900, 0), Room(2, 2, 300, 0), Room(3, 8, 100, 0), Room(4, 2, 300, 1))


@pytest.mark.parametrize(("packing", "age"), [(best_fit, 2), (worst_fit, 3), (first_fit, 0)])
def test_each_packing_has_its_choice(packing: Packing, age: int) -> None:
    assert packing(ROOMS) == ROOMS[age]


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
def test_equal_rooms_go_to_the_oldest_in_whatever_order_they_come(packing: Packing) -> None:
    equal = [Room(age, 4, 400, 0) for age in (7, 3, 5)]
    assert packing(equal) == packing(reversed(equal)) == Room(3, 4, 400, 0)


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
def test_without_a_room_there_is_no_choice(packing: Packing) -> None:
    assert packing(()) is None
