"""Waiting times of queues with Poisson arrivals, or with arrivals at fixed gaps, and a fixed number of servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def erlang_b(servers: int, offered: float) -> float:
    """The probability of loss in M/G/c/c at ``offered`` = arrival rate x mean service, by Erlang's recursion (1917)."""
    loss = 1.0
    for number in range(1, servers + 1):
        loss = offered * loss / (number + offered * loss)
    return loss


def erlang_c(servers: int, offered: float) -> float:
    """The probability of waiting in M/M/c (Erlang 1917), from the recursion for :func:`erlang_b`."""
    _stable(offered / servers)
    loss = erlang_b(servers, offered)
    return servers * loss / (servers - offered * (1 - loss))


@dataclass(frozen=True, slots=True)
class MMc:
    """M/M/c, first come first served: the wait is 0 with probability 1 - C, else exponential of rate c mu - lambda."""

    servers: int
    load: float
    mean_service_s: float

    @property
    def arrival_rate(self) -> float:
        """Arrivals a second."""
        return self.load * self.servers / self.mean_service_s

    @property
    def waits(self) -> float:
        """The probability of waiting."""
        return erlang_c(self.servers, self.load * self.servers)

    @property
    def wait_s(self) -> float:
        """The mean wait, of those who do not wait too: C / (c mu - lambda)."""
        return self.waits / (self.servers / self.mean_service_s - self.arrival_rate)

    @property
    def queue_length(self) -> float:
        """The mean number waiting (Little 1961)."""
        return self.arrival_rate * self.wait_s

    def quantile_s(self, p: float) -> float:
        """The wait that a part ``p`` of the jobs does not exceed; 0 where so many do not wait."""
        rate = self.servers / self.mean_service_s - self.arrival_rate
        return max(0.0, log(self.waits / (1 - p)) / rate)


@dataclass(frozen=True, slots=True)
class MDc:
    """M/D/c by its number in the system, which a service time later is (N - c)+ and what came (Crommelin 1932)."""

    servers: int
    load: float
    service_s: float

    @property
    def wait_s(self) -> float:
        """The mean wait: Little's law of the mean number, less those in service."""
        numbers = self.numbers()
        present = float(numbers @ np.arange(len(numbers)))
        return (present - self.load * self.servers) * self.service_s / (self.load * self.servers)

    @property
    def waits(self) -> float:
        """The probability of waiting: that of at least c present (Poisson arrivals see time averages)."""
        return float(1 - self.numbers()[: self.servers].sum())

    def numbers(self) -> Floats:
        """The distribution of the number present, cut off where less than 1e-20 is left; shape (numbers,)."""
        from scipy.stats import poisson

        _stable(self.load)
        size = 2 * self.servers + int(25 / (1 - self.load)) + 50
        came = np.append(poisson.pmf(np.arange(size), self.load * self.servers), 0.0)
        left = np.maximum(np.arange(size) - self.servers, 0)
        step = came[np.maximum(np.arange(size)[None, :] - left[:, None], -1)]
        return stationary(step / step.sum(axis=1, keepdims=True))


def stationary(step: Floats) -> Floats:
    """The stationary distribution of a Markov chain with this transition matrix; shape (states,)."""
    size = len(step)
    system = np.vstack([step.T[:-1] - np.eye(size)[:-1], np.ones(size)])
    return np.asarray(np.linalg.solve(system, np.eye(size)[-1]), dtype=np.float64)


def pollaczek_khinchine(arrival_rate: float, mean_s: float, second_moment: float) -> float:
    """The mean wait in M/G/1: lambda E[S^2] / (2 (1 - rho)) (Pollaczek 1930, Khinchine 1932)."""
    return arrival_rate * second_moment / (2 * (1 - _stable(arrival_rate * mean_s)))


def batch_arrivals(batches_per_s: float, size: int, mean_s: float, second_moment: float) -> float:
    """The mean wait of a job in M^[X]/G/1 where all batches have one size (Gaver 1959).

    lambda E[S^2] / (2 (1 - rho)), with lambda jobs a second, and E[S] (E[X^2]/E[X] - 1) / (2 (1 - rho)).
    """
    rate = batches_per_s * size
    rest = 1 - _stable(rate * mean_s)
    return rate * second_moment / (2 * rest) + mean_s * (size - 1) / (2 * rest)


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """One class of a queue with priorities."""

    arrival_rate: float
    mean_s: float
    second_moment: float

    @property
    def load(self) -> float:
        """What it asks of the server."""
        return self.arrival_rate * self.mean_s


def cobham(classes: Sequence[PriorityClass]) -> list[float]:
    """The mean wait of each class in M/G/1 with priorities, the highest first, nobody interrupted (Cobham 1954).

    W_k = W_0 / ((1 - sigma_(k-1)) (1 - sigma_k)), W_0 = sum lambda E[S^2] / 2.
    """
    residual = sum(each.arrival_rate * each.second_moment for each in classes) / 2
    waits, ahead = [], 0.0
    for each in classes:
        through = _stable(ahead + each.load)
        waits.append(residual / ((1 - ahead) * (1 - through)))
        ahead = through
    return waits


def regular_arrivals_root(gap_s: float, mean_s: float) -> float:
    """Sigma of D/M/1, the probability of waiting: sigma = exp(-a (1 - sigma) / mean), by bisection (Kendall 1953)."""
    from scipy.optimize import brentq

    _stable(mean_s / gap_s)
    return float(brentq(lambda root: root - exp(-gap_s * (1 - root) / mean_s), 0.0, 1 - 1e-9, xtol=1e-15))


def regular_arrivals(gap_s: float, mean_s: float) -> float:
    """The mean wait in D/M/1: sigma mean / (1 - sigma)."""
    root = regular_arrivals_root(gap_s, mean_s)
    return root * mean_s / (1 - root)


def _stable(load: float) -> float:
    if not 0 < load < 1:
        raise ValueError(f"a load of {load:g} has no steady state")
    return load
