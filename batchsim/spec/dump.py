"""A scenario as plain data again: resolved, stable, and read back as an equal scenario."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from batchsim.spec.base import Model
from batchsim.spec.scenario import Scenario


def to_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as its file holds it (dicts, lists, text, numbers), every default of ``world`` written out.

    Keys stand in the order of the models. What is absent, or empty as by default, is left out.
    """
    dumped = scenario.model_dump(mode="python", by_alias=True, exclude_none=True)
    data: dict[str, Any] = _pruned(scenario, dumped)
    return data


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256, in hex, of the resolved scenario: equal for equal scenarios, whatever their files look like."""
    text = json.dumps(to_data(scenario), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _pruned(value: Any, dumped: Any) -> Any:
    """``dumped`` without the fields of ``value`` that are empty by default, tuples made lists."""
    if isinstance(value, Model):
        fields = ((name, field.alias or name) for name, field in type(value).model_fields.items())
        return {
            key: _pruned(getattr(value, name), dumped[key])
            for name, key in fields
            if key in dumped and not _is_empty_default(value, name)
        }
    if isinstance(value, tuple) and isinstance(dumped, tuple | list):
        return [_pruned(item, shown) for item, shown in zip(value, dumped, strict=True)]
    if isinstance(value, dict) and isinstance(dumped, dict):
        return {key: _pruned(item, dumped[key]) for key, item in value.items()}
    return dumped


def _is_empty_default(model: Model, name: str) -> bool:
    value = getattr(model, name)
    field = type(model).model_fields[name]
    return value in ((), {}, "") and field.get_default(call_default_factory=True) == value
