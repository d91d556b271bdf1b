"""Searches on problems with a known answer, without simulation: a function of the settings, and nights with chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batchsim.experiments.optimising.goals import goals_of
from batchsim.experiments.optimising.optimise import NobodyElse
from batchsim.experiments.optimising.plan import plan_of
from batchsim.experiments.optimising.proposals import Proposals
from batchsim.experiments.optimising.race import Rules, stages_of
from batchsim.experiments.optimising.search import Limits, Search
from batchsim.experiments.optimising.space import Space
from batchsim.spec.optimise import parse_optimise

Night = Callable[[Mapping[str, Any], np.random.Generator, np.random.Generator], Mapping[str, float]]
"""Metrics from the settings, the night's dice (all points alike), and the run's own."""


@dataclass
class FakeHands:
    """Runs that are functions."""

    night: Night
    seed: int
    watch: NobodyElse = field(default_factory=NobodyElse)
    points: list[Mapping[str, Any]] = field(default_factory=list)
    runs: int = 0

    def admitted(self, settings: Sequence[tuple[str, Any]]) -> int:
        self.points.append(dict(settings))
        return len(self.points) - 1

    def make(self, orders: Sequence[tuple[int, range]]) -> None:
        self.runs += sum(len(replications) for _, replications in orders)

    def values(self, point: int, replications: int, metrics: Sequence[str]) -> np.ndarray:
        runs = [self._run(point, replication) for replication in range(replications)]
        return np.array([[run[name] for name in metrics] for run in runs], dtype=np.float64)

    def ran(self, point: int, replications: int) -> np.ndarray:
        del point
        return np.ones(replications, dtype=np.bool_)

    def _run(self, point: int, replication: int) -> Mapping[str, float]:
        night = np.random.default_rng([self.seed, replication])
        return self.night(self.points[point], night, np.random.default_rng([self.seed, replication, point]))


def searched(night: Night, over: Mapping[str, Any], seed: int = 1, **asked: Any) -> Search:
    """The search of a problem; ``asked`` as of ``batchsim.optimise``."""
    spec = parse_optimise({"over": dict(over), **asked})
    goals = goals_of(spec)
    plan = plan_of(spec, goals)
    space = Space(spec.over)
    rules = Rules(goals, stages_of(spec.first, plan.replications), spec.risk)
    limits = Limits(plan.trials, plan.search_runs, plan.look, plan.look_runs)
    hands: Any = FakeHands(night, seed)
    search = Search(space, rules, limits, hands, Proposals(space, goals, seed, "synthetic", None, {}))
    search.carry_out()
    return search
