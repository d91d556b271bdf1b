"""How much got done: jobs an hour, containers, vCPUs and instances at once, makespan, when each entry was ready."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import peak, ratio
from batchsim.records.tables import NEVER, Bools, Ints
from batchsim.records.vocabulary import JobState
from batchsim.units import MS_PER_H


def window_ms(run: Analysis) -> tuple[int, int]:
    """Return the instants of the first job that was due and of the last end; the horizon if a due job had not ended."""
    due, spans = run.spans.was_due, run.spans
    if not due.any():
        return 0, 0
    return int(spans.due_ms[due].min()), int(spans.end_ms[due].max())


def makespan_ms(run: Analysis) -> int | None:
    """Return the time from the first job due to the last end; None while a due job has not ended, or without jobs."""
    due = run.spans.was_due
    if not due.any() or bool(run.spans.censored.any()):
        return None
    first, last = window_ms(run)
    return last - first


def throughput(run: Analysis) -> dict[str, Any]:
    """Return rates and peaks. ``jobs_per_h`` counts jobs that SUCCEEDED, between the first due and the last end.

    A container runs from RUNNING to its end; it holds vCPUs from STARTING. An instance is on from when it is billed.
    """
    first, last = window_ms(run)
    span = last - first
    running, running_at = peak(*_running(run))
    vcpus, vcpus_at = peak(*_held_vcpus(run))
    on, on_at = peak(*_instances_on(run))
    return {
        "jobs_per_h": ratio(int(np.count_nonzero(run.records.jobs.state == JobState.SUCCEEDED)) * MS_PER_H, span),
        "running_mean": ratio(int(run.phases.running_ms.sum()), span),
        "running_peak": running,
        "running_peak_at_s": running_at / 1000,
        "vcpus_peak": vcpus / 1000,
        "vcpus_peak_at_s": vcpus_at / 1000,
        "instances_peak": on,
        "instances_peak_at_s": on_at / 1000,
        "by_environment": {name: _environment(run, code) for code, name in enumerate(run.records.names.environments)},
    }


def _environment(run: Analysis, code: int) -> dict[str, Any]:
    """Return the peak of vCPUs that jobs held, and of those booting and on, beside the environment's maxvCpus."""
    held = peak(*_only(_held_vcpus(run), run.records.attempts.environment == code))[0]
    desired = peak(*_only(_desired_vcpus(run), run.records.instances.environment == code))[0]
    return {"vcpus_peak": held / 1000, "desired_vcpus_peak": desired, "max_vcpus": run.rules.max_of(code)}


def entries(run: Analysis) -> list[dict[str, Any]]:
    """Return, in file order, how the jobs of each entry fared and when all were ready (None while one is not)."""
    return [_entry(run, code, name) for code, name in enumerate(run.records.names.entries)]


def _entry(run: Analysis, code: int, name: str) -> dict[str, Any]:
    records = run.records
    calls = records.submissions.entry == code
    chosen = calls[records.jobs.submission]
    states, ends = records.jobs.state[chosen], records.jobs.ended_at_ms[chosen]
    succeeded, failed = (int(np.count_nonzero(states == state)) for state in (JobState.SUCCEEDED, JobState.FAILED))
    over = len(ends) > 0 and bool(np.all(ends != NEVER))
    due = records.submissions.due_at_ms[calls & (records.submissions.due_at_ms != NEVER)]
    return {
        "entry": name,
        "jobs": len(ends),
        "succeeded": succeeded,
        "failed": failed,
        "unfinished": len(ends) - succeeded - failed,
        "retried": int(np.count_nonzero(records.jobs.attempts[chosen] > 1)),
        "data_bytes": int(records.submissions.data_bytes[calls].sum()),
        "due_at_s": int(due.min()) / 1000 if len(due) else None,
        "ready_at_s": int(ends.max()) / 1000 if over and not failed else None,
        "ended_at_s": int(ends.max()) / 1000 if over else None,
    }


Intervals = tuple[Int64s, Int64s, Int64s]


def _running(run: Analysis) -> Intervals:
    ran = np.flatnonzero(run.phases.running_ms > 0)
    end = run.phases.end_ms[ran]
    return end - run.phases.running_ms[ran], end, np.ones(len(ran), np.int64)


def _held_vcpus(run: Analysis) -> Intervals:
    """In thousandths of a vCPU."""
    records = run.records
    return run.phases.starting_ms, run.phases.end_ms, asked(run, records.submissions.vcpus_milli)


def _desired_vcpus(run: Analysis) -> Intervals:
    """Of instances, from their launch."""
    instances = run.records.instances
    return int64(instances.launched_at_ms), run.lives.end_ms, int64(instances.vcpus)


def _only(intervals: Intervals, chosen: Bools) -> Intervals:
    start, end, size = intervals
    return start[chosen], end[chosen], size[chosen]


def _instances_on(run: Analysis) -> Intervals:
    return run.lives.billed_ms, run.lives.end_ms, np.ones(len(run.lives.end_ms), np.int64)


def asked(run: Analysis, column: Ints) -> Int64s:
    """Return a column of the submissions for each attempt."""
    return int64(column[run.records.jobs.submission[run.records.attempts.job]])
