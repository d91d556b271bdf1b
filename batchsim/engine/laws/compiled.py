"""From a scenario's law to the one that draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batchsim.engine.laws.gamma import Gamma
from batchsim.engine.laws.law import Law
from batchsim.engine.laws.made import Mixture, Piecewise, Resampled
from batchsim.engine.laws.simple import Constant, Exponential, Lognormal, Triangular, Uniform, Weibull
from batchsim.spec import LawSpec, Sample
from batchsim.spec.law_parameters import percentiles_of

Params = Mapping[str, float]


def law_of(spec: LawSpec, least_ms: int = 0) -> Law:
    """Compile a scenario's law. ``least_ms``: 1 for run times, 0 for delays.

    A sample must have been read from its file (:func:`batchsim.spec.sample_files.with_samples`).
    """
    if spec.name == "mixture":
        laws = [law_of(part.law, least_ms) for part in spec.parts]
        return Mixture.of_parts(laws, [part.weight for part in spec.parts], least_ms)
    if spec.name == "empirical":
        return _empirical(spec, least_ms)
    return _COMPILERS[spec.name](spec.params, least_ms)


def _empirical(spec: LawSpec, least_ms: int) -> Law:
    if spec.sample is None:
        ends = [(0.0, spec.params["min"]), *percentiles_of(spec.params), (1.0, spec.params["max"])]
        return Piecewise.of_percentiles(ends, least_ms)
    assert isinstance(spec.sample, Sample), "samples of files are read before"
    kind = Piecewise if spec.sample.interpolate else Resampled
    return kind.of_sample(spec.sample.values_ms, spec.sample.weights, least_ms)


def _constant(params: Params, least_ms: int) -> Law:
    return Constant(int(params["value"]), least_ms=least_ms)


def _uniform(params: Params, least_ms: int) -> Law:
    return Uniform(int(params["min"]), int(params["max"]), least_ms=least_ms)


def _triangular(params: Params, least_ms: int) -> Law:
    return Triangular(int(params["min"]), int(params["mode"]), int(params["max"]), least_ms=least_ms)


def _exponential(params: Params, least_ms: int) -> Law:
    """By its mean, or by one percentile."""
    if "mean" in params:
        return Exponential(float(params["mean"]), least_ms=least_ms)
    return Exponential.from_percentile(percentiles_of(params)[0], least_ms)


def _lognormal(params: Params, least_ms: int) -> Law:
    """By (mean, cv), (median, sigma), or two percentiles."""
    if "mean" in params:
        return Lognormal.from_mean(params["mean"], params["cv"], least_ms)
    if "median" in params:
        return Lognormal(params["median"], params["sigma"], least_ms=least_ms)
    low, high = percentiles_of(params)
    return Lognormal.from_percentiles(low, high, least_ms)


def _weibull(params: Params, least_ms: int) -> Law:
    """By (mean, cv), (shape, scale), or two percentiles; constant where they have no spread."""
    if "shape" in params:
        return Weibull(params["shape"], params["scale"], least_ms=least_ms)
    return _spread(Weibull.from_mean, Weibull.from_percentiles, params, least_ms)


def _gamma(params: Params, least_ms: int) -> Law:
    """By (mean, cv), (shape, scale), or two percentiles; constant where they have no spread."""
    if "shape" in params:
        return Gamma(params["shape"], params["scale"], least_ms=least_ms)
    return _spread(Gamma.from_mean, Gamma.from_percentiles, params, least_ms)


def _spread(from_mean: Callable[..., Law], from_percentiles: Callable[..., Law], params: Params, least_ms: int) -> Law:
    """By (mean, cv) or two percentiles; without spread the limit of such laws, which is constant."""
    if "mean" in params:
        without = params["cv"] < _LEAST_CV
        return (
            Constant(int(params["mean"]), least_ms=least_ms)
            if without
            else from_mean(params["mean"], params["cv"], least_ms)
        )
    low, high = percentiles_of(params)
    without = high[1] - low[1] < _LEAST_CV * low[1]
    return Constant(int(low[1]), least_ms=least_ms) if without else from_percentiles(low, high, least_ms)


_LEAST_CV = 1e-6
"""Less spread is none: it would move no draw below a quarter of an hour by a millisecond."""

_COMPILERS: Mapping[str, Callable[[Params, int], Law]] = {
    "constant": _constant,
    "uniform": _uniform,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "weibull": _weibull,
    "gamma": _gamma,
    "triangular": _triangular,
}
