"""Keyed randomness: pure functions of their keys, uniform, and pinned so that a change of the generator is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.randomness import Draws

SEEDS = st.integers(0, 2**128 - 1)
INDICES = st.integers(0, 2**40 - 5000)
ATTEMPTS = st.integers(0, 2**20)


def work_stream(seed=1, replication=0, purpose="work", entity="transform"):
    return Draws(seed, replication).stream(purpose, entity)


@given(SEEDS, INDICES, st.integers(1, 40), ATTEMPTS)
def test_a_number_drawn_alone_equals_the_blocks_bit_for_bit(seed, start, count, attempt):
    stream = work_stream(seed)
    alone = [stream.one(start + step, attempt) for step in range(count)]
    assert stream.block(start, count, attempt).tolist() == alone


@given(SEEDS, st.lists(INDICES, min_size=1, max_size=40), ATTEMPTS)
def test_numbers_picked_in_any_order_equal_those_drawn_alone(seed, indices, attempt):
    stream = work_stream(seed)
    picked = stream.pick(np.array(indices, dtype=np.int64), attempt)
    assert picked.tolist() == [stream.one(index, attempt) for index in indices]


@given(INDICES, st.integers(1, 3000), st.integers(1, 3000))
def test_how_a_range_is_cut_into_blocks_does_not_matter(start, first, second):
    stream = work_stream()
    pieces = np.concatenate([stream.block(start, first), stream.block(start + first, second)])
    assert np.array_equal(pieces, stream.block(start, first + second))


def test_the_order_of_draws_and_other_streams_change_nothing():
    alone = work_stream().block(0, 100)
    draws = Draws(1)
    draws.stream("exit", "transform").block(0, 7)
    stream = draws.stream("work", "transform")
    stream.block(500, 3)
    assert np.array_equal(stream.block(0, 100), alone)


@pytest.mark.parametrize(
    "other",
    [
        work_stream(seed=2),
        work_stream(replication=1),
        work_stream(purpose="exit"),
        work_stream(entity="load"),
        work_stream(purpose="workt", entity="ransform"),
        work_stream(entity=""),
    ],
)
def test_every_part_of_the_key_gives_another_stream(other):
    assert not np.intersect1d(work_stream().block(0, 1000), other.block(0, 1000)).size


def test_attempts_do_not_share_numbers():
    stream = work_stream()
    assert not np.intersect1d(stream.block(0, 1000, attempt=1), stream.block(0, 1000, attempt=2)).size


def test_numbers_lie_strictly_between_0_and_1():
    least, most = 0.5 * 2.0**-52, (2**52 - 0.5) * 2.0**-52
    block = work_stream().block(0, 100_000)
    assert 0 < least <= block.min()
    assert block.max() <= most < 1


def test_numbers_are_uniform():
    counts = np.bincount((work_stream(seed=3).block(0, 200_000) * 100).astype(int), minlength=100)
    assert ((counts - 2000) ** 2 / 2000).sum() < 160  # chi-square of 99 degrees of freedom: p < 1e-4


@pytest.mark.parametrize("lag", [1, 2, 64, 1024])
def test_numbers_do_not_correlate_with_those_after_them(lag):
    block = work_stream(seed=3).block(0, 200_000)
    assert abs(np.corrcoef(block[:-lag], block[lag:])[0, 1]) < 0.01


@pytest.mark.parametrize("other", [work_stream(seed=4), work_stream(seed=3, entity="load")])
def test_streams_do_not_correlate(other):
    assert abs(np.corrcoef(work_stream(seed=3).block(0, 200_000), other.block(0, 200_000))[0, 1]) < 0.01


@pytest.mark.parametrize("bit", range(52))
def test_every_bit_of_a_number_is_fair(bit):
    words = ((work_stream(seed=4).block(0, 50_000)) * 2.0**52 - 0.5).astype(np.uint64)
    ones = int(((words >> np.uint64(bit)) & np.uint64(1)).sum())
    assert abs(ones - 25_000) < 5 * 112


def test_neighbouring_seeds_and_entities_are_independent():
    numbers = np.array([work_stream(seed=seed, entity=f"e{seed % 10}").one(0) for seed in range(2000)])
    assert abs(numbers.mean() - 0.5) < 5 / np.sqrt(12 * 2000)


def test_the_generator_is_the_one_that_was_pinned():
    assert work_stream().block(0, 3).tolist() == PINNED
    assert work_stream(seed=2**128 - 1, replication=7, purpose="exit", entity="naïve").one(2**39, 3) == PINNED_FAR


PINNED = [0.6070143262389945, 0.16967411143004518, 0.9347527249248816]
PINNED_FAR = 0.06835602879392655
