"""What each share of a fair-share queue got: jobs, vCPU time, waits and money, and what its usage stood at."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.exact import dot
from batchsim.analysis.latency import wait_is_over
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import mean_s, ratio
from batchsim.analysis.throughput import asked
from batchsim.records.tables import Bools
from batchsim.records.vocabulary import JobState, WaitReason

_NANO = 1_000_000_000


def shares(run: Analysis) -> list[dict[str, Any]]:
    """Return the shares that were ever active, queue by queue in order of first use.

    ``weight_factor`` is the effective one at the end of the run. ``vcpu_s`` is held from STARTING to the attempts'
    ends, ``vcpu_share`` its part of what the queue's jobs held. ``usage_vcpu_s`` is what the decay window still counts
    at the end of the run, without the weight.
    """
    records = run.records
    held = {queue: _held_milli_ms(run, records.submissions.queue == queue) for queue in set(records.shares.queue)}
    return [_share(run, row, held[queue]) for row, queue in enumerate(records.shares.queue)]


def _share(run: Analysis, row: int, held_by_queue: int) -> dict[str, Any]:
    records = run.records
    queue, share = int(records.shares.queue[row]), int(records.shares.share[row])
    calls = (records.submissions.queue == queue) & (records.submissions.share == share)
    held, jobs = _held_milli_ms(run, calls), calls[records.jobs.submission]
    state = np.bincount(records.jobs.state[jobs], minlength=len(JobState)).tolist()
    waited = jobs & wait_is_over(run)
    return {
        "queue": records.names.queues[queue],
        "share": records.names.shares[share],
        "weight_factor": int(records.shares.weight_nano[row]) / _NANO,
        "jobs": int(np.count_nonzero(jobs)),
        "succeeded": state[JobState.SUCCEEDED],
        "failed": state[JobState.FAILED],
        "vcpu_s": held / 1_000_000,
        "vcpu_share": ratio(held, held_by_queue),
        "wait_mean_s": mean_s(int(run.parts.wait[waited].sum()), int(np.count_nonzero(waited))),
        "turn_mean_s": _mean_wait_s(run, WaitReason.FAIR_SHARE_TURN, waited),
        "reservation_mean_s": _mean_wait_s(run, WaitReason.RESERVATION, waited),
        "usage_vcpu_s": float(records.shares.usage_vcpu_s[row]),
        "cost_usd": int(run.job_costs.own[jobs].sum()) / _NANO,
        "cost_loaded_usd": int(run.job_costs.loaded[jobs].sum()) / _NANO,
    }


def _held_milli_ms(run: Analysis, calls: Bools) -> int:
    """Thousandths of a vCPU times ms that the jobs of some calls held."""
    mine = calls[run.records.jobs.submission[run.records.attempts.job]]
    length_ms = run.phases.end_ms - run.phases.starting_ms
    return dot(length_ms[mine], asked(run, run.records.submissions.vcpus_milli)[mine])


def _mean_wait_s(run: Analysis, reason: WaitReason, jobs: Bools) -> float | None:
    return mean_s(int(run.reasons.of(reason)[jobs].sum()), int(np.count_nonzero(jobs)))
