"""What a random fault plan did: makespan, cost and failed jobs beside those of the undisturbed run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

METRICS = ("makespan_s", "cost_usd", "jobs_failed")
"""What damage is measured in."""
WORST = 5


@dataclass(frozen=True, slots=True)
class Damage:
    """One plan's, of one scenario."""

    base: str
    """The scenario's path."""
    number: int
    """Of the plan."""
    metrics: Mapping[str, float]
    undisturbed: Mapping[str, float]

    def more(self, metric: str) -> float:
        """By how much a metric is larger than without the faults."""
        return self.metrics[metric] - self.undisturbed[metric]


def worst(damages: Iterable[Damage], metric: str, most: int = WORST) -> list[Damage]:
    """The plans that made a metric grow most, the worst first; none that did not."""
    found = [each for each in damages if metric in each.metrics and each.more(metric) > 0]
    return sorted(found, key=lambda each: -each.more(metric))[:most]
