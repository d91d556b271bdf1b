"""The records as tables for people and files: names instead of codes, decimal seconds, decimal dollars.

Times have three decimals and are missing (NaN) where the records say NEVER; dollars have nine. Rows stand as in the
records. Everything that a bill, an occupancy or a wait is made of is in these columns, so that it can be recomputed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchsim.analysis.attribution import attempt_costs, extra_costs, row_environments, row_jobs
from batchsim.analysis.causes import Cause, Charge
from batchsim.analysis.critical_path import critical_path_columns
from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.faults import faults_columns
from batchsim.analysis.frame import (
    Column,
    Columns,
    call_ids,
    dollars,
    duration,
    nullable,
    pick,
    seconds,
    strings,
    texts,
    words,
)
from batchsim.analysis.log_tables import blocked_columns, consumables_columns, scaling_columns, timeline_columns
from batchsim.analysis.parts import PART_NAMES
from batchsim.analysis.phases import attempt_speeds
from batchsim.analysis.run import Analysis
from batchsim.analysis.workflows import workflows_columns
from batchsim.records.tables import NEVER, Ints, Records
from batchsim.records.vocabulary import JobState, Outcome, WaitReason, WhyEnded, WhyLaunched
from batchsim.units import PICO

ARCHITECTURES = ("x86_64", "arm64")
THROTTLED = "Too Many Requests"
ERRORS = ("ClientException", "TooManyRequestsException")
"""AWS's errors: of a call refused for good, and of HTTP 429."""
DEPENDENCY_KINDS = ("plain", "SEQUENTIAL", "N_TO_N")


def jobs_columns(run: Analysis) -> Columns:
    """One row a job that runs (single jobs and array children): where its time and money went."""
    jobs, calls, call = run.records.jobs, run.records.submissions, run.records.jobs.submission
    names, waited = run.records.names, run.parts
    return {
        "job_id": strings(run.job_ids),
        "entry": words(calls.entry[call], names.entries),
        "occurrence": int64(calls.occurrence[call]),
        "array_index": nullable(jobs.array_index),
        "queue": words(calls.queue[call], names.queues),
        "definition": words(calls.definition[call], names.definitions),
        "share": words(calls.share[call], names.shares),
        "scheduling_priority": nullable(calls.scheduling_priority[call]),
        "state": words(jobs.state, texts(JobState)),
        "reason": words(jobs.status_reason, names.status_reasons),
        "due_at_s": seconds(calls.due_at_ms[call]),
        "created_at_s": seconds(calls.created_at_ms[call]),
        "runnable_at_s": seconds(jobs.runnable_at_ms),
        "waiting_since_s": seconds(jobs.waiting_since_ms),
        "ended_at_s": seconds(jobs.ended_at_ms),
        "attempts": int64(jobs.attempts),
        "run_task_calls": int64(jobs.run_task_calls),
        "attempts_allowed": int64(calls.attempts_allowed[call]),
        **_size_columns(run.records, call),
        "image": words(calls.image[call], names.images),
        "work_s": seconds(jobs.work_ms),
        **{f"{name}_s": duration(getattr(waited, name)) for name in PART_NAMES},
        "start_up_s": duration(waited.start_up),
        "wait_behind_s": duration(run.reasons.behind.sum(axis=1, dtype=np.int64)),
        **{f"wait_{reason.text}_s": duration(run.reasons.of(reason)) for reason in WaitReason if reason},
        "turnaround_s": np.where(run.spans.censored, np.nan, duration(run.spans.length_ms)),
        "censored": run.spans.censored,
        "cost_usd": dollars(run.job_costs.own),
        "cost_loaded_usd": dollars(run.job_costs.loaded),
        "cost_share_usd": dollars(run.job_costs.share),
    }


def attempts_columns(run: Analysis) -> Columns:
    """One row an attempt, in order of placement. What Fargate bills by is filled for Fargate only."""
    attempts, names = run.records.attempts, run.records.names
    call = run.records.jobs.submission[attempts.job]
    calls = run.records.submissions
    return {
        "job_id": pick(run.job_ids, attempts.job),
        "attempt": int64(attempts.attempt),
        "queue": words(calls.queue[call], names.queues),
        "instance": pick(run.instance_ids, attempts.instance),
        "environment": words(attempts.environment, names.environments),
        "environment_kind": words(_kinds(run.records, attempts.environment), ENVIRONMENT_KINDS),
        "type": words(_or_never(run.records.instances.type, attempts.instance), names.types),
        **{f"{phase}_at_s": seconds(getattr(attempts, f"{phase}_at_ms")) for phase in _ATTEMPT_INSTANTS},
        "outcome": words(attempts.outcome, texts(Outcome)),
        "status_reason": words(attempts.status_reason, names.status_reasons),
        "reason": words(attempts.container_reason, names.container_reasons),
        "exit_code": nullable(attempts.exit_code),
        "overtook": _overtook(run.records),
        "speed": attempt_speeds(run.records) / PICO,
        **_course_columns(run),
        **_size_columns(run.records, call),
        "ephemeral_gib": int64(calls.ephemeral_gib[call]),
        "architecture": words(calls.arm64[call].astype(np.int8), ARCHITECTURES),
        **_task_columns(run),
        "extra_usd": dollars(extra_costs(run.records, run.cost)),
        "cost_usd": dollars(attempt_costs(run.records, run.cost)[0]),
    }


def _overtook(records: Records) -> NDArray[np.bool_]:
    """Whether each attempt started while a job ahead in line went on waiting."""
    overtook = np.zeros(len(records.attempts.job), np.bool_)
    overtook[list(records.overtook)] = True
    return overtook


def _course_columns(run: Analysis) -> dict[str, Column]:
    """What RUNNING was spent on, and, of jobs that save their work or answer SIGTERM, where in it the attempt stood."""
    phases, progress, size = run.phases, run.records.progress, len(run.records.attempts.job)
    missing = np.full(size, NEVER, np.int64)
    positions = {
        "work_from": "from_ms",
        "work_saved": "saved_ms",
        "work_done": "done_ms",
        "sigterm_at": "sigterm_at_ms",
    }
    columns: dict[str, Column] = {
        f"{name}_s": duration(getattr(phases, f"{name}_ms")) for name in ("restore", "checkpoint", "kept", "unkept")
    }
    for name, source in positions.items():
        column = missing.copy()
        column[progress.attempt] = getattr(progress, source)
        columns[f"{name}_s"] = seconds(column)
    return columns


_ATTEMPT_INSTANTS = ("runnable", "starting", "pull", "pulled", "running", "ended")
ENVIRONMENT_KINDS = ("EC2", "SPOT", "FARGATE", "FARGATE_SPOT")


def _task_columns(run: Analysis) -> dict[str, Column]:
    """What a Fargate bill is made of: billed seconds and rates."""
    tasks, size = run.cost.tasks, len(run.records.attempts.job)
    columns = {
        "billed_s": tasks.billed_s,
        "vcpu_nano_usd_per_h": tasks.rates[0],
        "gib_nano_usd_per_h": tasks.rates[1],
        "storage_nano_usd_per_gib_h": tasks.rates[2],
    }
    missing = np.ones(size, np.bool_)
    missing[tasks.rows] = False
    return {name: nullable(_scatter(values, tasks.rows, size), missing.copy()) for name, values in columns.items()}


def instances_columns(run: Analysis) -> Columns:
    """One row an EC2 instance, in order of launch, with its bill."""
    instances, names, bills = run.records.instances, run.records.names, run.cost.instances
    size = len(instances.environment)
    on_host = run.records.attempts.instance[run.records.attempts.instance != NEVER]
    return {
        "instance": strings(run.instance_ids),
        "environment": words(instances.environment, names.environments),
        "ordinal": int64(instances.ordinal),
        "type": words(instances.type, names.types),
        "zone": words(instances.zone, names.zones),
        "spot": instances.spot.astype(np.bool_),
        **{name: int64(getattr(instances, name)) for name in _INSTANCE_SIZES},
        "speed": instances.speed_pico / PICO,
        **{f"{instant}_s": seconds(getattr(instances, f"{instant}_ms")) for instant in _INSTANCE_INSTANTS},
        "why_launched": words(instances.why_launched, texts(WhyLaunched)),
        "why_ended": words(instances.why_ended, texts(WhyEnded)),
        "billed_s": bills.billed_s,
        "compute_usd": dollars(bills.compute),
        "ebs_usd": dollars(bills.ebs),
        "cost_usd": dollars(bills.compute + bills.ebs),
        "waived_usd": dollars(bills.waived),
        "on_demand_usd": dollars(bills.on_demand + bills.ebs),
        "root_gb": np.full(size, float(run.prices.root_gb)),
        "gp3_nano_usd_per_gb_month": np.full(size, run.prices.gp3_nano_usd_per_gb_month, np.int64),
        "first_hour_free": np.full(size, run.prices.first_hour_free, np.bool_),
        "attempts": np.bincount(on_host, minlength=size).astype(np.int64),
        "busy_s": duration(run.cost.busy_ms),
    }


_INSTANCE_SIZES = (
    "vcpus",
    "memory_mib",
    "nominal_memory_mib",
    "gpus",
    "price_nano_usd_per_h",
    "on_demand_nano_usd_per_h",
)
_INSTANCE_INSTANTS = ("launched_at", "billed_from", "ready_at", "notice_at", "closed_at", "ended_at")


def submissions_columns(run: Analysis) -> Columns:
    """One row a SubmitJob call of the workload: a single job or an array parent."""
    calls, names = run.records.submissions, run.records.names
    ids = call_ids(run.records)
    return {
        "job_id": strings(ids),
        "entry": words(calls.entry, names.entries),
        "occurrence": int64(calls.occurrence),
        "workflow_occurrence": int64(calls.workflow_occurrence),
        "size": int64(calls.size),
        "is_array": calls.is_array.astype(np.bool_),
        "queue": words(calls.queue, names.queues),
        "share": words(calls.share, names.shares),
        "scheduling_priority": nullable(calls.scheduling_priority),
        "definition": words(calls.definition, names.definitions),
        "image": words(calls.image, names.images),
        **_size_columns(run.records, np.arange(len(ids))),
        "architecture": words(calls.arm64.astype(np.int8), ARCHITECTURES),
        "ephemeral_gib": int64(calls.ephemeral_gib),
        "attempts_allowed": int64(calls.attempts_allowed),
        "timeout_s": seconds(calls.timeout_ms),
        "data_bytes": int64(calls.data_bytes),
        "due_at_s": seconds(calls.due_at_ms),
        "created_at_s": seconds(calls.created_at_ms),
        "ended_at_s": seconds(calls.ended_at_ms),
        "state": words(calls.state, texts(JobState)),
        "reason": words(calls.status_reason, names.status_reasons),
        "calls": int64(calls.calls),
        "depends_on": strings(_depends_on(run.records, ids)),
        "consumables": words(calls.needs, names.needs),
    }


def _depends_on(records: Records, ids: NDArray[np.object_]) -> list[str | None]:
    """``PARENT/KIND`` of each dependency of each call, separated by blanks; a SEQUENTIAL one names the call itself."""
    edges = records.dependencies
    found: dict[int, list[str]] = {}
    rows = zip(edges.submission.tolist(), edges.parent.tolist(), edges.kind.tolist(), strict=True)
    for call, parent, kind in rows:
        found.setdefault(call, []).append(f"{ids[parent]}/{DEPENDENCY_KINDS[kind]}")
    return [" ".join(found[call]) if call in found else None for call in range(len(ids))]


def costs_columns(run: Analysis) -> Columns:
    """One row an instance x charge x attempt x cause: every other split of the bill is a sum of these."""
    records, names, rows = run.records, run.records.names, run.cost.rows
    job, environment = row_jobs(records, run.cost), row_environments(records, run.cost)
    call = _or_never(records.jobs.submission, job)
    attempt = _or_never(records.attempts.attempt, rows.attempt)
    return {
        "environment": words(environment, names.environments),
        "environment_kind": words(_kinds(records, environment), ENVIRONMENT_KINDS),
        "instance": words(rows.instance, run.instance_ids.tolist()),
        "type": words(_or_never(records.instances.type, rows.instance), names.types),
        "job_id": pick(run.job_ids, job),
        "attempt": nullable(attempt),
        "queue": words(_or_never(records.submissions.queue, call), names.queues),
        "definition": words(_or_never(records.submissions.definition, call), names.definitions),
        "charge": words(rows.charge, texts(Charge)),
        "cause": words(rows.cause, texts(Cause)),
        "cost_usd": dollars(rows.nano_usd),
        "waived_usd": dollars(rows.waived_nano_usd),
    }


def occurrences_columns(run: Analysis) -> Columns:
    """One row a firing of an entry, its workflow and all that follow them: when it was ready, and what it cost."""
    found = run.occurrences
    return {
        "entry": words(found.entry, run.records.names.entries),
        "occurrence": found.occurrence,
        "due_at_s": seconds(found.due_ms),
        "ended_at_s": seconds(found.ended_ms),
        "ready_after_s": seconds(np.where(found.is_ready, found.ready_after_ms, NEVER)),
        "jobs": found.jobs,
        "succeeded": found.succeeded,
        "failed": found.failed,
        "retried": found.retried,
        "cost_usd": dollars(found.own),
        "cost_loaded_usd": dollars(found.loaded),
    }


def rejections_columns(run: Analysis) -> Columns:
    """One row a SubmitJob call that was refused, for now or for good."""
    found, names = run.records.rejections, run.records.names
    throttled = np.array([text == THROTTLED for text in names.status_reasons], np.int8)
    return {
        "job_id": pick(call_ids(run.records), found.submission),
        "call": int64(found.call),
        "at_s": seconds(found.at_ms),
        "error": words(throttled[found.reason], ERRORS),
        "reason": words(found.reason, names.status_reasons),
    }


COLUMNS = {
    "jobs": jobs_columns,
    "attempts": attempts_columns,
    "instances": instances_columns,
    "submissions": submissions_columns,
    "scaling": scaling_columns,
    "timeline": timeline_columns,
    "blocked": blocked_columns,
    "occurrences": occurrences_columns,
    "consumables": consumables_columns,
    "costs": costs_columns,
    "rejections": rejections_columns,
    "faults": faults_columns,
    "critical_path": critical_path_columns,
    "workflows": workflows_columns,
}
"""What makes each table's columns, by the table's name."""


def table(run: Analysis, name: str) -> pd.DataFrame:
    """The table of this name, one of :data:`COLUMNS`."""
    return pd.DataFrame(COLUMNS[name](run))


def _size_columns(records: Records, call: Ints) -> dict[str, Column]:
    """What jobs of the given calls ask for."""
    calls = records.submissions
    return {
        "vcpus": np.asarray(calls.vcpus_milli[call] / 1000),
        "memory_mib": int64(calls.memory_mib[call]),
        "gpus": int64(calls.gpus[call]),
    }


def _kinds(records: Records, environment: Ints) -> Ints:
    kinds = np.array([*(ENVIRONMENT_KINDS.index(kind) for kind in records.names.environment_kinds), NEVER], np.int8)
    return np.asarray(kinds[environment])


def _or_never(column: Ints, row: Ints) -> Ints:
    """``column[row]``, NEVER where the row is."""
    padded = np.append(int64(column), NEVER)
    return np.asarray(padded[np.where(np.asarray(row) == NEVER, len(padded) - 1, row)])


def _scatter(values: Int64s, rows: Ints, size: int) -> Int64s:
    column = np.zeros(size, np.int64)
    column[rows] = values
    return column
