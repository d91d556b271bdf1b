"""The count of a campaign: by kind, what was refused with which codes, what ran, what failed, and its cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from batchsim.fuzz.judge import State, Verdict


@dataclass
class Tally:
    """What became of all mutants of one kind."""

    kind: str
    states: Counter[State] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    """How many mutants each code refused; one may be refused with several."""
    cpu_s: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    """The number of the mutant that took the longest."""

    def add(self, verdict: Verdict) -> None:
        """Count one more."""
        self.states[verdict.state] += 1
        self.codes.update(set(verdict.codes))
        self.cpu_s += verdict.cpu_s
        if verdict.cpu_s > self.slowest_s:
            self.slowest_s, self.slowest = verdict.cpu_s, verdict.number

    @property
    def cases(self) -> int:
        """Mutants in all."""
        return self.states.total()

    @property
    def mean_ms(self) -> float:
        """CPU time of one mutant on average."""
        return self.cpu_s / self.cases * 1000 if self.cases else 0.0
