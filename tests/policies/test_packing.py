"""Packing: which of the rooms that fit a job takes."""

from __future__ import annotations

import pytest

from batchsim.policies.packing import PACKINGS, Job, Packing, Room, best_fit, first_fit, worst_fit

JOB = Job(1, 100, 0)
ROOMS = (Room(0, 4, 400, 0), Room(1, 2, 900, 0), Room(2, 2, 300, 0), Room(3, 8, 100, 0), Room(4, 2, 300, 1))


@pytest.mark.parametrize(("packing", "age"), [(best_fit, 2), (worst_fit, 3), (first_fit, 0)])
def test_each_packing_has_its_choice(packing: Packing, age: int) -> None:
    assert packing(JOB, ROOMS) == ROOMS[age]


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
def test_equal_rooms_go_to_the_oldest_in_whatever_order_they_come(packing: Packing) -> None:
    equal = tuple(Room(age, 4, 400, 0) for age in (7, 3, 5))
    assert packing(JOB, equal) == packing(JOB, equal[::-1]) == Room(3, 4, 400, 0)


@pytest.mark.parametrize(("packing", "age"), [(best_fit, 5), (worst_fit, 4)])
def test_of_rooms_with_equal_vcpus_memory_decides(packing: Packing, age: int) -> None:
    assert packing(JOB, (Room(3, 4, 400, 0), Room(4, 4, 900, 0), Room(5, 4, 300, 0), Room(6, 4, 300, 0))).age == age


def test_first_fit_looks_at_nothing_but_age() -> None:
    assert first_fit(JOB, (Room(3, 1, 400, 0), Room(2, 9, 900, 1, jobs=3), Room(5, 1, 100, 0))).age == 2


def test_a_room_holds_what_it_has_in_every_way() -> None:
    assert Room(0, 2, 200, 1).holds(Job(2, 200, 1))
    assert not any(Room(0, 2, 200, 1).holds(job) for job in (Job(3, 1, 0), Job(1, 201, 0), Job(1, 1, 2)))
