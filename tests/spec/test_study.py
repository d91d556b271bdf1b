"""Studies: knobs as lists, ranges and distributions, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import ScenarioError
from batchsim.spec.knobs import number_of, parse_knob
from batchsim.spec.study import parse_study, question_of


@pytest.mark.parametrize(
    ("data", "levels"),
    [
        ([256, "1m", [1, 2]], (256, "1m", [1, 2])),
        ({"from": 256, "to": 1024, "step": 256}, (256, 512, 768, 1024)),
        ({"from": 256, "to": 1000, "step": 256}, (256, 512, 768)),
        ({"from": "1m", "to": "300s", "levels": 5}, ("1m", "2m", "3m", "4m", "5m")),
        ({"from": 1, "to": 1024, "scale": "log", "levels": 6}, (1, 4, 16, 64, 256, 1024)),
        ({"from": 0.1, "to": 0.3, "step": 0.1}, (0.1, 0.2, 0.3)),
        ({"from": "$0.01/h", "to": "$0.03/h", "levels": 3}, ("$0.01/h", "$0.02/h", "$0.03/h")),
        ({"from": "1GiB", "to": "4GiB", "step": "1GiB"}, ("1GiB", "2GiB", "3GiB", "4GiB")),
        ({"from": 1, "to": 3, "levels": 9}, (1, 2, 3)),
    ],
)
def test_levels_are_those_of_the_file_form(data: Any, levels: tuple[Any, ...]) -> None:
    assert parse_knob(data).levels == levels


@pytest.mark.parametrize(
    ("data", "at", "value"),
    [
        ({"from": 1, "to": 3}, (0, 0.34, 0.99), (1, 2, 3)),
        ({"uniform": {"low": "60s", "high": "120s"}}, (0, 0.5), ("1m", "1m30s")),
        ({"uniform": {"low": 0.0, "high": 8.0}}, (0.25,), (2.0,)),
        ({"log_uniform": {"low": 0.01, "high": 1.0}}, (0.5,), (0.1,)),
        ({"triangular": {"low": 0.0, "mode": 1.0, "high": 2.0}}, (0, 0.5, 0.125), (0.0, 1.0, 0.5)),
        ({"normal": {"mean": 10.0, "sd": 2.0}}, (0.5, 0.975), (10.0, 13.9199)),
        ({"lognormal": {"mean": 1.0, "cv": 1}}, (0.5,), (0.707107,)),
        (["a", "b"], (0, 0.49, 0.5, 0.999999), ("a", "a", "b", "b")),
    ],
)
def test_a_draw_is_the_quantile_of_the_law(data: Any, at: tuple[float, ...], value: tuple[Any, ...]) -> None:
    knob = parse_knob(data)
    assert tuple(knob.at(u) for u in at) == value


def test_whole_numbers_of_a_range_are_equally_likely() -> None:
    knob = parse_knob({"from": 1, "to": 4})
    drawn = [knob.at((number + 0.5) / 1000) for number in range(1000)]
    assert [drawn.count(value) for value in (1, 2, 3, 4)] == [250] * 4


@pytest.mark.parametrize("u", [0.0, 1 - 2**-53])
def test_a_law_without_bounds_has_a_value_at_the_ends(u: float) -> None:
    assert number_of(parse_knob({"normal": {"mean": "10m", "sd": "1m"}}).at(u)) is not None


def test_knobs_of_one_file_form_are_equal_and_stay_what_they_are() -> None:
    knob = parse_knob({"uniform": {"low": 1, "high": 2}})
    assert knob == parse_knob({"uniform": {"low": 1, "high": 2}}) != parse_knob([1, 2])
    assert parse_knob(knob) is knob


WRONG = [
    ({}, "E195"),
    ({"vary": {}}, "nothing varies"),
    ({"vary": {"a": []}}, "vary.a: an empty list"),
    ({"vary": {"a": 5}}, "vary.a: not a list, a range or a distribution (got 5)"),
    ({"vary": {"a": [1, 2, 1]}}, "vary.a[2]: given twice (got 1)"),
    ({"vary": {"a": {"from": 3, "to": 1, "step": 1}}}, "vary.a.to: to is not more than from"),
    ({"vary": {"a": {"from": 1, "to": 3, "step": 0}}}, "vary.a.step: the step is not more than 0"),
    ({"vary": {"a": {"from": 1, "to": 3, "step": 1, "levels": 3}}}, "a step or a number of levels"),
    ({"vary": {"a": {"from": "3s", "to": 9, "step": 1}}}, "E146"),
    ({"vary": {"a": {"from": 1, "to": 1e9, "step": 1e-9}}}, "too many values"),
    ({"vary": {"a": {"from": 0, "to": 9, "scale": "log", "levels": 3}}}, "starts above 0"),
    ({"vary": {"a": {"from": 1, "to": 9, "scale": "lg", "levels": 3}}}, "allowed: linear, log"),
    ({"vary": {"a": {"from": 1}}}, "vary.a.to: missing key"),
    ({"vary": {"a": {"from": 1, "to": 2}}}, "a grid needs levels"),
    ({"vary": {"a": {"from": float("nan"), "to": 2, "levels": 2}}}, "not a finite number"),
    ({"vary": {"a": {"unifrm": {"low": 1, "high": 2}}}}, "vary.a.unifrm: no range or distribution"),
    ({"vary": {"a": {"uniform": 4}}}, "vary.a.uniform: not a mapping"),
    ({"vary": {"a": {"uniform": {"low": 2, "high": 1}}}}, "high is not more than low"),
    ({"vary": {"a": {"log_uniform": {"low": 0, "high": 1}}}}, "low is not more than 0"),
    ({"vary": {"a": {"triangular": {"low": 1, "mode": 4, "high": 3}}}}, "not low <= mode <= high (got 4.0)"),
    ({"vary": {"a": {"normal": {"mean": 2, "sd": 0}}}}, "sd is not more than 0"),
    ({"vary": {"a": {"lognormal": {"mean": 0, "cv": 1}}}}, "mean and cv must be more than 0"),
    ({"vary": {"a": list(range(100_001))}}, "too many values (got 100001)"),
    ({"vary": {"simulation.seed": [1, 2]}}, "Give replications: N"),
    ({"vary": {"a": [1]}, "points": 3}, "a grid has as many points as its levels make"),
    ({"vary": {"a": [1]}, "design": "random"}, "needs a number of points"),
    ({"vary": {"a": [1]}, "design": "sobol"}, "grid, random, latin_hypercube"),
    ({"vary": {"a": [1]}, "front": ["cost_usd"]}, "not a list of two metrics"),
    ({"vary": {"a": [1]}, "replications": 0}, "replications: out of range"),
    ({"vary": {"a": [1]}, "replicatoins": 2}, "Did you mean replications"),
    ({"vary": [1]}, "vary: not a mapping"),
    ([1], "a study is a mapping"),
]


@pytest.mark.parametrize(("data", "told"), WRONG)
def test_what_is_wrong_with_a_study_is_told(data: Any, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_study(data)
    assert told in str(caught.value)


def test_several_flaws_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_study({"vary": {"a": 5, "b": []}, "design": "sobol"})
    assert len(caught.value.found) == 3


def test_the_question_leaves_out_how_far_it_is_asked() -> None:
    varied = {"vary": {"a": {"from": 1, "to": 2, "levels": 2}}, "set": {"name": "x"}}
    few, many = parse_study({**varied, "replications": 2}), parse_study({**varied, "metrics": ["wait_mean_s"]})
    assert question_of(few) == question_of(many) == {**varied, "design": "grid"}
    assert question_of(parse_study({"vary": {"a": [1]}})) != question_of(parse_study({"vary": {"a": [2]}}))
