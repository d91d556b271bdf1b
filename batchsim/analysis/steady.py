"""The steady state of a run that declares one: what it comes to without its warm-up, or that there is none.

A scenario declares it with ``simulation.warmup``. Jobs that were submitted before the cut are left out, and levels
count from the cut on. ``auto`` cuts each series by MSER-5; a duration cuts all of them there. Where more work comes
than capacity can do, or the number of jobs in the system grows, nothing is steady: there are no means then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.latency import wait_is_over
from batchsim.analysis.parts import job_spans
from batchsim.analysis.phases import until
from batchsim.analysis.run import Analysis, Warmup
from batchsim.analysis.statistics import statistics_s
from batchsim.analysis.steps import Steps, steps
from batchsim.analysis.throughput import asked
from batchsim.analysis.warmup import mser5
from batchsim.records.tables import NEVER, Bools, Records
from batchsim.records.vocabulary import JobState
from batchsim.units import MS_PER_H

CELLS = 1_000
"""Equal stretches of the run, of whose mean levels the warm-up is judged."""
SPELLS = 20
"""Equal parts of the run's second half, in which growth is measured."""
_T = 3.579
"""Student's t of 19 degrees of freedom that chance exceeds once in a thousand times."""
FIGURES = (
    "wait_mean_s", "wait_p95_s", "turnaround_mean_s", "turnaround_p95_s", "vcpu_utilisation", "running_mean",
    "in_system_mean", "jobs_per_h",
)  # fmt: skip
"""What a steady run comes to; None each where there is no steady state, or the run is too short to tell."""
NONE: dict[str, Any] = {
    "declared": False, "stable": None, "why_unstable": "", "offered_load": None, "growth_per_h": None,
    "too_short": [], "warmup_s": {}, "censored": None, **dict.fromkeys(FIGURES),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Growth:
    """Jobs in the system: how many more an hour, and whether that is beyond chance."""

    per_h: float
    is_shown: bool


def steady(run: Analysis) -> dict[str, Any]:
    """The figures of the steady state; all None of a run that declares none."""
    if run.warmup is None or run.records.horizon_ms == 0:
        return dict(NONE)
    system = in_system(run.records)
    growth, load = _growth(system, run.records.horizon_ms), offered_load(run)
    why = _why_unstable(load, growth)
    found = {**NONE, "declared": True, "stable": not why, "why_unstable": why, "offered_load": load}
    found["growth_per_h"] = growth.per_h
    return found if why else {**found, **_figures(run, system, run.warmup)}


def offered_load(run: Analysis) -> float | None:
    """The vCPUs that jobs hold at a time on average, were there room for all, over maxvCpus of all environments.

    The run's own work by the workload's means, where these are known, else as it came; what containers held beyond
    their work (start-up, attempts that were lost) is added as the run measured it. None without a maxvCpus.
    """
    limits = [run.rules.max_of(code) for code in range(len(run.records.names.environments))]
    capacity = sum(limit for limit in limits if limit is not None)
    if not capacity or any(limit is None for limit in limits):
        return None
    held, worked = _held_and_worked(run)
    offered = _offered_vcpus(run) if run.rules.offered_vcpus is None else run.rules.offered_vcpus
    return offered * (held / worked if worked else 1.0) / capacity


def _held_and_worked(run: Analysis) -> tuple[float, float]:
    """vCPU-ms that jobs that SUCCEEDED held, and those of the work that they had to do."""
    jobs, attempts = run.records.jobs, run.records.attempts
    ended = jobs.state == JobState.SUCCEEDED
    vcpus = asked(run, run.records.submissions.vcpus_milli).astype(np.float64)
    held = (run.phases.end_ms - run.phases.starting_ms)[ended[attempts.job]]
    of_jobs = run.records.submissions.vcpus_milli[jobs.submission].astype(np.float64)
    return float(vcpus[ended[attempts.job]] @ held), float(of_jobs[ended] @ jobs.work_ms[ended].astype(np.float64))


def _offered_vcpus(run: Analysis) -> float:
    """vCPUs of work that came to be due, over the run."""
    jobs, records = run.records.jobs, run.records
    vcpus = records.submissions.vcpus_milli[jobs.submission].astype(np.float64) / 1000
    return float((vcpus * jobs.work_ms)[run.spans.was_due].sum()) / records.horizon_ms


def in_system(records: Records) -> Steps:
    """Jobs from when they were submitted to their end."""
    spans, created = job_spans(records), records.submissions.created_at_ms[records.jobs.submission]
    chosen = spans.was_due & (created != NEVER)
    return steps(spans.created_ms[chosen], spans.end_ms[chosen], 1, records.horizon_ms)


def _growth(system: Steps, horizon_ms: int) -> _Growth:
    """Of the second half: the mean change of twenty spells, held to what chance would do.

    Changes of a steady system have a mean of nearly nothing and cancel one another; those of a queue at exactly its
    capacity are a random walk's. More than Student's t of the spells allows in 999 of 1,000 such walks is growth.
    """
    edges = np.linspace(horizon_ms / 2, horizon_ms, SPELLS + 1).astype(np.int64)
    change = np.diff(system.at(np.minimum(edges, horizon_ms - 1))).astype(np.float64)
    per_h = float(change.sum()) / (horizon_ms / 2) * MS_PER_H
    error = float(change.std(ddof=1)) / SPELLS**0.5
    return _Growth(per_h, bool(change.mean() > max(_T * error, 0.0)))


def _why_unstable(load: float | None, growth: _Growth) -> str:
    if load is not None and load >= 1:
        return f"the offered load is {load:.3g} of capacity"
    return "more jobs come than go" if growth.is_shown else ""


def _figures(run: Analysis, system: Steps, warmup: Warmup) -> dict[str, Any]:
    """Every figure after the warm-up of its own series."""
    created = run.spans.created_ms
    order = np.lexsort((np.arange(len(created)), created))
    order = order[run.spans.was_due[order]]
    parts = {
        "wait": _of_jobs("wait", run, warmup, order[wait_is_over(run)[order]]),
        "turnaround": _of_jobs("turnaround", run, warmup, order[~run.spans.censored[order]]),
        "in_system": _of_level("in_system", warmup, system),
        "running": _of_level("running", warmup, _running(run)),
        "vcpu_utilisation": _of_share(warmup, *_held_and_on(run)),
    }
    cuts = {name: cut for name, (cut, _) in parts.items()}
    known = {key: value for _, values in parts.values() for key, value in values.items()}
    cut = cuts["in_system"]
    return {
        **_named(known),
        "jobs_per_h": None if cut is None else _completed_per_h(run, cut),
        "too_short": [name for name, cut in cuts.items() if cut is None],
        "warmup_s": {name: cut / 1000 for name, cut in cuts.items() if cut is not None},
        "censored": None if cut is None else int(np.count_nonzero(run.spans.censored & _submitted_from(run, cut))),
    }


def _named(known: dict[str, Any]) -> dict[str, Any]:
    return {key: known.get(key) for key in FIGURES}


def _of_jobs(name: str, run: Analysis, warmup: Warmup, order: NDArray[np.intp]) -> tuple[int | None, dict[str, Any]]:
    """The cut, and mean and 95th percentile of the jobs submitted from it on; ``order`` is that of submission."""
    values_ms = run.parts.wait if name == "wait" else run.spans.length_ms
    created = run.spans.created_ms[order]
    if warmup == "auto":
        first = mser5(values_ms[order])
        cut = None if first is None else int(created[first])
    else:
        cut = int(warmup)
    if cut is None:
        return None, {}
    told = statistics_s(values_ms[order[created >= cut]])
    return cut, {f"{name}_mean_s": told["mean"], f"{name}_p95_s": told["p95"]}


def _of_level(name: str, warmup: Warmup, level: Steps) -> tuple[int | None, dict[str, Any]]:
    cut = _cut_of(warmup, level)
    if cut is None or cut >= level.end_ms:
        return cut, {}
    return cut, {f"{name}_mean": float(level.means(np.array([cut, level.end_ms], np.int64))[0])}


def _of_share(warmup: Warmup, held: Steps, on: Steps) -> tuple[int | None, dict[str, Any]]:
    """What was held of what was on, from the cut of what was held."""
    cut, found = _of_level("held", warmup, held)
    if not found or cut is None:
        return cut, {}
    below = _of_level("on", cut, on)[1]["on_mean"]
    return cut, {"vcpu_utilisation": found["held_mean"] / below} if below else {}


def _cut_of(warmup: Warmup, level: Steps) -> int | None:
    if warmup != "auto":
        return int(warmup)
    edges = np.unique(np.linspace(0, level.end_ms, CELLS + 1).astype(np.int64))
    first = mser5(level.means(edges))
    return None if first is None else int(edges[first])


def _running(run: Analysis) -> Steps:
    return steps(run.phases.end_ms - run.phases.running_ms, run.phases.end_ms, 1, run.records.horizon_ms)


def _held_and_on(run: Analysis) -> tuple[Steps, Steps]:
    """vCPUs that jobs held on instances, and those of the instances that were on, in thousandths."""
    records, horizon = run.records, run.records.horizon_ms
    here = records.attempts.instance != NEVER
    vcpus = asked(run, records.submissions.vcpus_milli)[here]
    held = steps(run.phases.starting_ms[here], run.phases.end_ms[here], vcpus, horizon)
    start = run.lives.end_ms - run.lives.on_ms
    return held, steps(start, run.lives.end_ms, 1000 * np.asarray(records.instances.vcpus, np.int64), horizon)


def _submitted_from(run: Analysis, cut_ms: int) -> Bools:
    return np.asarray(run.spans.was_due & (run.spans.created_ms >= cut_ms))


def _completed_per_h(run: Analysis, cut_ms: int) -> float | None:
    """Jobs that SUCCEEDED from the cut on, an hour."""
    ended = until(run.records.jobs.ended_at_ms, NEVER)
    chosen = (run.records.jobs.state == JobState.SUCCEEDED) & (ended >= cut_ms)
    span = run.records.horizon_ms - cut_ms
    return int(np.count_nonzero(chosen)) * MS_PER_H / span if span > 0 else None
