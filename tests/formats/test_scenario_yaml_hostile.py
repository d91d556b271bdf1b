"""Hostile and broken files: one clear error, fast, and nothing is ever executed (B01-B13, B57)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import patience
from hypothesis import given
from hypothesis import strategies as st

from batchsim.errors import Problem, ScenarioError
from batchsim.formats.scenario_yaml import dump, load, loads, parse_value
from tests.spec.documents import sound


def wrong(text: str) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        loads(text, "s.yaml")
    return caught.value.problems[0]


def wrong_bytes(path: Path, raw: bytes, **limits: int) -> Problem:
    path.write_bytes(raw)
    with pytest.raises(ScenarioError) as caught:
        load(path, **limits)
    return caught.value.problems[0]


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_named_with_the_systems_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read: .*E100") as caught:
        load(tmp_path / name)
    assert str(tmp_path) in str(caught.value)


def test_a_pipe_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ScenarioError, match="E166"):
        load(tmp_path / "pipe")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null"])
def test_an_empty_scenario_points_to_init(text: str) -> None:
    problem = wrong(text)
    assert (problem.code, "batchsim init" in problem.hint) == ("E101", True)


@pytest.mark.parametrize(
    ("text", "line"), [("a:\t- x\n\tb: 2", 1), ("name: 'x", 1), ("name: x\n  b: [", 2), ("a: b: c", 1), ("a: @", 1)]
)
def test_a_syntax_error_has_its_place_and_a_line_of_context(text: str, line: int) -> None:
    problem = wrong(text)
    assert (problem.code, problem.line) == ("E102", line)
    assert problem.value == text.splitlines()[line - 1].strip()


@pytest.mark.parametrize("text", ["- a\n", "a scenario", "5"])
def test_the_top_level_is_a_mapping(text: str) -> None:
    assert wrong(text).code == "E104"


def test_two_documents_are_one_too_many() -> None:
    assert wrong("name: a\n---\nname: b\n").code == "E102"


def test_only_utf8_is_read_and_its_mark_is_welcome(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    assert "byte 6" in wrong_bytes(path, b"name: \xff").message
    assert "UTF-16" in wrong_bytes(path, "name: x".encode("utf-16")).hint
    assert wrong_bytes(path, b"name: a\0b").code == "E103"
    assert wrong_bytes(path, b"name: a\x07b").code == "E103"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert load(path).name == "x"


def test_a_control_character_is_told_with_its_place() -> None:
    problem = wrong('name: a\nworld: {region: us-east-1}\ndescription: "x\x0by"\n')
    assert (problem.code, problem.line, problem.col) == ("E103", 3, 16)
    assert wrong("#" * 99_999 + "\n\x07").line == 2


def test_a_key_given_twice_is_an_error_with_both_lines() -> None:
    problem = wrong("name: a\nworld: {}\nname: b\n")
    assert (problem.code, problem.line, problem.hint) == ("E105", 3, "First in line 1")


def test_what_the_reader_and_the_models_find_is_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("name: a\nname: b\nworlt: {}\n")
    assert [problem.code for problem in caught.value.problems] == ["E105", "E106"]


LINKS = zip("abcdefgh", "bcdefghi", strict=True)
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in LINKS
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "E107"),
        ("a: &a [*a]", "E107"),
        ("a: &a {b: {c: *a}}", "E107"),
        ("a: &a 1\nb: [" + "*a, " * 10_001 + "]", "E107"),
        ("a: " + "[" * 100_000, "E108"),
        ("a: " + "{b: " * 100_000, "E108"),
        ("a:\n" + "".join(" " * i + "- \n" for i in range(1, 200)), "E108"),
        ("a: *nobody", "E102"),
        ("? [a]\n: b", "E102"),
    ],
    ids=["bomb", "self", "deep-self", "aliases", "lists", "mappings", "blocks", "unknown-alias", "complex-key"],
)
def test_bombs_and_towers_are_refused_within_seconds(text: str, code: str) -> None:
    start = time.process_time()
    problem = wrong(text)
    assert (problem.code, len(str(problem)) < 300) == (code, True)
    assert time.process_time() - start < patience(1)


def test_no_tag_is_obeyed(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for tag in ("!!python/object/apply:os.system", "!!python/object/new:os.system", "!include"):
        assert wrong(f"name: {tag} ['touch {canary}']").code == "E109"
    assert wrong("name: !!str x").code == "E109"
    assert wrong("!x name: y").code == "E109"
    assert not canary.exists()


def test_a_scenario_too_large_is_refused_unless_the_limit_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    text = b"name: x\n" + b"#" * 1000
    assert wrong_bytes(path, text, max_bytes=1000).code == "E110"
    assert load(path, max_bytes=2000).name == "x"


def test_a_file_that_grows_while_it_is_read_is_too_large_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: x\n", encoding="utf-8")
    size = path.stat()
    path.write_text("name: x\n" + "#" * 1000, encoding="utf-8")
    monkeypatch.setattr(Path, "stat", lambda _: size)
    with pytest.raises(ScenarioError, match="too large"):
        load(path, max_bytes=100)


def test_huge_numbers_are_told_and_not_computed() -> None:
    assert wrong("simulation: {seed: " + "9" * 5000 + "}").code == "E152"
    assert wrong("simulation: {max_time: " + "9" * 5000 + "s}").code == "E146"
    assert wrong("simulation: {seed: 1e999}").code == "E152"


@pytest.mark.parametrize("digits", [39, 45, 60, 61, 300, 310, 400, 5000])
@pytest.mark.parametrize(
    "place", ["simulation: {seed: %s}", "computeEnvironments: [{computeResources: {maxvCpus: %s}}]"]
)
def test_a_whole_number_of_any_length_is_out_of_range_and_told_as_it_was_written(place: str, digits: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(place % ("9" * digits))
    [problem] = [each for each in caught.value.problems if each.value.startswith("999")]
    assert (problem.message, problem.hint) == ("out of range", "")
    assert problem.value == ("9" * digits if digits <= 80 else "9" * 77 + "...")


def test_a_number_too_large_for_a_float_is_told_as_it_was_written() -> None:
    assert wrong("simulation: {seed: 1e999}").value == "1e999"
    assert wrong("world: {spot_factor: 1e999}").value == "1e999"
    assert wrong("name: " + "9" * 5000).hint == ""


def test_only_fifty_problems_are_shown() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("".join(f"key{i}: 1\n" for i in range(200)))
    assert (len(caught.value.problems), caught.value.more) == (50, 150)


SOUND = dump(sound())


def refused(read: Callable[[], object]) -> object:
    """What it reads as, or a ScenarioError that says something (and then None); any other exception fails the test."""
    try:
        return read()
    except ScenarioError as error:
        found = error.found
    assert found
    assert all(problem.code.startswith("E1") and problem.message for problem in found)
    return None


@given(st.integers(0, len(SOUND) - 1), st.integers(0, 40), st.text(max_size=8))
def test_a_damaged_file_is_a_scenario_or_a_scenario_error(start: int, length: int, patch: str) -> None:
    scenario = refused(lambda: loads(SOUND[:start] + patch + SOUND[start + length :]))
    assert scenario is None or loads(dump(scenario)) == scenario


@given(st.text(max_size=30))
def test_any_text_on_the_command_line_is_a_value_or_a_scenario_error(text: str) -> None:
    value = refused(lambda: parse_value(text))
    assert value is None or isinstance(value, str | bool | int | float | list | dict)
    assert not isinstance(value, str) or value in text or text[:1] in "[{\"'"
