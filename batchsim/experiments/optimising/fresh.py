"""The winner held to its word: run anew with random numbers that had no part in its choice, beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from batchsim.analysis.metrics import METRICS
from batchsim.experiments.comparison import Comparison
from batchsim.experiments.optimising.hands import Hands
from batchsim.experiments.optimising.search import Trial
from batchsim.experiments.replications import FailedRun
from batchsim.experiments.variants import BASELINE, Variant
from batchsim.spec import Scenario, scenario_hash
from batchsim.spec.paths import with_values

WINNER = "winner"
NEAREST = "nearest"


def fresh_seed(seed: int) -> int:
    """A seed that hangs on the search's alone, and is another."""
    found = int.from_bytes(blake2b(f"{seed}/fresh".encode(), digest_size=4).digest())
    return found if found != seed else found + 1


def compared(
    hands: Hands, chosen: Sequence[Trial], names: Sequence[str], replications: int, metrics: Sequence[str], level: float
) -> Comparison:
    """The chosen points against the scenario as it stands, over replications of the fresh seed."""
    settings = [(), *(trial.settings for trial in chosen)]
    scenarios: list[Scenario] = [with_values(hands.scenario, each) if each else hands.scenario for each in settings]
    points = [hands.point(each, scenario_hash(scenario)) for each, scenario in zip(settings, scenarios, strict=True)]
    hands.make([(point, range(replications)) for point in points])
    variants = tuple(Variant(name, each) for name, each in zip((BASELINE, *names), scenarios, strict=True))
    measured = np.stack([hands.values(point, replications, metrics) for point in points])
    failed = tuple(
        FailedRun(points.index(point), replication, why) for point, replication, why in hands.failed if point in points
    )
    return Comparison(variants, tuple(metrics), hands.seed, level, measured, failed)


def names_of(chosen: Sequence[Trial], *, is_met: bool) -> list[str]:
    """``winner``, or ``point 3``, ``point 8`` of a Pareto set."""
    if len(chosen) == 1:
        return [WINNER if is_met else NEAREST]
    return [f"point {trial.number}" for trial in chosen]


def metrics_shown(goals: Sequence[str], shown: Sequence[str]) -> tuple[str, ...]:
    """Those of the goals first."""
    return tuple(name for name in dict.fromkeys((*goals, *shown)) if name in METRICS)
