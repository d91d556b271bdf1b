"""Conditions on a comparison, as ``--fail-if`` takes them: ``cost_usd > +10%``, ``makespan_s > +5m``, ``cost_usd > 4``.

A sign makes the limit one of the difference to the baseline, in percent of it or in the metric's unit; without a sign
it is one of the variant's own mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batchsim.analysis.metrics import OPERATORS, Metric, limit_of, metric

Of = Literal["value", "difference", "percent"]
Basis = Literal["mean", "interval"]
"""Judged by the mean; or the condition must hold for the whole confidence interval."""

_CONDITION = re.compile(r"\s*([A-Za-z0-9_]+)\s*(<=|>=|<|>)\s*([+-])?\s*(\S.*?)\s*")
_EXAMPLES = "'cost_usd > +10%', 'makespan_s > +5m' or 'cost_usd > 40'"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must not be: a metric, what of it, and a limit in its unit (or in percent)."""

    text: str
    metric: Metric
    of: Of
    operator: str
    limit: float

    def holds(self, number: float) -> bool:
        """Whether a value, a difference or a percentage meets it."""
        return OPERATORS[self.operator](number, self.limit)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a condition for one variant."""

    condition: Condition
    variant: str
    holds: bool
    """Whether the condition is met, or cannot be judged: either way the answer is no."""
    number: float | None
    """What was held against the limit: a mean, a difference, or a percentage."""
    low: float | None
    high: float | None
    basis: Basis
    because: str
    """On what basis, or why it cannot be judged."""


def parse_condition(text: str) -> Condition:
    """Read one condition; ``ValueError`` says what is wrong with it."""
    match = _CONDITION.fullmatch(text)
    if not match:
        raise ValueError(f"not a condition: {text!r}; write a metric, one of < <= > >= and a limit, as in {_EXAMPLES}")
    name, operator, sign, limit = match.groups()
    of = metric(name)
    if sign is None:
        return Condition(text.strip(), of, "value", operator, _limit(text, limit, of))
    factor = -1 if sign == "-" else 1
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", limit)
    if percent:
        return Condition(text.strip(), of, "percent", operator, factor * float(percent[1]))
    return Condition(text.strip(), of, "difference", operator, factor * _limit(text, limit, of))


def judge(
    condition: Condition, difference: Mapping[str, Any], spread: Mapping[str, Any], basis: Basis = "mean"
) -> Verdict:
    """Judge a variant by its rows of a comparison's ``differences`` and ``table``.

    What cannot be judged counts as met: a gate must not open because a night gave no figure.
    """
    row = spread if condition.of == "value" else difference
    prefix = {"value": "mean", "difference": "difference", "percent": "percent"}[condition.of]
    number, low, high = (row[key] for key in (prefix, f"{prefix}_low", f"{prefix}_high"))
    why = _unjudged(condition, difference, spread, number)
    if basis == "interval" and low is None:
        why = why or "there is no interval"
    judged = [number] if basis == "mean" else [low, high]
    met = bool(why) or all(condition.holds(each) for each in judged)
    return Verdict(condition, difference["variant"], met, number, low, high, basis, why or _because(condition, basis))


def _because(condition: Condition, basis: Basis) -> str:
    what = {"value": "the mean", "difference": "the mean difference", "percent": "the ratio of the means"}[condition.of]
    return f"judged by {what}" if basis == "mean" else f"judged by the whole interval of {what}"


def _unjudged(
    condition: Condition, difference: Mapping[str, Any], spread: Mapping[str, Any], number: float | None
) -> str:
    """Why there is nothing to judge by; empty when there is."""
    name, lost = condition.metric.name, difference["undefined_here_only"]
    if condition.of == "value" and spread["undefined"]:
        return f"{name} is undefined in {spread['undefined']} of {spread['n'] + spread['undefined']} replications"
    if lost:
        return f"{name} is undefined in {lost} of the replications in which the baseline has it"
    if number is None and condition.of == "percent" and difference["n"]:
        return "the baseline's mean is zero, or may be: there is no percentage of it"
    return f"{name} is undefined in every replication" if number is None else ""


def _limit(text: str, limit: str, of: Metric) -> float:
    try:
        return limit_of(limit, of.unit)
    except ValueError as error:
        hint = f"; +{limit} is a change against the baseline" if limit.endswith("%") else ""
        raise ValueError(f"{text.strip()!r}: {error}{hint}") from None
