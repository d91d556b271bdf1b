"""A small run written down by hand, with one of everything: the checker must find nothing wrong with it.

Instants are seconds. What follows from them (parts of turnarounds, bills, the summary) is worked out row by row in
plain Python with fractions, as one would with a pencil.
"""

from __future__ import annotations

from fractions import Fraction
from math import isnan
from typing import Any

import pandas as pd

HORIZON = 1000
NAN = float("nan")
MINUTE = 60

SCENARIO: dict[str, Any] = {
    "name": "sound",
    "computeEnvironments": [
        {
            "computeEnvironmentName": "od",
            "type": "MANAGED",
            "computeResources": {
                "type": "EC2",
                "allocationStrategy": "BEST_FIT_PROGRESSIVE",
                "minvCpus": 2,
                "maxvCpus": 2,
                "instanceTypes": ["m5.large"],
            },
        },
        {
            "computeEnvironmentName": "spot",
            "type": "MANAGED",
            "computeResources": {
                "type": "SPOT",
                "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED",
                "minvCpus": 0,
                "maxvCpus": 8,
                "instanceTypes": ["m5"],
            },
        },
        {
            "computeEnvironmentName": "ecs",
            "type": "MANAGED",
            "computeResources": {
                "type": "EC2",
                "allocationStrategy": "BEST_FIT_PROGRESSIVE",
                "desiredvCpus": 2,
                "maxvCpus": 4,
                "instanceTypes": ["m5.large"],
            },
        },
        {"computeEnvironmentName": "lab", "type": "UNMANAGED"},
        {
            "computeEnvironmentName": "fg",
            "type": "MANAGED",
            "computeResources": {"type": "FARGATE", "maxvCpus": 1},
        },
        {
            "computeEnvironmentName": "scarce",
            "type": "MANAGED",
            "computeResources": {"type": "SPOT", "maxvCpus": 8, "instanceTypes": ["m5.large"]},
        },
        {
            "computeEnvironmentName": "invalid",
            "type": "MANAGED",
            "status": "INVALID",
            "computeResources": {"type": "EC2", "maxvCpus": 8, "instanceTypes": ["m5.large"]},
        },
    ],
    "jobQueues": [
        {
            "jobQueueName": name,
            "priority": priority,
            "computeEnvironmentOrder": order,
            "jobStateTimeLimitActions": [
                {"reason": reason, "state": "RUNNABLE", "maxTimeSeconds": 600, "action": "CANCEL"}
                for reason in ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",)
                if name == "wide"
            ],
        }
        for name, priority, order in (
            ("high", 100, [{"order": 1, "computeEnvironment": "od"}]),
            ("mixed", 50, [{"order": 2, "computeEnvironment": "spot"}, {"order": 1, "computeEnvironment": "od"}]),
            ("low", 10, [{"order": 1, "computeEnvironment": "od"}]),
            ("fq", 1, [{"order": 1, "computeEnvironment": "fg"}]),
            ("tasks", 1, [{"order": 1, "computeEnvironment": "ecs"}]),
            ("labour", 1, [{"order": 1, "computeEnvironment": "lab"}]),
            ("wide", 1, [{"order": 1, "computeEnvironment": "fg"}]),
            ("starved", 1, [{"order": 1, "computeEnvironment": "scarce"}]),
            ("broken", 1, [{"order": 1, "computeEnvironment": "invalid"}]),
        )
    ],
    "jobDefinitions": [
        {
            "jobDefinitionName": "work",
            "revision": 1,
            "retryStrategy": {
                "attempts": 3,
                "evaluateOnExit": [
                    {"onStatusReason": "Host EC2*", "action": "RETRY"},
                    {"onReason": "*", "action": "exit"},
                ],
            },
        },
        {"jobDefinitionName": "plain", "revision": 1, "retryStrategy": {"attempts": 2}},
        {"jobDefinitionName": "task", "revision": 1},
    ],
    "workload": [],
    "world": {
        "timeout_lag": "3s",
        "retry_delay": "0s",
        "scheduler_cycle": "0s",
        "extra_costs": {
            "data_transfer": {"per_gb": "$0.09"},
            "nat": {"per_h": "$0.045/h"},
            "requests": {"per_job": "$0.0002"},
            "logs": {"per_attempt": "$0.001"},
        },
        "platforms": {"ecs": "no_queue"},
        "fleets": {"lab": [{"type": "m5.large", "count": 1, "at": "100s"}]},
        "run_task_attempts": 2,
        "run_task_backoff_base": "8s",
        "run_task_jitter": "none",
        "block_detect": "100s",
        "spot_hazard": 0,
        "scale_up_delay": "20s",
        "spot_shocks_per_day": 0,
    },
    "faults": [{"kind": "spot_reclaim", "at": "520s", "select": {"environment": "spot", "ordinal": 0}}],
    "actions": [
        {"at": "240s", "cancel": "nope", "reason": "not wanted"},
        {"at": "330s", "terminate": "killed", "reason": "enough"},
        {"at": "700s", "cancel": "after"},
        {"at": "720s", "register": {"jobDefinitionName": "work", "retryStrategy": {"attempts": 3}}},
        {"at": "500s", "set": "licence.totalQuantity", "to": 3},
    ],
    "consumableResources": [{"consumableResourceName": "licence", "totalQuantity": 2}],
    "notifications": [
        {"name": "failed", "eventPattern": {"detail": {"status": ["FAILED"]}}, "target": "oncall"},
        {"name": "asleep", "eventPattern": {"detail": {"status": ["FAILED"]}}, "state": "DISABLED"},
        {"name": "at-work", "eventPattern": {"detail": {"status": ["RUNNING"], "jobName": ["dep"]}}},
    ],
    "simulation": {"until": "1000s"},
}

CALLS = {
    # entry: queue, definition, vCPUs, MiB, image, size, due, timeout, depends_on
    "seq": ("high", "work:1", 1, 1000, "img", 2, 0, None, "seq/SEQUENTIAL"),
    "map": ("low", "work:1", 1, 1000, "img", 2, 0, None, "seq/N_TO_N"),
    "dep": ("low", "work:1", 1, 1000, "img", 0, 0, None, "seq/plain"),
    "bad": ("low", "work:1", 1, 1000, "img", 0, 0, None, ""),
    "child": ("low", "work:1", 1, 1000, "img", 0, 0, None, "bad/plain"),
    "hello": ("fq", "task:1", 0.25, 512, "busybox", 0, 5, None, ""),
    "urgent": ("high", "work:1", 2, 2000, "img", 0, 120, 60, ""),
    "spotty": ("mixed", "work:1", 2, 4000, "other", 0, 130, None, ""),
    "quick": ("mixed", "work:1", 2, 4000, "other", 0, 140, None, ""),
    "nope": ("low", "work:1", 1, 1000, "img", 0, 220, None, ""),
    "killed": ("low", "work:1", 1, 1000, "img", 0, 300, None, ""),
    "broken": ("low", "plain:1", 1, 1000, "img", 0, 340, None, ""),
    "stuck": ("low", "work:1", 1, 1000, "img", 0, 600, None, ""),
    "after": ("low", "work:1", 1, 1000, "img", 0, 600, None, "stuck/plain"),
    "later": ("low", "work:1", 1, 1000, "img", 0, 2000, None, ""),
    "bench": ("labour", "work:1", 2, 4000, "img", 0, 90, None, ""),
    "ask": ("tasks", "work:1", 2, 4000, "img", 0, 700, None, ""),
    "again": ("tasks", "work:2", 2, 4000, "img", 0, 735, None, ""),
    "refused": ("tasks", "work:2", 2, 4000, "img", 0, 745, None, ""),
    "giant": ("wide", "task:1", 2, 4096, "busybox", 0, 50, None, ""),
    "huge": ("wide", "task:1", 4, 8192, "busybox", 0, 650, None, ""),
    "hungry": ("starved", "work:1", 2, 4000, "img", 0, 200, None, ""),
    "lost": ("broken", "work:1", 1, 1000, "img", 0, 100, None, ""),
}
NEEDS = {"map": "licence:1", "nope": "licence:3"}
RUN_TASK_CALLS = {"ask": 1, "again": 2, "refused": 2}
ALLOWED = {"work:2": 3, "work:1": 3, "plain:1": 2, "task:1": 1}

CPU, SPOT, ACTION = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "ACTION_REQUIRED",
)
TOLD = {CPU: f"{CPU} - too wide", SPOT: f"{SPOT} - no m5.large", ACTION: f"{ACTION} - invalid"}

JOBS = {
    # job: state, reason, runnable, waiting since, ended, work
    "seq:0": ("SUCCEEDED", "Essential container in task exited", 0, NAN, 60, 48),
    "seq:1": ("SUCCEEDED", "Essential container in task exited", 60, NAN, 110, 48),
    "map:0": ("SUCCEEDED", "Essential container in task exited", 60, NAN, 162, 100),
    "map:1": ("SUCCEEDED", "Essential container in task exited", 110, NAN, 212, 100),
    "dep": ("SUCCEEDED", "Essential container in task exited", 110, NAN, 194, 30),
    "bad": ("FAILED", "Essential container in task exited", 0, NAN, 43, 30),
    "child": ("FAILED", "Dependent Job failed", NAN, NAN, 43, 10),
    "hello": ("SUCCEEDED", "Essential container in task exited", 5, NAN, 48, 3),
    "urgent": ("FAILED", "Job attempt duration exceeded timeout", 120, NAN, 277, 500),
    "spotty": ("RUNNING", "", 130, NAN, NAN, 900),
    "quick": ("SUCCEEDED", "Essential container in task exited", 140, NAN, 300, 49),
    "nope": ("FAILED", "not wanted", 220, 220, 240, 10),
    "killed": ("FAILED", "enough", 300, NAN, 330, 1000),
    "broken": ("SUCCEEDED", "Essential container in task exited", 340, NAN, 367, 20),
    "stuck": ("RUNNABLE", "", 600, 600, NAN, 10),
    "after": ("PENDING", "", NAN, NAN, NAN, 10),
    "later": ("NOT_SUBMITTED", "", NAN, NAN, NAN, 10),
    "bench": ("SUCCEEDED", "Essential container in task exited", 90, NAN, 200, 30),
    "ask": ("SUCCEEDED", "Essential container in task exited", 700, NAN, 740, 28),
    "again": ("SUCCEEDED", "Essential container in task exited", 735, NAN, 760, 15),
    "refused": ("FAILED", "RunTask failed: RESOURCE:CPU", 745, 745, 753, 10),
    "giant": ("FAILED", f"Canceled by JobStateTimeLimit action due to reason: {CPU}", 50, 50, 650, 10),
    "huge": ("RUNNABLE", TOLD[CPU], 650, 650, NAN, 10),
    "hungry": ("RUNNABLE", TOLD[SPOT], 200, 200, NAN, 10),
    "lost": ("RUNNABLE", TOLD[ACTION], 100, 100, NAN, 10),
}

A, S1, S2 = "i-0000000000000000a", "i-0000000000000000b", "i-0000000000000000c"
ECS, LAB = "i-0000000000000000d", "i-0000000000000000e"
EXITED, LOST = "Essential container in task exited", f"Host EC2 (instance {S1}) terminated."

ATTEMPTS = (
    # job, number, instance, environment, runnable, starting, pull, pulled, running, ended, outcome, texts, exit code
    ("seq:0", 1, A, "od", 0, 0, 0, 10, 12, 60, "succeeded", EXITED, "", 0),
    ("bad", 1, A, "od", 0, 0, 0, 10, 13, 43, "failed", EXITED, "", 1),
    ("hello", 1, "", "fg", 5, 5, 35, 45, 45, 48, "succeeded", EXITED, "", 0),
    ("seq:1", 1, A, "od", 60, 60, 60, 60, 62, 110, "succeeded", EXITED, "", 0),
    ("map:0", 1, A, "od", 60, 60, 60, 60, 62, 162, "succeeded", EXITED, "", 0),
    ("map:1", 1, A, "od", 110, 110, 110, 110, 112, 212, "succeeded", EXITED, "", 0),
    ("bench", 1, LAB, "lab", 90, 160, 160, 168, 170, 200, "succeeded", EXITED, "", 0),
    ("dep", 1, A, "od", 110, 162, 162, 162, 164, 194, "succeeded", EXITED, "", 0),
    ("urgent", 1, A, "od", 120, 212, 212, 212, 214, 277, "timed_out", "Job attempt duration exceeded timeout", "", 137),
    ("spotty", 1, S1, "spot", 130, 240, 240, 252, 254, 520, "reclaimed", LOST, "", None),
    ("quick", 1, S2, "spot", 140, 240, 240, 250, 251, 300, "succeeded", EXITED, "", 0),
    ("killed", 1, A, "od", 300, 300, 300, 300, 302, 330, "terminated", "enough", "", 137),
    ("broken", 1, A, "od", 340, 340, 340, 340, NAN, 345, "start_failed", "Task failed to start", "CannotPull", None),
    ("broken", 2, A, "od", 345, 345, 345, 345, 347, 367, "succeeded", EXITED, "", 0),
    ("spotty", 2, A, "od", 520, 520, 520, 540, 541, NAN, "open", "", "", None),
    ("ask", 1, ECS, "ecs", 700, 700, 700, 710, 712, 740, "succeeded", EXITED, "", 0),
    ("again", 1, ECS, "ecs", 735, 743, 743, 743, 745, 760, "succeeded", EXITED, "", 0),
)

SAVED = {
    # of spotty, which saves its work after every 100 s of it for 10 s, and restores for 20 s, by attempt:
    # restore, checkpoints, working on what was saved, and not; the work saved before, saved and done at the end
    1: (0, 20, 200, 46, 0, 200, 246),
    2: (20, 39, 300, 100, 200, 500, 600),
}
PROGRESS = ("restore_s", "checkpoint_s", "kept_s", "unkept_s", "work_from_s", "work_saved_s", "work_done_s")

INSTANCES = (
    # instance, environment, ordinal, spot, launched, billed, ready, notice, ended, why launched, why ended, price
    (A, "od", 0, False, 0, 0, 0, NAN, NAN, "initial_capacity", "end_of_run", 96_000_000),
    (ECS, "ecs", 0, False, 0, 0, 0, NAN, NAN, "fleet", "end_of_run", 96_000_000),
    (LAB, "lab", 0, False, 100, 110, 160, NAN, NAN, "fleet", "end_of_run", 96_000_000),
    (S1, "spot", 0, True, 150, 160, 240, 400, 520, "demand", "spot_reclaim", 45_123_457),
    (S2, "spot", 1, True, 150, 160, 240, NAN, 600, "demand", "scale_in", 45_123_457),
)

SCALING = (
    # at, environment, action, uncovered, instances, vCPUs, desired, errors
    (0, "od", "initial_capacity", 0, 1, 2, 2, 0),
    (150, "spot", "scale_up", 4, 2, 4, 4, 0),
    (520, "spot", "reclaim", 0, -1, -2, 2, 0),
    (600, "spot", "scale_in", 0, -1, -2, 0, 0),
    (0, "ecs", "initial_capacity", 0, 1, 2, 2, 0),
    (100, "lab", "scale_up", 0, 1, 2, 2, 0),
    (200, "scarce", "scale_up", 2, 0, 0, 0, 1),
)

TIMELINE = (
    # queue, at, reason, environment, head
    ("low", 110, "max_vcpus", "od", "dep"),
    ("low", 120, "higher_queue", "od", "dep"),
    ("high", 120, "max_vcpus", "od", "urgent"),
    ("mixed", 130, "scale_up_decision", "spot", "spotty"),
    ("mixed", 150, "instance_booting", "spot", "spotty"),
    ("low", 162, "empty", "", ""),
    ("high", 212, "empty", "", ""),
    ("low", 220, "consumable_resource", "od", "nope"),
    ("mixed", 240, "empty", "", ""),
    ("low", 240, "empty", "", ""),
    ("low", 600, "max_vcpus", "od", "stuck"),
    ("labour", 90, "fleet_full", "lab", "bench"),
    ("labour", 100, "instance_booting", "lab", "bench"),
    ("labour", 160, "empty", "", ""),
    ("tasks", 735, "client_backoff", "ecs", "again"),
    ("tasks", 743, "empty", "", ""),
    ("tasks", 745, "client_backoff", "ecs", "refused"),
    ("tasks", 753, "empty", "", ""),
    ("wide", 50, "over_max_resource", "fg", "giant"),
    ("wide", 650, "over_max_resource", "fg", "huge"),
    ("starved", 200, "capacity_error", "scarce", "hungry"),
    ("broken", 100, "environment_invalid", "invalid", "lost"),
)

BLOCKED = (
    # queue, job, reason, head at, told at, until, limit, cancelled
    ("wide", "giant", CPU, 50, 150, 650, 600, True),
    ("broken", "lost", ACTION, 100, 200, NAN, NAN, False),
    ("starved", "hungry", SPOT, 200, 300, NAN, NAN, False),
    ("wide", "huge", CPU, 650, 750, NAN, 600, False),
)

CONSUMABLES = (
    # resource, at, in use, total
    ("licence", 0, 0, 2),
    ("licence", 60, 1, 2),
    ("licence", 110, 2, 2),
    ("licence", 162, 1, 2),
    ("licence", 212, 0, 2),
    ("licence", 500, 0, 3),
)

NOTIFICATIONS = (
    # rule, target, at, job, status
    ("failed", "oncall", 43, "bad", "FAILED"),
    ("failed", "oncall", 43, "child", "FAILED"),
    ("at-work", "", 164, "dep", "RUNNING"),
    ("failed", "oncall", 240, "nope", "FAILED"),
    ("failed", "oncall", 277, "urgent", "FAILED"),
    ("failed", "oncall", 330, "killed", "FAILED"),
    ("failed", "oncall", 650, "giant", "FAILED"),
    ("failed", "oncall", 753, "refused", "FAILED"),
)

REASONS = (
    *("higher_queue", "nothing_fits", "over_max_resource", "environment_disabled", "max_vcpus"),
    *("fleet_full", "capacity_error", "scale_up_decision", "instance_booting", "launch_rate", "scheduler_cycle"),
    *("client_backoff", "vcpu_quota", "bid", "consumable_resource", "environment_invalid", "fair_share_turn"),
    "reservation",
)
PARTS = (
    *("throttled_s", "dependency_s", "wait_s", "retry_delay_s", "provisioning_s", "image_pull_s"),
    *("container_start_s", "earlier_running_s", "last_running_s"),
)
KINDS = {"od": "EC2", "ecs": "EC2", "lab": "EC2", "spot": "SPOT", "fg": "FARGATE"}
ON_DEMAND, GP3, ROOT_GB = 96_000_000, 80_000_000, 30
FARGATE = {"vcpu_nano_usd_per_h": 40_480_000, "gib_nano_usd_per_h": 4_445_000, "storage_nano_usd_per_gib_h": 111_000}
PER_ATTEMPT, PER_JOB, PER_HOUR = 1_000_000, 200_000, 45_000_000
DATA = {"map": 3_000_000_001}
"""Bytes of the data set that an entry's jobs read together, at $0.09 a GB."""
PLAN, DISCOUNT = 70_000_000, Fraction(1, 4)
"""A Savings Plan of $0.07 an hour; the run's 1000 seconds lie in one clock hour."""
HOURS = round(Fraction(HORIZON * PER_HOUR, 3600))
"""What the hours of the run cost extra."""


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
        "costs": pd.DataFrame(_costs(attempts, instances)),
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


def end_of(row: dict[str, Any]) -> float:
    """When a row ended, or the horizon."""
    return HORIZON if isnan(row["ended_at_s"]) else row["ended_at_s"]


def _attempts() -> list[dict[str, Any]]:
    names = (
        *("job_id", "attempt", "instance", "environment", "runnable_at_s", "starting_at_s", "pull_at_s", "pulled_at_s"),
        *("running_at_s", "ended_at_s", "outcome", "status_reason", "reason", "exit_code"),
    )
    rows = [dict(zip(names, row, strict=True)) for row in ATTEMPTS]
    for row in rows:
        queue, _, vcpus, memory, *_ = CALLS[row["job_id"].partition(":")[0]]
        on_fargate = row["environment"] == "fg"
        seconds = _billed(end_of(row) - row["pull_at_s"]) if on_fargate else NAN
        row |= {"queue": queue, "environment_kind": KINDS[row["environment"]], "type": "" if on_fargate else "m5.large"}
        row |= {"vcpus": vcpus, "memory_mib": memory, "gpus": 0, "ephemeral_gib": 20, "architecture": "x86_64"}
        ran = 0 if isnan(row["running_at_s"]) else end_of(row) - row["running_at_s"]
        plain = (0, 0, 0, ran, NAN, NAN, NAN)
        progress = SAVED[row["attempt"]] if row["job_id"] == "spotty" else plain
        row |= {"speed": 1.0, "sigterm_at_s": NAN, **dict(zip(PROGRESS, progress, strict=True))}
        row |= {"billed_s": seconds, **{name: price if on_fargate else NAN for name, price in FARGATE.items()}}
    return rows


def _billed(on_s: float) -> int:
    return max(60, -int(-on_s // 1)) if on_s else 0


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
        seconds = _billed(end_of(row) - row["billed_from_s"])
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
        extra = sum(_extra(one).values())
        if one["environment"] == "fg":
            one["capacity_nano"] = sum(_fargate_charges(one))
        one |= {"extra_usd": extra / 1e9, "cost_usd": (one["capacity_nano"] + extra) / 1e9}


def _extra(row: dict[str, Any]) -> dict[str, int]:
    """Nano-dollars by kind of extra cost; a job's part and its part of the data come with its first attempt."""
    if row["attempt"] > 1:
        return {"logs": PER_ATTEMPT}
    entry, _, index = row["job_id"].partition(":")
    whole, at, size = round(Fraction(DATA.get(entry, 0) * 9, 100)), int(index or 0), CALLS[entry][5] or 1
    part = round(Fraction(whole * (at + 1), size)) - round(Fraction(whole * at, size))
    return {"logs": PER_ATTEMPT, "requests": PER_JOB, **({"data_transfer": part} if part else {})}


def _fargate_charges(row: dict[str, Any]) -> tuple[int, int, int]:
    vcpu = Fraction(row["billed_s"]) * Fraction(row["vcpus"]) * FARGATE["vcpu_nano_usd_per_h"] / 3600
    gib = Fraction(row["billed_s"]) * row["memory_mib"] * FARGATE["gib_nano_usd_per_h"] / (3600 * 1024)
    return round(vcpu), round(gib), 0


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
        row |= {"cost_share_usd": _share(mine, instances) / 1e9}
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


def _share(mine: list[dict[str, Any]], instances: list[dict[str, Any]]) -> int:
    """What the greater of the vCPU and the nominal memory share costs while the attempts RUN; a task's own cost."""
    hosts, total = {row["instance"]: row for row in instances}, 0
    for one in mine:
        if not (host := hosts.get(one["instance"])):
            total += round(one["cost_usd"] * 1e9)
            continue
        ran = 0 if isnan(one["running_at_s"]) else int(end_of(one)) - one["running_at_s"]
        share = max(Fraction(one["vcpus"], 2), Fraction(one["memory_mib"], 8192))
        total += round(share * ran * host["price_nano_usd_per_h"] / 3600)
    return total


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


def _costs(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every bill by instance, charge and attempt; what no attempt holds is one row."""
    rows = []
    for one in attempts:
        if one["environment"] == "fg":
            amounts = zip(("fargate_vcpu", "fargate_gib"), _fargate_charges(one), strict=False)
            rows += [_cost(one, name, amount, "useful_work") for name, amount in amounts]
        nowhere = {**one, "type": "", "instance": ""}
        rows += [_cost(nowhere, "extra", amount, kind) for kind, amount in _extra(one).items()]
    for row in instances:
        mine = [one for one in attempts if one["instance"] == row["instance"]]
        rows += [*_compute_rows(row, mine), _cost(_nobody(row), "ebs", round(row["ebs_usd"] * 1e9), "ebs")]
    the_run = {"environment": "", "instance": "", "type": "", "job_id": "", "attempt": None}
    use, paid = _plan(attempts, instances)
    rows += [_cost(the_run, "extra", HOURS, "nat"), _cost(the_run, "savings_plan", PLAN - paid, "unused_commitment")]
    return [*rows, _cost(the_run, "savings_plan", paid - use, "commitment_discount")]


def _nobody(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "job_id": "", "attempt": None}


def _compute_rows(row: dict[str, Any], mine: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An instance's compute by cause: its attempts' phases, its boot, its idle time, what is rounded up, the rest."""
    free = row["why_ended"] == "spot_reclaim"
    total = round((row["waived_usd"] if free else row["compute_usd"]) * 1e9)
    pieces = [(one, cause, amount) for one in mine for cause, amount in _phases(one, row)]
    on = end_of(row) - row["billed_from_s"]
    idle = end_of(row) - row["ready_at_s"] - row["busy_s"]
    lengths = {"boot": row["ready_at_s"] - row["billed_from_s"], "idle_tail": idle, "minimum_charge": _billed(on) - on}
    for cause, seconds in lengths.items():
        pieces.append((_nobody(row), cause, round(Fraction(int(seconds) * row["price_nano_usd_per_h"], 3600))))
    pieces.append((_nobody(row), "unused_share", total - sum(amount for _, _, amount in pieces)))
    found = [_cost(who, "compute", amount, cause) for who, cause, amount in pieces if amount]
    return [{**each, "cost_usd": 0.0, "waived_usd": each["cost_usd"]} for each in found] if free else found


CAUSES = {"succeeded": "useful_work", "failed": "failed_attempts", "start_failed": "failed_attempts"} | {
    "timed_out": "timed_out_or_cancelled",
    "terminated": "timed_out_or_cancelled",
    "reclaimed": "lost_to_spot",
    "open": "still_running",
}


def _phases(one: dict[str, Any], host: dict[str, Any]) -> list[tuple[str, int]]:
    """(cause, nano-dollars) of an attempt's pull, start and run; the last takes what rounding left."""
    share = (Fraction(one["vcpus"], 2) + Fraction(one["memory_mib"], 7647)) / 2
    running = end_of(one) if isnan(one["running_at_s"]) else one["running_at_s"]
    whole = round(share * (int(end_of(one)) - one["starting_at_s"]) * host["price_nano_usd_per_h"] / 3600)
    lengths = {"image_pull": one["pulled_at_s"] - one["pull_at_s"], "container_start": running - one["pulled_at_s"]}
    found = [(cause, round(share * int(s) * host["price_nano_usd_per_h"] / 3600)) for cause, s in lengths.items() if s]
    return [*found, (CAUSES[one["outcome"]], whole - sum(amount for _, amount in found))]


def _plan(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> tuple[int, int]:
    """The On-Demand use that the Savings Plan covers, which is all there is, and what of the plan that takes."""
    use = sum(round(row["compute_usd"] * 1e9) for row in instances if not row["spot"])
    use += sum(sum(_fargate_charges(one)[:2]) for one in attempts if one["environment"] == "fg")
    return use, round(use * (1 - DISCOUNT))


def _cost(row: dict[str, Any], charge: str, nano: int, cause: str) -> dict[str, Any]:
    who = {name: row[name] for name in ("environment", "instance", "type", "job_id", "attempt")}
    return {**who, "charge": charge, "cause": cause, "cost_usd": nano / 1e9, "waived_usd": 0.0}


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
    use, paid = _plan(attempts.to_dict("records"), instances.to_dict("records"))
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
