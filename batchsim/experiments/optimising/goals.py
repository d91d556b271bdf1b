"""What is wanted, and what must hold: objectives, and constraints on chances or on means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchsim.analysis.metrics import Metric
from batchsim.errors import ExperimentError
from batchsim.experiments.chance import Chance, Demand, metric_called, parse_chance, parse_demand
from batchsim.experiments.paired import FEWEST_OF_ONE_SIGN, Estimate, Floats, spread, t_quantile
from batchsim.spec.optimise import OptimiseSpec

_LEAST = 1e-9
"""Of a constraint that does not hold, by however little."""
_HINT = 0.1
"""How much the mean's distance from the limit adds to the shortfall of a chance: a slope where no run meets it."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric whose mean over replications is to be small, or large."""

    metric: Metric
    sign: int
    """1 to minimise, -1 to maximise: times it, less is better."""

    @property
    def goal(self) -> str:
        """``minimise`` or ``maximise``."""
        return "minimise" if self.sign > 0 else "maximise"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A demand on the probability that a run meets a limit, or that the mean over replications meets one."""

    limit: Chance
    """Metric, operator and limit."""
    demand: Demand | None
    """None of a constraint on the mean."""

    def __str__(self) -> str:
        return str(self.demand) if self.demand else f"{self.limit.metric.name} {self.limit.condition}"

    @property
    def metric(self) -> Metric:
        """Whose values are looked at."""
        return self.limit.metric

    @property
    def unit(self) -> str:
        """Of what is estimated: a share, or the metric's unit."""
        return "share" if self.demand else self.metric.unit

    def estimate(self, values: Floats, level: float = 0.95) -> Estimate | None:
        """The probability with Wilson's interval, or the mean with Student's; None of a mean that is not defined."""
        if self.demand:
            return self.limit.estimate(values, level)
        held = spread(values, level) if len(values) and not np.isnan(values).any() else None
        return held.mean if held else None

    def accepts(self, number: float) -> bool:
        """Whether a probability, or a mean, is as demanded."""
        return self.demand.holds(number) if self.demand else bool(self.limit.met(np.array([number]))[0])

    def holds(self, values: Floats) -> bool:
        """Whether the estimate is as demanded; what is not defined is not."""
        if not len(values):
            return False
        number = float(self.limit.met(values).mean() if self.demand else values.mean())
        return not np.isnan(number) and self.accepts(number)

    def violation(self, values: Floats) -> float:
        """How far from holding, 0 where it holds: by the share of runs that is missing, or of the limit.

        Where a chance falls short, a little is added for the distance of the mean from the limit, so that of two points
        that never meet it the nearer one is known.
        """
        if not len(values):
            return 1.0
        if self.holds(values):
            return 0.0
        undefined = float(np.isnan(values).mean())
        far = self._distance(values)
        if self.demand is None:
            return max(_LEAST, far + undefined)
        met = float(self.limit.met(values).mean())
        return max(_LEAST, abs(self.demand.share - met) + _HINT * far / (1 + far) + _HINT * undefined)

    def is_shown_broken(self, values: Floats, risk: float) -> bool:
        """Whether runs show, but for this risk, that it does not hold.

        A chance by the exact binomial test; a mean by Student's one-sided t, or by values that are all alike.
        """
        n = len(values)
        if not n or self.holds(values):
            return False
        if self.demand:
            return _binomial_tail(int(self.limit.met(values).sum()), n, self.demand) < risk
        if np.isnan(values).any():
            return True
        centre, half = float(values.mean()), 0.0
        if np.ptp(values) > 0:
            half = t_quantile(1 - 2 * risk, n) * float(np.std(values, ddof=1)) / n**0.5
        elif n < FEWEST_OF_ONE_SIGN:
            return False
        return not (self.accepts(centre - half) or self.accepts(centre + half))

    def _distance(self, values: Floats) -> float:
        """Of the mean of what is defined from the limit, beyond it, in parts of the limit."""
        defined = values[~np.isnan(values)]
        if not len(defined) or self.accepts_value(mean := float(defined.mean())):
            return 0.0
        return abs(mean - self.limit.limit) / (abs(self.limit.limit) or 1.0)

    def accepts_value(self, value: float) -> bool:
        """Whether one value of the metric is on the right side of the limit, for the demand."""
        wanted = self.demand is None or self.demand.operator in (">", ">=")
        return bool(self.limit.met(np.array([value]))[0]) is wanted


def _binomial_tail(successes: int, n: int, demand: Demand) -> float:
    """How likely so few successes are (or so many, of a demand for few), if the chance is just as demanded."""
    from scipy.special import bdtr, bdtrc

    if demand.operator in (">", ">="):
        return float(bdtr(successes, n, demand.share))
    return 1.0 if successes == 0 else float(bdtrc(successes - 1, n, demand.share))


@dataclass(frozen=True, slots=True)
class Goals:
    """All that is asked of a point, and the metrics that it takes."""

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of objectives and constraints, each once."""
        wanted = [each.metric.name for each in self.objectives]
        return tuple(dict.fromkeys((*wanted, *(each.metric.name for each in self.constraints))))

    def column(self, each: Objective | Constraint) -> int:
        """Where its metric stands among them."""
        return self.metrics.index(each.metric.name)


def goals_of(spec: OptimiseSpec) -> Goals:
    """What is asked. Raises :class:`ExperimentError` for what is no metric, or no constraint."""
    wanted = [(name, 1) for name in spec.minimise] + [(name, -1) for name in spec.maximise]
    try:
        objectives = tuple(Objective(metric_called(name.strip()), sign) for name, sign in wanted)
        constraints = tuple(parse_constraint(text) for text in spec.subject_to)
    except ValueError as error:
        raise ExperimentError(str(error)) from None
    _refuse_twice([each.metric.name for each in objectives], "an objective")
    _refuse_twice([str(each) for each in constraints], "a constraint")
    return Goals(objectives, constraints)


def parse_constraint(text: str) -> Constraint:
    """``P(makespan < 6h) >= 0.95``, or ``wait_p95_s <= 10m`` of the mean. Raises ``ValueError``."""
    if text.strip()[:1] in ("P", "p") and "(" in text:
        demand = parse_demand(text)
        _refuse_idle(text, demand)
        return Constraint(demand.chance, demand)
    try:
        return Constraint(parse_chance(f"P({text})"), None)
    except ValueError as error:
        told = str(error).removeprefix(f"'P({text})': ")
        if told.startswith("not a chance"):
            told = "not a constraint; write it as in 'P(makespan < 6h) >= 0.95', or 'wait_p95_s <= 10m' of the mean"
        raise ValueError(f"{text.strip()!r}: {told}") from None


def _refuse_idle(text: str, demand: Demand) -> None:
    """A demand that every probability meets, or none."""
    if demand.holds(0.0) and demand.holds(1.0):
        raise ValueError(f"{text.strip()!r}: every probability is so; demand more than 0, and at most 1")
    if not demand.holds(0.0) and not demand.holds(1.0):
        raise ValueError(f"{text.strip()!r}: no probability is so; demand at least 0, and at most 1")


def _refuse_twice(names: Sequence[str], what: str) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ExperimentError(f"{twice} is given twice as {what}")
