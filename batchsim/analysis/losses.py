"""What went wrong and what it took: failures, retries, reclaims with the work they lost, the jobs that are stuck."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from batchsim.analysis.causes import Cause
from batchsim.analysis.cost import Rows
from batchsim.analysis.exact import Int64s, dot
from batchsim.analysis.phases import cut_by_timeout, cut_short
from batchsim.analysis.run import Analysis
from batchsim.analysis.throughput import asked
from batchsim.analysis.waits import line_numbers
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import BlockReason, EndedBy, JobState, Outcome, WaitReason, WhyEnded
from batchsim.units import MS_PER_H

HOPELESS = (WaitReason.NOTHING_FITS, WaitReason.OVER_MAX_RESOURCE)
"""A head with one of these reasons is stuck whenever the run is cut."""


REFUSED = "RunTask failed: "
"""What the status reason of a job starts with that its client gave up."""
_INSTANCE = re.compile(r"\(instance i-[0-9a-f]+\)")


def failures(run: Analysis) -> list[dict[str, Any]]:
    """Return why jobs FAILED, the most frequent first: statusReason, exit code and reason of the last attempt.

    Reasons that differ only in the instance's id are one. ``job_id`` is the first job of each.
    """
    names, found = run.records.names, dict[tuple[str, int | None, str], dict[str, Any]]()
    failed = np.flatnonzero(run.records.jobs.state == JobState.FAILED)
    codes, first, counts = np.unique(_endings(run)[failed], axis=0, return_index=True, return_counts=True)
    for at in np.argsort(first, kind="stable").tolist():
        status, exit_code, reason = codes[at].tolist()
        why = (
            _INSTANCE.sub("(instance)", names.status_reasons[status]),
            None if exit_code == NEVER else exit_code,
            "" if reason == NEVER else names.container_reasons[reason],
        )
        named = dict(zip(("status_reason", "exit_code", "reason"), why, strict=True))
        new = {"jobs": 0, "job_id": str(run.job_ids[failed[first[at]]]), **named}
        found.setdefault(why, new)["jobs"] += int(counts[at])
    return sorted(found.values(), key=lambda each: -int(each["jobs"]))


def _endings(run: Analysis) -> Int64s:
    """Status reason of each job, exit code and container reason of its last attempt; shape (jobs, 3)."""
    jobs, attempts = run.records.jobs, run.records.attempts
    endings = np.full((len(jobs.state), 3), NEVER, np.int64)
    endings[:, 0] = jobs.status_reason
    endings[attempts.job, 1] = attempts.exit_code  # attempts stand in order of placement: the last one's stays
    endings[attempts.job, 2] = attempts.container_reason
    return endings


def retries(run: Analysis) -> dict[str, Any]:
    """Return how often jobs were tried, and how the attempts ended."""
    jobs, outcome = run.records.jobs, run.records.attempts.outcome
    counts = np.bincount(outcome, minlength=len(Outcome)).tolist()
    return {
        "attempts": len(outcome),
        "retries": int(np.count_nonzero(run.records.attempts.attempt > 1)),
        "retried_jobs": int(np.count_nonzero(jobs.attempts > 1)),
        "retried_jobs_succeeded": int(np.count_nonzero((jobs.attempts > 1) & (jobs.state == JobState.SUCCEEDED))),
        "by_outcome": {kind.text: counts[kind] for kind in Outcome if counts[kind]},
    }


def run_task(run: Analysis) -> dict[str, Any]:
    """Return how often clients without a queue called RunTask, how often in vain, and how many jobs they gave up."""
    jobs, names = run.records.jobs, run.records.names.status_reasons
    called = jobs.run_task_calls > 0
    calls, placed = int(jobs.run_task_calls.sum()), int(jobs.attempts[called].sum())
    told = np.array([name.startswith(REFUSED) for name in names], np.bool_)
    gave_up = (jobs.state == JobState.FAILED) & told[jobs.status_reason]
    return {"calls": calls, "failures": calls - placed, "gave_up": int(np.count_nonzero(gave_up))}


def reclaims(run: Analysis) -> dict[str, Any]:
    """Return what Spot took: EC2 instances, Fargate tasks, attempts in all, and the work and money these had spent.

    ``lost_s`` and ``lost_vcpu_h`` are working time that no checkpoint saved, ``saved_s`` and ``saved_vcpu_h`` what one
    did. ``lost_usd`` is all that was billed for the attempts, pull and start included, but for work saved for a job
    that finished or still may; ``lost_waived_usd`` what would have been billed but for the first-hour rule.
    ``cut_short`` are attempts that SUCCEEDED with unfinished work (exit 0 at SIGTERM): it is lost as well, and counted
    here unless SIGTERM came from a timeout.
    """
    attempts, cut = run.records.attempts, cut_short(run.records)
    taken = attempts.outcome == Outcome.RECLAIMED
    lost = np.flatnonzero(taken | (cut & ~cut_by_timeout(run.records)))
    milli = asked(run, run.records.submissions.vcpus_milli)[lost]
    work, saved = run.phases.unkept_ms[lost], run.phases.kept_ms[lost]
    return {
        "instances": int(np.count_nonzero(run.records.instances.why_ended == WhyEnded.SPOT_RECLAIM)),
        "tasks": int(np.count_nonzero(attempts.instance[lost] == NEVER)),
        "attempts": int(np.count_nonzero(taken)),
        "cut_short": int(np.count_nonzero(cut)),
        "lost_s": int(work.sum()) / 1000,
        "lost_vcpu_h": _vcpu_h(work, milli),
        **_lost_money(run.cost.rows, lost),
        "saved_s": int(saved.sum()) / 1000,
        "saved_vcpu_h": _vcpu_h(saved, milli),
    }


def _lost_money(rows: Rows, attempts: Ints) -> dict[str, float]:
    """What was billed, and waived, for attempts, but for what is of use, or may be."""
    wasted = np.isin(rows.attempt, attempts) & ~np.isin(rows.cause, (Cause.USEFUL_WORK, Cause.STILL_RUNNING))
    money = {"lost_usd": rows.nano_usd, "lost_waived_usd": rows.waived_nano_usd}
    return {name: int(column[wasted].sum()) / 1_000_000_000 for name, column in money.items()}


def _vcpu_h(length_ms: Int64s, vcpus_milli: Ints) -> float:
    return round(dot(length_ms, vcpus_milli) / 1000 / MS_PER_H, 6)


def stuck(run: Analysis) -> list[dict[str, Any]]:
    """Return each queue whose head will never start: the head, why, what it needs, how many jobs are stuck with it.

    Of a fair-share queue, each share whose turn it is.
    """
    line = run.records.timeline
    last = dict(zip(line_numbers(run.records, line.queue, line.share).tolist(), range(len(line.queue)), strict=True))
    return [_stuck_head(run, row, last) for row in last.values() if _is_stuck(run, row)]


def _is_stuck(run: Analysis, row: int) -> bool:
    line = run.records.timeline
    if line.reason[row] in (WaitReason.EMPTY, WaitReason.FAIR_SHARE_TURN) or line.job[row] == NEVER:
        return False
    if _will_be_cancelled(run, int(line.queue[row])):
        return False
    return run.records.ended_by == EndedBy.STUCK or int(line.reason[row]) in HOPELESS


def _will_be_cancelled(run: Analysis, queue: int) -> bool:
    """Whether the queue's head is blocked for a reason on which the queue acts: those behind it will be helped."""
    table = run.records.blocked
    return bool(np.any((table.queue == queue) & (table.until_ms == NEVER) & (table.limit_ms != NEVER)))


def _last_head(run: Analysis, row: int, last: dict[int, int]) -> int:
    """The head of a line at the end of the run: of the timeline's last row, or, where that one left, who followed."""
    job, records = int(run.records.timeline.job[row]), run.records
    waiting = np.flatnonzero(_waiting(run, row, last))
    if job in waiting or not len(waiting):
        return job
    told = records.blocked.job[np.isin(records.blocked.job, waiting) & (records.blocked.until_ms == NEVER)]
    created = records.submissions.created_at_ms[records.jobs.submission[waiting]]
    return int(
        told[-1] if len(told) else waiting[np.lexsort((waiting, created, records.jobs.attempts[waiting] == 0))[0]]
    )


def _largest_type(run: Analysis, environment: int) -> dict[str, Any] | None:
    """The largest type of an environment, and what it has for jobs."""
    names = run.records.names
    known = names.largest_types[environment] if 0 <= environment < len(names.largest_types) else None
    if known is None:
        return None
    return {"type": names.types[known.type], **{key: getattr(known, key) for key in ("vcpus", "memory_mib", "gpus")}}


def _blocked_for(run: Analysis, job: int) -> str | None:
    """The code of AWS's reason why a head is blocked at the end of the run, once AWS Batch has told of it."""
    table = run.records.blocked
    rows = np.flatnonzero((table.job == job) & (table.until_ms == NEVER))
    return BlockReason(int(table.reason[rows[-1]])).text if len(rows) else None


def _stuck_head(run: Analysis, row: int, last: dict[int, int]) -> dict[str, Any]:
    """``last``: the last row of each line of the timeline."""
    records, line = run.records, run.records.timeline
    job = _last_head(run, row, last)
    call = int(records.jobs.submission[job])
    asked_for, environment = records.submissions, int(line.environment[row])
    since = _since(line_numbers(records, line.queue, line.share), line.reason, line.at_ms, row)
    return {
        "queue": records.names.queues[int(line.queue[row])],
        "share": records.names.shares[int(line.share[row])] if line.share[row] != NEVER else None,
        "jobs": int(np.count_nonzero(_waiting(run, row, last))),
        "job_id": str(run.job_ids[job]),
        "reason": tuple(WaitReason)[line.reason[row]].text,
        "blocked_for": _blocked_for(run, job),
        "status_reason": records.names.status_reasons[int(records.jobs.status_reason[job])],
        "environment": records.names.environments[environment] if environment != NEVER else None,
        "largest_type": _largest_type(run, environment),
        "since_s": since / 1000,
        "needs": {
            "vcpus": int(asked_for.vcpus_milli[call]) / 1000,
            "memory_mib": int(asked_for.memory_mib[call]),
            "gpus": int(asked_for.gpus[call]),
        },
    }


def _since(number: Ints, reason: Ints, at_ms: Ints, row: int) -> int:
    """Since when the head of the row's line has had the row's reason."""
    rows = np.flatnonzero(number[: row + 1] == number[row])
    other = rows[reason[rows] != reason[row]]
    first = rows[np.searchsorted(rows, other[-1], side="right")] if len(other) else rows[0]
    return int(at_ms[first])


def _waiting(run: Analysis, row: int, last: dict[int, int]) -> Any:
    """Whether a job waits behind the head of a row at the end of the run: in its line, or for the turn of its own."""
    jobs, calls, line = run.records.jobs, run.records.submissions, run.records.timeline
    own = line_numbers(run.records, line.queue[row], line.share[row])
    behind = [int(own)] + [
        number
        for number, other in last.items()
        if line.queue[other] == line.queue[row] and line.reason[other] == WaitReason.FAIR_SHARE_TURN
    ]
    mine = np.isin(line_numbers(run.records, calls.queue, calls.share), behind)[jobs.submission]
    return mine & (jobs.waiting_since_ms != NEVER) & (jobs.ended_at_ms == NEVER)
