"""Whether a waiting head blocks its queue, and why: what its environments say of it, put together.

User Guide, "Jobs stuck in a RUNNABLE status": AWS Batch tells a job that waits for its turn from one that blocks the
queue, and names a cause where all connected compute environments have it. Pure functions of the environments' causes;
an environment in which the head merely waits (for a job to end, a boot, a decision) has none.
"""

from __future__ import annotations

from collections.abc import Sequence

from batchsim.records.vocabulary import BlockReason

_TOO_SMALL = (BlockReason.UNSUPPORTED_CONFIGURATION, BlockReason.JOB_RESOURCE, BlockReason.MAX_RESOURCE)
"""No environment can hold the head; of different causes the first is told."""
_INVALID = (BlockReason.ACTION_REQUIRED, BlockReason.ROLE_PERMISSIONS)


def block_reason(causes: Sequence[BlockReason | None]) -> BlockReason | None:
    """Why a head is blocked, from the cause of each environment of its queue; None when one of them has none.

    Want of capacity passes by itself, so it is told wherever it is among the causes; what no reason of AWS's covers is
    undetermined.
    """
    if None in causes or not causes:
        return None
    found = set(causes)
    if BlockReason.INSUFFICIENT_CAPACITY in found:
        return BlockReason.INSUFFICIENT_CAPACITY
    for family in (_TOO_SMALL, _INVALID):
        if found.issubset(family):
            return next(reason for reason in family if reason in found)
    return BlockReason.UNDETERMINED


def block_message(reason: BlockReason, instance_type: str = "") -> str:
    """AWS's ``statusReason`` of a blocked head (User Guide, "Jobs stuck in RUNNABLE due to capacity" and so on).

    ``instance_type``: for which there is no capacity; on Fargate Spot there is none to name.
    """
    message = _MESSAGES[reason].format(f" for instance type [{instance_type}]" if instance_type else "")
    return f"{reason.text} {message}"


_MESSAGES = {
    BlockReason.INSUFFICIENT_CAPACITY: "- Service cannot fulfill the capacity requested{}",
    BlockReason.MAX_RESOURCE: "- CE(s) associated with the job queue cannot meet the CPU requirement of the job.",
    BlockReason.JOB_RESOURCE: (
        "- The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the"
        " job queue."
    ),
    BlockReason.UNSUPPORTED_CONFIGURATION: (
        "- Your compute environment associated with this job queue has an unsupported instance type configuration."
    ),
    BlockReason.ROLE_PERMISSIONS: "\N{EN DASH} Batch service role has a permission issue.",
    BlockReason.ACTION_REQUIRED: "- CE(s) associated with the job queue are invalid.",
    BlockReason.UNDETERMINED: "- Batch job is blocked, root cause is undetermined.",
}
"""What follows the code; the dash of the fifth is longer, as AWS prints it."""


def time_limit_message(reason: BlockReason) -> str:
    """AWS's ``statusReason`` of a job that an action of ``jobStateTimeLimitActions`` cancelled."""
    return f"Canceled by JobStateTimeLimit action due to reason: {reason.text}"
