"""Laws of durations, and samplers that draw from them by keyed inverse transform.

A :class:`Law` maps uniform numbers to whole milliseconds, rounded once (half to even) and never below ``least_ms``:
1 for run times, 0 for delays. A :class:`Sampler` joins a law with a stream; it gives one and the same number for an
(index, attempt), whether asked for a block or for one.
"""

from __future__ import annotations

from batchsim.engine.laws.compiled import law_of
from batchsim.engine.laws.gamma import Gamma
from batchsim.engine.laws.law import LONGEST_MS, Law, Millis, whole_ms
from batchsim.engine.laws.made import Mixture, Piecewise, Resampled
from batchsim.engine.laws.sampler import Sampler
from batchsim.engine.laws.simple import Constant, Exponential, Lognormal, Triangular, Uniform, Weibull

__all__ = [
    "LONGEST_MS",
    "Constant",
    "Exponential",
    "Gamma",
    "Law",
    "Lognormal",
    "Millis",
    "Mixture",
    "Piecewise",
    "Resampled",
    "Sampler",
    "Triangular",
    "Uniform",
    "Weibull",
    "law_of",
    "whole_ms",
]
