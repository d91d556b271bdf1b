"""Queues whose servers must be switched on first: the closed forms that exercise a scaler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batchsim.selftest.formulas.markov import Chain, State
from batchsim.selftest.formulas.queues import Floats, pollaczek_khinchine


def with_setup(rate: float, mean_s: float, second_moment: float, boot_s: float, boot_second_moment: float) -> float:
    """The mean wait in M/G/1 whose server goes off when it idles and boots for the next job (Welch 1964).

    Pollaczek-Khinchine, and (2 E[D] + lambda E[D^2]) / (2 (1 + lambda E[D])).
    """
    setup = (2 * boot_s + rate * boot_second_moment) / (2 * (1 + rate * boot_s))
    return pollaczek_khinchine(rate, mean_s, second_moment) + setup


def boots_a_job(rate: float, mean_s: float, boot_s: float) -> float:
    """Boots for each job in the same queue: a busy cycle serves (1 + lambda E[D]) / (1 - rho) jobs on average."""
    return (1 - rate * mean_s) / (1 + rate * boot_s)


@dataclass(frozen=True)
class ScaleToZero:
    """M/M/c whose servers go off when they idle; Exp boots, launched while fewer boot than jobs wait, never cancelled.

    A Markov chain of (jobs present, servers on, servers booting), cut off at ``most`` jobs.
    """

    servers: int
    load: float
    mean_service_s: float
    mean_boot_s: float
    most: int = 400

    @property
    def arrival_rate(self) -> float:
        """Arrivals a second."""
        return self.load * self.servers / self.mean_service_s

    @property
    def wait_s(self) -> float:
        """The mean wait, boots included (Little's law of those who wait)."""
        states, p = self._solved
        waiting = np.array([jobs - on for jobs, on, _ in states])
        return float(p @ waiting) / self.arrival_rate

    @property
    def instances(self) -> float:
        """The mean number of servers on or booting."""
        states, p = self._solved
        return float(p @ np.array([on + booting for _, on, booting in states]))

    @cached_property
    def _solved(self) -> tuple[list[State], Floats]:
        return Chain(self._moves).solved((0, 0, 0))

    def _moves(self, state: State) -> list[tuple[State, float]]:
        jobs, on, booting = state
        moves = [(self._launched(jobs - 1, min(on, jobs - 1), booting), on / self.mean_service_s)] if on else []
        if booting:
            moves.append((self._launched(jobs, min(on + 1, jobs), booting - 1), booting / self.mean_boot_s))
        if jobs < self.most:
            moves.append((self._launched(jobs + 1, on, booting), self.arrival_rate))
        return moves

    def _launched(self, jobs: int, on: int, booting: int) -> State:
        """After launches for those who wait and have no booting server yet."""
        return jobs, on, booting + max(0, min(jobs - on - booting, self.servers - on - booting))
