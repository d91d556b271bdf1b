"""How much is run, where not all is said: replications, the second look, fresh seeds, and what of a limit each gets."""

from __future__ import annotations

from dataclasses import dataclass

from batchsim.errors import ExperimentError
from batchsim.experiments.optimising.goals import Goals
from batchsim.spec.optimise import REPLICATIONS, TRIALS, OptimiseSpec

_FRESH, _FRESH_OF_CHANCE = 30, 100
"""Replications of fresh seeds: of a chance, so many that its interval is worth something."""
_LEAST = 10
"""Replications under which intervals lean on nothing."""
_PART = 20
"""A twentieth of limited runs: what the fresh seeds of each variant may take, and a point in the race."""
_LOOK_PART = 8
"""An eighth: what the second look may take, in which some leaders fall."""
_LOOK = 4
"""Times as many replications hold the best to its constraints as the race has."""
_MOST_TRIALS = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of points, replications and runs."""

    trials: int
    replications: int
    look: int
    """Replications of the second look; those of the race where there are no constraints."""
    fresh: int
    search_runs: int | None
    """At most so many runs in the race."""
    look_runs: int | None
    """At most so many with the second look."""
    runs: int | None = None
    """At most so many, all told."""

    def fresh_of(self, chosen: int, runs: int) -> int:
        """Replications of fresh seeds, where so many points were chosen by so many runs: what a limit leaves for each.

        (Two at least: the limit is kept unless a Pareto set is as large as what is left.)
        """
        if self.runs is None:
            return self.fresh
        return max(2, min(self.fresh, (self.runs - runs) // (1 + chosen)))


def plan_of(spec: OptimiseSpec, goals: Goals) -> Plan:
    """The numbers given, and for the others what fits them.

    Raises :class:`ExperimentError` (E195) if ``max_runs`` leaves less than one point all of its replications.
    """
    most = spec.max_runs
    default = REPLICATIONS if most is None else min(REPLICATIONS, max(_LEAST, most // _PART))
    replications = spec.replications or default
    usual = _FRESH_OF_CHANCE if any(each.demand for each in goals.constraints) else _FRESH
    fresh = spec.fresh or (usual if most is None else min(usual, max(_LEAST, most // _PART)))
    trials = spec.trials or (TRIALS if most is None else _MOST_TRIALS)
    look = _LOOK * replications if goals.constraints else replications
    if most is None:
        return Plan(trials, replications, look, fresh, None, None)
    look = min(look, replications + most // _LOOK_PART)
    again = max(look - replications, most // _LOOK_PART) if goals.constraints else 0
    left = most - 2 * fresh
    search = left - again
    if search < replications:
        raise ExperimentError(
            f"of max_runs: {most:,} the fresh seeds of winner and baseline take {2 * fresh:,} and a second look "
            f"{again:,}, which leaves {max(search, 0):,} for the search: less than the "
            f"{replications:,} replications of one point. Raise max_runs, or take fewer replications or fresh [E195]"
        )
    return Plan(trials, replications, look, fresh, search, left, most)
