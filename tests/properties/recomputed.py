"""Every metric anew from the files of a result folder: plain loops over text, fractions, and nothing of the product.

Times are whole ms, money whole nano-dollars, shares exact fractions; each metric is rounded where the report rounds.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML

Row = dict[str, str]
HOUR_MS = 3_600_000
MONTH_MS = 730 * HOUR_MS
HOPELESS = ("nothing_fits", "over_max_resource")


class Log:
    """The tables of one run as text, and the few figures that are nobody's sum."""

    def __init__(self, files: Mapping[str, str], summary: Mapping[str, Any]) -> None:
        names = ("jobs", "attempts", "instances", "submissions", "costs", "timeline", "blocked")
        self.tables = {name: list(csv.DictReader(files[f"{name}.csv"].splitlines())) for name in names}
        self.world = YAML(typ="safe", pure=True).load(files["scenario.resolved.yaml"])["world"]
        self.end_ms = ms(str(summary["horizon_s"]))
        self.stuck = summary["ended_by"] == "stuck"
        self.period_ms = round(Fraction(str(summary["cost"]["per_month_period_s"])) * 1000)

    def rows(self, name: str) -> list[Row]:
        return self.tables[name]

    @cached_property
    def due(self) -> list[Row]:
        return [row for row in self.rows("jobs") if row["due_at_s"] and ms(row["due_at_s"]) < self.end_ms + 1]

    @cached_property
    def span(self) -> tuple[int, int]:
        """First due, last end, or the end of the run while a job that was due has not ended."""
        first = min((ms(row["due_at_s"]) for row in self.due), default=0)
        return first, max((self.ended(row) for row in self.due), default=0)

    def ended(self, row: Row) -> int:
        return ms(row["ended_at_s"]) if row["ended_at_s"] else self.end_ms

    def held(self, row: Row) -> int:
        return self.ended(row) - ms(row["starting_at_s"])

    @cached_property
    def total_nano(self) -> int:
        return sum(nano(row["cost_usd"]) for row in self.rows("costs"))

    @cached_property
    def lost(self) -> list[Row]:
        """Attempts that reclaims lost: taken, or exited 0 at the SIGTERM of a notice with work undone."""
        timeouts = {(row["entry"], row["occurrence"]): row["timeout_s"] for row in self.rows("submissions")}
        calls = {row["job_id"]: (row["entry"], row["occurrence"]) for row in self.rows("jobs")}
        found = []
        for row in self.rows("attempts"):
            limit = timeouts[calls[row["job_id"]]]
            by_timeout = limit and row["running_at_s"] and self.ended(row) - ms(row["running_at_s"]) >= ms(limit)
            if row["outcome"] == "reclaimed" or (self.is_cut(row) and not by_timeout):
                found.append(row)
        return found

    @staticmethod
    def is_cut(row: Row) -> bool:
        return row["outcome"] == "succeeded" and row["sigterm_at_s"] != "" and row["sigterm_at_s"] == row["ended_at_s"]

    def jobs_in(self, state: str) -> int:
        return sum(row["state"] == state for row in self.rows("jobs"))


def ms(seconds: str) -> int:
    return round(Fraction(seconds) * 1000)


def nano(dollars: str) -> int:
    return round(Fraction(dollars) * 10**9)


def ratio(part: Fraction | int, whole: Fraction | int) -> float | None:
    return float(round(Fraction(part) / Fraction(whole), 12)) if whole else None


def most(intervals: list[tuple[int, int, int]]) -> int:
    """The most that is held at once, each in [start, end)."""
    changes: dict[int, int] = {}
    for start, end, size in intervals:
        changes[start] = changes.get(start, 0) + size
        changes[end] = changes.get(end, 0) - size
    level = highest = 0
    for at in sorted(changes):
        level += changes[at]
        highest = max(highest, level)
    return highest


# -- headline and money


def makespan_s(log: Log) -> float | None:
    if not log.due or any(row["censored"] == "true" for row in log.rows("jobs")):
        return None
    return (log.span[1] - log.span[0]) / 1000


def ready_at_s(log: Log) -> float | None:
    done = makespan_s(log) is not None and log.jobs_in("SUCCEEDED") == len(log.rows("jobs"))
    return max(log.ended(row) for row in log.rows("jobs")) / 1000 if done else None


def cost_per_job_usd(log: Log) -> float | None:
    return ratio(Fraction(log.total_nano, 10**9), log.jobs_in("SUCCEEDED"))


def cost_per_tb_usd(log: Log) -> float | None:
    read = sum(int(row["data_bytes"]) for row in log.rows("submissions"))
    return ratio(Fraction(log.total_nano * 1000), read)


def on_demand_nano(log: Log) -> int:
    """What instances and tasks cost, as long on, at On-Demand prices; and what has no other price."""
    hosts = sum(
        round(Fraction(row["billed_s"]) * int(row["on_demand_nano_usd_per_h"]) / 3600) + nano(row["ebs_usd"])
        for row in log.rows("instances")
    )
    extra = sum(nano(row["cost_usd"]) for row in log.rows("costs") if row["charge"] == "extra")
    return hosts + extra + sum(_task_nano(log, row) for row in log.rows("attempts") if not row["instance"])


INCLUDED_GIB = 20


def _task_nano(log: Log, row: Row) -> int:
    """A task by its size and the seconds billed, each charge rounded once; Spot's rates are a share of these."""
    share = (
        Fraction(str(log.world["fargate_spot_factor"])) if row["environment_kind"] == "FARGATE_SPOT" else Fraction(1)
    )
    sizes = (
        Fraction(row["vcpus"]),
        Fraction(row["memory_mib"]) / 1024,
        max(int(row["ephemeral_gib"]) - INCLUDED_GIB, 0),
    )
    shares = (share, share, 1)
    rates = (int(row[f"{kind}_h"]) for kind in ("vcpu_nano_usd_per", "gib_nano_usd_per", "storage_nano_usd_per_gib"))
    seconds = Fraction(row["billed_s"])
    return sum(
        round(round(Fraction(rate) / part) * size * seconds / 3600)
        for size, rate, part in zip(sizes, rates, shares, strict=True)
    )


def saving_usd(log: Log) -> float | None:
    return (on_demand_nano(log) - log.total_nano) / 10**9


def useful_share(log: Log) -> float | None:
    useful = sum(nano(row["cost_usd"]) for row in log.rows("costs") if row["cause"] == "useful_work")
    return ratio(useful, log.total_nano)


def lost_usd(log: Log) -> float | None:
    lost = {(row["job_id"], row["attempt"]) for row in log.lost}
    return sum(
        nano(row["cost_usd"])
        for row in log.rows("costs")
        if (row["job_id"], row["attempt"]) in lost and row["cause"] not in ("useful_work", "still_running")
    ) / 10**9  # fmt: skip


# -- latency


def waits(log: Log) -> list[int]:
    """Of jobs that were RUNNABLE and wait no more."""
    return [
        ms(row["wait_s"]) for row in log.rows("jobs")
        if row["runnable_at_s"] and (row["ended_at_s"] or not row["waiting_since_s"])
    ]  # fmt: skip


def start_ups(log: Log) -> list[int]:
    return [ms(row["start_up_s"]) for row in log.rows("jobs") if int(row["attempts"])]


def turnarounds(log: Log) -> list[int]:
    jobs = log.rows("jobs")
    return [log.ended(row) - ms(row["due_at_s"]) for row in jobs if row["runnable_at_s"] and row["ended_at_s"]]


def statistic(values: Callable[[Log], list[int]], kind: str) -> Callable[[Log], float | None]:
    """Mean, max, or the least value that so many percent do not exceed, where 10 values lie beyond it."""

    def found(log: Log) -> float | None:
        ascending = sorted(values(log))
        if not ascending:
            return None
        if kind in ("mean", "max"):
            return ascending[-1] / 1000 if kind == "max" else ratio(Fraction(sum(ascending), 1000), len(ascending))
        percent = int(kind[1:])
        if len(ascending) * (100 - percent) < 1000:
            return None
        at = next(n for n in range(1, len(ascending) + 1) if 100 * n >= percent * len(ascending))
        return ascending[at - 1] / 1000

    return found


# -- throughput and use


def jobs_per_h(log: Log) -> float | None:
    return ratio(log.jobs_in("SUCCEEDED") * HOUR_MS, log.span[1] - log.span[0])


def _running(log: Log) -> list[tuple[int, int, int]]:
    """Containers; one that would begin to run after the end of the run has not."""
    rows = [row for row in log.rows("attempts") if row["running_at_s"]]
    return [(ms(row["running_at_s"]), log.ended(row), 1) for row in rows if ms(row["running_at_s"]) < log.ended(row)]


def running_mean(log: Log) -> float | None:
    return ratio(sum(end - start for start, end, _ in _running(log)), log.span[1] - log.span[0])


def vcpus_peak(log: Log) -> float:
    rows = log.rows("attempts")
    return most([(ms(row["starting_at_s"]), log.ended(row), ms(row["vcpus"])) for row in rows]) / 1000


def utilisation(column: str) -> Callable[[Log], float | None]:
    """What jobs hold on instances, of what is on from when it is billed."""

    def found(log: Log) -> float | None:
        held = sum(Fraction(row[column]) * log.held(row) for row in log.rows("attempts") if row["instance"])
        on = sum(
            Fraction(row[column]) * max(0, log.ended(row) - ms(row["billed_from_s"]))
            for row in log.rows("instances") if row["billed_from_s"]
        )  # fmt: skip
        return ratio(held, on)

    return found


# -- counts


def jobs_stuck(log: Log) -> int:
    """Jobs in lines whose last reason will not pass: when nothing helps any more, or nothing ever would have."""
    last = {(row["queue"], row["share"]): row for row in log.rows("timeline")}
    helped = {row["queue"] for row in log.rows("blocked") if not row["until_s"] and row["limit_s"]}
    stuck = 0

    def waits(job: Row) -> bool:
        return bool(job["waiting_since_s"]) and not job["ended_at_s"]

    for (queue, share), row in last.items():
        if row["reason"] in ("empty", "fair_share_turn") or not row["job_id"] or queue in helped:
            continue
        if log.stuck or row["reason"] in HOPELESS:
            behind = {
                share,
                *(s for (q, s), other in last.items() if q == queue and other["reason"] == "fair_share_turn"),
            }
            stuck += sum(
                job["queue"] == queue and job["share"] in behind and waits(job)
                for job in log.rows("jobs")
            )  # fmt: skip
    return stuck


def run_task_failures(log: Log) -> int:
    called = [row for row in log.rows("jobs") if int(row["run_task_calls"])]
    return sum(int(row["run_task_calls"]) - int(row["attempts"]) for row in called)


def vcpu_h(rows: list[Row], column: str) -> float:
    return float(sum(Fraction(row[column]) * Fraction(row["vcpus"]) for row in rows) / 3600)


def _count(name: str, holds: Callable[[Row], bool]) -> Callable[[Log], int]:
    return lambda log: sum(map(holds, log.rows(name)))


OF_A_STEADY_STATE = (
    "offered_load", "growth_per_h", "steady_wait_mean_s", "steady_wait_p95_s", "steady_turnaround_mean_s",
    "steady_turnaround_p95_s", "steady_vcpu_utilisation", "steady_running_mean", "steady_in_system_mean",
    "steady_jobs_per_h", "steady_unfinished",
)  # fmt: skip
"""Defined only where a scenario declares a warm-up, which no random one does (tests/analysis/test_steady.py does)."""
RECOMPUTED: Mapping[str, Callable[[Log], float | None]] = {
    "makespan_s": makespan_s,
    "ready_at_s": ready_at_s,
    "cost_usd": lambda log: log.total_nano / 10**9,
    "cost_per_job_usd": cost_per_job_usd,
    "cost_per_tb_usd": cost_per_tb_usd,
    "cost_per_month_usd": lambda log: float(Fraction(log.total_nano * MONTH_MS, log.period_ms) / 10**9),
    "saving_usd": saving_usd,
    "saving_share": lambda log: ratio(on_demand_nano(log) - log.total_nano, on_demand_nano(log)),
    "useful_share": useful_share,
    **{
        f"{name}_{kind}_s": statistic(values, kind)
        for name, values in (("wait", waits), ("start_up", start_ups), ("turnaround", turnarounds))
        for kind in ("mean", "p50", "p95", "p99", "max")
    },
    "jobs_per_h": jobs_per_h,
    "running_mean": running_mean,
    "running_peak": lambda log: most(_running(log)),
    "vcpus_peak": vcpus_peak,
    "vcpu_utilisation": utilisation("vcpus"),
    "memory_utilisation": utilisation("memory_mib"),
    "jobs_succeeded": lambda log: log.jobs_in("SUCCEEDED"),
    "jobs_failed": lambda log: log.jobs_in("FAILED"),
    "jobs_unfinished": _count("jobs", lambda row: row["censored"] == "true"),
    "jobs_stuck": jobs_stuck,
    "blocked_heads": _count("blocked", lambda _: True),
    "retries": _count("attempts", lambda row: int(row["attempt"]) > 1),
    "retried_jobs": _count("jobs", lambda row: int(row["attempts"]) > 1),
    "run_task_failures": run_task_failures,
    "reclaims": _count("instances", lambda row: row["why_ended"] == "spot_reclaim"),
    "lost_vcpu_h": lambda log: vcpu_h(log.lost, "unkept_s"),
    "saved_vcpu_h": lambda log: vcpu_h(log.lost, "kept_s"),
    "cut_short": _count("attempts", Log.is_cut),
    "lost_usd": lost_usd,
    **dict.fromkeys(OF_A_STEADY_STATE, lambda _: None),
}
"""By the metric's name, what it is by the tables."""
WITHIN = {"USD": 1e-9, "s": 1e-6, "share": 1e-9, "1/h": 1e-6, "vCPU-h": 1e-6, "1": 1e-9, "vCPU": 1e-9}
"""By unit, where the report rounds."""


def unlike_the_report(files: Mapping[str, str], summary: Mapping[str, Any]) -> list[str]:
    """Each metric that the tables do not bear out."""
    log, wrong = Log(files, summary), []
    for name, shown in summary["metrics"].items():
        found = RECOMPUTED[name](log)
        given = shown["value"]
        if (found is None) != (given is None) or (found is not None and abs(found - given) > WITHIN[shown["unit"]]):
            wrong.append(f"{name}: the report says {given}, and by the tables it is {found}")
    return wrong
