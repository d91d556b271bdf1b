"""The headline: what to take away, each figure one of ``summary.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.report import sentences
from batchsim.report.page.blocks import Tile
from batchsim.report.words import NOTHING, count, dollars, duration, number, plural, share

Summary = Mapping[str, Any]


def tiles(summary: Summary) -> list[Tile]:
    """The tiles in reading order: money, time, jobs, capacity."""
    every = [_cost(summary), _ready(summary), _jobs(summary), *_waits(summary), *_peaks(summary), *_hosts(summary)]
    return [*every, *_spot(summary)]


def value_at(summary: Summary, path: str) -> Any:
    """The value of ``summary.json`` at a path of keys."""
    found: Any = summary
    for key in path.split("."):
        found = found[key]
    return found


def _tile(summary: Summary, name: str, path: str, told: str, note: str = "", *, alarm: bool = False) -> Tile:
    return Tile(name, told, note, path, value_at(summary, path), alarm)


def _cost(summary: Summary) -> Tile:
    bill = summary["cost"]
    each = f"{dollars(bill['per_job_usd'])} for each job that succeeded" if bill["per_job_usd"] is not None else ""
    return _tile(summary, "Cost", "cost.total_usd", dollars(bill["total_usd"]), each)


def _ready(summary: Summary) -> Tile:
    """When all was done; where it was not, that."""
    ready = summary["headline"]["data_ready_at_s"]
    name = "Data ready" if summary["cost"]["data_bytes"] else "Done"
    path = "headline.data_ready_at_s"
    if ready is None:
        any_jobs = bool(summary["jobs"]["total"])
        return _tile(summary, name, path, "no" if any_jobs else NOTHING, sentences.ready(summary), alarm=any_jobs)
    at = sentences.ready_at(summary).partition(",")[0]
    return _tile(summary, name, path, duration(ready), f"after the start: {at}")


def _jobs(summary: Summary) -> Tile:
    jobs = summary["jobs"]
    told = [f"of {count(jobs['total'])} succeeded"]
    told += [f"{count(jobs['failed'])} failed"] * bool(jobs["failed"])
    told += [f"{count(jobs['censored'])} unfinished"] * bool(jobs["censored"])
    is_bad = bool(jobs["failed"] or jobs["censored"])
    return _tile(summary, "Jobs", "jobs.succeeded", count(jobs["succeeded"]), ", ".join(told), alarm=is_bad)


def _waits(summary: Summary) -> list[Tile]:
    found = summary["latency"]["all"]["wait_s"]
    if not found["n"]:
        return []
    note = f"p95 {duration(found['p95'])}, " if found["p95"] is not None else ""
    path = "latency.all.wait_s.mean"
    return [_tile(summary, "Wait, mean", path, duration(found["mean"]), f"{note}longest {duration(found['max'])}")]


def _peaks(summary: Summary) -> list[Tile]:
    found = summary["throughput"]
    if not found["vcpus_peak"]:
        return []
    note = f"{plural(found['running_peak'], 'container')} at the peak; {count(found['jobs_per_h'], 1)} jobs an hour"
    return [_tile(summary, "vCPUs held, peak", "throughput.vcpus_peak", number(found["vcpus_peak"]), note)]


def _hosts(summary: Summary) -> list[Tile]:
    launched, used = summary["instances"]["launched"], summary["utilisation"]["vcpu"]
    if not launched:
        return []
    note = f"{plural(launched, 'instance')} launched"
    return [_tile(summary, "vCPUs used of those paid", "utilisation.vcpu", share(used), note)]


def _spot(summary: Summary) -> list[Tile]:
    bill, lost = summary["cost"], summary["reclaims"]
    if not any("Spot" in purchase for purchase in bill["by_purchase"]):
        return []
    saved = f"against {dollars(bill['on_demand_usd'])} On-Demand for the same hours"
    taken = _tile(summary, "Taken by Spot", "reclaims.attempts", plural(lost["attempts"], "attempt"),
                  f"on {plural(lost['instances'], 'instance')}; {dollars(lost['lost_usd'])} of work lost")  # fmt: skip
    return [_tile(summary, "Saved by Spot", "cost.saving_share", share(bill["saving_share"]), saved), taken]
