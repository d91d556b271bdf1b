"""What a study varies: values of one path of a scenario, as a list, a range or a distribution.

A knob turns a number between 0 and 1 into a value (random and Latin hypercube designs), and may have levels (grids).
Values are as a scenario file holds them, with their units: ``60s``, ``$0.05/h``, ``4GiB``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import NormalDist
from typing import Any

from batchsim.spec.base import check_number, check_whole, flawed
from batchsim.spec.fields import Form, object_schema, read_fields, unknown_keys
from batchsim.units import format_duration, parse_duration_ms

MOST_LEVELS = 100_000
"""Of one knob."""
_DIGITS = 6
"""Significant digits of values that a design makes up: they are to be read, and typed again."""
_ALLOWED = (
    "a list of values, 64..4096, {from, to, step}, {from, to, levels}, {from, to, scale: log}, {uniform: {low, high}}, "
    "{log_uniform: {low, high}}, {triangular: {low, mode, high}}, {normal: {mean, sd}} or {lognormal: {mean, cv}}"
)
_QUANTITY = re.compile(r"(\$?)(-?[0-9]+(?:\.[0-9]+)?)([^0-9.].*)?")
_RANGE = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Unit:
    """How numbers of one kind are written: a duration in ms, or what stands before and after them."""

    before: str = ""
    after: str = ""
    is_duration: bool = False
    is_whole: bool = False

    def show(self, number: Fraction | float) -> Any:
        """The number as a scenario file holds it."""
        if self.is_duration:
            return format_duration(max(0, round(number)))
        if self.is_whole:
            return round(number)
        rounded = float(f"{float(number):.{_DIGITS}g}")
        if not (self.before or self.after):
            return rounded
        text = f"{rounded:.12f}".rstrip("0").rstrip(".")
        return f"{self.before}{text}{self.after}"


@dataclass(frozen=True, slots=True)
class Knob:
    """One varied path's values."""

    data: Any
    """As the study file has it: what the knob was made of."""
    at: Callable[[float], Any]
    """The value at a number from 0 to 1 of a uniform distribution."""
    levels: tuple[Any, ...] = ()
    """Of a grid; none of a range without step, or a distribution."""
    is_ordered: bool = False
    """Whether its values are numbers on a scale."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Knob) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]


def parse_knob(value: object) -> Knob:
    """A knob from its file form. Raises :class:`FlawsError` (E106, E111, E112, E113, E114)."""
    if isinstance(value, Knob):
        return value
    if isinstance(value, list | tuple):
        return _listed(list(value))
    if isinstance(value, str) and (ends := range_of(value)):
        return replace(_ranged(ends), data=value)
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a list, a range or a distribution", value, allowed=_ALLOWED)
    if "from" in value or "to" in value:
        return _ranged(value)
    kind = next((key for key in _DISTRIBUTIONS if key in value), None)
    if kind is None or unknown_keys(value, {kind: None}, "key"):
        odd = next((key for key in value if key != kind), None)
        raise flawed("E106", "no range or distribution", odd, path=(odd,) if odd else (), allowed=_ALLOWED)
    form = _DISTRIBUTIONS[kind]
    if not isinstance(value[kind], Mapping):
        raise flawed("E112", "not a mapping", value[kind], path=(kind,), allowed=_ALLOWED)
    return Knob(value, form.make(*read_fields(value[kind], form.readers, form.required)), is_ordered=True)


def number_of(value: object) -> float | None:
    """A value of a scenario as a number on its scale (a duration in seconds); None of one that is no quantity."""
    try:
        amount, unit = _amount(value)
    except ValueError:
        return None
    return float(amount) / 1000 if unit.is_duration else float(amount)


def range_of(text: str) -> dict[str, Any] | None:
    """``64..4096`` or ``60s..20m`` as ``{from, to}``; None of a text that is none (``a/../b.csv``)."""
    match = _RANGE.fullmatch(text)
    ends = [_as_number(end) for end in match.groups()] if match else []
    if not ends or any(number_of(end) is None for end in ends):
        return None
    return dict(zip(("from", "to"), ends, strict=True))


def _as_number(text: str) -> Any:
    """A number where the text is nothing else."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _listed(values: list[Any]) -> Knob:
    if not values:
        raise flawed("E111", "an empty list of values", allowed=_ALLOWED)
    if len(values) > MOST_LEVELS:
        raise flawed("E114", "too many values", len(values), allowed=f"at most {MOST_LEVELS:,}")
    for position, value in enumerate(values):
        if value in values[:position] and type(value) is type(values[values.index(value)]):
            raise flawed("E123", "given twice", value, path=(position,))
    levels = tuple(values)
    ordered = all(number_of(value) is not None for value in values)
    return Knob(values, lambda u: levels[min(int(u * len(levels)), len(levels) - 1)], levels, ordered)


def _ranged(value: Mapping[Any, Any]) -> Knob:
    """``{from, to}`` with a step, a number of levels, or neither."""
    readers = {"from": _read, "to": _read, "step": _read, "levels": _read_levels, "scale": _read_scale}
    low, high, step, count, scale = read_fields(value, readers, 2)
    unit = _shared({"from": low, "to": high, **({"step": step} if step else {})})
    first, last = low[0], high[0]
    if not first < last:
        raise flawed("E114", "to is not more than from", value["to"], path=("to",))
    if scale == "log" and (first <= 0 or step):
        raise flawed("E114", "a logarithmic range starts above 0, and has no step", value["from"], path=("from",))
    if step and count:
        raise flawed("E117", "a range has a step or a number of levels", value["step"], path=("step",))
    spread = _log(first, last) if scale == "log" else _linear(first, last)
    if not (step or count):
        return Knob(value, _drawn(spread, first, last, unit, scale), is_ordered=True)
    levels = _stepped(first, last, step[0], unit) if step else _spaced(spread, count, unit)
    return Knob(value, lambda u: levels[min(int(u * len(levels)), len(levels) - 1)], levels, is_ordered=True)


def _drawn(
    spread: Callable[[float], Any], low: Fraction, high: Fraction, unit: Unit, scale: str | None
) -> Callable[[float], Any]:
    """A continuous range; of whole numbers, both ends included and equally likely."""
    if unit.is_whole and scale != "log":
        return lambda u: min(int(low) + int(u * (int(high) - int(low) + 1)), int(high))
    return lambda u: unit.show(spread(u))


def _stepped(low: Fraction, high: Fraction, step: Fraction, unit: Unit) -> tuple[Any, ...]:
    if step <= 0:
        raise flawed("E114", "the step is not more than 0", float(step), path=("step",))
    count = int((high - low) / step) + 1
    if count > MOST_LEVELS:
        raise flawed("E114", "too many values", count, allowed=f"at most {MOST_LEVELS:,}")
    return tuple(unit.show(low + number * step) for number in range(count))


def _spaced(spread: Callable[[float], Any], count: int, unit: Unit) -> tuple[Any, ...]:
    """So many values from end to end; whole numbers are rounded, and stand once each."""
    shown = [unit.show(spread(number / (count - 1))) for number in range(count)]
    return tuple(dict.fromkeys(shown))


def _linear(low: Fraction, high: Fraction) -> Callable[[float], Any]:
    return lambda u: low + Fraction(u) * (high - low)


def _log(low: Fraction, high: Fraction) -> Callable[[float], Any]:
    first, last = math.log(low), math.log(high)
    return lambda u: math.exp(first + u * (last - first))


# -- quantities

_Amount = tuple[Fraction, Unit]


def _amount(value: object) -> _Amount:
    """Number and unit of ``4``, ``0.5``, ``90s``, ``$0.05/h``, ``4GiB``; ``ValueError`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number, and not a number with a unit")  # noqa: TRY004 -- the one error of this function
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return Fraction(str(value)), Unit(is_whole=isinstance(value, int))
    try:
        return Fraction(parse_duration_ms(value)), Unit(is_duration=True)
    except ValueError:
        match = _QUANTITY.fullmatch(value.strip())
    if not match or not (match[1] or match[3]):
        raise ValueError("not a number, and not a number with a unit")
    return Fraction(match[2]), Unit(match[1], match[3] or "")


def _read(value: Any) -> _Amount:
    try:
        return _amount(value)
    except ValueError as error:
        raise flawed("E112", str(error), value, allowed="16, 0.5, 90s, $0.05/h, 4GiB, ...") from None


def _read_levels(value: Any) -> int:
    return check_whole(value, "E114", 2, MOST_LEVELS, "a number of levels")


def _read_scale(value: Any) -> str:
    if value not in ("linear", "log"):
        raise flawed("E113", "not a scale", value, allowed="linear, log")
    return str(value)


def _read_cv(value: Any) -> float:
    return check_number(value, "E114", 0, 100)


def _shared(amounts: Mapping[str, _Amount]) -> Unit:
    """The unit that all of them have; whole only if all are."""
    units = [unit for _, unit in amounts.values()]
    first = units[0]
    for (name, (number, _)), unit in zip(amounts.items(), units, strict=True):
        if (unit.before, unit.after, unit.is_duration) != (first.before, first.after, first.is_duration):
            told = f"in another unit than {next(iter(amounts))}"
            raise flawed("E146", told, float(number), path=(name,), hint="Give all of them in one unit")
    return Unit(first.before, first.after, first.is_duration, all(unit.is_whole for unit in units))


# -- distributions


def _uniform(low: _Amount, high: _Amount) -> Callable[[float], Any]:
    return _between(low, high, None)


def _log_uniform(low: _Amount, high: _Amount) -> Callable[[float], Any]:
    return _between(low, high, "log")


def _between(low: _Amount, high: _Amount, scale: str | None) -> Callable[[float], Any]:
    unit = _shared({"low": low, "high": high})
    if not low[0] < high[0]:
        raise flawed("E114", "high is not more than low", float(high[0]), path=("high",))
    if scale == "log" and low[0] <= 0:
        raise flawed("E114", "low is not more than 0", float(low[0]), path=("low",))
    spread = _log(low[0], high[0]) if scale == "log" else _linear(low[0], high[0])
    return _drawn(spread, low[0], high[0], unit, scale)


def _triangular(low: _Amount, mode: _Amount, high: _Amount) -> Callable[[float], Any]:
    unit = _shared({"low": low, "mode": mode, "high": high})
    first, middle, last = (float(each[0]) for each in (low, mode, high))
    if not (first <= middle <= last and first < last):
        raise flawed("E114", "not low <= mode <= high", middle, path=("mode",))
    cut = (middle - first) / (last - first)

    def at(u: float) -> Any:
        if u < cut:
            return unit.show(first + math.sqrt(u * (last - first) * (middle - first)))
        return unit.show(last - math.sqrt((1 - u) * (last - first) * (last - middle)))

    return at


def _normal(mean: _Amount, sd: _Amount) -> Callable[[float], Any]:
    unit = _shared({"mean": mean, "sd": sd})
    if sd[0] <= 0:
        raise flawed("E114", "sd is not more than 0", float(sd[0]), path=("sd",))
    law = NormalDist(float(mean[0]), float(sd[0]))
    return lambda u: unit.show(law.inv_cdf(_inside(u)))


def _lognormal(mean: _Amount, cv: float) -> Callable[[float], Any]:
    amount, unit = mean
    if amount <= 0 or cv <= 0:
        raise flawed("E114", "mean and cv must be more than 0", float(amount), path=("mean",))
    variance = math.log1p(cv * cv)
    law = NormalDist(math.log(amount) - variance / 2, math.sqrt(variance))
    return lambda u: unit.show(math.exp(law.inv_cdf(_inside(u))))


def _inside(u: float) -> float:
    """Away from the ends, where a normal law is without bounds."""
    return min(max(u, 2.0**-54), 1 - 2.0**-53)


_DISTRIBUTIONS: Mapping[str, Form] = {
    "uniform": Form(_uniform, {"low": _read, "high": _read}, 2),
    "log_uniform": Form(_log_uniform, {"low": _read, "high": _read}, 2),
    "triangular": Form(_triangular, {"low": _read, "mode": _read, "high": _read}, 3),
    "normal": Form(_normal, {"mean": _read, "sd": _read}, 2),
    "lognormal": Form(_lognormal, {"mean": _read, "cv": _read_cv}, 2),
}
_ANY: Mapping[str, Any] = {"type": ["number", "string"]}
KNOB_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "array", "minItems": 1},
        {"type": "string", "pattern": r"\.\."},
        object_schema(
            {
                "from": _ANY,
                "to": _ANY,
                "step": _ANY,
                "levels": {"type": "integer", "minimum": 2},
                "scale": {"enum": ["linear", "log"]},
            },
            2,
        ),
        *(
            object_schema({name: object_schema(dict.fromkeys(form.readers, _ANY), form.required)})
            for name, form in _DISTRIBUTIONS.items()
        ),
    ]
}
"""JSON Schema of the file form."""
