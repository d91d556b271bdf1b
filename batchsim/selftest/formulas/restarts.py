"""Work that is lost at a constant rate and begins anew, from the start or from its last checkpoint.

``rate`` is the hazard a second while an attempt runs; ``gap_s`` passes after each loss before the next attempt, and
nothing is lost in it. Sources: the renewal argument is in Duda (1983), "The effects of checkpointing on program
execution time", Inf. Proc. Letters 16; J. W. Young (1974), Comm. ACM 17; J. T. Daly (2006), FGCS 22; the exact interval
by Lambert's W: Bougeret, Casanova, Rabie, Robert, Vivien (2011), "Checkpointing strategies for parallel jobs".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, sqrt


@dataclass(frozen=True, slots=True)
class Restart:
    """A job of ``work_s`` that starts from scratch after each loss, as often as it takes."""

    work_s: float
    rate: float
    gap_s: float = 0.0

    @property
    def attempts(self) -> float:
        """The mean number of attempts: e^(lambda t)."""
        return exp(self.rate * self.work_s)

    @property
    def mean_s(self) -> float:
        """The mean time to completion: (1/lambda + D) (e^(lambda t) - 1)."""
        return (1 / self.rate + self.gap_s) * expm1(self.rate * self.work_s)

    @property
    def sd_s(self) -> float:
        """Its standard deviation: a geometric number of losses, each an exponential time that is less than the work."""
        through = exp(-self.rate * self.work_s)
        lost = 1 - through
        odds = through / lost
        mean = 1 / self.rate - self.work_s * odds
        square = 2 / self.rate**2 - (self.work_s**2 + 2 * self.work_s / self.rate) * odds
        each = mean + self.gap_s
        return sqrt(lost / through * (square - mean**2) + lost / through**2 * each**2)

    @property
    def second_moment(self) -> float:
        """E[T^2] in s^2."""
        return self.mean_s**2 + self.sd_s**2


def booted_mean_s(work_s: float, rate: float, boot_s: float) -> float:
    """The mean where each replacement boots, and may be lost in the boot: e^(lambda D) (e^(lambda t) - 1)/lambda.

    The first instance is warm. It differs from :class:`Restart` with that gap by terms of (lambda D)^2.
    """
    return exp(rate * boot_s) * expm1(rate * work_s) / rate


@dataclass(frozen=True, slots=True)
class Capped:
    """A job that is given up after ``limit`` attempts."""

    work_s: float
    rate: float
    limit: int
    gap_s: float = 0.0

    @property
    def success(self) -> float:
        """The probability that it succeeds: 1 - (1 - e^(-lambda t))^n."""
        return 1 - float((-expm1(-self.rate * self.work_s)) ** self.limit)

    @property
    def attempts(self) -> float:
        """The mean number of attempts: (1 - q^n) / p."""
        lost = -expm1(-self.rate * self.work_s)
        return sum(lost**number for number in range(self.limit))

    @property
    def mean_s(self) -> float:
        """The mean time to its end, either way; Wald: an attempt lasts (1 - e^(-lambda t))/lambda on average."""
        one_s = -expm1(-self.rate * self.work_s) / self.rate
        return self.attempts * one_s + (self.attempts - 1) * self.gap_s


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """Work in equal segments, each followed by a checkpoint, the last as well; a restore after each loss.

    Losses strike work, checkpoints and restores. ``first_restores``: whether a loss in the first segment needs a
    restore as well, as the textbook has it; where nothing is saved yet, nothing can be restored.
    """

    work_s: float
    every_s: float
    cost_s: float
    restore_s: float
    gap_s: float
    rate: float
    first_restores: bool = True

    @property
    def mean_s(self) -> float:
        """The mean: (W/tau) (1/lambda + D) e^(lambda R) (e^(lambda (tau + C)) - 1)."""
        segments = self.work_s / self.every_s
        segment_s = (1 / self.rate + self.gap_s) * expm1(self.rate * (self.every_s + self.cost_s))
        with_restore = segment_s * exp(self.rate * self.restore_s)
        return segments * with_restore if self.first_restores else segment_s + (segments - 1) * with_restore

    @property
    def losses(self) -> float:
        """The mean number of losses: each costs 1/lambda of running, so lambda times the mean time without gaps."""
        without = Checkpointed(
            self.work_s, self.every_s, self.cost_s, self.restore_s, 0.0, self.rate, self.first_restores
        )
        return self.rate * without.mean_s


def young_s(cost_s: float, rate: float) -> float:
    """Young's interval: sqrt(2C/lambda)."""
    return sqrt(2 * cost_s / rate)


def daly_s(cost_s: float, rate: float) -> float:
    """Daly's interval of higher order; 1/lambda where a checkpoint costs more than 2/lambda."""
    mean_s = 1 / rate
    if cost_s >= 2 * mean_s:
        return mean_s
    part = sqrt(cost_s / (2 * mean_s))
    return sqrt(2 * cost_s * mean_s) * (1 + part / 3 + part**2 / 9) - cost_s


def best_interval_s(cost_s: float, rate: float) -> float:
    """The interval of work between checkpoints that is exactly best: (1 + W(-e^(-lambda C - 1)))/lambda."""
    from scipy.special import lambertw

    return (1 + float(lambertw(-exp(-rate * cost_s - 1)).real)) / rate


def overhead(every_s: float, cost_s: float, rate: float) -> float:
    """What a second of work takes on average, but for restores and gaps: (e^(lambda (tau + C)) - 1)/(lambda tau)."""
    return expm1(rate * (every_s + cost_s)) / (rate * every_s) if every_s > 0 else inf


def stationary_interval_s(cost_s: float, rate: float) -> float:
    """Where the derivative of :func:`overhead` is zero, found by bisection: the same without Lambert's W."""
    from scipy.optimize import brentq

    def slope(x: float) -> float:
        """In units of 1/lambda; from -lambda C at 0 up."""
        return (1 - x) * exp(x + rate * cost_s) - 1

    return float(brentq(slope, 0.0, 1.0, xtol=1e-15, rtol=1e-14)) / rate
