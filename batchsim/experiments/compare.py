"""``batchsim.compare``: run variants over the same replications, and keep what the comparison needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from batchsim.analysis.metrics import METRICS, metric
from batchsim.errors import ExperimentError
from batchsim.experiments import pilot as pilots
from batchsim.experiments import precision as stopping
from batchsim.experiments import replications as runs
from batchsim.experiments.chances import metrics_with, watched
from batchsim.experiments.comparison import Comparison
from batchsim.experiments.variants import Changes, Own, Variant, variants_of
from batchsim.experiments.variants import Given as GivenScenario
from batchsim.spec.near import did_you_mean
from batchsim.spec.precision import Precision

METRICS_SHOWN = (
    "cost_usd",
    "makespan_s",
    "wait_mean_s",
    "turnaround_mean_s",
    "turnaround_p95_s",
    "vcpu_utilisation",
    "useful_share",
    "jobs_failed",
    "retries",
    "reclaims",
)
"""The metrics that are compared where nobody names others."""
ALL = "all"
"""In place of names: every metric of the registry."""


def compare(  # noqa: PLR0913 (what a comparison varies, and how it is made)
    *scenarios: GivenScenario | Mapping[str, GivenScenario],
    variants: Mapping[str, Changes] | None = None,
    policies: Mapping[str, Own] | None = None,
    baseline: str | None = None,
    metrics: Iterable[str] | None = None,
    replications: int | None = None,
    precision: stopping.Given | None = None,
    seed: int | None = None,
    confidence: float = 0.95,
    workers: int = 1,
    run_limit_s: float | None = None,
    told: runs.Told = lambda: None,
) -> Comparison:
    """Run scenarios over the same replications, and compare each with the first, or with the one named ``baseline``.

    ``scenarios`` are scenarios, files, or one mapping of names to either; ``variants`` are changes to the first of
    them, ``{"big": {"spot.maxvCpus": 512}}``. ``policies`` are functions in place of AWS's rules by name of a variant,
    ``{"packed": {"packing": f}}``; a new name is a variant of the first scenario. Replication r of all has the same
    random numbers, so that differences come from what was changed. The seed is the one given, else the baseline's own,
    else drawn: it is the comparison's ``seed``. ``metrics`` are names of the registry, or ``"all"``; metrics of
    thresholds are measured, too. There are 30 ``replications``, or, with a ``precision``
    (``{"metric": "cost_usd", "rel": 0.02}``), as many as it takes until the difference of each variant is known to
    2 % of the baseline's mean, ``max_replications`` (500) at most: the comparison's ``stop`` tells. ``workers``
    processes share the runs, with the same values as one (a script needs ``if __name__ == "__main__"`` then); ``told``
    is called after each run. With several workers, or a ``run_limit_s`` (seconds on the wall), a run whose process
    crashes or hangs is tried once more; if it fails again, it is among the comparison's ``failed``.

    Raises :class:`ScenarioError` with what is wrong in a scenario, :class:`ExperimentError` for a comparison that
    cannot be made.
    """
    asked = stopping.read(precision, replications)
    runs.check_counts(runs.DEFAULT if replications is None else replications, workers, run_limit_s)
    if not 0 < confidence < 1:
        raise ExperimentError(f"the confidence must be between 0 and 1, as 0.95, not {confidence!r}")
    compared = baseline_first(variants_of(scenarios, variants, policies=policies), baseline)
    limits = [name for variant in compared for name in watched(variant.scenario)]
    wanted = metrics_with(metric_names(metrics), [*([asked.metric] if asked else []), *limits])
    settled = runs.settled_seed(seed, compared[0].scenario)
    warm, pilot = pilots.settled([v.scenario for v in compared], [v.policies for v in compared], settled)
    compared = tuple(replace(v, scenario=each) for v, each in zip(compared, warm, strict=True))
    sampled = runs.Sampling(
        warm,
        wanted,
        settled,
        tuple(variant.policies for variant in compared),
        workers,
        run_limit_s,
        told,
    )
    if asked is None:
        measured, stop = sampled.measure(replications or runs.DEFAULT), None
    else:
        measured, stop = stopping.sampled(asked, sampled.measure, partial(_stop, asked, wanted.index(asked.metric)))
    return Comparison(compared, wanted, settled, confidence, measured.values, measured.failed, stop, pilot)


def _stop(asked: Precision, at: int, known: runs.Measured) -> stopping.Stop:
    """How well the differences of one metric are known."""
    baseline, *others = known.values[:, :, at]
    return stopping.of_differences(asked, baseline, others, known.values.shape[1])


def metric_names(names: Iterable[str] | None) -> tuple[str, ...]:
    """The names, each once, ``"all"`` for every one. Raises :class:`ExperimentError` for an unknown one."""
    if names is None:
        return METRICS_SHOWN
    wanted = [names] if isinstance(names, str) else list(names)
    if ALL in wanted:
        return tuple(METRICS)
    try:
        return tuple(dict.fromkeys(metric(name).name for name in wanted)) or METRICS_SHOWN
    except ValueError as error:
        raise ExperimentError(str(error)) from None


def baseline_first(variants: tuple[Variant, ...], name: str | None) -> tuple[Variant, ...]:
    """The variants with the one of this name moved to the front. Raises :class:`ExperimentError` if there is none."""
    if name is None:
        return variants
    names = [variant.name for variant in variants]
    if name not in names:
        hint = did_you_mean(name, names) or f"There are {', '.join(names)}"
        raise ExperimentError(f"no variant {name!r} to be the baseline. {hint}")
    first = variants[names.index(name)]
    return (first, *(variant for variant in variants if variant is not first))
