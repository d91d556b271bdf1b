"""What scheduler and scalers wrote down over time, as columns: scaling, heads, blocked heads, consumables."""

from __future__ import annotations

import numpy as np

from batchsim.analysis.exact import int64
from batchsim.analysis.frame import Columns, pick, seconds, texts, words
from batchsim.analysis.run import Analysis
from batchsim.records.vocabulary import BlockReason, ScalingAction, WaitReason


def scaling_columns(run: Analysis) -> Columns:
    """One row a change of an environment's capacity, or a decision that changed nothing."""
    scaling = run.records.scaling
    return {
        "at_s": seconds(scaling.at_ms),
        "environment": words(scaling.environment, run.records.names.environments),
        "action": words(scaling.action, texts(ScalingAction)),
        **{name: int64(getattr(scaling, name)) for name in _SCALING_NUMBERS},
    }


_SCALING_NUMBERS = ("uncovered_vcpus", "instances", "vcpus", "desired_vcpus", "capacity_errors")


def timeline_columns(run: Analysis) -> Columns:
    """Each queue's head over time: a row holds until the next row of the same queue."""
    line, names = run.records.timeline, run.records.names
    return {
        "queue": words(line.queue, names.queues),
        "share": words(line.share, names.shares),
        "at_s": seconds(line.at_ms),
        "reason": words(line.reason, texts(WaitReason)),
        "environment": words(line.environment, names.environments),
        "job_id": pick(run.job_ids, line.job),
    }


def blocked_columns(run: Analysis) -> Columns:
    """One row a time that a head was found to block its queue."""
    table, names = run.records.blocked, run.records.names
    return {
        "queue": words(table.queue, names.queues),
        "job_id": pick(run.job_ids, table.job),
        "attempt": int64(table.attempt),
        "reason": words(int64(table.reason) - 1, texts(BlockReason)),
        "status_reason": words(table.status_reason, names.status_reasons),
        "head_at_s": seconds(table.head_at_ms),
        "at_s": seconds(table.at_ms),
        "until_s": seconds(table.until_ms),
        "limit_s": seconds(table.limit_ms),
        "cancelled": table.cancelled.astype(np.bool_),
    }


def consumables_columns(run: Analysis) -> Columns:
    """One row an instant at which the use or the total of a consumable resource changed."""
    use = run.records.consumables
    return {
        "resource": words(use.resource, run.records.names.consumables),
        "at_s": seconds(use.at_ms),
        "in_use": int64(use.in_use),
        "total": int64(use.total),
    }
