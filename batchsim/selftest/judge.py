"""When a measurement agrees with theory: the rule for independent replications, for exact values and for bounds.

Of ``R`` replications with mean m and standard deviation s, a value theta is met if
``|m - theta| <= t(R-1, 1 - alpha/2K) s / sqrt(R) + 0.005 |theta|`` with alpha = 0.001 for the whole family of K
quantities (Bonferroni), so that one family in a thousand fails by chance; and the ordinary 95 % half-width must not
exceed what the quantity allows, else the case is inconclusive, which is failed: nobody passes by running too little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isclose, isnan, sqrt
from statistics import fmean, stdev
from typing import Literal

from batchsim.selftest.case import Bounded, Case, Measured, Quantity, Value

FAMILY_ALPHA = 1e-3
"""The probability that a correct simulator fails any of the K quantities."""
SLACK = 0.005
"""A part of theta that is granted beside the interval: rounding to milliseconds, what is left of the warm-up."""
EXACT = 1e-9
TICK = 1e-3
"""Bounds may be missed by one tick of the clock, 1 ms."""

Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one quantity of one case."""

    case: str
    quantity: Quantity
    n: int
    """Replications."""
    measured: Value
    """Their mean; the value that missed, else the first, of an exact one; the worst :class:`Bounded` of bounds."""
    half_width: float | None
    """Of the ordinary 95 % interval, for ``ci``."""
    margin: float | None
    """How far the mean may be from theta, for ``ci``."""
    outcome: Outcome

    @property
    def ok(self) -> bool:
        """Whether it passed."""
        return self.outcome == "pass"


def judge(case: Case, replications: Sequence[Measured], family: int) -> list[Verdict]:
    """Hold what the replications of a case measured to what theory says; ``family`` is K, all quantities judged.

    Raises ``KeyError`` where a replication lacks a quantity.
    """
    return [_judged(case.id, each, [row[each.name] for row in replications], family) for each in case.quantities]


def _judged(case: str, quantity: Quantity, values: Sequence[Value], family: int) -> Verdict:
    if quantity.kind == "exact":
        return _exact(case, quantity, values)
    if quantity.kind == "bound":
        return _bound(case, quantity, values)
    return _interval(case, quantity, [float(value) for value in values], family)


def _exact(case: str, quantity: Quantity, values: Sequence[Value]) -> Verdict:
    missed = [value for value in values if not equal(value, quantity.theta)]
    shown = (missed or list(values) or [None])[0]
    outcome: Outcome = "pass" if values and not missed else "fail"
    return Verdict(case, quantity, len(values), shown, None, None, outcome)


def equal(value: Value, theta: Value) -> bool:
    """Equal; floats, one by one, to a part in 10^9."""
    if isinstance(theta, tuple | list):
        return isinstance(value, tuple | list) and len(value) == len(theta) and all(map(equal, value, theta))
    if isinstance(theta, int | float) and isinstance(value, int | float):
        return isclose(value, theta, rel_tol=EXACT, abs_tol=0.0)
    return bool(value == theta)


def _bound(case: str, quantity: Quantity, values: Sequence[Bounded]) -> Verdict:
    worst = min(values, key=_room, default=None)
    outcome: Outcome = "pass" if worst is not None and _room(worst) >= -TICK else "fail"
    return Verdict(case, quantity, len(values), worst, None, None, outcome)


def _room(bounded: Bounded) -> float:
    """How far a value is from the nearer bound; negative beyond it, or where anything is undefined."""
    room = min(bounded.value - bounded.low, bounded.high - bounded.value)
    return -float("inf") if isnan(room) else room


def _interval(case: str, quantity: Quantity, values: Sequence[float], family: int) -> Verdict:
    n, theta = len(values), float(quantity.theta)
    if n < 2 or any(map(isnan, values)):
        return Verdict(case, quantity, n, fmean(values) if values else None, None, None, "inconclusive")
    centre, error = fmean(values), stdev(values) / sqrt(n)
    half_width = t_quantile(n - 1, 0.975) * error
    margin = t_quantile(n - 1, 1 - FAMILY_ALPHA / (2 * family)) * error + SLACK * abs(theta)
    outcome: Outcome = "pass" if abs(centre - theta) <= margin else "fail"
    if outcome == "pass" and half_width > quantity.allowed:
        outcome = "inconclusive"
    return Verdict(case, quantity, n, centre, half_width, margin, outcome)


@cache
def t_quantile(freedom: int, p: float) -> float:
    """The quantile of Student's t distribution."""
    from scipy.stats import t

    return float(t.ppf(p, freedom))
