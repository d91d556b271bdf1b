"""Job queues, scheduling policies and consumable resources, in the shapes that AWS creates and describes them in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from batchsim.spec.aws_shapes import shape
from batchsim.spec.base import FileForm, Model, check_text, flawed
from batchsim.spec.environments import State
from batchsim.spec.kinds import Name, Text, TextMap, Whole, number, whole
from batchsim.spec.near import did_you_mean
from batchsim.spec.share_ids import ShareEntry


class ComputeEnvironmentOrder(Model):
    """One environment of a queue; ``order`` ascends from the one tried first."""

    order: Annotated[int, whole("E114", 0)]
    computeEnvironment: Text


TIME_LIMIT_REASONS = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
)
"""Reasons on which AWS Batch acts (User Guide, "Automatic remediation with jobStateTimeLimitActions") ..."""
UNACTIONABLE_REASONS = ("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS", "ACTION_REQUIRED", "UNDETERMINED")
"""... and those that it only tells of."""


def _time_limit_reason(value: object) -> str:
    reason, allowed = check_text(value), ", ".join(TIME_LIMIT_REASONS)
    if reason in TIME_LIMIT_REASONS:
        return reason
    if reason in UNACTIONABLE_REASONS:
        message = "AWS Batch takes no action on this reason: it must be looked into by hand"
        raise flawed("E113", message, value, allowed=allowed)
    raise flawed("E113", "not a reason of a blocked queue", value, allowed=allowed, hint=_meant_reason(reason))


def _meant_reason(reason: str) -> str:
    """The code that was meant: with a slip, without the part before the colon, or with the message behind it."""
    code = reason.strip().upper()
    meant = next((known for known in TIME_LIMIT_REASONS if code.startswith(known) or known.endswith(f":{code}")), None)
    return f"Did you mean {meant}?" if meant else did_you_mean(reason, (*TIME_LIMIT_REASONS, *UNACTIONABLE_REASONS))


TimeLimitReason = Annotated[str, FileForm(_time_limit_reason, {"enum": list(TIME_LIMIT_REASONS)})]


class JobStateTimeLimitAction(Model):
    """``JobStateTimeLimitAction``: what happens to a head that is blocked for ``maxTimeSeconds`` for that reason."""

    reason: TimeLimitReason
    state: Literal["RUNNABLE"]
    maxTimeSeconds: Annotated[int, whole("E114", 600, 86_400, aws=True)]
    action: Literal["CANCEL", "TERMINATE"]


class JobQueue(Model):
    """A job queue; the higher ``priority`` is evaluated first."""

    jobQueueName: Name
    state: State = "ENABLED"
    priority: Whole
    computeEnvironmentOrder: tuple[ComputeEnvironmentOrder, ...]
    schedulingPolicyArn: Text | None = None
    jobStateTimeLimitActions: tuple[JobStateTimeLimitAction, ...] = ()
    jobQueueArn: Text | None = None
    jobQueueType: Literal["EKS", "ECS", "ECS_FARGATE", "SAGEMAKER_TRAINING", "ECS_MANAGED_INSTANCES"] | None = None
    serviceEnvironmentOrder: Annotated[Any, shape("ServiceEnvironmentOrder[]")] = None
    status: Literal["CREATING", "UPDATING", "DELETING", "DELETED", "VALID", "INVALID"] | None = None
    statusReason: Text | None = None
    tags: TextMap | None = None


LEAST_WEIGHT, MOST_WEIGHT = 0.0001, 999.9999


class ShareAttributes(Model):
    """``ShareAttributes``: the weight of a share; the smaller, the more it gets."""

    shareIdentifier: ShareEntry
    weightFactor: Annotated[float, number("E139", LEAST_WEIGHT, MOST_WEIGHT)] = 1.0


class FairsharePolicy(Model):
    """``FairsharePolicy``: how far back usage counts (0 = AWS's 600 s), percent of vCPUs kept free, weights."""

    shareDecaySeconds: Annotated[int, whole("E139", 0, 604_800)] = 0
    computeReservation: Annotated[int, whole("E139", 0, 99)] = 0
    shareDistribution: tuple[ShareAttributes, ...] = ()


class SchedulingPolicy(Model):
    """A scheduling policy of ``schedulingPolicies``."""

    name: Name
    arn: Text | None = None
    fairsharePolicy: FairsharePolicy | None = None
    quotaSharePolicy: Annotated[Any, shape("QuotaSharePolicy")] = None
    tags: TextMap | None = None


class ConsumableResource(Model):
    """A consumable resource of ``consumableResources``."""

    consumableResourceName: Name
    totalQuantity: Whole = 0
    resourceType: Literal["REPLENISHABLE", "NON_REPLENISHABLE"] = "REPLENISHABLE"
    consumableResourceArn: Text | None = None
    inUseQuantity: Whole | None = None
    availableQuantity: Whole | None = None
    createdAt: Whole | None = None
    tags: TextMap | None = None
