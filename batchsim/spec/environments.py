"""Compute environments, in the shapes of CreateComputeEnvironment and DescribeComputeEnvironments."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from batchsim.spec.aws_shapes import shape
from batchsim.spec.base import FileForm, Model, check_text, flawed
from batchsim.spec.kinds import Name, Strings, Text, TextMap, Whole, whole
from batchsim.spec.near import did_you_mean

State = Literal["ENABLED", "DISABLED"]
AWS_STRATEGIES = (
    "BEST_FIT",
    "BEST_FIT_PROGRESSIVE",
    "BEST_FIT_PROGRESSIVE_ORDERED",
    "SPOT_CAPACITY_OPTIMIZED",
    "SPOT_PRICE_CAPACITY_OPTIMIZED",
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
)
OWN_STRATEGY = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
"""How a strategy of the user's own is called: as AWS calls its own."""


def _strategy(value: object) -> str:
    """A name of AWS's, or one of the user's own that nobody would take for a misspelt one of AWS's."""
    name = check_text(value)
    hint = did_you_mean(name, AWS_STRATEGIES)
    if name in AWS_STRATEGIES or (not hint and OWN_STRATEGY.fullmatch(name)):
        return name
    allowed = f"{', '.join(AWS_STRATEGIES)}; or the name of your own, as in CHEAPEST_PER_VCPU"
    raise flawed("E141", "not an allocation strategy", value, allowed=allowed, hint=hint)


_STRATEGY_SCHEMA = {
    "anyOf": [{"enum": list(AWS_STRATEGIES)}, {"type": "string", "pattern": f"^{OWN_STRATEGY.pattern}$"}]
}
AllocationStrategy = Annotated[str, FileForm(_strategy, _STRATEGY_SCHEMA)]
ResourceType = Literal["EC2", "SPOT", "FARGATE", "FARGATE_SPOT", "ECS_MANAGED_INSTANCES"]

VCpus = Annotated[int, whole("E137", 0)]


class ScalingPolicy(Model):
    """``ComputeScalingPolicy``: how long an idle instance stays at least; 0 = unset, else 20-10080 minutes."""

    minScaleDownDelayMinutes: Annotated[int, whole("E114", 0, 10_080)] = 0


class ComputeResource(Model):
    """``ComputeResource``: what an environment may launch, and how much of it (vCPUs)."""

    type: ResourceType
    allocationStrategy: AllocationStrategy | None = None
    minvCpus: VCpus = 0
    maxvCpus: Annotated[int, whole("E137", 1)]
    desiredvCpus: VCpus | None = None
    instanceTypes: Strings = ()
    subnets: Strings = ()
    bidPercentage: Annotated[int, whole("E114", 1, 100)] = 100
    scalingPolicy: ScalingPolicy | None = None
    imageId: Text | None = None
    securityGroupIds: Strings | None = None
    ec2KeyPair: Text | None = None
    instanceRole: Text | None = None
    tags: TextMap | None = None
    placementGroup: Text | None = None
    spotIamFleetRole: Text | None = None
    launchTemplate: Annotated[Any, shape("LaunchTemplateSpecification")] = None
    ec2Configuration: Annotated[Any, shape("Ec2Configuration[]")] = None
    managedInstancesProvider: Annotated[Any, shape("ManagedInstancesProvider")] = None
    capacityTags: TextMap | None = None

    @property
    def is_fargate(self) -> bool:
        """Whether jobs run as Fargate tasks, not on instances."""
        return self.type in ("FARGATE", "FARGATE_SPOT")

    @property
    def is_spot(self) -> bool:
        """Whether capacity can be reclaimed."""
        return self.type in ("SPOT", "FARGATE_SPOT")


class ComputeEnvironment(Model):
    """A compute environment; ``computeResources`` is absent only for UNMANAGED ones."""

    computeEnvironmentName: Name
    type: Literal["MANAGED", "UNMANAGED"] = "MANAGED"
    state: State = "ENABLED"
    computeResources: ComputeResource | None = None
    unmanagedvCpus: Whole | None = None
    computeEnvironmentArn: Text | None = None
    ecsClusterArn: Text | None = None
    serviceRole: Text | None = None
    tags: TextMap | None = None
    status: Literal["CREATING", "UPDATING", "DELETING", "DELETED", "VALID", "INVALID"] | None = None
    """INVALID: it takes no jobs and launches nothing; every other one is taken as VALID."""
    statusReason: Text | None = None
    updatePolicy: Annotated[Any, shape("UpdatePolicy")] = None
    eksConfiguration: Annotated[Any, shape("EksConfiguration")] = None
    ecsSettings: Annotated[Any, shape("EcsSettings")] = None
    containerOrchestrationType: Literal["ECS", "EKS"] | None = None
    uuid: Text | None = None
    context: Text | None = None
