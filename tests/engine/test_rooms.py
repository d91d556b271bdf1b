"""Packing demand into rooms that are counted, not listed, against a packer that places jobs one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchsim.policies.scaling import Rooms, may_launch

Size = tuple[int, int, int]
"""vCPUs, MiB, GPUs."""


def one_by_one(rooms: list[Size], job: Size, count: int) -> int:
    """Place jobs one after the other, each into the smallest room that fits, and shrink the room in the list."""
    for placed in range(count):
        fitting = [room for room in rooms if all(have >= want for have, want in zip(room, job, strict=True))]
        if not fitting:
            return placed
        rooms.remove(min(fitting))
        v, m, g = (have - want for have, want in zip(min(fitting), job, strict=True))
        rooms.append((v, m, g))
    return count


def counted(rooms: list[Size]) -> Rooms:
    made = Rooms()
    for room in rooms:
        made.add(*room)
    return made


def contents(rooms: Rooms) -> list[Size]:
    return [size for size in rooms._sizes for _ in range(rooms._count[size])]


sizes = st.tuples(st.integers(1, 8), st.integers(4, 40), st.integers(0, 2))
asked = st.tuples(st.integers(1, 4), st.integers(4, 20), st.sampled_from([0, 0, 0, 1]))


@given(st.lists(sizes, max_size=12), st.lists(st.tuples(asked, st.integers(0, 15)), max_size=8))
def test_counting_rooms_packs_as_placing_one_by_one(rooms: list[Size], runs: list[tuple[Size, int]]) -> None:
    fast, plain = counted(rooms), list(rooms)
    for job, count in runs:
        assert fast.fits(*job) == any(all(h >= w for h, w in zip(room, job, strict=True)) for room in plain)
        assert fast.pack(*job, count) == one_by_one(plain, job, count)
        assert contents(fast) == sorted(room for room in plain if room[0])


@given(st.lists(sizes, max_size=12), asked, st.integers(0, 20), st.integers(0, 20))
def test_a_run_packs_as_its_two_halves(rooms: list[Size], job: Size, first: int, second: int) -> None:
    whole, halves = counted(rooms), counted(rooms)
    assert whole.pack(*job, first + second) == halves.pack(*job, first) + halves.pack(*job, second)
    assert contents(whole) == contents(halves)


def test_many_equal_rooms_cost_as_much_as_one() -> None:
    rooms = Rooms()
    rooms.add(16, 64_000, 0, count=1_000_000)
    assert rooms.pack(1, 2_000, 0, 16_000_001) == 16_000_000
    assert contents(rooms) == []


def test_the_smallest_room_that_fits_is_taken_first() -> None:
    rooms = counted([(8, 80, 0), (2, 20, 0), (4, 40, 0)])
    assert rooms.pack(2, 10, 0, 2) == 2
    assert contents(rooms) == [(2, 30, 0), (8, 80, 0)]


def test_memory_and_gpus_bind_as_vcpus_do() -> None:
    assert counted([(8, 40, 0)]).pack(1, 20, 0, 8) == 2
    assert counted([(8, 400, 1), (8, 400, 0)]).pack(1, 20, 1, 8) == 1


def test_no_room_takes_nothing() -> None:
    assert (Rooms().pack(1, 1, 0, 5), Rooms().fits(1, 1, 0)) == (0, False)


def test_below_maxvcpus_one_more_instance_may_go_beyond_it() -> None:
    assert [may_launch(on, 10, 4, True) for on in (0, 8, 9, 10, 12)] == [True, True, True, False, False]


def test_best_fit_on_demand_stays_within_maxvcpus() -> None:
    assert [may_launch(on, 10, 4, False) for on in (0, 6, 7, 8, 10)] == [True, True, False, False, False]
