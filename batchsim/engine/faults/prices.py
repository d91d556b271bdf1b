"""``price_shock``: while it lasts a Spot price is so many times what it would be; several multiply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from batchsim.engine.faults.targets import ALWAYS, Window
from batchsim.engine.price_steps import Steps, price_at


@dataclass(frozen=True, slots=True)
class PriceShock:
    """Prices of these types, in all zones, times a factor."""

    number: int
    window: Window
    types: frozenset[int]
    factor: Fraction


Shocks = Sequence[PriceShock]


def bounds_of(shocks: Shocks) -> set[int]:
    """The instants at which one begins or ends."""
    return {at for each in shocks for at in (each.window.from_ms, each.window.until_ms) if at != ALWAYS}


def shocked(price: int, shocks: Shocks, at_ms: int) -> int:
    """What shocks make of a price at an instant: rounded half to even once, a nano-dollar an hour at least."""
    factor = prod((each.factor for each in shocks if each.window.covers(at_ms)), start=Fraction(1))
    return max(1, round(price * factor))


def with_shocks(steps: Steps, shocks: Shocks) -> list[tuple[int, int]]:
    """Steps of one type, and what its shocks make of them."""
    cuts = {at for at, _ in steps} | bounds_of(shocks)
    return [(at, shocked(price_at(steps, at), shocks, at)) for at in sorted(cuts)]


def on_type(shocks: Iterable[PriceShock], type_: int) -> tuple[PriceShock, ...]:
    """The shocks of a type's price."""
    return tuple(each for each in shocks if type_ in each.types)
