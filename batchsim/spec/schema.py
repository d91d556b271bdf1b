"""The JSON Schema of scenario files, so that editors complete and check them while one writes.

It says what can be said of a key by itself: names, types, units, choices, the shapes of AWS. What parts owe one another
(references, sums, cycles) only ``batchsim validate`` can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from batchsim.spec.aws_shapes import AWS_SHAPES, SHAPE_KEY, shape_schema
from batchsim.spec.laws import LAW_SHAPES
from batchsim.spec.scenario import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as a JSON document (draft 2020-12)."""
    schema = Scenario.model_json_schema(by_alias=True, schema_generator=_Generator)
    schema["$defs"] |= {name: _shape(fields) for name, fields in AWS_SHAPES.items() if name not in schema["$defs"]}
    schema["$defs"] |= LAW_SHAPES
    described: dict[str, Any] = _refer({"$schema": DIALECT, **schema, "title": "A batchsim scenario"})
    return described


def _refer(part: Any) -> Any:
    """``part`` with references to shapes where their names stand."""
    if isinstance(part, dict):
        told = {key: _refer(value) for key, value in part.items() if key != SHAPE_KEY}
        return {"$ref": f"#/$defs/{part[SHAPE_KEY]}", **told} if SHAPE_KEY in part else told
    return [_refer(value) for value in part] if isinstance(part, list) else part


def _shape(fields: Mapping[str, str]) -> dict[str, Any]:
    properties = {name: shape_schema(kind) for name, kind in fields.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


class _Generator(GenerateJsonSchema):
    """pydantic's generator without its titles, and without ``null`` for fields that may be absent."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What the value is when there is one; AWS's JSON has no nulls."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a title that repeats the key tells an editor nothing."""
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Defaults are documented, not part of the schema: their file form differs from the value kept."""
        return self.generate_inner(schema["schema"])
