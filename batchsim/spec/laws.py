"""Laws of durations as a scenario writes them: ``5m``, ``{lognormal: {mean, cv}}``, ``{mixture: [...]}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from batchsim import units
from batchsim.errors import Path
from batchsim.spec.aws_shapes import SHAPE_KEY
from batchsim.spec.base import FileForm, Flaw, FlawsError, check_number, flawed
from batchsim.spec.fields import read_duration, read_items
from batchsim.spec.kinds import DURATION
from batchsim.spec.law_parameters import LAW_PARAMETERS, params_schema, parse_length, parse_params, show_params
from batchsim.spec.near import did_you_mean
from batchsim.spec.samples import (
    EMPIRICAL_SCHEMA,
    MAX_WEIGHT,
    Sample,
    SampleFile,
    check_weights,
    parse_empirical,
    parse_weight,
    show_empirical,
)

LawName = Literal[
    "constant", "uniform", "exponential", "lognormal", "weibull", "gamma", "triangular", "empirical", "mixture"
]

LAWS: tuple[str, ...] = (*LAW_PARAMETERS, "empirical", "mixture")
"""The names of all laws."""

MAX_NESTED = 8
"""Mixtures of mixtures go no deeper."""
_MAX_CV = 1_000.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mixture: its weight, of which only the ratio to the others' matters, and its law."""

    weight: float
    law: LawSpec


@dataclass(frozen=True, slots=True)
class LawSpec:
    """A law by name, with one of its sets of parameters; durations among them are in ms.

    An empirical law has a sample, or percentiles as parameters (``min`` and ``max`` among them); a mixture has parts.
    """

    name: LawName
    params: Mapping[str, float] = field(default_factory=dict)
    sample: Sample | SampleFile | None = None
    parts: tuple[Part, ...] = ()


def constant(duration_ms: int) -> LawSpec:
    """The law that always gives ``duration_ms``."""
    return LawSpec("constant", {"value": duration_ms})


def parse_law(value: object) -> LawSpec:
    """A law from its file form: a bare duration is constant, else a mapping of one law's name to its parameters.

    Raises :class:`FlawsError`: E106 unknown law or parameter, E111 a key missing, E142 a parameter out of range, E146
    a unit missing.
    """
    return _parse_law(value, MAX_NESTED)


def show_law(law: LawSpec) -> Any:
    """The file form of a law: the inverse of :func:`parse_law`."""
    if law.name == "constant":
        return units.format_duration(int(law.params["value"]))
    if law.name == "mixture":
        return {"mixture": [{"weight": part.weight, **_show_part(part.law)} for part in law.parts]}
    if law.name == "empirical":
        return {"empirical": show_empirical(law.sample, law.params)}
    return {law.name: show_params(law.params)}


def single_key(value: Mapping[Any, Any], known: Mapping[str, Any] | tuple[str, ...], what: str) -> tuple[str, Any]:
    """The only key of ``value`` and what it holds; a flaw when there are more, or when the key is not ``known``."""
    allowed = ", ".join(known)
    for key in value:
        if key not in known:
            raise flawed("E106", f"unknown {what}", key, path=(key,), allowed=allowed, hint=did_you_mean(key, known))
    if len(value) != 1:
        raise flawed("E142", f"exactly one {what} belongs here", ", ".join(value) or None, allowed=allowed)
    return next(iter(value.items()))


def parse_skew(value: object) -> LawSpec | None:
    """The skew of a data set's partitions: ``{lognormal: {cv}}``, mean 1 implied; 0 or nothing is even."""
    if isinstance(value, LawSpec):
        return value
    if value is None or value == 0:
        return None
    if not isinstance(value, Mapping):
        raise flawed("E142", "not a skew", value, allowed="{lognormal: {cv: 0.5}}")
    name, params = single_key(value, {"lognormal": ()}, "skew")
    if not isinstance(params, Mapping) or set(params) != {"cv"}:
        raise flawed("E142", "a skew needs cv, and only cv", params, path=(name,), allowed="{cv: 0.5}")
    return LawSpec("lognormal", {"cv": check_number(params["cv"], "E142", 0.0, _MAX_CV)})


def _parse_law(value: object, nested: int) -> LawSpec:
    """``nested``: how many more mixtures may stand one in another."""
    if isinstance(value, LawSpec):
        return value
    if not isinstance(value, Mapping):
        return constant(read_duration(value))
    name, given = single_key(value, LAWS, "law")
    try:
        return _named(name, given, nested)
    except FlawsError as error:
        raise FlawsError(*(flaw.under(name) for flaw in error.flaws)) from None


def _named(name: str, given: object, nested: int) -> LawSpec:
    """The law of a known name; flaws are seen from inside it."""
    if name == "mixture":
        return LawSpec("mixture", parts=_parse_parts(given, nested - 1))
    if name == "empirical":
        found = parse_empirical(given)
        return LawSpec("empirical", found) if isinstance(found, dict) else LawSpec("empirical", sample=found)
    if name == "constant" and not isinstance(given, Mapping):
        return constant(parse_length(given))
    return LawSpec(name, parse_params(name, given))  # type: ignore[arg-type]


def _parse_parts(value: object, nested: int) -> tuple[Part, ...]:
    if not isinstance(value, list | tuple) or not value:
        allowed = "[{weight: 9, lognormal: {...}}, {weight: 1, constant: 2h}, ...]"
        raise flawed("E142", "a mixture needs parts", value, allowed=allowed)
    if nested < 0:
        raise flawed("E142", f"mixtures are nested more than {MAX_NESTED} deep")
    parts: tuple[Part, ...] = read_items(value, lambda item: _parse_part(item, nested))
    check_weights(tuple(part.weight for part in parts))
    return parts


def _parse_part(value: object, nested: int) -> Part:
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a mapping", value, allowed="{weight: 1, lognormal: {...}}")
    if "weight" not in value:
        strange = next((key for key in value if key not in LAWS), None)
        hint = "" if strange is None else did_you_mean(strange, ("weight",))
        raise flawed("E111", "missing key", strange if hint else None, path=("weight",), hint=hint)
    law = {key: item for key, item in value.items() if key != "weight"}
    flaws: list[Flaw] = []
    read: list[Any] = []
    readers: tuple[tuple[Path, Callable[[Any], Any], Any], ...] = (
        (("weight",), parse_weight, value["weight"]),
        ((), lambda item: _parse_law(item, nested), law),
    )
    for path, reader, item in readers:
        try:
            read.append(reader(item))
        except FlawsError as error:
            flaws += [flaw.under(*path) for flaw in error.flaws]
    if flaws:
        raise FlawsError(*flaws)
    return Part(*read)


def _show_part(law: LawSpec) -> dict[str, Any]:
    shown = show_law(law)
    return shown if isinstance(shown, dict) else {"constant": shown}


def _show_skew(skew: LawSpec) -> Any:
    return {skew.name: dict(skew.params)}


_LAW, _PART = "Law", "MixturePart"
_NAMED: Mapping[str, Any] = {
    **{name: params_schema(name) for name in LAW_PARAMETERS},
    "constant": {"anyOf": [dict(DURATION.schema), params_schema("constant")]},
    "empirical": EMPIRICAL_SCHEMA,
    "mixture": {"type": "array", "minItems": 1, "items": {SHAPE_KEY: _PART}},
}


def _one_of(more: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping that holds one law, and ``more``."""
    count = 1 + len(more)
    bounds = {"required": list(more), "minProperties": count, "maxProperties": count}
    return {"type": "object", "properties": {**more, **_NAMED}, "additionalProperties": False, **bounds}


LAW_SHAPES: Mapping[str, Any] = {
    _LAW: {"anyOf": [dict(DURATION.schema), _one_of({})]},
    _PART: _one_of({"weight": {"type": "number", "minimum": 0, "maximum": MAX_WEIGHT}}),
}
"""Definitions of the JSON Schema: a law may hold laws, so they refer to themselves."""
LAW_SCHEMA: Mapping[str, Any] = {SHAPE_KEY: _LAW}
"""JSON Schema of a law's file form: a reference that ``schema.py`` puts in."""

_CV = {"type": "number", "minimum": 0, "maximum": _MAX_CV}
_SKEW = {"type": "object", "properties": {"cv": _CV}, "required": ["cv"], "additionalProperties": False}
_SKEW_SCHEMA = {"anyOf": [{"const": 0}, {"type": "object", "properties": {"lognormal": _SKEW}}]}

Law = Annotated[LawSpec, FileForm(parse_law, LAW_SCHEMA, show_law)]
Skew = Annotated[LawSpec | None, FileForm(parse_skew, _SKEW_SCHEMA, _show_skew)]
