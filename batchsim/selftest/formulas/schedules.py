"""Makespans: the largest of many run times, jobs on slots, and list schedules with their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt

Needs = Mapping[int, Sequence[int]]
"""By job: the jobs that must have ended before it."""


@dataclass(frozen=True, slots=True)
class MaxOfLognormals:
    """The largest of n independent lognormal times, given by mean and coefficient of variation."""

    n: int
    mean_s: float
    cv: float

    @property
    def mean(self) -> float:
        """E[max] in seconds: the integral of 1 - F(x)^n, by quadrature in the logarithm of x."""
        return self._moment(1)

    @property
    def sd(self) -> float:
        """The standard deviation in seconds, from E[max^2], the integral of 2x (1 - F(x)^n)."""
        return sqrt(self._moment(2) - self._moment(1) ** 2)

    def quantile(self, p: float) -> float:
        """F^-1(p^(1/n)) in seconds; the median at p = 1/2."""
        from scipy.special import ndtri_exp

        return exp(self._mu + self._sigma * float(ndtri_exp(log(p) / self.n)))

    def _moment(self, power: int) -> float:
        from numpy import expm1
        from scipy.integrate import quad
        from scipy.special import log_ndtr

        sigma, mu = power * self._sigma, power * self._mu

        def part(z: float) -> float:
            return float(-expm1(self.n * log_ndtr(z)) * sigma * exp(mu + sigma * z))

        cuts = (-40.0, -8.0, 0.0, 3.0, 6.0, 12.0, 40.0)
        below = exp(mu + sigma * cuts[0])  # where F(x)^n is nothing
        return below + sum(
            float(quad(part, *ends, epsabs=1e-10, epsrel=1e-12, limit=200)[0]) for ends in pairwise(cuts)
        )

    @property
    def _sigma(self) -> float:
        return sqrt(log(1 + self.cv**2))

    @property
    def _mu(self) -> float:
        return log(self.mean_s) - self._sigma**2 / 2


def harmonic(n: int) -> float:
    """1 + 1/2 + ... + 1/n."""
    return sum(1 / number for number in range(1, n + 1))


def exponential_makespan_s(jobs: int, slots: int, mean_s: float) -> float:
    """The mean makespan of exponential jobs: (n - c)/(c mu) while all slots work, then H_c/mu; H_n/mu where n <= c."""
    if jobs <= slots:
        return mean_s * harmonic(jobs)
    return mean_s * ((jobs - slots) / slots + harmonic(slots))


def wave_makespan(jobs: int, slots: int, run: int) -> int:
    """The makespan of equal jobs: full waves."""
    return -(-jobs // slots) * run


def list_schedule(runs: Sequence[int], slots: int, needs: Needs | None = None) -> list[int]:
    """When each job ends: whenever a slot is free, the first job of the list that may start takes it (Graham 1966).

    Jobs are numbered from 0, in the order of the list. Raises ``ValueError`` if they wait for each other.
    """
    ends: dict[int, int] = {}
    now = 0
    while len(ends) < len(runs):
        done = {job for job, end in ends.items() if end <= now}
        free = slots - (len(ends) - len(done))
        ready = [job for job in range(len(runs)) if job not in ends and done.issuperset((needs or {}).get(job, ()))]
        for job in ready[:free]:
            ends[job] = now + runs[job]
        later = [end for end in ends.values() if end > now]
        if not later:
            raise ValueError("the jobs wait for each other")
        now = min(later)
    return [ends[job] for job in range(len(runs))]


def critical_path(runs: Sequence[float], needs: Needs) -> float:
    """The longest chain of run times; each job stands after those that it needs."""
    ends: list[float] = []
    for job, run in enumerate(runs):
        ends.append(run + max((ends[each] for each in needs.get(job, ())), default=0))
    return max(ends, default=0)


def makespan_bounds(runs: Sequence[float], slots: int, path: float) -> tuple[float, float]:
    """Graham (1969) and Brent (1974): max(work/m, path) <= makespan <= work/m + (1 - 1/m) path.

    ``path`` is the critical path; of independent jobs, the longest.
    """
    share = sum(runs) / slots
    return max(share, path), share + (1 - 1 / slots) * path


def best_makespan(runs: Sequence[int], slots: int) -> int:
    """The least makespan of independent jobs, by trying all: for a dozen jobs."""
    best = sum(runs)

    def place(job: int, loads: tuple[int, ...]) -> None:
        nonlocal best
        if max(loads) >= best:
            return
        if job == len(runs):
            best = max(loads)
            return
        for slot in {load: at for at, load in enumerate(loads)}.values():
            place(job + 1, (*loads[:slot], loads[slot] + runs[job], *loads[slot + 1 :]))

    if runs:
        place(0, (0,) * slots)
    return best
