"""Service laws as a scenario writes them, with their first two moments."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from batchsim.selftest.stage import seconds


@dataclass(frozen=True, slots=True)
class ServiceLaw:
    """A law of run times: how a scenario writes it, its mean in seconds, and its squared coefficient of variation."""

    name: str
    run: Any
    mean_s: float
    scv: float

    @property
    def second_moment(self) -> float:
        """E[S^2] in s^2."""
        return self.mean_s**2 * (1 + self.scv)


def constant(mean_s: float) -> ServiceLaw:
    """Always the same."""
    return ServiceLaw("constant", seconds(mean_s), mean_s, 0.0)


def exponential(mean_s: float) -> ServiceLaw:
    """Exponential."""
    return ServiceLaw("Exp", {"exponential": {"mean": seconds(mean_s)}}, mean_s, 1.0)


def uniform(low_s: float, high_s: float) -> ServiceLaw:
    """Uniform."""
    mean_s = (low_s + high_s) / 2
    law = {"uniform": {"min": seconds(low_s), "max": seconds(high_s)}}
    return ServiceLaw(f"U({low_s:g}, {high_s:g})", law, mean_s, (high_s - low_s) ** 2 / 12 / mean_s**2)


def erlang(phases: int, mean_s: float) -> ServiceLaw:
    """The sum of so many exponential phases: a gamma law of that shape."""
    law = {"gamma": {"shape": phases, "scale": seconds(mean_s / phases)}}
    return ServiceLaw(f"Erlang-{phases}", law, mean_s, 1 / phases)


def lognormal(mean_s: float, cv: float) -> ServiceLaw:
    """Lognormal by mean and coefficient of variation."""
    return ServiceLaw(f"LN cv {cv:g}", {"lognormal": {"mean": seconds(mean_s), "cv": cv}}, mean_s, cv**2)


def hyperexponential(mean_s: float, scv: float) -> ServiceLaw:
    """Two exponential laws of balanced means, p / rate_1 = (1 - p) / rate_2: p = (1 + sqrt((scv-1)/(scv+1))) / 2.

    Their means are rounded to milliseconds, and p is then such that the mean is exact; ``scv`` moves by a part in 10^5.
    """
    balanced = (1 + sqrt((scv - 1) / (scv + 1))) / 2
    short_s, long_s = round(mean_s / (2 * balanced), 3), round(mean_s / (2 * (1 - balanced)), 3)
    share = (long_s - mean_s) / (long_s - short_s)
    parts = [
        {"weight": weight, "exponential": {"mean": seconds(each_s)}}
        for weight, each_s in ((share, short_s), (1 - share, long_s))
    ]
    square = 2 * (share * short_s**2 + (1 - share) * long_s**2)
    return ServiceLaw(f"H2 cv² {scv:g}", {"mixture": parts}, mean_s, square / mean_s**2 - 1)
