"""The race among points: who is dropped early, how often that is a mistake, and who comes back."""

from __future__ import annotations

import numpy as np
import pytest
from effort import effort

from batchsim.experiments.optimising.goals import Goals, goals_of
from batchsim.experiments.optimising.race import Rules, Runner, stages_of
from batchsim.spec.optimise import parse_optimise

NULL = effort(fast=150, verify=4_000, long=40_000)
"""Races in which no point is better than another."""


def goals(*subject_to: str, minimise: tuple[str, ...] = ("cost_usd",), maximise: tuple[str, ...] = ()) -> Goals:
    over = {"spot.maxvCpus": [2, 4]}
    wanted = {"minimise": list(minimise), "maximise": list(maximise), "subject_to": list(subject_to)}
    return goals_of(parse_optimise({"over": over, **wanted}))


def runner(number: int, *columns: list[float] | np.ndarray) -> Runner:
    made = Runner(number, len(columns))
    made.values = np.array(columns, dtype=np.float64).T
    made.ran = np.ones(len(made.values), dtype=np.bool_)
    return made


def test_looks_double_up_to_all_replications() -> None:
    assert stages_of(5, 30) == (5, 10, 20, 30)
    assert stages_of(5, 3) == (3,)
    assert stages_of(1, 1) == (1,)


def test_a_point_that_five_pairs_show_to_be_worse_is_dropped_and_one_that_is_close_goes_on() -> None:
    nights = np.array([10.0, 14.0, 9.0, 12.0, 11.0])  # what a night does to all points alike cancels
    best, worse, close = (runner(n, nights * factor) for n, factor in enumerate((1.0, 1.3, 1.0)))
    close.values[:, 0] += [0.4, -0.3, 0.2, -0.1, 0.1]
    Rules(goals(), (5, 10, 20), 0.05).judge([best, worse, close])
    assert worse.beaten_by is best
    assert (best.is_in, close.is_in) == (True, True)


def test_more_is_better_where_it_is_to_be_maximised() -> None:
    less, more = (runner(n, np.array([10.0, 14.0, 9.0, 12.0, 11.0]) * factor) for n, factor in enumerate((1.0, 1.3)))
    Rules(goals(minimise=(), maximise=("jobs_per_h",)), (5, 10), 0.05).judge([less, more])
    assert (less.beaten_by, more.beaten_by) == (more, None)


def test_a_point_that_is_better_in_one_of_two_objectives_stays() -> None:
    first, second = runner(0, [1, 2, 3, 2, 1], [9, 8, 9, 8, 9]), runner(1, [2, 3, 4, 3, 2], [4, 3, 4, 3, 4])
    third = runner(2, [3.1, 4, 5, 4.2, 3], [9, 8, 9, 8, 9])  # dearer than the first, and no faster
    rules = Rules(goals(minimise=("cost_usd", "ready_at_s")), (5, 10), 0.05)
    rules.judge([first, second, third])
    assert (first.is_in, second.is_in) == (True, True)
    assert third.beaten_by in (first, second)


def test_a_chance_is_out_as_soon_as_the_binomial_test_says_so() -> None:
    rules = Rules(goals("P(ready_at < 10) >= 0.9"), (5, 10, 20), 0.05)
    late, unlucky = runner(0, [1.0] * 5, [12.0] * 5), runner(1, [1.0] * 5, [12.0, 9.0, 9.0, 9.0, 9.0])
    rules.judge([late, unlucky])
    assert late.broken == "P(ready_at_s < 10) >= 0.9"
    assert not unlucky.broken


def test_at_the_last_look_the_estimate_decides() -> None:
    rules = Rules(goals("P(ready_at < 10) >= 0.9"), (5, 10), 0.05)
    found = [runner(n, [1.0] * 10, [12.0] * n + [9.0] * (10 - n)) for n in (1, 2)]
    rules.judge(found)
    assert [bool(each.broken) for each in found] == [False, True]
    assert rules.winners(found) == [found[0]]


def test_who_was_beaten_by_a_point_that_breaks_a_constraint_comes_back() -> None:
    rules = Rules(goals("P(ready_at < 10) >= 0.9"), (5, 10), 0.05)
    cheap = runner(0, [1.0, 2.0, 1.0, 2.0, 1.0], [9.0] * 5)
    dear = runner(1, [3.0, 4.1, 3.0, 4.2, 3.0], [5.0] * 5)
    rules.judge([cheap, dear])
    assert dear.beaten_by is cheap
    cheap.values = np.array([[1.0, 9.0]] * 5 + [[1.0, 12.0]] * 5)  # what its next runs tell
    cheap.ran = np.ones(10, dtype=np.bool_)
    rules.judge([cheap, dear])
    assert (bool(cheap.broken), dear.is_in) == (True, True)


def test_a_point_that_may_break_a_constraint_beats_nobody() -> None:
    rules = Rules(goals("P(ready_at < 10) >= 0.9"), (5, 10), 0.05)
    cheap = runner(0, [1.0, 2.0, 1.0, 2.0, 1.0], [9.0, 9.0, 9.0, 9.0, 12.0])
    dear = runner(1, [3.0, 4.1, 3.0, 4.2, 3.0], [5.0] * 5)
    rules.judge([cheap, dear])
    assert (cheap.is_in, dear.is_in) == (True, True)


def test_a_run_that_does_not_define_the_objective_puts_its_point_out() -> None:
    point = runner(0, [1.0, np.nan, 2.0])
    Rules(goals(), (3, 6), 0.05).judge([point])
    assert point.broken == "cost_usd is undefined in 1 of 3 runs"


def test_a_run_that_crashed_is_left_out_of_means_and_pairs() -> None:
    best, crashed = runner(0, [1.0, 2.0, 1.0, 2.0, 1.0]), runner(1, [1.0, np.nan, 1.0, 2.0, 1.0])
    crashed.ran[1] = False
    Rules(goals(), (5, 10), 0.05).judge([best, crashed])
    assert crashed.is_in
    assert Rules(goals(), (5, 10), 0.05).score(crashed, 0) == 1.25


def test_means_of_points_are_of_the_same_nights_even_after_a_second_look() -> None:
    rules = Rules(goals(), (2, 4), 0.05)
    short, long = runner(0, [1.0, 1.0, 1.0, 1.1]), runner(1, [1.0, 1.0, 1.0, 1.0, 9.0, 9.0])
    assert rules.best([short, long]) == [long]


def race(rules: Rules, draw: np.ndarray) -> list[Runner]:
    """Points with these values, shape (points, replications, metrics), go through all looks as a search has them."""
    field = [Runner(n, draw.shape[2]) for n in range(len(draw))]
    while ready := [each for each in field if each.is_in and not rules.is_whole(each)]:
        least = min(each.n for each in ready)
        for each in [each for each in ready if each.n == least]:
            n = rules.next_stage(each)
            each.values, each.ran = draw[each.number, :n], np.ones(n, dtype=np.bool_)
        rules.judge(field)
    return field


@pytest.mark.parametrize("risk", [0.05, 0.2])
def test_where_no_point_is_better_one_is_dropped_by_chance_no_more_often_than_the_risk(risk: float) -> None:
    dice, rules = np.random.default_rng(1), Rules(goals(), (5, 10, 20), risk)
    dropped = 0
    for _ in range(NULL):
        nights = dice.normal(10, 2, (1, 20, 1))
        dropped += sum(not each.is_in for each in race(rules, nights + dice.normal(0, 1, (8, 20, 1))))
    assert dropped / (8 * NULL) < risk


def test_a_chance_that_is_just_as_demanded_is_dropped_before_the_end_no_more_often_than_the_risk() -> None:
    dice, rules = np.random.default_rng(2), Rules(goals("P(ready_at < 10) >= 0.8"), (5, 10, 20, 40), 0.05)
    early = 0
    for _ in range(NULL):
        ready = np.where(dice.random((1, 40, 1)) < 0.8, 9.0, 12.0)
        (point,) = race(rules, np.concatenate([np.ones((1, 40, 1)), ready], axis=2))
        early += point.n < 40
    assert early / NULL < 0.05


def test_a_point_that_is_far_worse_takes_few_replications() -> None:
    dice, rules = np.random.default_rng(3), Rules(goals(), (5, 10, 20, 40), 0.05)
    nights = dice.normal(10, 2, (1, 40, 1))
    values = nights + np.arange(8).reshape(8, 1, 1) * 5 + dice.normal(0, 0.5, (8, 40, 1))
    assert [each.n for each in race(rules, values)] == [40, *[5] * 7]
