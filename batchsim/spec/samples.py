"""Empirical laws as a scenario writes them: a sample of durations, here or in a CSV file, or a table of percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchsim import units
from batchsim.spec.base import Flaw, FlawsError, check_flag, check_number, check_text, flawed
from batchsim.spec.fields import Reader, object_schema, read_fields, read_items
from batchsim.spec.kinds import DURATION
from batchsim.spec.law_parameters import (
    disordered,
    parse_length,
    percentiles_schema,
    probability,
    read_params,
    show_params,
)
from batchsim.spec.near import did_you_mean

SAMPLE_UNITS = ("ms", "s", "m", "min", "h", "d")
"""Units in which a column of durations can be written."""

MAX_WEIGHT = 1e9
"""No weight is more; only the ratios of weights matter."""

_ALLOWED = "[10s, 1m, ...], {values: [...], weights: [...]}, {file: F.csv, column: NAME, unit: s}, {p50: 1m, max: 1h}"


@dataclass(frozen=True, slots=True)
class Sample:
    """Observed durations in ms, each as likely as its weight (all alike without); drawn again, or between neighbours.

    ``interpolate`` joins the middles of the steps of their distribution function by straight lines.
    """

    values_ms: tuple[int, ...]
    weights: tuple[float, ...] = ()
    interpolate: bool = False


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sample in a column of a CSV file, its ``path`` relative to the scenario's."""

    path: str
    column: str
    unit: str = "s"
    interpolate: bool = False


def parse_empirical(value: object) -> Sample | SampleFile | dict[str, float]:
    """What stands after ``empirical:``; a table of percentiles becomes parameters, in ms.

    Raises :class:`FlawsError` (E106, E111, E112, E142, E146).
    """
    if isinstance(value, list | tuple):
        return Sample(_parse_values(value))
    if not isinstance(value, Mapping) or not value:
        raise flawed("E142", "empirical needs a sample, or percentiles", value, allowed=_ALLOWED)
    if "file" in value:
        return _parse_file(value)
    if "values" in value:
        return _parse_sample(value)
    return _parse_table(value)


def show_empirical(sample: Sample | SampleFile | None, params: Mapping[str, float]) -> Any:
    """The file form of an empirical law: the inverse of :func:`parse_empirical`."""
    if sample is None:
        return show_params(params)
    more = {"interpolate": True} if sample.interpolate else {}
    if isinstance(sample, SampleFile):
        return {"file": sample.path, "column": sample.column, "unit": sample.unit, **more}
    values = [units.format_duration(value) for value in sample.values_ms]
    if not sample.weights and not more:
        return values
    return {"values": values, **({"weights": list(sample.weights)} if sample.weights else {}), **more}


def check_weights(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Weights of which at least one is more than 0 (E142)."""
    if not any(weights):
        raise flawed("E142", "the weights sum to 0", allowed="at least one of more than 0")
    return weights


def parse_weight(value: object) -> float:
    """One weight (E142)."""
    return check_number(value, "E142", 0, MAX_WEIGHT)


def _parse_values(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise flawed("E142", "a sample needs durations", value, allowed="[10s, 1m, ...]")
    return read_items(value, parse_length)


def _parse_weights(value: object) -> tuple[float, ...]:
    if not isinstance(value, list | tuple):
        raise flawed("E112", "not a list", value, allowed="[1, 2, ...]")
    return check_weights(read_items(value, parse_weight))


def _parse_sample(value: Mapping[Any, Any]) -> Sample:
    readers: dict[str, Reader] = {"values": _parse_values, "weights": _parse_weights, "interpolate": check_flag}
    values_ms, weights, interpolate = read_fields(value, readers, 1)
    if weights and len(weights) != len(values_ms):
        message = f"{len(values_ms)} values, but {len(weights)} weights"
        raise flawed("E142", message, path=("weights",), allowed="one weight a value")
    return Sample(values_ms, weights or (), bool(interpolate))


def _parse_file(value: Mapping[Any, Any]) -> SampleFile:
    readers: dict[str, Reader] = {
        "file": check_text, "column": check_text, "unit": _parse_unit, "interpolate": check_flag
    }  # fmt: skip
    path, column, unit, interpolate = read_fields(value, readers, 2)
    return SampleFile(path, column, unit or "s", bool(interpolate))


def _parse_unit(value: object) -> str:
    if value not in SAMPLE_UNITS:
        hint = did_you_mean(value, SAMPLE_UNITS)
        raise flawed("E146", "unknown unit of a duration", value, allowed=", ".join(SAMPLE_UNITS), hint=hint)
    return str(value)


def _parse_table(value: Mapping[Any, Any]) -> dict[str, float]:
    """``min`` (0 if absent), percentiles and ``max``, which must be there: no percentile tells where a law ends."""
    flaws = [_unknown(key) for key in value if key not in ("min", "max") and probability(key) is None]
    if not flaws and "max" not in value:
        flaws = [Flaw("E111", "percentiles need a max", ("max",), allowed=_ALLOWED)]
    if not flaws and not any(probability(key) for key in value):
        flaws = [Flaw("E111", "empirical needs a percentile", (), allowed=_ALLOWED, hint="Or write uniform")]
    if flaws:
        raise FlawsError(*flaws)
    parsed = read_params({"min": "0s", **value}, lambda _, length: parse_length(length))
    flaws = list(disordered(parsed))
    if flaws:
        raise FlawsError(*flaws)
    return parsed


def _unknown(key: object) -> Flaw:
    known = ("min", "p50", "p95", "p99", "max", "values", "weights", "file", "column")
    return Flaw("E106", "unknown key", (str(key),), key, _ALLOWED, did_you_mean(key, known))


_VALUES_SCHEMA = {"type": "array", "minItems": 1, "items": dict(DURATION.schema)}
_FLAG = {"type": "boolean"}
EMPIRICAL_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        _VALUES_SCHEMA,
        object_schema(
            {"values": _VALUES_SCHEMA, "weights": {"type": "array", "items": {"type": "number"}}, "interpolate": _FLAG}
        ),
        object_schema(
            {
                "file": {"type": "string"},
                "column": {"type": "string"},
                "unit": {"enum": list(SAMPLE_UNITS)},
                "interpolate": _FLAG,
            },
            required=2,
        ),
        percentiles_schema({"min": dict(DURATION.schema), "max": dict(DURATION.schema)}, 2),
    ]
}
"""JSON Schema of what stands after ``empirical:``."""
