"""Which queues share fairly, and by which policy: what ``schedulingPolicies`` and ``schedulingPolicyArn`` say."""

from __future__ import annotations

from collections.abc import Sequence

from batchsim.spec.names import short_name
from batchsim.spec.queues import FairsharePolicy, JobQueue, SchedulingPolicy


def policy_named(policies: Sequence[SchedulingPolicy], reference: str) -> SchedulingPolicy | None:
    """The policy of this ARN, else of the name that it ends in, or is."""
    by_arn = (policy for policy in policies if policy.arn == reference)
    by_name = (policy for policy in policies if policy.name == short_name(reference))
    return next(by_arn, None) or next(by_name, None)


def fair_share_of(policies: Sequence[SchedulingPolicy], queue: JobQueue) -> FairsharePolicy | None:
    """The fair-share policy of a queue; None where it is FIFO, or its policy is for quota shares.

    A policy that says nothing has AWS's defaults (API, CreateSchedulingPolicy).
    """
    policy = policy_named(policies, queue.schedulingPolicyArn) if queue.schedulingPolicyArn else None
    if policy is None or (policy.fairsharePolicy is None and policy.quotaSharePolicy is not None):
        return None
    return policy.fairsharePolicy or FairsharePolicy()
