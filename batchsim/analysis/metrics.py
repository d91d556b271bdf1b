"""The registry of metrics: the names that thresholds, ``--fail-if``, studies and ``summary.json`` share."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from batchsim.units import parse_duration_ms


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a run, and where the summary holds it."""

    name: str
    unit: str
    """``s``, ``USD``, ``share`` (0 to 1), ``1/h``, ``vCPU``, ``vCPU-h`` or ``1`` for a count."""
    better: str
    """``lower`` or ``higher``."""
    what: str
    path: tuple[str, ...]
    """Keys into the summary."""

    def value(self, summary: Mapping[str, Any]) -> float | None:
        """Return the metric's value; None where the run does not define it."""
        found: Any = summary
        for key in self.path:
            found = found[key]
        return None if found is None else float(found)


def _statistics(name: str, what: str) -> tuple[Metric, ...]:
    """The statistics of one latency, named as in ``wait_p95_s``."""
    return tuple(
        Metric(f"{name}_{kind}_s", "s", "lower", f"{kind} of {what}", ("latency", "all", f"{name}_s", kind))
        for kind in ("mean", "p50", "p95", "p99", "max")
    )


def _steady(name: str, unit: str, better: str, what: str, key: str = "") -> Metric:
    return Metric(name, unit, better, what, ("steady", key or name.removeprefix("steady_").removesuffix("_share")))


STEADY: tuple[Metric, ...] = (
    _steady("offered_load", "share", "lower", "vCPUs that jobs ask for at a time, of maxvCpus"),
    _steady("growth_per_h", "1/h", "lower", "how many more jobs were in the system, an hour of the second half"),
    _steady("steady_wait_mean_s", "s", "lower", "mean of time in RUNNABLE, after the warm-up", "wait_mean_s"),
    _steady("steady_wait_p95_s", "s", "lower", "p95 of time in RUNNABLE, after the warm-up", "wait_p95_s"),
    _steady("steady_turnaround_mean_s", "s", "lower", "mean of due to ended, after the warm-up", "turnaround_mean_s"),
    _steady("steady_turnaround_p95_s", "s", "lower", "p95 of due to ended, after the warm-up", "turnaround_p95_s"),
    _steady("steady_vcpu_utilisation", "share", "higher", "vCPUs held of vCPUs on, after the warm-up"),
    _steady("steady_running_mean", "1", "higher", "containers running, mean after the warm-up"),
    _steady("steady_in_system_mean", "1", "lower", "jobs submitted and not ended, mean after the warm-up"),
    _steady("steady_jobs_per_h", "1/h", "higher", "jobs succeeded an hour, after the warm-up"),
    _steady("steady_unfinished", "1", "lower", "jobs submitted after the warm-up that had not ended", "censored"),
)
"""Of runs that declare a warm-up; undefined of all others, and where no state is steady."""

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("makespan_s", "s", "lower", "from the first job due to the last end", ("headline", "makespan_s")),
        Metric("ready_at_s", "s", "lower", "when the last job had succeeded", ("headline", "data_ready_at_s")),
        Metric("cost_usd", "USD", "lower", "the whole bill", ("cost", "total_usd")),
        Metric("cost_per_job_usd", "USD", "lower", "the bill per job that succeeded", ("cost", "per_job_usd")),
        Metric("cost_per_tb_usd", "USD", "lower", "the bill per 10^12 bytes of data sets", ("cost", "per_tb_usd")),
        Metric("cost_per_month_usd", "USD", "lower", "the bills of a month", ("cost", "per_month_usd")),
        Metric("saving_usd", "USD", "higher", "On-Demand equivalent less the bill", ("cost", "saving_usd")),
        Metric("saving_share", "share", "higher", "saving over On-Demand equivalent", ("cost", "saving_share")),
        Metric("useful_share", "share", "higher", "part of the bill for useful work", ("cost", "useful_share")),
        *_statistics("wait", "time in RUNNABLE"),
        *_statistics("start_up", "provisioning, image pull and container start"),
        *_statistics("turnaround", "time from due to ended"),
        Metric("jobs_per_h", "1/h", "higher", "jobs succeeded an hour of makespan", ("throughput", "jobs_per_h")),
        Metric("running_mean", "1", "higher", "containers running, mean", ("throughput", "running_mean")),
        Metric("running_peak", "1", "higher", "containers running, most at once", ("throughput", "running_peak")),
        Metric("vcpus_peak", "vCPU", "lower", "vCPUs held by jobs, most at once", ("throughput", "vcpus_peak")),
        Metric("vcpu_utilisation", "share", "higher", "vCPUs held of vCPUs on", ("utilisation", "vcpu")),
        Metric("memory_utilisation", "share", "higher", "memory held of memory on", ("utilisation", "memory")),
        Metric("jobs_succeeded", "1", "higher", "jobs that succeeded", ("jobs", "succeeded")),
        Metric("jobs_failed", "1", "lower", "jobs that failed", ("jobs", "failed")),
        Metric("jobs_unfinished", "1", "lower", "jobs that had not ended", ("jobs", "censored")),
        Metric("jobs_stuck", "1", "lower", "jobs that can never start", ("jobs", "stuck")),
        Metric("blocked_heads", "1", "lower", "heads found to block their queue", ("blocked", "heads")),
        Metric("retries", "1", "lower", "attempts after a first one", ("retries", "retries")),
        Metric("retried_jobs", "1", "lower", "jobs tried more than once", ("retries", "retried_jobs")),
        Metric("run_task_failures", "1", "lower", "RunTask calls that found no room", ("run_task", "failures")),
        Metric("reclaims", "1", "lower", "instances that Spot took", ("reclaims", "instances")),
        Metric("lost_vcpu_h", "vCPU-h", "lower", "work that reclaims lost", ("reclaims", "lost_vcpu_h")),
        Metric("saved_vcpu_h", "vCPU-h", "higher", "work that checkpoints saved", ("reclaims", "saved_vcpu_h")),
        Metric("cut_short", "1", "lower", "jobs that exit 0 at SIGTERM, unfinished", ("reclaims", "cut_short")),
        Metric("lost_usd", "USD", "lower", "billed for attempts that reclaims lost", ("reclaims", "lost_usd")),
        *STEADY,
    )
}
"""Every metric by name."""

_CONDITION = re.compile(r"\s*(<=|>=|<|>)\s*(\S.*?)\s*")
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def metric(name: str) -> Metric:
    """Return the metric of a name; ``ValueError`` with a near match for one that does not exist."""
    if name in METRICS:
        return METRICS[name]
    near = get_close_matches(name, METRICS, n=1)
    hint = f". Did you mean {near[0]}?" if near else f"; there are {', '.join(METRICS)}"
    raise ValueError(f"unknown metric {name}{hint}")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition on a metric, as in ``makespan_s: "< 4h"``."""

    metric: Metric
    condition: str
    compare: Callable[[float, float], bool]
    limit: float

    def verdict(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Return metric, condition, value, and whether it holds; a value that the run does not define does not hold."""
        value = self.metric.value(summary)
        ok = value is not None and self.compare(value, self.limit)
        return {"metric": self.metric.name, "condition": self.condition, "value": value, "ok": ok}


def threshold(name: str, condition: str) -> Threshold:
    """Read one threshold; ``ValueError`` says what is wrong with it. Limits: ``4h``, ``$40`` or ``40``, ``95%``."""
    of = metric(name)
    match = _CONDITION.fullmatch(condition)
    if not match:
        raise ValueError(f"{name}: not a condition: {condition!r}; write one of < <= > >= and a limit, as in '< 4h'")
    try:
        limit = limit_of(match[2], of.unit)
    except ValueError as error:
        raise ValueError(f"{name}: {condition!r}: {error}") from None
    return Threshold(of, condition.strip(), OPERATORS[match[1]], limit)


def limit_of(text: str, unit: str) -> float:
    """Read a limit in the metric's own unit; ``ValueError`` says what is wrong with it."""
    number = re.fullmatch(r"\$?(-?\d+(?:\.\d+)?)\s*(%|[A-Za-z].*)?", text)
    if unit == "s" and not (number and number[2] is None):
        return parse_duration_ms(text.replace(" ", "")) / 1000
    if not number or (text.startswith("$") and unit != "USD"):
        raise ValueError(f"the limit must be a number of {unit}")
    if number[2] == "%" and unit == "share":
        return float(number[1]) / 100
    if number[2] not in (None, unit):
        raise ValueError(f"the limit must be in {unit}, not {number[2]}")
    return float(number[1])
