"""The search: points are proposed in batches, raced, and told; at last the best are looked at once more, for longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from batchsim.errors import ScenarioError
from batchsim.experiments.design import Settings
from batchsim.experiments.optimising.hands import Hands
from batchsim.experiments.optimising.proposals import Elsewhere, Proposal, Proposals
from batchsim.experiments.optimising.race import Rules, Runner
from batchsim.experiments.optimising.space import Space, key_of
from batchsim.experiments.paired import paired

BATCH = 8
"""Points that are proposed before the first of them is told, for any number of processes."""


@dataclass(slots=True, eq=False)
class Trial(Runner):
    """A point that was tried, or that another process has tried."""

    settings: Settings = ()
    proposal: Proposal | None = None
    point: int = -1
    """In the store."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is searched."""

    trials: int
    runs: int | None
    """Of the search; None = as many as the trials take."""
    look: int
    """Replications over which the best is held to its constraints before it is called so."""
    look_runs: int | None
    """No more runs than that with the second look; None = as many as it takes."""


@dataclass(slots=True, eq=False)
class Search:
    """What has been tried, and how it goes on."""

    space: Space
    rules: Rules
    limits: Limits
    hands: Hands
    proposals: Proposals
    trials: list[Trial] = field(default_factory=list)
    ended: str = ""
    """Why no further point was tried: ``trials``, ``max_runs`` or ``space``."""
    is_looked: bool = False
    """Whether the best were looked at over all replications of the second look."""
    _known: set[str] = field(default_factory=set)

    @property
    def runs(self) -> int:
        """Replications that points were given, all told."""
        return sum(trial.n for trial in self.trials)

    def carry_out(self) -> None:
        """Search, then look again. Raises :class:`~batchsim.experiments.optimising.hands.Stopped`."""
        self.proposals.start()
        while not self._is_over():
            self._take_over()
            batch = self._batch()
            if not batch:
                self.ended = self.ended or "space"
                break
            self.hands.watch.phase(f"points {batch[0].number + 1} to {batch[-1].number + 1}")
            self._race(self.limits.runs)
            self._tell(batch)
            self._say_who_leads()
        self._look_again()

    @property
    def winners(self) -> list[Trial]:
        """The best of those that meet all constraints: one, or a Pareto set."""
        found = self.rules.winners(self.trials)
        return [each for each in found if isinstance(each, Trial)]

    @property
    def nearest(self) -> Trial | None:
        """The point that is least far from meeting all constraints."""
        found = self.rules.nearest(self.trials)
        return found if isinstance(found, Trial) else None

    # -- proposing

    def _is_over(self) -> bool:
        if not self.ended and len(self.trials) >= self.limits.trials:
            self.ended = "trials"
        if not self.ended and self.space.size is not None and len(self.trials) >= self.space.size:
            self.ended = "space"
        return bool(self.ended)

    def _batch(self) -> list[Trial]:
        """The next points; fewer where no others are left."""
        batch: list[Trial] = []
        while len(batch) < min(BATCH, self.limits.trials - len(self.trials) + len(batch)):
            if self.space.size is not None and len(self._known) >= self.space.size:
                break
            proposal = self.proposals.ask(self._known)
            if proposal is None:
                break
            batch.append(self._added(proposal.settings, proposal))
        return batch

    def _added(self, settings: Settings, proposal: Proposal | None) -> Trial:
        trial = Trial(len(self.trials), len(self.rules.goals.metrics))
        trial.settings, trial.proposal = settings, proposal
        self._known.add(key_of(settings))
        self.trials.append(trial)
        try:
            trial.point = self.hands.admitted(settings)
        except ScenarioError as error:
            trial.broken = f"cannot run: {error.found[0].message} [{error.found[0].code}]"
        return trial

    def _take_over(self) -> None:
        """What other processes have tried: their values are what ours would be."""
        for there in self.proposals.elsewhere():
            if key_of(there.settings) in self._known:
                continue
            trial = self._added(there.settings, None)
            if not trial.broken:
                trial.values = np.array(there.rows, dtype=np.float64).reshape(len(there.rows), trial.width)
                trial.ran = np.array(there.ran, dtype=np.bool_)
        self.rules.judge(self.trials)

    # -- racing

    def _race(self, most: int | None) -> None:
        """Go on with those that may still be the best, the ones with the fewest replications first."""
        while ready := [each for each in self.trials if each.is_in and not self.rules.is_whole(each)]:
            least = min(each.n for each in ready)
            group = self._affordable([each for each in ready if each.n == least], most)
            if not group:
                self.ended = "max_runs"
                return
            self._run([(each, self.rules.next_stage(each)) for each in group])

    def _affordable(self, group: list[Trial], most: int | None) -> list[Trial]:
        """As many of them as the limit of runs allows for their next stage."""
        if most is None or not group:
            return group
        each = self.rules.next_stage(group[0]) - group[0].n
        return group[: max(0, most - self.runs) // each]

    def _run(self, wanted: Sequence[tuple[Trial, int]]) -> None:
        """Give each so many replications, and settle what follows."""
        self.hands.make([(trial.point, range(trial.n, n)) for trial, n in wanted])
        for trial, n in wanted:
            before = trial.n
            values = self.hands.values(trial.point, n, self.rules.goals.metrics)[before:]
            trial.values = np.concatenate([trial.values, values])
            trial.ran = np.concatenate([trial.ran, self.hands.ran(trial.point, n)[before:]])
        self.rules.judge(self.trials)

    def _look_again(self) -> None:
        """Hold the best to the constraints over more replications; where one falls, who was beaten by it comes back."""
        most = self.limits.look_runs
        while self.rules.goals.constraints:
            short = [each for each in self.winners if each.n < self.limits.look]
            if not short:
                break
            self.hands.watch.phase("a second look at the best")
            stage = min(2 * short[0].n, self.limits.look)
            if most is not None and self.runs + stage - short[0].n > most:
                return
            self._run([(short[0], stage)])
            ended = self.ended
            self._race(most)
            self.ended = ended or self.ended
            self._say_who_leads()
        self.is_looked = True

    # -- telling

    def _tell(self, batch: Sequence[Trial]) -> None:
        for trial in batch:
            if trial.proposal is None:
                continue
            names = ("defined", *map(str, self.rules.goals.constraints))
            violations = self.rules.violations(trial)
            if trial.broken:
                violations[0] = max(violations[0], 0.0 if max(violations) > 0 else 1.0)
            rows = tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in trial.values)
            shared = Elsewhere(trial.settings, rows, tuple(trial.ran.tolist()))
            self.proposals.tell(trial.proposal, self._values(trial), dict(zip(names, violations, strict=True)), shared)

    def _values(self, trial: Trial) -> list[float]:
        """What the optimiser is told of each objective: a number always, whatever the point came to."""
        told = [self._value(trial, at) for at in range(len(self.rules.goals.objectives))]
        return [value if np.isfinite(value) else self._worst(at) for at, value in enumerate(told)]

    def _value(self, trial: Trial, at: int) -> float:
        """The mean; of a point that was dropped early, the mean of the best and what the pairs of runs differ by."""
        objective = self.rules.goals.objectives[at]
        column = self.rules.goals.column(objective)
        winners = self.winners
        best = winners[0] if winners else None
        if best is None or self.rules.is_whole(trial) or not trial.n:
            return objective.sign * self.rules.score(trial, at)
        n = min(best.n, trial.n)
        both = best.ran[:n] & trial.ran[:n]
        pair = paired(best.values[:n, column][both], trial.values[:n, column][both], 0.95)
        if pair is None:
            return float("nan")
        return objective.sign * self.rules.score(best, at) + pair.difference.value

    def _worst(self, at: int) -> float:
        """Of a point that has no value: the worst that is known; it is out by its constraint, whatever stands here."""
        scores = [self.rules.score(each, at) for each in self.trials if each.n]
        known = [score for score in scores if np.isfinite(score)]
        return self.rules.goals.objectives[at].sign * (max(known) if known else 0.0)

    def _say_who_leads(self) -> None:
        from batchsim.report.comparison_words import figure

        for best in self.winners[:1]:
            told = [
                f"{each.metric.name} {figure(each.sign * self.rules.score(best, at), each.metric.unit)}"
                for at, each in enumerate(self.rules.goals.objectives)
            ]
            self.hands.watch.leads(best.settings, ", ".join(told))
