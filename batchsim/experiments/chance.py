"""Chances: ``P(makespan < 6h)``, the probability that a run meets a limit, and what may be asked of it.

A threshold of a scenario (``makespan_s: "< 6h"``) over many replications is the same question. A run that does not
define the metric (a night that never got ready) does not meet the limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.metrics import METRICS, OPERATORS, Metric, limit_of, metric, threshold
from batchsim.experiments.intervals import proportion
from batchsim.experiments.paired import Estimate, Floats

_CHANCE = re.compile(r"\s*P\s*\(\s*([A-Za-z0-9_]+)\s*(<=|>=|<|>)\s*([^()\s][^()]*?)\s*\)\s*", re.IGNORECASE)
_DEMAND = re.compile(r"(.*\))\s*(<=|>=|<|>)\s*(\S+)\s*")
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(%?)")
_EXAMPLE = "'P(makespan < 6h)'"
_DEMAND_EXAMPLE = "'P(makespan < 6h) >= 0.95'"
_ENDINGS = ("_s", "_usd", "_share", "_per_h")


@dataclass(frozen=True, slots=True)
class Chance:
    """The event that a run's metric meets a limit, whose probability is in question."""

    metric: Metric
    operator: str
    """One of ``< <= > >=``."""
    limit: float
    """In the metric's unit: seconds, dollars, a share from 0 to 1."""
    condition: str
    """Operator and limit as they were written, as in a scenario's thresholds."""

    def __str__(self) -> str:
        return f"P({self.metric.name} {self.condition})"

    def met(self, values: Floats) -> NDArray[np.bool_]:
        """Which of the runs meet it, by their values; NaN, which a run does not define, does not."""
        held: NDArray[np.bool_] = np.array([OPERATORS[self.operator](each, self.limit) for each in values.tolist()])
        return held.astype(np.bool_)

    def estimate(self, values: Floats, confidence: float = 0.95) -> Estimate | None:
        """The share of the runs that meet it, with Wilson's interval; None of no runs, no interval of one."""
        return proportion(int(self.met(values).sum()), len(values), confidence)


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a chance: ``P(makespan < 6h) >= 0.95``."""

    chance: Chance
    operator: str
    share: float
    """Between 0 and 1."""

    def __str__(self) -> str:
        return f"{self.chance} {self.operator} {self.share:g}"

    def holds(self, probability: float) -> bool:
        """Whether a probability is as demanded."""
        return OPERATORS[self.operator](probability, self.share)


def parse_chance(text: str) -> Chance:
    """Read ``P(METRIC OP LIMIT)``; ``ValueError`` says what is wrong with it.

    Metrics are those of the registry; an ending that names the unit may be left out where one metric only is meant
    (``makespan`` is ``makespan_s``). Limits are as of thresholds: ``6h``, ``$40``, ``95%``.
    """
    match = _CHANCE.fullmatch(text)
    if not match:
        raise ValueError(f"not a chance: {text.strip()!r}; write P(METRIC < LIMIT), as in {_EXAMPLE}")
    of = metric_called(match[1])
    try:
        limit = limit_of(match[3], of.unit)
    except ValueError as error:
        raise ValueError(f"{text.strip()!r}: {error}") from None
    return Chance(of, match[2], limit, f"{match[2]} {match[3]}")


def parse_demand(text: str) -> Demand:
    """Read ``P(METRIC OP LIMIT) OP SHARE``, the share as ``0.95`` or ``95%``; ``ValueError`` says what is wrong."""
    match = _DEMAND.fullmatch(text)
    if not match:
        raise ValueError(f"not a demand on a chance: {text.strip()!r}; write it as in {_DEMAND_EXAMPLE}")
    number = _PART.fullmatch(match[3])
    share = float(number[1]) / (100 if number[2] else 1) if number else -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{text.strip()!r}: a probability is between 0 and 1 (or 0% and 100%), not {match[3]}")
    return Demand(parse_chance(match[1]), match[2], share)


def chance_of_threshold(name: str, condition: str) -> Chance:
    """The chance of one of a scenario's thresholds; ``ValueError`` for what is none."""
    read = threshold(name, condition)
    symbol = next(each for each, compare in OPERATORS.items() if compare is read.compare)
    return Chance(read.metric, symbol, read.limit, read.condition)


def metric_called(name: str) -> Metric:
    """The metric of this name, or of it and its unit. Raises ``ValueError`` for none, or for several."""
    whole = [f"{name}{ending}" for ending in _ENDINGS if f"{name}{ending}" in METRICS]
    if name not in METRICS and len(whole) > 1:
        raise ValueError(f"{name} may be {' or '.join(whole)}: write the whole name")
    return metric(whole[0] if name not in METRICS and whole else name)
