"""The kinds of fields that models are made of: names, flags, bounded numbers, and quantities with their units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from batchsim import units
from batchsim.spec.base import (
    MAX_INT,
    NAME,
    FileForm,
    check_flag,
    check_name,
    check_number,
    check_text,
    check_whole,
    flawed,
)

T = TypeVar("T")
MAX_USD_PER_H = 10_000
"""No instance type costs a tenth of it; a bill of nano-dollars stays within 64 bits."""
MAX_USD = 10
"""The same for a GB of storage."""


def whole(code: str, low: int, high: int = MAX_INT, *, aws: bool = False) -> FileForm:
    """An integer within [low, high]; ``aws``: AWS's bounds, which fall with ``strict_limits: false``."""

    def read(value: object, strict: bool = True) -> int:
        return check_whole(value, code, low if strict else min(low, 1), high if strict else MAX_INT)

    upper = {"maximum": high} if high < MAX_INT else {}
    bounds = {} if aws else {"minimum": low, **upper}
    return FileForm(read, {"type": "integer", **bounds}, relaxable=aws)


def number(code: str, low: float, high: float = math.inf) -> FileForm:
    """A finite float within [low, high]."""
    upper = {"maximum": high} if math.isfinite(high) else {}
    schema = {"type": "number", "minimum": low, **upper}
    return FileForm(lambda value: check_number(value, code, low, high), schema)


def with_unit(parse: Callable[[Any], T], code: str = "E146") -> Callable[[Any], T]:
    """``parse`` of :mod:`batchsim.units`, its ``ValueError`` made a flaw that shows the value."""

    def parsed(value: Any) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise flawed(code, str(error), value) from None

    return parsed


def _at_most(parse: Callable[[Any], int], most: int, shown: str) -> Callable[[Any], int]:
    """``parse``, refusing more than ``most``."""

    def parsed(value: Any) -> int:
        if (found := parse(value)) > most:
            raise ValueError(f"more than {shown}")
        return found

    return parsed


_mib = _at_most(units.parse_mib, MAX_INT, f"{MAX_INT:,} MiB")
_usd_per_h = _at_most(units.parse_usd_per_h_nano, MAX_USD_PER_H * units.NANO_PER_USD, f"${MAX_USD_PER_H:,} an hour")


def quantity(
    parse: Callable[[Any], T], show: Callable[[T], str], pattern: str, example: str, code: str = "E146"
) -> FileForm:
    """A quantity: read with its unit, kept as a number, written with its unit again. 0 needs none."""
    schema = {"anyOf": [{"type": "string", "pattern": pattern, "examples": [example]}, {"const": 0}]}
    return FileForm(with_unit(parse, code), schema, show)


def money(most_usd: int, example: str) -> FileForm:
    """Dollars as in ``$0.08``, at most ``most_usd``; kept in nano-dollars."""
    parse = _at_most(units.parse_usd_nano, most_usd * units.NANO_PER_USD, f"${most_usd:,}")
    return quantity(parse, units.format_usd, f"^({_MONEY}|0)$", example, "E148")


def _show_throughput(bytes_per_s: int) -> str:
    return f"{units.format_bytes(bytes_per_s)}/s"


def _show_usd_per_h(nano_usd: int) -> str:
    return f"{units.format_usd(nano_usd)}/h"


_SIZE = r"[0-9]+(\.[0-9]+)?([kMGTP]|[KMGTP]i)?B"
RATE_PATTERN = r"^[0-9]+(\.[0-9]+)?(/[0-9]+)?/(s|min|h|d)$"
_MONEY = r"\$[0-9]+(\.[0-9]+)?"

DURATION = quantity(units.parse_duration_ms, units.format_duration, r"^(([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+|0)$", "90s")
"""The file form of a duration, kept in ms."""


def _positive_ms(value: Any) -> int:
    """A duration of at least a millisecond (E149)."""
    found: int = DURATION.read(value)
    if found < 1:
        raise flawed("E149", "takes no time", value, allowed="more than 0s")
    return found


Text = Annotated[str, FileForm(check_text, {"type": "string"})]
Name = Annotated[str, FileForm(check_name, {"type": "string", "pattern": f"^{NAME.pattern}$"})]
Flag = Annotated[bool, FileForm(check_flag, {"type": "boolean"})]
Strings = tuple[Text, ...]
TextMap = dict[Text, Text]
Whole = Annotated[int, whole("E114", 0)]
Probability = Annotated[float, number("E144", 0, 1)]

DurationMs = Annotated[int, DURATION]
PositiveMs = Annotated[int, FileForm(_positive_ms, DURATION.schema, DURATION.show)]
Bytes = Annotated[int, quantity(units.parse_bytes, units.format_bytes, f"^({_SIZE}|0)$", "10TB")]
Mib = Annotated[int, quantity(_mib, units.format_mib, f"^({_SIZE}|0)$", "4GiB")]
BytesPerS = Annotated[int, quantity(units.parse_throughput_bytes_per_s, _show_throughput, f"^{_SIZE}/s$", "80MB/s")]
UsdPerH = Annotated[int, quantity(_usd_per_h, _show_usd_per_h, f"^({_MONEY}/h|0)$", "$0.05/h", "E148")]
Usd = Annotated[int, money(MAX_USD, "$0.08")]
