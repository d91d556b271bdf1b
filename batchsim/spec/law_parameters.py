"""The parameters of laws: by which sets each can be given, their ranges and order, and percentiles (``p50``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from math import inf, log, log1p
from typing import Any

from batchsim import units
from batchsim.spec.base import Flaw, FlawsError, check_number, flawed
from batchsim.spec.kinds import DURATION, with_unit
from batchsim.spec.near import did_you_mean

LAW_PARAMETERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "constant": (("value",),),
    "uniform": (("min", "max"),),
    "exponential": (("mean",),),
    "lognormal": (("mean", "cv"), ("median", "sigma")),
    "weibull": (("mean", "cv"), ("shape", "scale")),
    "gamma": (("mean", "cv"), ("shape", "scale")),
    "triangular": (("min", "mode", "max"),),
}
"""The sets of named parameters by which each law can be given; some take percentiles instead (:data:`PERCENTILES`)."""

PERCENTILES: Mapping[str, int] = {"exponential": 1, "lognormal": 2, "weibull": 2, "gamma": 2}
"""How many percentiles determine a law. Any will do: ``p50`` and ``p95``, ``p10`` and ``p99.9``."""

_PURE_NUMBERS: Mapping[str, tuple[float, float]] = {"cv": (0, 1_000), "sigma": (0, 20)}
"""Parameters without unit, with their ranges."""
_LEAST_SHAPE: Mapping[str, float] = {"weibull": 0.05, "gamma": 0.01}
"""Below, nearly all of the law is zero and the rest is in its farthest tail."""
_RANGES: Mapping[tuple[str, str], tuple[float, float]] = {
    **{(name, "shape"): (least, 1e6) for name, least in _LEAST_SHAPE.items()},
    ("gamma", "cv"): (0, 10),
}
"""Ranges that belong to one law; gamma's shape is ``1 / cv**2``."""

_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,2})?)")
_PERCENTILE_PATTERN = r"^p[0-9]{1,2}(\.[0-9]{1,2})?$"
_RANKS: Mapping[str, float] = {"min": -1, "mode": 0.5, "max": 2}
"""Keys that have their place before, among and after the probabilities of percentiles."""
_POSITIVE = ("mean", "median", "scale")


def probability(key: object) -> float | None:
    """The probability of a percentile's key: 0.5 of ``p50``, 0.999 of ``p99.9``; None for any other key, and p0."""
    match = _PERCENTILE.fullmatch(key) if isinstance(key, str) else None
    return (float(Fraction(match[1]) / 100) or None) if match else None


def percentiles_of(params: Mapping[str, float]) -> list[tuple[float, float]]:
    """(probability, ms) of the percentiles among parameters, by rising probability."""
    return sorted((p, value) for key, value in params.items() if (p := probability(key)) is not None)


def parse_params(name: str, params: object) -> dict[str, float]:
    """The parameters of law ``name``, durations in ms; raises :class:`FlawsError` with every flaw of them at once."""
    if not isinstance(params, Mapping):
        raise flawed("E142", f"{name} needs its parameters", params, allowed=_allowed(name))
    flaws = [_unknown(name, key) for key in params if not _is_known(name, key)]
    if not flaws and not _is_whole(name, params):
        shown = ", ".join(params) or None
        flaws = [Flaw("E142", f"{name} needs exactly one set of parameters", (), shown, _allowed(name))]
    if flaws:
        raise FlawsError(*flaws)
    parsed = read_params(params, lambda key, value: _parse_param(name, key, value))
    flaws = [*disordered(parsed), *_zero(parsed)] or list(_too_far_apart(name, parsed))
    if flaws:
        raise FlawsError(*flaws)
    return parsed


def read_params(params: Mapping[Any, Any], read: Callable[[str, Any], float]) -> dict[str, float]:
    """Each parameter read, min and percentiles and max in their order; the flaws of all at once."""
    parsed: dict[str, float] = {}
    flaws: list[Flaw] = []
    for key in sorted(params, key=_place):
        try:
            parsed[key] = read(key, params[key])
        except FlawsError as error:
            flaws += [flaw.under(key) for flaw in error.flaws]
    if flaws:
        raise FlawsError(*flaws)
    return parsed


def disordered(params: Mapping[str, float]) -> Iterator[Flaw]:
    """E142 for each of min, mode, percentiles and max whose value is more than the next one's."""
    ranked = (key for key in params if key in _RANKS or probability(key) is not None)
    for low, high in pairwise(ranked):
        if params[low] > params[high]:
            yield Flaw("E142", f"{low} is more than {high}", (low,), _show_param(low, params[low]))


def parse_length(value: object) -> int:
    """A duration of at least 0 in ms, as a parameter or a value of a sample (E142, E146)."""
    if (isinstance(value, str) and value.startswith("-")) or (isinstance(value, float) and not value >= 0):
        raise flawed("E142", "must not be negative", value)
    return with_unit(units.parse_duration_ms)(value)


def show_params(params: Mapping[str, float]) -> dict[str, Any]:
    """The file form of parameters: the inverse of :func:`parse_params`."""
    return {key: _show_param(key, value) for key, value in params.items()}


def params_schema(name: str) -> dict[str, Any]:
    """JSON Schema of the parameters of law ``name``."""
    forms = [_form_schema(name, form) for form in LAW_PARAMETERS[name]]
    if (count := PERCENTILES.get(name)) is not None:
        forms.append(percentiles_schema({}, count, count))
    return {"anyOf": forms}


def percentiles_schema(named: Mapping[str, Any], least: int, most: int | None = None) -> dict[str, Any]:
    """JSON Schema of a mapping of ``least`` to ``most`` percentiles, and of what else is ``named``."""
    bounds = {"minProperties": least, **({} if most is None else {"maxProperties": most})}
    patterns = {_PERCENTILE_PATTERN: dict(DURATION.schema)}
    rest = {"properties": dict(named)} if named else {}
    return {"type": "object", **rest, "patternProperties": patterns, "additionalProperties": False, **bounds}


def _allowed(name: str) -> str:
    sets = ["{" + ", ".join(form) + "}" for form in LAW_PARAMETERS[name]]
    shown = {1: "one percentile, as {p50}", 2: "two percentiles, as {p50, p95}"}
    return " or ".join([*sets, *(shown[PERCENTILES[name]] for _ in range(name in PERCENTILES))])


def _named(name: str) -> list[str]:
    return list(dict.fromkeys(key for form in LAW_PARAMETERS[name] for key in form))


def _is_known(name: str, key: object) -> bool:
    return key in _named(name) or (name in PERCENTILES and probability(key) is not None)


def _unknown(name: str, key: object) -> Flaw:
    near = [*_named(name), *(["p50", "p95", "p99"] if name in PERCENTILES else [])]
    return Flaw("E106", "unknown key", (str(key),), key, _allowed(name), did_you_mean(key, near))


def _is_whole(name: str, params: Mapping[Any, Any]) -> bool:
    """Whether known keys make up one set of parameters, or as many different percentiles as determine the law."""
    if any(set(params) == set(form) for form in LAW_PARAMETERS[name]):
        return True
    given = [probability(key) for key in params]
    return None not in given and len(set(given)) == len(given) == PERCENTILES.get(name)


def _place(key: str) -> float:
    """Where a parameter stands among its set's: as declared, percentiles by their probability."""
    return _RANKS.get(key, probability(key) or 0)


def _parse_param(name: str, key: str, value: object) -> float:
    low, high = _RANGES.get((name, key)) or _PURE_NUMBERS.get(key) or (0, inf)
    return check_number(value, "E142", low, high) if high < inf else parse_length(value)


def _zero(params: Mapping[str, float]) -> Iterator[Flaw]:
    """A location of 0, from which no such law could rise."""
    for key, value in params.items():
        if value == 0 and (key in _POSITIVE or probability(key) is not None):
            yield Flaw("E142", f"{key} must be more than 0", (key,), "0s", hint="Write 0s for no delay at all")


def _too_far_apart(name: str, params: Mapping[str, float]) -> Iterator[Flaw]:
    """Percentiles that only a law of a shape below the least one could have.

    Between probabilities p < q, a Weibull law's logarithm rises by ``ln(ln(1 - q) / ln(1 - p)) / shape``, a gamma
    law's by at least ``ln(q / p) / shape`` (its distribution function is at least ``x**shape e**-x / Γ(shape + 1)``).
    """
    found = percentiles_of(params)
    if name not in _LEAST_SHAPE or len(found) < 2:
        return
    (p, low), (q, high) = found
    rise = log(log1p(-q) / log1p(-p)) if name == "weibull" else log(q / p)
    if log(high / low) > rise / _LEAST_SHAPE[name]:
        first, second = sorted(params, key=lambda key: probability(key) or 0)
        message = f"{first} and {second} are too far apart for a {name} law"
        yield Flaw("E142", message, (second,), _show_param(second, high), hint="A lognormal law can have them")


def _show_param(key: str, value: float) -> Any:
    pure = key == "shape" or key in _PURE_NUMBERS
    return value if pure else units.format_duration(int(value))


def _form_schema(name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    properties = {key: _param_schema(name, key) for key in keys}
    return {"type": "object", "properties": properties, "required": list(keys), "additionalProperties": False}


def _param_schema(name: str, key: str) -> dict[str, Any]:
    bounds = _RANGES.get((name, key)) or _PURE_NUMBERS.get(key)
    return {"type": "number", "minimum": bounds[0], "maximum": bounds[1]} if bounds else dict(DURATION.schema)
