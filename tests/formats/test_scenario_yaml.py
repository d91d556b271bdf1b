"""Scenario files: YAML and JSON alike, positions of every problem, and texts that come back as the same scenario."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.errors import Problem, ScenarioError
from batchsim.formats.scenario_yaml import dump, load, loads, parse_value
from batchsim.formats.yaml_reader import read_yaml
from batchsim.formats.yaml_writer import write_yaml
from batchsim.spec import parse, scenario_hash
from tests.spec.documents import RICH, SMALL, entry, small, sound

TEXT = """\
# A comment, and one blank line.

jobQueues:
  - jobQueueName: work
    priorty: 10
    computeEnvironmentOrder: [{order: 1, computeEnvironment: spto}]
computeEnvironments:
  - {computeEnvironmentName: spot, computeResources: {type: SPOT, maxvCpus: no, instanceTypes: [m5.large]}}
world:
  scheduler_cycle: 1:30
"""


def wrong(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        loads(text, "s.yaml")
    return caught.value.problems


def test_every_problem_of_a_file_stands_at_its_line_and_column() -> None:
    places = [(problem.code, problem.line, problem.col) for problem in wrong(TEXT)]
    assert places == [("E111", 4, 5), ("E106", 5, 5), ("E137", 8, 77), ("E146", 10, 20)]


def test_json_is_read_by_the_same_reader() -> None:
    for indent in (None, 2, "\t"):
        assert loads(json.dumps(SMALL, indent=indent), "s.json") == parse(SMALL)


def test_json_escapes_are_understood() -> None:
    scenario = loads(json.dumps({**SMALL, "description": 'a/b "c" é 😀 \u2028'}).replace("/", "\\/"))
    assert scenario.description == 'a/b "c" é 😀 \u2028'


def test_a_file_is_loaded_with_its_name_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    scenario = load(path)
    assert scenario.source.file == str(path)
    assert scenario.source.at(("jobQueues", 0, "priority")) != (0, 0)


def test_the_file_is_no_part_of_equality() -> None:
    assert loads(json.dumps(SMALL), "a") == loads(json.dumps(SMALL), "b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("1e3", 1000.0),
        ("~", None),
        ("TRUE", True),
        ("'5'", "5"),
        (".5", 0.5),
        ("90s", "90s"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert read_yaml(f"a: {text}", "s").data == {"a": value}


def test_anchors_repeat_what_they_name() -> None:
    assert read_yaml("a: &x {b: 1}\nc: [*x, *x]", "s").data == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}


def test_keys_are_text() -> None:
    assert read_yaml("{1: a, true: b, null: c}", "s").data == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize("document", [small(), RICH], ids=["small", "rich"])
def test_a_dump_loads_as_an_equal_scenario_and_dumps_as_the_same_bytes(document: dict[str, Any]) -> None:
    scenario = parse(document)
    text = dump(scenario)
    assert loads(text) == scenario
    assert dump(loads(text)) == text
    assert scenario_hash(loads(text)) == scenario_hash(scenario)


def test_a_resolved_scenario_says_every_default_of_the_world() -> None:
    text = dump(sound())
    assert "warm_start: {lognormal: {median: 7.3s, sigma: 0.8}}" in text
    assert "gp3_gb_month: $0.08" in text


def test_equal_scenarios_have_equal_hashes_whatever_their_files_look_like() -> None:
    reordered = dict(reversed(SMALL.items()))
    explicit = small(world={"scheduler_cycle": "1000ms"})
    assert scenario_hash(parse(reordered)) == scenario_hash(parse(explicit)) == scenario_hash(parse(SMALL))
    assert scenario_hash(sound(name="other")) != scenario_hash(parse(SMALL))


def test_a_scenario_travels_between_processes_with_its_positions() -> None:
    scenario = loads(json.dumps(SMALL), "s.yaml")
    copy = pickle.loads(pickle.dumps(scenario))  # noqa: S301
    assert copy == scenario
    assert copy.source == scenario.source


def test_an_override_with_an_empty_command_stays_one() -> None:
    scenario = sound(workload__0__submit__containerOverrides={"command": []})
    assert loads(dump(scenario)) == scenario


def test_an_array_of_a_data_set_stays_an_array() -> None:
    extract = entry("extract", {"dataset": "logs"})
    extract["submit"]["arrayProperties"] = {}
    data = {"name": "logs", "size": "10TB", "partitions": 40, "throughput": "80MB/s"}
    scenario = sound(workload=[extract], datasets=[data])
    assert loads(dump(scenario)) == scenario


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_whatever_is_written_is_read_back(data: dict[str, Any]) -> None:
    assert read_yaml(write_yaml(data), "s").data == data


@pytest.mark.parametrize(
    ("text", "value"),
    [("512", 512), ("90s", "90s"), ("{uniform: {min: 1s, max: 2s}}", {"uniform": {"min": "1s", "max": "2s"}})],
)
def test_a_value_of_the_command_line_is_yaml(text: str, value: object) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize(("text", "value"), [(".inf", math.inf), ("-.INF", -math.inf), ("+.inf", math.inf)])
def test_what_is_endless_is_read_as_such_and_refused_by_whoever_wants_a_number(text: str, value: float) -> None:
    assert parse_value(text) == value


def test_a_value_that_is_no_yaml_is_told() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_value("{uniform: [1")
    assert [(each.code, each.file) for each in caught.value.problems] == [("E102", "--set")]


def test_what_is_wrong_inside_a_value_of_the_command_line_is_told_as_well() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_value("{cv: 1, cv: 2}")
    assert [(each.code, each.file) for each in caught.value.problems] == [("E105", "--set")]
