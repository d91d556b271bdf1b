"""Queues that are solved as Markov chains in continuous time: closed networks, jobs of two sizes, patience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, factorial

import numpy as np

from batchsim.selftest.formulas.queues import Floats

State = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A Markov chain by its moves: from a state, the states that follow and at what rate."""

    moves: Callable[[State], list[tuple[State, float]]]

    def solved(self, start: State) -> tuple[list[State], Floats]:
        """The states that can be reached from ``start``, and the stationary distribution over them."""
        from scipy.sparse import csr_matrix, eye
        from scipy.sparse.linalg import spsolve

        numbers, states = {start: 0}, [start]
        edges: list[tuple[int, int, float]] = []
        for state in states:  # grows while it is walked
            for following, rate in self.moves(state):
                if following not in numbers:
                    numbers[following] = len(states)
                    states.append(following)
                edges += [(numbers[following], numbers[state], rate), (numbers[state], numbers[state], -rate)]
        row, col, rates = (np.array(part) for part in zip(*edges, strict=True))
        size = len(states)
        flow = csr_matrix((rates, (row, col)), shape=(size, size))
        # The state that started has probability 1 for now: its own equation says so in place of its balance.
        kept = eye(size, format="csr") - csr_matrix(([1.0], ([0], [0])), shape=(size, size))
        first = csr_matrix(([1.0], ([0], [0])), shape=(size, size))
        found = spsolve((kept @ flow + first).tocsc(), np.eye(1, size)[0])
        return states, found / found.sum()


@dataclass(frozen=True)
class ClosedNetwork:
    """Users who think (Exp), submit a job (Exp), and think again once it has ended, on c servers: M/M/c//N."""

    users: int
    servers: int
    think_s: float
    mean_service_s: float

    @cached_property
    def numbers(self) -> Floats:
        """The distribution of the jobs present, by the balance of a birth and death chain; shape (users + 1,)."""
        weights = [1.0]
        for jobs in range(self.users):
            up = (self.users - jobs) / self.think_s
            down = min(jobs + 1, self.servers) / self.mean_service_s
            weights.append(weights[-1] * up / down)
        return np.array(weights) / sum(weights)

    @property
    def throughput(self) -> float:
        """Jobs a second."""
        return float(self.numbers @ (self.users - np.arange(self.users + 1))) / self.think_s

    @property
    def response_s(self) -> float:
        """The mean time from submission to end (Little's law)."""
        return float(self.numbers @ np.arange(self.users + 1)) / self.throughput


@dataclass(frozen=True)
class TwoSizes:
    """Two slots, strictly first come first served; a job needs both with probability ``wide``. Exp services.

    A chain of (narrow jobs that run, whether a wide one runs, jobs waiting): while one narrow job runs alone and others
    wait, the first of these is wide; the sizes of those behind it are not drawn yet.
    """

    arrival_rate: float
    mean_service_s: float
    wide: float
    most: int = 400

    @property
    def load(self) -> float:
        """The rate of arrivals, as a part of the most that strict order can serve."""
        states, p = Chain(self._saturated).solved((2, 0))
        ends = sum(weight * sum(state) for state, weight in zip(states, p, strict=True)) / self.mean_service_s
        return self.arrival_rate / float(ends)

    def _saturated(self, state: State) -> list[tuple[State, float]]:
        """The moves of (narrow jobs, whether a wide one runs) where somebody always waits."""
        rate, small = 1 / self.mean_service_s, 1 - self.wide
        if state == (2, 0):
            return [((1, 0), 2 * rate * self.wide)]
        if state == (1, 0):
            return [((0, 1), rate)]
        return [((2, 0), rate * small * small), ((1, 0), rate * small * self.wide)]

    @property
    def present(self) -> float:
        """The mean number of jobs in the system."""
        states, p = Chain(self._moves).solved((0, 0, 0))
        return float(p @ np.array([sum(state) for state in states]))

    @property
    def latency_s(self) -> float:
        """The mean time from submission to end."""
        return self.present / self.arrival_rate

    def _moves(self, state: State) -> list[tuple[State, float]]:
        narrow, wide, waiting = state
        moves: list[tuple[State, float]] = []
        if waiting < self.most:
            moves += self._scaled(self._arrived(narrow, wide, waiting), self.arrival_rate)
        if narrow == 2:
            moves += self._scaled(self._after(1, 0, waiting), 2 / self.mean_service_s)
        if narrow == 1:  # the one that waited behind it, if any, is wide
            moves.append(((0, 1, waiting - 1) if waiting else (0, 0, 0), 1 / self.mean_service_s))
        if wide:
            moves += self._scaled(self._after(0, 0, waiting), 1 / self.mean_service_s)
        return moves

    def _arrived(self, narrow: int, wide: int, waiting: int) -> list[tuple[State, float]]:
        if waiting or wide or narrow == 2:
            return [((narrow, wide, waiting + 1), 1.0)]
        return self._after(narrow, wide, 1)

    def _after(self, narrow: int, wide: int, waiting: int) -> list[tuple[State, float]]:
        """Let the head in; where one narrow job was left alone by another, the head is drawn now."""
        if not waiting or narrow == 2 or wide:
            return [((narrow, wide, waiting), 1.0)]
        small = [(state, p * (1 - self.wide)) for state, p in self._after(narrow + 1, 0, waiting - 1)]
        large = (0, 1, waiting - 1) if not narrow else (1, 0, waiting)
        return [*small, (large, self.wide)]

    def _scaled(self, found: list[tuple[State, float]], rate: float) -> list[tuple[State, float]]:
        return [(state, rate * p) for state, p in found]


@dataclass(frozen=True)
class Patience:
    """M/M/c whose customers leave after waiting ``patience_s`` (Baccelli and Hebuterne 1981; M/M/c+D).

    The wait v that an arrival would have has density lambda p(c-1) exp((lambda - c mu) v) up to the patience, and falls
    off at rate c mu beyond.
    """

    servers: int
    load: float
    mean_service_s: float
    patience_s: float

    @property
    def arrival_rate(self) -> float:
        """Arrivals a second."""
        return self.load * self.servers / self.mean_service_s

    @property
    def waits(self) -> float:
        """The probability of having to wait, to the end or not."""
        return 1 - self._idle / self._total

    @property
    def leaves(self) -> float:
        """The probability of leaving unserved."""
        return self._beyond / self._total

    @property
    def _idle(self) -> float:
        """The weight of a free server, where an empty system has weight 1."""
        offered = self.load * self.servers
        return float(sum(offered**n / factorial(n) for n in range(self.servers)))

    @property
    def _last_free(self) -> float:
        """Lambda times the weight of one free server."""
        offered = self.load * self.servers
        return float(self.arrival_rate * offered ** (self.servers - 1) / factorial(self.servers - 1))

    @property
    def _beyond(self) -> float:
        growth = self.arrival_rate - self.servers / self.mean_service_s
        return self._last_free * exp(growth * self.patience_s) * self.mean_service_s / self.servers

    @property
    def _total(self) -> float:
        growth = self.arrival_rate - self.servers / self.mean_service_s
        within = self.patience_s if growth == 0 else expm1(growth * self.patience_s) / growth
        return self._idle + self._last_free * within + self._beyond
