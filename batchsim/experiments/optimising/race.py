"""The race: which points still may be the best, and which are dropped after a few replications.

Each point begins with a few replications, and doubles them while it may still be the best. It is dropped when its runs
show that it breaks a constraint (exact binomial test of a chance, Student's t of a mean), or that a rival which meets
them all is better: by the paired t of the replications that both ran, whose random numbers are common, in every
objective. Each look and each rival has its part of the risk (Bonferroni), so that a point to which no other is
preferable is dropped by chance in at most that part of the cases. (Student's t leans on means that are near normal.)
O. Maron and A. W. Moore, "Hoeffding races", NIPS 6 (1993); M. Birattari et al., "A racing algorithm for configuring
metaheuristics", GECCO (2002). A point that was dropped for a rival comes back when that rival falls itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from batchsim.experiments.optimising.goals import Goals
from batchsim.experiments.paired import Floats, paired


@dataclass(slots=True, eq=False)
class Runner:
    """A point in the race."""

    number: int
    width: int
    """Metrics of a row of values."""
    values: Floats = field(init=False)
    """Shape (replications run, metrics of the goals); NaN where a run does not define one, or failed."""
    ran: NDArray[np.bool_] = field(init=False)
    """Which of the replications came to their end."""
    broken: str = ""
    """Why it is out for good: a constraint, an objective that it does not define, a scenario that cannot run."""
    beaten_by: Runner | None = None
    fits: bool = False
    """Whether its estimates are as the constraints demand."""
    judged: int = 0
    """Replications that it had when that was settled."""

    def __post_init__(self) -> None:
        self.values = np.zeros((0, self.width))
        self.ran = np.zeros(0, dtype=np.bool_)

    @property
    def n(self) -> int:
        """Replications that it was given."""
        return len(self.ran)

    def column(self, at: int, most: int | None = None) -> Floats:
        """One metric of the runs that came to their end, of the first so many replications."""
        column: Floats = self.values[:most, at][self.ran[:most]]
        return column

    @property
    def is_in(self) -> bool:
        """Whether it may still be the best."""
        return not self.broken and self.beaten_by is None


@dataclass(frozen=True, slots=True)
class Rules:
    """Who is dropped, and when."""

    goals: Goals
    stages: tuple[int, ...]
    """Replications at which is looked; at the last, estimates decide."""
    risk: float

    @property
    def most(self) -> int:
        """Replications of a point that is never dropped."""
        return self.stages[-1]

    def next_stage(self, runner: Runner) -> int:
        """How many replications it has when it is looked at next."""
        return next((stage for stage in self.stages if stage > runner.n), self.most)

    def is_whole(self, runner: Runner) -> bool:
        """Whether it ran all replications."""
        return runner.n >= self.most

    def why_broken(self, runner: Runner) -> str:
        """The objective that some run does not define, or the constraint that is shown to be broken; else empty."""
        if not runner.ran.any():
            return "no run of it came to its end" if runner.n else ""
        for objective in self.goals.objectives:
            missing = int(np.isnan(runner.column(self.goals.column(objective))).sum())
            if missing:
                return f"{objective.metric.name} is undefined in {missing} of {int(runner.ran.sum())} runs"
        for each in self.goals.constraints:
            values = runner.column(self.goals.column(each))
            if self._breaks(runner, each.holds(values), each.is_shown_broken(values, self._risk_of_constraint)):
                return str(each)
        return ""

    def _breaks(self, runner: Runner, holds: bool, shown: bool) -> bool:
        return not holds if self.is_whole(runner) else shown

    @property
    def _looks(self) -> int:
        return max(1, len(self.stages) - 1)

    @property
    def _risk_of_constraint(self) -> float:
        """Half of the risk is the constraints'."""
        return self.risk / 2 / self._looks / max(1, len(self.goals.constraints))

    def _risk_of_rival(self, rivals: int) -> float:
        whole = self.risk / 2 if self.goals.constraints else self.risk
        return whole / self._looks / max(1, rivals)

    def judge(self, runners: Sequence[Runner]) -> None:
        """Settle who is out, who is beaten, and who comes back, after new runs."""
        for runner in runners:
            if runner.n > runner.judged and not runner.broken:
                runner.broken, runner.judged = self.why_broken(runner), runner.n
                runner.fits = self._fits(runner)
        for runner in runners:
            if runner.beaten_by is not None and runner.beaten_by.broken:
                runner.beaten_by = None
        for runner in runners:
            if runner.is_in and runner.n and not self.is_whole(runner):
                runner.beaten_by = self._beater(runner, self._rivals(runner, runners))

    def _fits(self, runner: Runner) -> bool:
        return all(each.holds(runner.column(self.goals.column(each))) for each in self.goals.constraints)

    def _rivals(self, runner: Runner, runners: Sequence[Runner]) -> list[Runner]:
        """The best of those that ran all replications, and those that are still in the race and ran as many."""
        able = [each for each in runners if each is not runner and each.is_in and each.fits and each.n >= runner.n]
        whole = self.best([each for each in able if self.is_whole(each)])
        return [*whole, *(each for each in able if not self.is_whole(each))]

    def _beater(self, runner: Runner, rivals: Sequence[Runner]) -> Runner | None:
        risk = self._risk_of_rival(len(rivals))
        return next((rival for rival in rivals if self.is_shown_better(rival, runner, risk)), None)

    def is_shown_better(self, rival: Runner, runner: Runner, risk: float) -> bool:
        """Whether the pairs of runs show, but for this risk, that it is better in all objectives (or equal in some)."""
        n = min(rival.n, runner.n)
        both = rival.ran[:n] & runner.ran[:n]
        better = 0
        for objective in self.goals.objectives:
            at = self.goals.column(objective)
            mine, other = (objective.sign * each.values[:n, at][both] for each in (rival, runner))
            if not len(mine) or mine.sum() > other.sum():
                return False
            pair = paired(mine, other, 1 - 2 * risk)
            if pair is None or pair.difference.low is None or pair.difference.low < 0:
                return False
            better += bool(pair.different)
        return better > 0

    # -- what estimates say

    def score(self, runner: Runner, at: int) -> float:
        """The mean of an objective over the replications that all run which are not dropped; less is better."""
        objective = self.goals.objectives[at]
        values = runner.column(self.goals.column(objective), self.most)
        return objective.sign * float(values.mean()) if len(values) else float("inf")

    def best(self, runners: Sequence[Runner]) -> list[Runner]:
        """Those that none beats by their means: one, or a Pareto set, from the least of the first objective on.

        Of equal ones the first.
        """
        count = len(self.goals.objectives)
        scored = sorted((tuple(self.score(each, at) for at in range(count)), each.number, each) for each in runners)
        kept: list[tuple[tuple[float, ...], Runner]] = []
        for scores, _, each in scored:
            if not any(all(a <= b for a, b in zip(other, scores, strict=True)) for other, _ in kept):
                kept.append((scores, each))
        return [each for _, each in (kept[:1] if count == 1 else kept)]

    def winners(self, runners: Sequence[Runner]) -> list[Runner]:
        """The best of those that ran all replications and meet the constraints."""
        return self.best([each for each in runners if each.is_in and each.fits and self.is_whole(each)])

    def violations(self, runner: Runner) -> list[float]:
        """How far it is from being defined, then from each constraint; 0 where there is nothing to mend."""
        undefined = [
            float(np.isnan(runner.column(self.goals.column(each))).mean()) if runner.ran.any() else 1.0
            for each in self.goals.objectives
        ]
        return [
            max(undefined),
            *(each.violation(runner.column(self.goals.column(each))) for each in self.goals.constraints),
        ]

    def nearest(self, runners: Sequence[Runner]) -> Runner | None:
        """The one that is least far from meeting all constraints; of equal ones the first."""
        able = [each for each in runners if each.ran.any()]
        return min(able, key=lambda each: (sum(self.violations(each)), each.number), default=None)


def stages_of(first: int, most: int) -> tuple[int, ...]:
    """``5, 10, 20, 30``: each twice the one before, the last ``most``."""
    stages = [min(first, most)]
    while stages[-1] < most:
        stages.append(min(2 * stages[-1], most))
    return tuple(stages)
