"""Objectives and constraints of an optimisation: read, estimated, and how far a point is from meeting them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from batchsim import ExperimentError
from batchsim.experiments.optimising.goals import goals_of, parse_constraint
from batchsim.spec.optimise import parse_optimise


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_a_constraint_is_of_a_chance_or_of_the_mean() -> None:
    chance, mean = parse_constraint("P(makespan < 6h) >= 0.95"), parse_constraint("wait_p95_s <= 10m")
    assert (str(chance), chance.unit) == ("P(makespan_s < 6h) >= 0.95", "share")
    assert (str(mean), mean.unit, mean.limit.limit) == ("wait_p95_s <= 10m", "s", 600)
    assert mean.holds(array(590, 610))
    assert not mean.holds(array(590, 611))
    assert not mean.holds(array(1, np.nan))
    assert chance.holds(array(*[1.0] * 19, 99_999))
    assert not chance.holds(array(*[1.0] * 18, np.nan, 99_999))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("makespan", "write it as in 'P(makespan < 6h) >= 0.95', or 'wait_p95_s <= 10m'"),
        ("P(makespan < 6h)", "as in 'P(makespan < 6h) >= 0.95'"),
        ("P(makespam < 6h) >= 0.9", "Did you mean makespan"),
        ("wait_p95 <= ten", "ten"),
        ("wayt_p95_s <= 10m", "Did you mean wait_p95_s"),
        ("P(makespan < 6h) >= 0", "every probability is so"),
        ("P(makespan < 6h) > 1", "no probability is so"),
        ("P(makespan < 6h) >= 95", "between 0 and 1"),
        ("cost_usd = 4", "not a constraint"),
        ("", "not a constraint"),
    ],
)
def test_what_is_no_constraint_is_told_with_what_would_be(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_constraint(text)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"minimise": "cost_us"}, "Did you mean cost_usd"),
        ({"minimise": ["cost_usd", "cost"]}, "cost_usd is given twice as an objective"),
        ({"minimise": "cost_usd", "maximise": "cost_usd"}, "cost_usd is given twice as an objective"),
        ({"minimise": "cost_usd", "subject_to": ["ready_at < 1h", "ready_at_s < 1h"]}, "given twice as a constraint"),
    ],
)
def test_goals_name_metrics_each_once(asked: dict[str, object], told: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape(told)):
        goals_of(parse_optimise({"over": {"a.b": [1, 2]}, **asked}))


def test_a_violation_grows_with_the_distance_even_where_no_run_meets_the_limit() -> None:
    chance = parse_constraint("P(ready_at < 100) >= 0.9")
    far, near, half = (chance.violation(array(*values)) for values in ((500, 500), (110, 120), (90, 110)))
    assert far > near > half > chance.violation(array(90, 91)) == 0
    mean = parse_constraint("ready_at <= 100")
    assert mean.violation(array(300)) > mean.violation(array(110)) > 0
    assert mean.violation(array(np.nan, 90)) > 0


def test_a_demand_for_few_is_broken_by_many() -> None:
    rare = parse_constraint("P(jobs_failed > 0) <= 0.1")
    assert rare.holds(array(*[0.0] * 9, 1.0))
    assert rare.is_shown_broken(array(*[1.0] * 5), 0.01)
    assert not rare.is_shown_broken(array(0, 1, 0, 0, 0), 0.01)
    assert rare.violation(array(2, 2)) > rare.violation(array(1, 0)) > 0


def test_a_mean_is_shown_broken_when_its_interval_is_beyond_the_limit() -> None:
    mean = parse_constraint("ready_at <= 100")
    assert mean.is_shown_broken(array(120, 121, 119, 120, 122), 0.01)
    assert not mean.is_shown_broken(array(120, 80, 119, 90, 122), 0.01)
    assert not mean.is_shown_broken(array(120, 120, 120, 120, 120), 0.01)  # five alike are no proof
    assert mean.is_shown_broken(array(*[120] * 6), 0.01)
