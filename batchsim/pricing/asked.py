"""The arguments of ``Result.reprice`` read and checked: factors, prices by instance type, commitments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from batchsim.errors import Problem, ScenarioError
from batchsim.spec.near import did_you_mean
from batchsim.units import NANO_PER_USD, parse_usd_per_h_nano

MOST = 10
"""Factors and shares of On-Demand beyond it are mistakes; as for ``world.spot_factor``."""
_PERCENT = re.compile(r"([+-])(\d+(?:\.\d+)?)\s*%")
_MONEY_EXAMPLE = "$0.05/h, or dollars an hour as a number"

Price = str | int | float
"""``"$0.05/h"``, or dollars an hour as a number."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Times a price as it is."""

    times: Fraction
    told: str


@dataclass(frozen=True, slots=True)
class ShareOfOnDemand:
    """A part of the On-Demand price."""

    share: Fraction


@dataclass(frozen=True, slots=True)
class ByType:
    """Nano-dollars an hour by instance type."""

    prices: Mapping[str, int]
    argument: str
    """The argument that gave them."""


Change = Factor | ShareOfOnDemand | ByType


def fail(
    code: str, path: tuple[str, ...], message: str, value: object = "", allowed: str = "", hint: str = ""
) -> NoReturn:
    """Raise one problem of an argument."""
    raise ScenarioError([Problem(code, ("reprice", *path), message, str(value), allowed, hint)])


def read_on_demand(value: object) -> Factor | ByType | None:
    """``"-10%"``, or prices by type."""
    if value is None or isinstance(value, Mapping):
        return None if value is None else _by_type(value, "on_demand")
    return _factor(value, "on_demand") or fail(
        "E148", ("on_demand",), "not a change of prices", value, '"-10%", or {"m5.large": "$0.096/h"}'
    )


def read_spot(value: object) -> Change | None:
    """A share of On-Demand, ``"+20%"``, or prices by type."""
    if value is None or isinstance(value, Mapping):
        return None if value is None else _by_type(value, "spot_price")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ShareOfOnDemand(_number(value, ("spot_price",), 0, MOST, "a share of the On-Demand price"))
    return _factor(value, "spot_price") or fail(
        "E148", ("spot_price",), "not a Spot price", value, '0.4 (of On-Demand), "+20%", or {"m5.large": "$0.03/h"}'
    )


def read_prices(value: Mapping[str, Mapping[str, Price]] | None) -> tuple[ByType, ByType]:
    """On-Demand and Spot prices by type, in the shape of ``world.prices``."""
    found: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for name, given in (value or {}).items():
        path = ("prices", name)
        read = read_keys(given, path, {"on_demand": read_price, "spot": read_price})
        for prices, price in zip(found, read, strict=True):
            if price is not None:
                prices[name] = price
    return ByType(found[0], "prices"), ByType(found[1], "prices")


def read_fallback(value: object) -> Fraction | None:
    """The factor on present prices of types that a region does not sell."""
    return None if value is None else _number(value, ("fallback",), 0, MOST, "a factor on the present prices")


def read_price(value: object, path: tuple[str, ...]) -> int:
    """Nano-dollars an hour."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(_number(value, path, 0, 10_000, "dollars an hour") * NANO_PER_USD)
    try:
        return parse_usd_per_h_nano(str(value))
    except ValueError as error:
        fail("E148", path, str(error), value, _MONEY_EXAMPLE)


def read_discount(value: object, path: tuple[str, ...]) -> Fraction:
    """A discount on On-Demand prices: 0 to below 1."""
    discount = _number(value, path, 0, 1, "a discount")
    if discount == 1:
        fail("E114", path, "out of range", value, "a discount of 0 to below 1")
    return discount


def read_count(value: object, path: tuple[str, ...]) -> int:
    """How many instances, or vCPUs."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1_000_000:
        fail("E114", path, "not a whole number", value, "1 to 1000000")
    return value


def read_keys(
    value: object, path: tuple[str, ...], readers: Mapping[str, Callable[[object, tuple[str, ...]], Any]]
) -> list[Any]:
    """What each reader makes of its key, None where it is absent; E106 for other keys."""
    if not isinstance(value, Mapping):
        fail("E112", path, "not a mapping", value, f"{{{', '.join(readers)}}}")
    for key in value:
        if key not in readers:
            fail("E106", (*path, str(key)), "unknown key", key, ", ".join(readers), did_you_mean(key, readers))
    return [read(value[key], (*path, key)) if key in value else None for key, read in readers.items()]


def _by_type(value: Mapping[Any, Any], argument: str) -> ByType:
    return ByType({str(name): read_price(price, (argument, str(name))) for name, price in value.items()}, argument)


def _factor(value: object, argument: str) -> Factor | None:
    """``"+20%"`` or ``"-10%"``."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    change = Fraction(match[2]) / 100 * (1 if match[1] == "+" else -1)
    if not -1 <= change <= MOST:
        fail("E148", (argument,), "out of range", value, f'"-100%" to "+{MOST * 100}%"')
    return Factor(1 + change, f"{match[1]}{match[2]} %")


def _number(value: object, path: tuple[str, ...], low: float, high: float, what: str) -> Fraction:
    """A finite number within [low, high], exactly as written."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        fail("E114", path, "not a number", value, what)
    if not low <= value <= high:
        fail("E114", path, "out of range", value, f"{what}, {low:g} to {high:g}")
    return Fraction(str(value))
