"""The table of behaviours keeps its word: what its rows name is there, and every behaviour has a row."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from typing import Literal, get_args, get_origin

import pytest
from fidelity_rows import (
    PROJECT,
    STATUSES,
    Row,
    all_rows,
    is_of_world,
    named_tests,
    place_of,
    places,
    row_files,
    rows_of,
    value_of,
)
from topics import stem_of, topic_of, wanted

from batchsim.spec import Entry, World

OUT_OF_SCOPE = (
    "multi-node", "EKS", "managed instances", "UNMANAGED", "several containers", "quota shares",
    "infrastructure updates", "CloudWatch",
)  # fmt: skip
"""What alone may be left out."""

PLACE = {"region", "zones", "instanceTypes", "prices", "images", "speed", "extra_costs", "fargate_spot_outages"}
OTHER_PLATFORMS = {"platform", "platforms", "fleets"} | {key for key in World.model_fields if key[:8] == "run_task"}
NO_BEHAVIOUR = PLACE | OTHER_PLATFORMS
"""Keys of the world that are no question about what AWS Batch does."""

every_row = pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.id)


@cache
def defined(path: str) -> frozenset[str]:
    """Names at the top of a module, and ``Class.method``."""
    file = PROJECT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    return frozenset(name for node in tree.body for name in _names(node))


def _names(node: ast.stmt, within: str = "") -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [within + node.name]
    if isinstance(node, ast.ClassDef):
        return [node.name, *(name for part in node.body for name in _names(part, f"{node.name}."))]
    if isinstance(node, ast.Assign):
        return [within + target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [within + node.target.id]
    return []


def test_no_two_rows_have_one_id():
    assert [name for name, times in Counter(row.id for row in all_rows()).items() if times > 1] == []


def test_rows_stand_by_number_behaviours_first_and_then_worked_examples():
    mixed = ["4.6aa", "10.1a", "B7", "V3", "4.6b", "B12", "4.6z"]
    assert sorted(mixed, key=place_of) == ["B7", "B12", "V3", "4.6b", "4.6z", "4.6aa", "10.1a"]


def test_every_behaviour_worked_example_and_section_has_a_row():
    missing = set(wanted()) - {stem_of(row.id) for row in all_rows()}
    assert sorted(missing, key=place_of) == []


def test_every_key_of_the_world_that_stands_for_a_behaviour_has_a_row():
    keys = {row.key for row in all_rows()}
    assert sorted(set(World.model_fields) - keys - NO_BEHAVIOUR) == []


def test_a_file_of_rows_says_whose_they_are():
    assert all(path.read_text().startswith('"""Rows of the table of behaviours: ') for path in row_files())
    assert all(rows_of(path) for path in row_files())


@every_row
def test_a_row_belongs_to_a_topic_and_its_rule_is_one_sentence(row: Row):
    assert topic_of(row.id)
    assert row.rule
    assert row.source
    assert ". " not in row.rule.replace("e.g. ", "").replace("i.e. ", "")


@every_row
def test_the_code_that_a_row_names_is_there(row: Row):
    assert places(row) or row.status == "out of scope"
    assert [place for place in places(row) if place.name not in defined(place.path)] == []


@every_row
def test_the_tests_that_a_row_names_are_there(row: Row):
    assert named_tests(row) or row.status == "out of scope"
    named = [test.partition("[")[0].split("::") for test in named_tests(row)]
    assert [(path, name) for path, name in named if name not in defined(path)] == []
    folders = ("tests/behaviour/", "tests/golden/")
    assert [path for path, _ in named if not path.startswith(folders)] == [], "a row names a story of behaviour"


@every_row
def test_a_status_is_explained(row: Row):
    assert row.status in STATUSES
    assert row.note or row.status in ("exact", "parameter")
    assert bool(row.key) == (row.status == "parameter")
    if row.status == "out of scope":
        assert any(each.lower() in row.note.lower() for each in OUT_OF_SCOPE)
    else:
        assert row.breaks or (is_of_world(row) and len(row.tests) > 1), "a row without a mutation"


@pytest.mark.parametrize("row", [row for row in all_rows() if row.status == "parameter"], ids=lambda row: row.id)
def test_every_value_of_a_parameter_has_a_test(row: Row):
    assert isinstance(row.tests, dict)
    if not is_of_world(row):
        scope, _, key = row.key.partition(".")
        assert scope == "workload"
        assert key in Entry.model_fields
        return
    listed = [value_of(row.key, value) for value in row.tests]
    every = _all_values(World.model_fields[row.key].annotation)
    assert [value for value in every if value not in listed] == []
    assert getattr(World(), row.key) in listed, "the default has a test"
    assert len(listed) > 1


def _all_values(annotation: object) -> tuple[object, ...]:
    """The values of a key that takes only so many; none for numbers, times and laws."""
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
