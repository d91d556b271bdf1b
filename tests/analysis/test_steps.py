"""Levels over time: worked examples, and what must hold of any spans."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.steps import Steps, edges, steps

SPANS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 500), st.integers(1, 9)).map(lambda s: (s[0], s[0] + s[1], s[2])),
    max_size=30,
)


def of(spans: list[tuple[int, int, int]], end_ms: int = 2000) -> Steps:
    start, end, size = np.array(spans, np.int64).reshape(-1, 3).T
    return steps(start, end, size, end_ms)


def test_two_spans_that_meet_and_one_that_lies_over_them() -> None:
    curve = of([(10, 20, 2), (20, 30, 2), (15, 25, 1)], end_ms=40)
    assert curve.at_ms.tolist() == [0, 10, 15, 20, 25, 30]
    assert curve.level.tolist() == [0, 2, 3, 3, 2, 0]
    assert curve.integral() == 20 + 20 + 10
    assert curve.peak() == (3, 15)


def test_a_level_holds_from_its_instant_on() -> None:
    assert of([(10, 20, 2)]).at([0, 9, 10, 19, 20, 5000]).tolist() == [0, 0, 2, 2, 0, 0]


def test_nothing_is_a_level_of_nothing() -> None:
    curve = of([], end_ms=50)
    assert (curve.level.tolist(), curve.integral(), curve.peak()) == ([0], 0, (0, 0))


def test_a_mean_weighs_each_level_by_its_time() -> None:
    assert of([(10, 20, 2)], end_ms=40).means(np.array([0, 15, 40])).tolist() == [10 / 15, 10 / 25]


@given(SPANS)
def test_the_integral_is_the_sum_of_the_spans(spans: list[tuple[int, int, int]]) -> None:
    assert of(spans).integral() == sum((end - start) * size for start, end, size in spans)


@given(SPANS)
def test_the_level_is_what_a_slow_count_finds(spans: list[tuple[int, int, int]]) -> None:
    instants = [0, 1, *(at for start, end, _ in spans for at in (start, end))]
    slow = [sum(size for start, end, size in spans if start <= at < end) for at in instants]
    assert of(spans).at(instants).tolist() == slow


@given(SPANS, st.integers(1, 50))
def test_means_over_all_stretches_keep_the_integral(spans: list[tuple[int, int, int]], most: int) -> None:
    curve = of(spans)
    at_ms = edges([curve], most)
    assert float(np.sum(curve.means(at_ms) * np.diff(at_ms))) == pytest.approx(curve.integral())


@given(SPANS)
def test_between_all_changes_the_mean_is_the_level(spans: list[tuple[int, int, int]]) -> None:
    curve = of(spans)
    at_ms = edges([curve], 1000)
    assert curve.means(at_ms).tolist() == curve.at(at_ms[:-1]).tolist()


@given(SPANS, st.integers(1, 50))
def test_edges_run_from_the_start_to_the_end(spans: list[tuple[int, int, int]], most: int) -> None:
    at_ms = edges([of(spans)], most)
    assert (at_ms[0], at_ms[-1]) == (0, 2000)
    assert len(at_ms) <= most + 1
    assert np.all(np.diff(at_ms) > 0)


def test_a_run_of_no_time_has_one_stretch() -> None:
    assert edges([of([], end_ms=0)], 10).tolist() == [0, 1]
