"""Room that is free, promised and taken over time: steps against one number a millisecond."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchsim.policies.backfilling import FOREVER, NOW, Profile, first_fit

END = 30
SIZES = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1))
FREEINGS = st.lists(st.tuples(st.one_of(st.integers(1, 20), st.just(FOREVER)), SIZES), max_size=5).map(sorted)
HOLDS = st.lists(st.tuples(SIZES, st.integers(0, 15), st.one_of(st.integers(1, 10), st.just(FOREVER))), max_size=4)


def free_by_ms(free, freeings, holds):
    """The room in each millisecond."""
    told = []
    for ms in range(END):
        room = list(free)
        for at, size in freeings:
            room = [a + b for a, b in zip(room, size, strict=True)] if at <= ms else room
        for size, start, length in holds:
            room = [a - b for a, b in zip(room, size, strict=True)] if start <= ms < start + length else room
        told.append(room)
    return told


def fits(room, job):
    return all(asked <= left for asked, left in zip(job, room, strict=True))


@given(free=SIZES, freeings=FREEINGS, holds=HOLDS, job=SIZES, length=st.integers(1, 12))
def test_a_profile_is_the_room_of_every_millisecond(free, freeings, holds, job, length):
    profile = Profile(free, freeings, 0)
    for size, start, ms in holds:
        profile.hold(size, start, min(FOREVER, start + ms))
    rooms = free_by_ms(free, freeings, holds)
    padded = [*rooms, *([rooms[-1]] * length)]
    lasting = [ms for ms in range(END) if all(fits(room, job) for room in padded[ms : ms + length])]
    assert profile.first(job, length) == min(lasting, default=None)
    assert profile.has_room_until(job, length) == all(fits(room, job) for room in padded[:length])


@given(free=SIZES, freeings=FREEINGS, job=SIZES)
def test_what_nothing_is_promised_of_has_room_once_enough_has_ended(free, freeings, job):
    rooms = free_by_ms(free, freeings, [])
    first = next((ms for ms in range(END) if fits(rooms[ms], job)), None)
    assert first_fit(free, freeings, job) == (NOW if first == 0 else first)


def test_room_that_nobody_expects_to_end_is_not_counted_on():
    held = [(FOREVER, (2, 0, 0))]
    assert first_fit((1, 0, 0), held, (3, 0, 0)) is None
    assert Profile((1, 0, 0), held, 0).first((3, 0, 0), 1) is None
