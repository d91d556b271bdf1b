"""Job queues, scheduling policies and consumable resources, in the shapes that AWS creates and describes them in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from batchsim.spec.aws_shapes import shape
from batchsim.spec.base import Model
from batchsim.spec.environments import State
from batchsim.spec.kinds import Name, Text, TextMap, Whole, number, whole
from batchsim.spec.share_ids import ShareEntry


class ComputeEnvironmentOrder(Model):
    """One environment of a queue; ``order`` ascends from the one tried first."""

    order: Annotated[int, whole("E114", 0)]
    computeEnvironment: Text


class JobStateTimeLimitAction(Model):
    """``JobStateTimeLimitAction``: what happens to a head that is stuck for ``maxTimeSeconds``."""

    reason: Text
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


class ShareAttributes(Model):
    """``ShareAttributes``: the weight of a share; the smaller, the more it gets."""

    shareIdentifier: ShareEntry
    weightFactor: Annotated[float, number("E139", 0.0001, 999.9999)] = 1.0


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
