"""Main effects and shares: by hand in full grids, by known models in drawn designs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from effort import effort

from batchsim.experiments.effects import Effects, effects_of

GRID = list(product([1, 2, 3], ["x", "y"]))


def of(values: list[float], runs: int = 4, noise: float = 0.0, seed: int = 1) -> Effects:
    """The effects of a 3 x 2 grid with these means; what chance does is done to all points alike."""
    shared = noise * np.random.default_rng(seed).standard_normal(runs)
    return effects_of(("a", "b"), GRID, np.array(values)[:, None] + shared, 0.95)


def shares(found: Effects) -> list[float]:
    return [each.share for each in (*found.knobs, *found.pairs) if each.share is not None]


def test_effects_of_an_additive_grid_are_its_terms() -> None:
    found = of([a * 10 + (4 if b == "y" else 0) for a, b in GRID], noise=50.0)
    assert [(each.level, each.effect.value) for each in found.levels] == [
        ("1", pytest.approx(-10)), ("2", 0.0), ("3", pytest.approx(10)), ("x", pytest.approx(-2)),
        ("y", pytest.approx(2)),
    ]  # fmt: skip
    total = 4 * 100 + 6 * 4  # sums of squares: two levels of two points, 10 off; all six, 2 off
    assert shares(found) == pytest.approx([400 / total, 24 / total, 0.0])


def test_what_chance_does_to_all_points_alike_cancels() -> None:
    found = of([float(a) for a, _ in GRID], noise=1000.0)
    low = next(each for each in found.levels if each.level == "1").effect
    assert low.low == pytest.approx(-1, abs=1e-9)
    assert low.high == pytest.approx(-1, abs=1e-9)


def test_a_pure_interaction_is_in_neither_knob() -> None:
    grid = list(product([0, 1], [0, 1]))
    found = effects_of(("a", "b"), grid, np.array([[1.0, 1], [0, 0], [0, 0], [1, 1]]), 0.95)
    assert shares(found) == pytest.approx([0, 0, 1])


def test_shares_of_two_knobs_and_their_pair_are_the_whole_of_a_grid() -> None:
    found = of([3.0, 1, 4, 1, 5, 9])
    assert found.is_balanced
    assert sum(shares(found)) == pytest.approx(1)


def test_a_metric_that_never_differs_has_no_effects() -> None:
    found = of([7.0] * 6, noise=3.0)
    assert shares(found) == [0, 0, 0]
    assert {each.effect.value for each in found.levels} == {0.0}
    assert {each.effect.low for each in found.levels} == {0.0}


def test_points_without_the_metric_are_left_out() -> None:
    values = np.array([3.0, 1, 4, 1, 5, 9])[:, None] + np.zeros(3)
    values[0, 1] = np.nan
    found = effects_of(("a", "b"), GRID, values, 0.95)
    assert (found.points, found.is_balanced) == (5, False)
    assert effects_of(("a", "b"), GRID, np.full((6, 3), np.nan), 0.95).levels == ()


def test_one_replication_has_no_interval() -> None:
    assert all(each.effect.low is None for each in of([3.0, 1, 4, 1, 5, 9], runs=1).levels)


def test_few_points_say_nothing_of_drawn_knobs() -> None:
    found = effects_of(("a",), [[1], [1], [2], [3]][:3], np.array([[1.0], [2.0], [3.0]]), 0.95)
    assert found.knobs[0].share is not None
    found = effects_of(("a", "b"), [[1, 1], [2, 2], [3, 3]], np.array([[1.0], [2.0], [4.0]]), 0.95)
    assert [each.share for each in found.knobs] == [None, None]


def test_a_continuous_knob_is_taken_in_equally_full_parts() -> None:
    values = np.arange(100.0)
    found = effects_of(("a",), [[f"{60 + at}s"] for at in range(100)], values[:, None] + np.zeros(2), 0.95)
    assert [(each.level, each.n) for each in found.levels] == [
        ("60s to 84s", 25), ("85s to 109s", 25), ("110s to 134s", 25), ("135s to 159s", 25),
    ]  # fmt: skip


def test_drawn_knobs_that_do_nothing_get_nothing_on_average() -> None:
    """Eta squared would give each some 3 % of pure noise; what chance gives is taken off."""
    count, found = effort(fast=60, verify=1000, long=5000), []
    for seed in range(count):
        draw = np.random.default_rng(seed)
        points, noise = draw.random((100, 2)).tolist(), draw.standard_normal((100, 1))
        found.append(effects_of(("a", "b"), points, noise, 0.95).knobs[0].share or 0.0)
    assert np.mean(found) < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_the_knob_that_matters_is_found_in_a_drawn_design(seed: int) -> None:
    draw = np.random.default_rng(seed)
    points = draw.random((150, 3))
    values = 10 * points[:, 0] + 2 * points[:, 1] + draw.standard_normal(150)
    first, second, third = (
        each.share or 0.0 for each in effects_of(("a", "b", "c"), points.tolist(), values[:, None], 0.95).knobs
    )
    assert first > 0.7
    assert first > second >= 0
    assert third < 0.1
