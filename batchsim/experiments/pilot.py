"""Where the warm-up of a steady-state scenario ends, found once, from the mean of its first replications.

A single run is too noisy for MSER-5: it cuts where that run's own queue happened to be long, and flatters the rest. The
mean of ten runs shows the transient that all have in common. The cut holds for every replication then, and for all
scenarios that are compared the longest of theirs does, so that pairs are of the same stretch of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batchsim.analysis.steady import CELLS, in_system
from batchsim.analysis.warmup import mser5
from batchsim.experiments.paired import Floats
from batchsim.experiments.variants import Own
from batchsim.prepared import prepare
from batchsim.simulation import Simulation
from batchsim.spec import Scenario

AUTO = "auto"
RUNS = 10
"""Replications whose mean is looked at."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """What was found."""

    warmup_ms: int
    is_too_short: bool
    """Whether the warm-up of some scenario is not over by half of its run: half is cut then."""

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"warmup_s": self.warmup_ms / 1000, "too_short": self.is_too_short, "runs": RUNS, "by": "MSER-5"}


def settled(
    scenarios: Sequence[Scenario], policies: Sequence[Own | None], seed: int
) -> tuple[tuple[Scenario, ...], Pilot | None]:
    """The scenarios with the warm-up found in place of ``auto``, and what was found; None where none asks for it."""
    wanted = [at for at, scenario in enumerate(scenarios) if scenario.simulation.warmup == AUTO]
    if not wanted:
        return tuple(scenarios), None
    cuts = [_cut_ms(scenarios[at], policies[at], seed) for at in wanted]
    found = [half if cut is None else cut for cut, half in cuts]
    pilot = Pilot(min(max(found), *(half for _, half in cuts)), any(cut is None for cut, _ in cuts))
    warmup = f"{pilot.warmup_ms}ms"
    warm = [each.with_("simulation.warmup", warmup) if at in wanted else each for at, each in enumerate(scenarios)]
    return tuple(warm), pilot


def _cut_ms(scenario: Scenario, policies: Own | None, seed: int) -> tuple[int | None, int]:
    """Where the warm-up ends, None if the run is too short to tell; and half of the run."""
    ready = prepare(scenario, policies)
    until = int(scenario.simulation.until)
    edges = np.unique(np.linspace(0, until, CELLS + 1).astype(np.int64))
    levels: list[Floats] = []
    for replication in range(RUNS):
        records = Simulation(ready, seed=seed, replication=replication).finish().records
        levels.append(in_system(records).means(edges))
    first = mser5(np.mean(levels, axis=0))
    return None if first is None else int(edges[first]), until // 2
