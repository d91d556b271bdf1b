"""Laws of durations as a scenario writes them: ``5m``, ``{uniform: {min, max}}``, ``{lognormal: {mean, cv}}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from batchsim import units
from batchsim.spec.base import FileForm, Flaw, FlawsError, check_number, flawed
from batchsim.spec.kinds import DURATION, with_unit
from batchsim.spec.near import did_you_mean

LawName = Literal["constant", "uniform", "exponential", "lognormal"]

LAW_PARAMETERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "constant": (("value",),),
    "uniform": (("min", "max"),),
    "exponential": (("mean",),),
    "lognormal": (("mean", "cv"), ("median", "sigma"), ("p50", "p95")),
}
"""The parameter sets by which each law can be given; ``cv`` and ``sigma`` are numbers, all others durations."""

_PURE_NUMBERS: Mapping[str, float] = {"cv": 1_000.0, "sigma": 20.0}
"""Parameters without unit, and their greatest values."""


@dataclass(frozen=True, slots=True)
class LawSpec:
    """A law by name, with one of its sets of :data:`LAW_PARAMETERS`; durations among them are in ms."""

    name: LawName
    params: Mapping[str, float]


def constant(duration_ms: int) -> LawSpec:
    """The law that always gives ``duration_ms``."""
    return LawSpec("constant", {"value": duration_ms})


def parse_law(value: object) -> LawSpec:
    """A law from its file form: a bare duration is constant, else a mapping of one law's name to its parameters.

    Raises :class:`FlawsError`: E106 unknown law or parameter, E142 a parameter out of range, E146 a unit missing.
    """
    if isinstance(value, LawSpec):
        return value
    if not isinstance(value, Mapping):
        return constant(with_unit(units.parse_duration_ms)(value))
    name, params = single_key(value, LAW_PARAMETERS, "law")
    return LawSpec(name, _parse_params(name, params))  # type: ignore[arg-type]


def show_law(law: LawSpec) -> Any:
    """The file form of a law: the inverse of :func:`parse_law`."""
    if law.name == "constant":
        return units.format_duration(int(law.params["value"]))
    return {law.name: {key: _show_param(key, value) for key, value in law.params.items()}}


def single_key(value: Mapping[Any, Any], known: Mapping[str, Any], what: str) -> tuple[str, Any]:
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
    known = {"cv": _PURE_NUMBERS["cv"]}
    if not isinstance(params, Mapping) or set(params) != set(known):
        raise flawed("E142", "a skew needs cv, and only cv", params, path=(name,), allowed="{cv: 0.5}")
    return LawSpec("lognormal", {"cv": check_number(params["cv"], "E142", 0.0, known["cv"])})


def _parse_params(name: str, params: object) -> dict[str, float]:
    """The parameters of law ``name``, every flaw of them at once."""
    forms = LAW_PARAMETERS[name]
    allowed = " or ".join("{" + ", ".join(form) + "}" for form in forms)
    if not isinstance(params, Mapping):
        raise flawed("E142", f"{name} needs its parameters", params, path=(name,), allowed=allowed)
    known = [key for form in forms for key in form]
    flaws = [_unknown(name, key, known, allowed) for key in params if key not in known]
    if not flaws and tuple(sorted(params)) not in {tuple(sorted(form)) for form in forms}:
        flaws = [Flaw("E142", f"{name} needs exactly one set of parameters", (name,), ", ".join(params), allowed)]
    if flaws:
        raise FlawsError(*flaws)
    parsed: dict[str, float] = {}
    for key in (key for form in forms for key in form if key in params):
        try:
            parsed[key] = _parse_param(key, params[key])
        except FlawsError as error:
            flaws += [flaw.under(name, key) for flaw in error.flaws]
    flaws = flaws or _disordered(name, parsed)
    if flaws:
        raise FlawsError(*flaws)
    return parsed


def _unknown(name: str, key: object, known: list[str], allowed: str) -> Flaw:
    return Flaw("E106", "unknown key", (name, str(key)), key, allowed, did_you_mean(key, known))


def _parse_param(key: str, value: object) -> float:
    if key in _PURE_NUMBERS:
        return check_number(value, "E142", 0.0, _PURE_NUMBERS[key])
    if (isinstance(value, str) and value.startswith("-")) or (isinstance(value, float) and not value >= 0):
        raise flawed("E142", "must not be negative", value)
    return with_unit(units.parse_duration_ms)(value)


def _disordered(name: str, params: Mapping[str, float]) -> list[Flaw]:
    """FlawsError between parameters: an empty range, a location of 0."""
    for low, high in (("min", "max"), ("p50", "p95")):
        if low in params and params[low] > params[high]:
            return [Flaw("E142", f"{low} is more than {high}", (name, low), _show_param(low, params[low]))]
    for key in ("mean", "median", "p50"):
        if params.get(key) == 0:
            return [Flaw("E142", f"{key} must be more than 0", (name, key), "0s", hint="Write 0s for no delay at all")]
    return []


def _show_param(key: str, value: float) -> Any:
    return value if key in _PURE_NUMBERS else units.format_duration(int(value))


def _param_schema(key: str) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "maximum": _PURE_NUMBERS[key]} if key in _PURE_NUMBERS else _DURATION


def _form_schema(keys: tuple[str, ...]) -> dict[str, Any]:
    properties = {key: _param_schema(key) for key in keys}
    return {"type": "object", "properties": properties, "required": list(keys), "additionalProperties": False}


def _show_skew(skew: LawSpec) -> Any:
    return {skew.name: dict(skew.params)}


_DURATION = dict(DURATION.schema)
_LAWS = {name: {"anyOf": [_form_schema(form) for form in forms]} for name, forms in LAW_PARAMETERS.items()}
LAW_SCHEMA: Mapping[str, Any] = {
    "anyOf": [_DURATION, {"type": "object", "properties": _LAWS, "additionalProperties": False, "minProperties": 1}]
}
"""JSON Schema of a law's file form."""
_SKEW_SCHEMA = {"anyOf": [{"const": 0}, {"type": "object", "properties": {"lognormal": _form_schema(("cv",))}}]}

Law = Annotated[LawSpec, FileForm(parse_law, LAW_SCHEMA, show_law)]
Skew = Annotated[LawSpec | None, FileForm(parse_skew, _SKEW_SCHEMA, _show_skew)]
