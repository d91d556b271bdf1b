"""Sequential stopping: run replications until a metric is known as well as was asked, or the most is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from batchsim.analysis.metrics import metric
from batchsim.errors import ExperimentError
from batchsim.experiments.intervals import spread_of
from batchsim.experiments.paired import Estimate, Floats, bonferroni, defined_in_both, paired
from batchsim.spec.precision import FIRST, Precision, parse_precision

Given = Precision | Mapping[str, Any]
"""A precision, or its file form: ``{"metric": "cost_usd", "rel": 0.02}``."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where sequential sampling ended."""

    wanted: Precision
    replications: int
    got: float | None
    """The widest half interval over its mean (in a comparison, over the baseline's); None where a mean is undefined."""

    @property
    def is_reached(self) -> bool:
        """Whether the metric is known as well as was asked."""
        return self.got is not None and self.got <= self.wanted.rel

    @property
    def is_hopeless(self) -> bool:
        """Whether some series has no interval after ten replications: more of them would not help."""
        return self.got is None

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        asked = self.wanted
        got = None if self.got is None or not np.isfinite(self.got) else self.got
        return {
            "metric": asked.metric, "rel": asked.rel, "conf": asked.conf, "max_replications": asked.max_replications,
            "replications": self.replications, "got": got, "reached": self.is_reached,
        }  # fmt: skip


def plain(given: Given | None) -> dict[str, Any] | None:
    """A precision as it stands in a study file."""
    return given.model_dump(exclude_unset=True) if isinstance(given, Precision) else dict(given) if given else None


def read(given: Given | None, replications: int | None) -> Precision | None:
    """The precision asked for, if any.

    Raises :class:`ScenarioError` for what it cannot be, :class:`ExperimentError` for an unknown metric, and if a number
    of replications is given, too.
    """
    if given is None:
        return None
    if replications is not None:
        raise ExperimentError("replications and precision are two ways to say how many runs: give one of them")
    asked = parse_precision(given)
    try:
        metric(asked.metric)
    except ValueError as error:
        raise ExperimentError(f"precision: {error}") from None
    return asked


def sampled(wanted: Precision, more: Callable[[int], T], stop: Callable[[T], Stop]) -> tuple[T, Stop]:
    """Sample until ``stop`` is content: ten replications, then a quarter more at a time.

    ``more(n)`` gives all that is known after ``n`` replications. Every look is at all replications so far, so the
    interval at the end covers a little less often than it says (A. M. Law, *Simulation Modeling and Analysis*, ch. 9).
    """
    count = FIRST
    while True:
        known = more(count)
        found = stop(known)
        if found.is_reached or found.is_hopeless or count >= wanted.max_replications:
            return known, found
        count = wanted.after(count)


def of_means(wanted: Precision, series: Sequence[Floats], seed: int, replications: int) -> Stop:
    """Hold the mean of each series, NaN = undefined, to its own interval."""
    kept = [each[~np.isnan(each)] for each in series]
    found = [spread_of(wanted.metric, each, wanted.conf, seed) for each in kept]
    return _widest(wanted, replications, [_relative(each.mean, each.mean.value) if each else None for each in found])


def of_differences(wanted: Precision, baseline: Floats, variants: Sequence[Floats], replications: int) -> Stop:
    """Hold each variant's paired difference to the baseline's mean: its change is known to so many percent of that."""
    level = bonferroni(wanted.conf, len(variants))
    found: list[float | None] = []
    for each in variants:
        both = defined_in_both(baseline, each)
        pair = paired(baseline[both], each[both], level)
        found.append(_relative(pair.difference, pair.baseline_mean) if pair else None)
    return _widest(wanted, replications, found)


def _widest(wanted: Precision, replications: int, halves: Sequence[float | None]) -> Stop:
    known = [each for each in halves if each is not None]
    return Stop(wanted, replications, max(known) if len(known) == len(halves) else None)


def _relative(estimate: Estimate, mean: float) -> float | None:
    """The longer side of an interval over a mean; infinite of a mean of nothing; None without an interval."""
    if estimate.low is None or estimate.high is None:
        return None
    half = max(estimate.value - estimate.low, estimate.high - estimate.value)
    if half == 0:
        return 0.0
    return half / abs(mean) if mean else float("inf")
