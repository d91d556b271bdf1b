"""A small run written down by hand, with one of everything: the checker must find nothing wrong with it.

Instants are seconds. What follows from them (parts of turnarounds, bills, the summary) is worked out row by row in
plain Python with fractions, as one would with a pencil.
"""

from __future__ import annotations

from fractions import Fraction
from math import isnan
from typing import Any

import pandas as pd

from tests.analysis.sound_costs import billed, cost_rows, end_of, extra_of, fargate_charges, plan_of, share_of
from tests.analysis.sound_facts import (
    ACTION,
    ALLOWED,
    ATTEMPTS,
    BLOCKED,
    CALLS,
    CONSUMABLES,
    CPU,
    DATA,
    FARGATE,
    GP3,
    HORIZON,
    HOURS,
    INSTANCES,
    JOBS,
    KINDS,
    NAN,
    NEEDS,
    NOTIFICATIONS,
    ON_DEMAND,
    PARTS,
    PLAN,
    PROGRESS,
    REASONS,
    ROOT_GB,
    RUN_TASK_CALLS,
    SAVED,
    SCALING,
    SCENARIO,
    SPOT,
    TIMELINE,
    TOLD,
)


def sound_run() -> dict[str, Any]:
    """The tables of the run, its summary and its scenario; the caller may change them."""
    attempts, instances = _attempts(), _instances()
    _charge(attempts, instances)
    jobs = _jobs(attempts, instances)
    calls = _submissions(jobs)
    tables: dict[str, Any] = {
        "jobs": pd.DataFrame(jobs),
        "attempts": pd.DataFrame(attempts),
        "instances": pd.DataFrame(instances),
        "submissions": pd.DataFrame(calls),
        "scaling": pd.DataFrame(
            SCALING,
            columns=[
                *("at_s", "environment", "action", "uncovered_vcpus", "instances", "vcpus", "desired_vcpus"),
                "capacity_errors",
            ],
        ),
        "consumables": pd.DataFrame(CONSUMABLES, columns=["resource", "at_s", "in_use", "total"]),
        "timeline": pd.DataFrame(TIMELINE, columns=["queue", "at_s", "reason", "environment", "job_id"]).assign(
            share=""
        ),
        "blocked": _blocked(),
        "costs": pd.DataFrame(cost_rows(attempts, instances)),
        "notifications": pd.DataFrame(NOTIFICATIONS, columns=["rule", "target", "at_s", "job_id", "status"]),
    }
    return {**tables, "summary": _summary(tables), "scenario": _scenario()}


def _blocked() -> pd.DataFrame:
    names = ["queue", "job_id", "reason", "head_at_s", "at_s", "until_s", "limit_s", "cancelled"]
    frame = pd.DataFrame(BLOCKED, columns=names)
    return frame.assign(attempt=1, status_reason=[TOLD[reason] for reason in frame["reason"]])


def _scenario() -> dict[str, Any]:
    entries = [
        {"id": name, "at": f"{call[6]}s", "submit": {"jobName": name, "jobQueue": call[0], "jobDefinition": call[1]}}
        for name, call in CALLS.items()
    ]
    for entry in entries:
        if entry["id"] in ("refused", "bench"):
            entry["submit"]["jobDefinition"] = "work"
    saving = {"checkpoint": {"every": "100s", "cost": "10s", "restore": "20s"}}
    own = {"spotty": saving, "bad": {"fails": [{"probability": 1, "exit_code": 1}]}}
    entries = [{**entry, **own.get(entry["id"], {})} for entry in entries]
    return {**SCENARIO, "workload": [{"workflow": entries[:5]}, *entries[5:]]}


def _attempts() -> list[dict[str, Any]]:
    names = (
        *("job_id", "attempt", "instance", "environment", "runnable_at_s", "starting_at_s", "pull_at_s", "pulled_at_s"),
        *("running_at_s", "ended_at_s", "outcome", "status_reason", "reason", "exit_code"),
    )
    rows = [dict(zip(names, row, strict=True)) for row in ATTEMPTS]
    for row in rows:
        queue, _, vcpus, memory, *_ = CALLS[row["job_id"].partition(":")[0]]
        on_fargate = row["environment"] == "fg"
        seconds = billed(end_of(row) - row["pull_at_s"]) if on_fargate else NAN
        row |= {"queue": queue, "environment_kind": KINDS[row["environment"]], "type": "" if on_fargate else "m5.large"}
        row |= {"vcpus": vcpus, "memory_mib": memory, "gpus": 0, "ephemeral_gib": 20, "architecture": "x86_64"}
        ran = 0 if isnan(row["running_at_s"]) else end_of(row) - row["running_at_s"]
        plain = (0, 0, 0, ran, NAN, NAN, NAN)
        progress = SAVED[row["attempt"]] if row["job_id"] == "spotty" else plain
        row |= {"speed": 1.0, "sigterm_at_s": NAN, **dict(zip(PROGRESS, progress, strict=True))}
        row |= {"billed_s": seconds, **{name: price if on_fargate else NAN for name, price in FARGATE.items()}}
    return rows


def _instances() -> list[dict[str, Any]]:
    names = (
        *("instance", "environment", "ordinal", "spot", "launched_at_s", "billed_from_s", "ready_at_s", "notice_at_s"),
        *("ended_at_s", "why_launched", "why_ended", "price_nano_usd_per_h"),
    )
    rows = [dict(zip(names, row, strict=True)) for row in INSTANCES]
    for row in rows:
        row |= {"closed_at_s": NAN}
        row |= {"type": "m5.large", "zone": "us-east-1a", "vcpus": 2, "memory_mib": 7647, "nominal_memory_mib": 8192}
        row |= {"gpus": 0, "speed": 1.0, "on_demand_nano_usd_per_h": ON_DEMAND, "first_hour_free": True}
        row |= {"root_gb": float(ROOT_GB), "gp3_nano_usd_per_gb_month": GP3}
    return rows


def _charge(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> None:
    """Bills of all instances, and each attempt's part of them."""
    for row in instances:
        mine = [attempt for attempt in attempts if attempt["instance"] == row["instance"]]
        seconds = billed(end_of(row) - row["billed_from_s"])
        compute = round(Fraction(seconds * row["price_nano_usd_per_h"], 3600))
        ebs = round(Fraction(seconds * ROOT_GB * GP3, 730 * 3600))
        free = row["why_ended"] == "spot_reclaim"
        row |= {"billed_s": seconds, "compute_usd": 0.0 if free else compute / 1e9, "ebs_usd": ebs / 1e9}
        row |= {"waived_usd": compute / 1e9 if free else 0.0, "cost_usd": (ebs + (0 if free else compute)) / 1e9}
        row["on_demand_usd"] = (round(Fraction(seconds * ON_DEMAND, 3600)) + ebs) / 1e9
        busy = {t for one in mine for t in range(one["starting_at_s"], int(end_of(one)))}
        row |= {"attempts": len(mine), "busy_s": float(len(busy))}
        for one in mine:
            share = (Fraction(one["vcpus"], 2) + Fraction(one["memory_mib"], 7647)) / 2
            held = int(end_of(one)) - one["starting_at_s"]
            one["capacity_nano"] = 0 if free else round(share * held * row["price_nano_usd_per_h"] / 3600)
    for one in attempts:
        extra = sum(extra_of(one).values())
        if one["environment"] == "fg":
            one["capacity_nano"] = sum(fargate_charges(one))
        one |= {"extra_usd": extra / 1e9, "cost_usd": (one["capacity_nano"] + extra) / 1e9}


def _jobs(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name, (state, reason, runnable, waiting, ended, work) in JOBS.items():
        entry, _, index = name.partition(":")
        queue, definition, vcpus, memory, image, _, due, _, _ = CALLS[entry]
        mine = [attempt for attempt in attempts if attempt["job_id"] == name]
        row = {"job_id": name, "entry": entry, "occurrence": 0, "array_index": int(index) if index else None}
        row |= {
            "queue": queue,
            "definition": definition,
            "share": "",
            "scheduling_priority": NAN,
            "state": state,
            "reason": reason,
            "due_at_s": due,
        }
        row |= {"created_at_s": NAN if due > HORIZON else due, "runnable_at_s": runnable, "waiting_since_s": waiting}
        row |= {"ended_at_s": ended, "attempts": len(mine), "attempts_allowed": ALLOWED[definition], "vcpus": vcpus}
        row |= {"run_task_calls": RUN_TASK_CALLS.get(name, 0)}
        row |= {"memory_mib": memory, "gpus": 0, "image": image, "work_s": work, **_parts(row, mine)}
        row |= {"turnaround_s": ended - due, "censored": isnan(ended)}
        own = sum(round(one["cost_usd"] * 1e9) for one in mine)
        row |= {"cost_usd": own / 1e9, "cost_loaded_usd": own / 1e9}
        row |= {"cost_share_usd": share_of(mine, instances) / 1e9}
        rows.append(row)
    _load(rows, attempts, instances)
    return rows


def _parts(row: dict[str, Any], mine: list[dict[str, Any]]) -> dict[str, float]:
    """The nine parts, and the waits by reason, second by second."""
    if row["due_at_s"] > HORIZON:
        return {
            **dict.fromkeys(PARTS, 0.0),
            **{f"wait_{reason}_s": 0.0 for reason in REASONS},
            "start_up_s": 0.0,
            "wait_behind_s": 0.0,
        }
    released = end_of(row) if isnan(row["runnable_at_s"]) else row["runnable_at_s"]
    waits = [(one["runnable_at_s"], one["starting_at_s"]) for one in mine]
    if not isnan(row["waiting_since_s"]):
        waits.append((row["waiting_since_s"], end_of(row)))
    running = [end_of(one) if isnan(one["running_at_s"]) else one["running_at_s"] for one in mine]
    runs = [end_of(one) - start for one, start in zip(mine, running, strict=True)]
    parts = {"throttled_s": 0.0, "dependency_s": released - row["created_at_s"]}
    parts |= {"wait_s": sum(end - begin for begin, end in waits), "retry_delay_s": 0.0}
    provisioning = sum(one["pull_at_s"] - one["starting_at_s"] for one in mine)
    pull = sum(one["pulled_at_s"] - one["pull_at_s"] for one in mine)
    start = sum(begin - one["pulled_at_s"] for one, begin in zip(mine, running, strict=True))
    parts |= {"provisioning_s": provisioning, "image_pull_s": pull, "container_start_s": start}
    parts |= {"earlier_running_s": sum(runs[:-1]), "last_running_s": sum(runs[-1:])}
    told = [_reason(row["queue"], second) for begin, end in waits for second in range(int(begin), int(end))]
    parts |= {"start_up_s": provisioning + pull + start, "wait_behind_s": 0.0}
    return {**parts, **{f"wait_{name}_s": float(told.count(name)) for name in REASONS}}


def _reason(queue: str, second: int) -> str:
    return [reason for name, at, reason, _, _ in TIMELINE if name == queue and at <= second][-1]


def _load(jobs: list[dict[str, Any]], attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> None:
    """What an instance's attempts share is laid on them by what they cost; where they were free, on the first."""
    by_name = {row["job_id"]: row for row in jobs}
    for row in instances:
        mine = [one for one in attempts if one["instance"] == row["instance"]]
        direct, laid, paid = sum(one["capacity_nano"] for one in mine), 0, 0
        shared = round(row["cost_usd"] * 1e9) - direct
        for one in mine:
            paid += one["capacity_nano"]
            owed = round(Fraction(shared * paid, direct)) if direct else shared
            job = by_name[one["job_id"]]
            job["cost_loaded_usd"] = (round(job["cost_loaded_usd"] * 1e9) + owed - laid) / 1e9
            laid = owed


def _submissions(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for entry, (queue, definition, vcpus, memory, image, size, due, timeout, depends_on) in CALLS.items():
        mine = [job for job in jobs if job["entry"] == entry]
        row = {"job_id": entry, "entry": entry, "occurrence": 0, "workflow_occurrence": 0, "size": max(size, 1)}
        row |= {"is_array": size > 0, "queue": queue, "definition": definition, "image": image, "vcpus": vcpus}
        row |= {"memory_mib": memory, "gpus": 0, "architecture": "x86_64", "ephemeral_gib": 20}
        row |= {"attempts_allowed": ALLOWED[definition], "timeout_s": NAN if timeout is None else timeout}
        row |= {"data_bytes": DATA.get(entry, 0), "due_at_s": due, "created_at_s": mine[0]["created_at_s"]}
        row |= {"ended_at_s": max(job["ended_at_s"] for job in mine), "state": mine[0]["state"]}
        made = int(mine[0]["state"] != "NOT_SUBMITTED")
        row |= {"reason": mine[0]["reason"], "calls": made, "depends_on": depends_on}
        row |= {"consumables": NEEDS.get(entry, "")}
        rows.append(row)
    return rows


def _occurrence(jobs: pd.DataFrame, entries: list[str], ready_after_s: int | None) -> dict[str, Any]:
    """The one firing of some entries."""
    nano, ready = _nano(jobs["cost_loaded_usd"][jobs["entry"].isin(entries)]), int(ready_after_s is not None)
    return {
        "entry": entries[0],
        "entries": entries,
        "occurrences": 1,
        "ready": ready,
        "ready_after_s": {"n": ready, "max": ready_after_s},
        "cost_loaded_usd": {"n": 1, "max": nano / 1e9},
        "total_usd": nano / 1e9,
    }


def _summary(tables: dict[str, Any]) -> dict[str, Any]:
    jobs, attempts, instances, costs = (tables[name] for name in ("jobs", "attempts", "instances", "costs"))
    shared = "shared: everything"
    own = {name: _nano_by(jobs, name) for name in ("queue", "definition", "entry")}
    tasks = _nano(attempts["cost_usd"][attempts["environment"] == "fg"])
    beside = _nano(attempts["extra_usd"][attempts["environment"] != "fg"]) + HOURS
    use, paid = plan_of(attempts.to_dict("records"), instances.to_dict("records"))
    total = _nano(instances["cost_usd"]) + tasks + beside + (PLAN - paid) + (paid - use)
    on_demand = _nano(instances["on_demand_usd"]) + tasks + beside
    rest = total - _nano(jobs["cost_usd"])
    cost = {
        "total_usd": total / 1e9,
        "waived_usd": _nano(instances["waived_usd"]) / 1e9,
        "on_demand_usd": on_demand / 1e9,
        "saving_usd": (on_demand - total) / 1e9,
        "extra_usd": (_nano(attempts["extra_usd"]) + HOURS) / 1e9,
        "commitments": [_commitment(use, paid)],
        "per_month_usd": (round(Fraction((total - PLAN) * 730, 24)) + 730 * PLAN) / 1e9,
        "per_month_period_s": 86_400.0,
        "unallocated_usd": (HOURS + PLAN - use) / 1e9,
        "cost_share_usd": _nano(jobs["cost_share_usd"]) / 1e9,
        **{f"by_{name}": {**split, shared: rest / 1e9} for name, split in own.items()},
        **{f"by_{name}": _nano_by(costs, name) for name in ("cause", "charge", "environment", "type")},
    }
    placed = jobs["attempts"] > 0
    runnable = jobs["runnable_at_s"].notna()
    over = runnable & (jobs["waiting_since_s"].isna() | jobs["ended_at_s"].notna())
    lost = attempts["outcome"] == "reclaimed"
    return {
        "shares": [],
        "horizon_s": float(HORIZON),
        "notifications": [
            {"rule": name, "notifications": [row[0] for row in NOTIFICATIONS].count(name)}
            for name in ("failed", "asleep", "at-work")
        ],
        "blocked": {
            "heads": len(BLOCKED),
            "cancelled": sum(row[7] for row in BLOCKED),
            "by_reason": [
                {"queue": "wide", "reason": CPU, "heads": 2, "cancelled": 1},
                {"queue": "broken", "reason": ACTION, "heads": 1, "cancelled": 0},
                {"queue": "starved", "reason": SPOT, "heads": 1, "cancelled": 0},
            ],
        },
        "ended_by": "until",
        "jobs": {
            "total": len(jobs),
            "submitted": int(jobs["created_at_s"].notna().sum()),
            "succeeded": int((jobs["state"] == "SUCCEEDED").sum()),
            "failed": int((jobs["state"] == "FAILED").sum()),
            "by_state": {str(state): int(count) for state, count in jobs["state"].value_counts().items()},
            "submit_calls": len(CALLS) - 1,
        },
        "headline": {"makespan_s": None},
        "cost": cost,
        "occurrences": [
            _occurrence(jobs, ["quick"], 300 - 140),
            _occurrence(jobs, ["seq", "map", "dep"], 212 - 0),
            _occurrence(jobs, ["broken", "spotty"], None),
        ],
        "latency": {
            "all": {
                "wait_s": _statistics(jobs["wait_s"][over]),
                "start_up_s": _statistics(jobs["start_up_s"][placed]),
                "turnaround_s": _statistics(jobs["turnaround_s"][runnable & jobs["ended_at_s"].notna()]),
            }
        },
        "throughput": {"running_peak": 3, "vcpus_peak": 6.0, "instances_peak": 5},
        "instances": {"launched": len(instances)},
        "retries": {
            "attempts": len(attempts),
            "retries": 2,
            "retried_jobs": 2,
            "by_outcome": {str(word): int(count) for word, count in attempts["outcome"].value_counts().items()},
        },
        "reclaims": {
            "instances": 1,
            "attempts": int(lost.sum()),
            "cut_short": 0,
            "lost_s": 46.0,
            "saved_s": 200.0,
            "lost_usd": float(attempts["cost_usd"][lost].sum()),
        },
    }


def _commitment(use: int, paid: int) -> dict[str, Any]:
    """The Savings Plan as the summary tells it."""
    terms = {"kind": "savings_plan", "usd_per_h": PLAN / 1e9, "discount": "1/4", "hours": 1, "fees_usd": PLAN / 1e9}
    return {
        **terms,
        "covered_usd": use / 1e9,
        "discount_usd": (use - paid) / 1e9,
        "unused_usd": (PLAN - paid) / 1e9,
    }


def _nano(column: Any) -> int:
    return sum(round(value * 1e9) for value in column)


def _nano_by(table: Any, name: str) -> dict[str, float]:
    return {str(word): _nano(rows["cost_usd"]) / 1e9 for word, rows in table.groupby(name, sort=False)}


def _statistics(values: Any) -> dict[str, Any]:
    ascending = sorted(values)
    middle = ascending[-(-len(ascending) // 2) - 1]
    return {"n": len(ascending), "mean": round(sum(ascending) / len(ascending), 6), "p50": middle, "p95": None} | {
        "p99": None,
        "max": ascending[-1],
    }
