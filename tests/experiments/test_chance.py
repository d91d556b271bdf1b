"""Chances are read in one place: P(metric op limit), thresholds of scenarios, and what is asked of them."""

import re

import numpy as np
import pytest

from batchsim.experiments.chance import chance_of_threshold, parse_chance, parse_demand


def test_a_chance_names_a_metric_an_operator_and_a_limit_in_the_metrics_unit():
    chance = parse_chance("P(makespan_s < 6h)")
    assert (chance.metric.name, chance.operator, chance.limit) == ("makespan_s", "<", 21_600)
    assert str(chance) == "P(makespan_s < 6h)"
    assert parse_chance(" p( cost_usd<=$40 ) ").limit == 40
    assert parse_chance("P(useful_share > 95%)").limit == 0.95


@pytest.mark.parametrize(
    ("short", "name"),
    [("makespan", "makespan_s"), ("cost", "cost_usd"), ("wait_p95", "wait_p95_s"), ("jobs", "jobs_per_h")],
)
def test_the_unit_at_a_metrics_end_may_be_left_out(short, name):
    assert parse_chance(f"P({short} < 1)").metric.name == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("makespan < 6h", "as in 'P(makespan < 6h)'"),
        ("P(makespan < 6h", "as in 'P(makespan < 6h)'"),
        ("P(makespan = 6h)", "as in 'P(makespan < 6h)'"),
        ("P(makespan < )", "as in 'P(makespan < 6h)'"),
        ("P(makespam < 6h)", "Did you mean makespan"),
        ("P(saving < 6)", "saving_usd or saving_share"),
        ("P(cost < 6h)", "in USD, not h"),
        ("P(makespan < six)", "six"),
    ],
)
def test_what_is_no_chance_is_told_with_an_example_or_the_nearest_name(text, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_chance(text)


def test_a_demand_has_a_probability_as_a_share_or_in_percent():
    demand = parse_demand("P(makespan < 6h) >= 95%")
    assert (demand.operator, demand.share, str(demand)) == (">=", 0.95, "P(makespan_s < 6h) >= 0.95")
    assert demand.holds(0.95)
    assert not demand.holds(0.949)
    assert parse_demand("P(cost<$3)>.5").share == 0.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("P(makespan < 6h)", "as in 'P(makespan < 6h) >= 0.95'"),
        ("P(makespan < 6h) >= 95", "between 0 and 1"),
        ("P(makespan < 6h) >= -0.5", "between 0 and 1"),
        ("P(makespan < 6h) >= most", "between 0 and 1"),
        ("makespan < 6h >= 0.95", "as in"),
    ],
)
def test_what_is_no_demand_is_told_with_an_example(text, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_demand(text)


def test_a_threshold_of_a_scenario_is_a_chance():
    chance = chance_of_threshold("makespan_s", " < 4h")
    assert (chance.limit, str(chance)) == (14_400, "P(makespan_s < 4h)")


def test_a_run_that_does_not_define_the_metric_does_not_meet_it():
    chance = parse_chance("P(ready_at_s < 10)")
    values = np.array([9.0, 10.0, np.nan, 1.0])
    assert chance.met(values).tolist() == [True, False, False, True]
    found = chance.estimate(values)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.150, 0.850), abs=5e-4)  # Wilson, of 2 of 4


def test_one_run_has_no_interval_and_no_runs_have_no_chance():
    chance = parse_chance("P(ready_at_s < 10)")
    assert chance.estimate(np.array([])) is None
    found = chance.estimate(np.array([3.0]))
    assert (found.value, found.low, found.high) == (1.0, None, None)
