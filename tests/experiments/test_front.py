"""The Pareto front and its knee, by hand and against a plain double loop."""

from __future__ import annotations

import numpy as np
import pytest

from batchsim.experiments.front import front_of

EACH = (1, 1)


def columns(*points: tuple[float, float], runs: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points whose every run is the same."""
    first, second = np.array(points, dtype=np.float64).T
    return np.repeat(first[:, None], runs, axis=1), np.repeat(second[:, None], runs, axis=1)


def test_the_front_is_what_no_other_beats_in_both() -> None:
    found = front_of(*columns((1, 9), (2, 3), (3, 4), (9, 1), (9, 9)), EACH, 0.95)
    assert (found.points, found.knee) == ((0, 1, 3), 1)
    assert found.beaten_by == {2: 1, 4: 1}
    assert found.shown == {2, 4}


@pytest.mark.parametrize("seed", range(20))
def test_a_plain_double_loop_gives_the_same_front(seed: int) -> None:
    draw = np.random.default_rng(seed)
    points = [tuple(each) for each in draw.integers(0, 12, size=(40, 2)).tolist()]
    found = front_of(*columns(*points), EACH, 0.95)

    def beats(a: tuple[int, int], b: tuple[int, int]) -> bool:
        return a[0] <= b[0] and a[1] <= b[1] and a != b

    plain = {at for at, point in enumerate(points) if not any(beats(other, point) for other in points)}
    assert set(found.points) == plain
    assert found.beaten_by.keys() == set(range(40)) - plain
    assert all(beats(points[by], points[point]) for point, by in found.beaten_by.items())


def test_more_is_better_turns_the_front_over() -> None:
    found = front_of(*columns((1, 9), (2, 3), (3, 4)), (1, -1), 0.95)
    assert found.points == (0,)


def test_a_straight_line_a_bulge_and_two_points_have_no_knee() -> None:
    for points in ([(0, 2), (1, 1), (2, 0)], [(0, 4), (3, 3), (4, 0)], [(0, 1), (1, 0)]):
        assert front_of(*columns(*points), EACH, 0.95).knee is None  # type: ignore[arg-type]


def test_the_knee_does_not_hang_on_units() -> None:
    points = [(1, 90), (2, 40), (3, 20), (6, 10), (9, 9)]
    scaled = [(x * 1e-6, y * 3600) for x, y in points]
    assert front_of(*columns(*points), EACH, 0.95).knee == front_of(*columns(*scaled), EACH, 0.95).knee == 2


def test_a_point_with_an_undefined_run_is_left_out() -> None:
    first, second = columns((1, 1), (2, 2))
    second[0, 1] = np.nan
    found = front_of(first, second, EACH, 0.95)
    assert (found.points, found.left_out) == ((1,), (0,))


def test_what_luck_may_have_beaten_is_not_shown_to_be() -> None:
    noise = np.array([[0.0, 0, 0, 0], [-3.0, 4, -2, 3]])
    found = front_of(10 + noise, 10 + noise, EACH, 0.95)
    assert found.beaten_by == {1: 0}
    assert found.shown == frozenset()


def test_equal_points_are_all_on_the_front() -> None:
    assert front_of(*columns((1, 1), (1, 1), (1, 2)), EACH, 0.95).points == (0, 1)


def test_one_run_shows_nothing() -> None:
    assert front_of(*columns((1, 1), (2, 2), runs=1), EACH, 0.95).shown == frozenset()
