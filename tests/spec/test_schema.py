"""The JSON Schema takes what we take: checked with a small validator of the few words that it uses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from batchsim.formats.scenario_yaml import load
from batchsim.formats.yaml_reader import read_yaml
from batchsim.spec import to_data
from batchsim.spec.schema import json_schema
from tests.spec.documents import DESCRIBED, RICH, small, sound

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json_schema()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether ``value`` fits; any word of the schema that is not known here fails the test."""
    return all(CHECKS[word](value, told, schema) for word, told in schema.items() if word not in ANNOTATIONS)


def is_type(value: Any, told: Any, _schema: Any) -> bool:
    kinds = told if isinstance(told, list) else [told]
    return any(isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds)


def has_properties(value: Any, told: Any, _schema: Any) -> bool:
    return not isinstance(value, dict) or all(fits(item, told[key]) for key, item in value.items() if key in told)


def has_no_others(value: Any, told: Any, schema: Any) -> bool:
    patterns = schema.get("patternProperties", {})
    others = (
        [
            item
            for key, item in value.items()
            if key not in schema.get("properties", {}) and not any(re.search(pattern, key) for pattern in patterns)
        ]
        if isinstance(value, dict)
        else []
    )
    return not others if told is False else all(fits(item, told) for item in others)


def fits_patterns(value: Any, told: Any, _schema: Any) -> bool:
    pairs = [(item, schema) for key, item in value.items() for name, schema in told.items() if re.search(name, key)]
    return all(fits(item, schema) for item, schema in pairs)


ANNOTATIONS = {"title", "description", "examples", "$schema", "$defs", "format"}
CHECKS: dict[str, Any] = {
    "$ref": lambda value, told, _: fits(value, SCHEMA["$defs"][told.removeprefix("#/$defs/")]),
    "type": is_type,
    "properties": has_properties,
    "additionalProperties": has_no_others,
    "required": lambda value, told, _: not isinstance(value, dict) or set(told) <= set(value),
    "items": lambda value, told, _: not isinstance(value, list) or all(fits(item, told) for item in value),
    "enum": lambda value, told, _: value in told,
    "const": lambda value, told, _: value == told and not isinstance(value, bool),
    "anyOf": lambda value, told, _: any(fits(value, one) for one in told),
    "oneOf": lambda value, told, _: sum(fits(value, one) for one in told) == 1,
    "pattern": lambda value, told, _: not isinstance(value, str) or bool(re.search(told, value)),
    "minimum": lambda value, told, _: not isinstance(value, int | float) or value >= told,
    "maximum": lambda value, told, _: not isinstance(value, int | float) or value <= told,
    "minItems": lambda value, told, _: not isinstance(value, list) or len(value) >= told,
    "patternProperties": lambda value, told, schema: not isinstance(value, dict) or fits_patterns(value, told, schema),
    "maxProperties": lambda value, told, _: not isinstance(value, dict) or len(value) <= told,
    "maxItems": lambda value, told, _: not isinstance(value, list) or len(value) <= told,
    "minProperties": lambda value, told, _: not isinstance(value, dict) or len(value) >= told,
}


@pytest.mark.parametrize("document", [small(), RICH, DESCRIBED, to_data(sound())], ids=["small", "rich", "aws", "dump"])
def test_what_loads_fits_the_schema(document: dict[str, Any]) -> None:
    assert fits(document, SCHEMA)


def test_a_rich_scenario_loads_and_its_resolved_form_fits_too() -> None:
    changes = {key: value for key, value in RICH.items() if key not in small()}
    assert fits(to_data(sound(workload=RICH["workload"], **changes)), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"jobQueues__0__priorty": 1},
        {"jobQueues__0__priority": "high"},
        {"workload__0__run": "5 minutes"},
        {"workload__0__run": {"lognormal": {"mean": "5m"}}},
        {"workload__0__at": {"poisson": 20}},
        {"world": {"market": "wild"}},
        {"jobDefinitions__0__containerProperties__linuxParameters": {"device": []}},
    ],
)
def test_what_is_wrong_by_itself_does_not_fit(change: dict[str, Any]) -> None:
    assert not fits(small(**change), SCHEMA)


SHIPPED = sorted((*ROOT.glob("scenarios/*.yaml"), *ROOT.glob("batchsim/cli/*.yaml")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_loads_and_fits(path: Path) -> None:
    load(path)
    assert fits(read_yaml(path.read_text(encoding="utf-8"), path.name).data, SCHEMA)


def test_every_reference_leads_somewhere() -> None:
    names = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(SCHEMA)))
    assert names <= set(SCHEMA["$defs"])


def test_every_key_of_the_world_is_described() -> None:
    assert all(field.get("description") for field in SCHEMA["$defs"]["World"]["properties"].values())
