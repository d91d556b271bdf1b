"""What happened in the small run that is written down by hand: its scenario, jobs, attempts, instances, heads."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

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
