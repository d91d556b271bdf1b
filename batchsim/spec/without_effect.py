"""The one list of AWS's fields that a scenario may hold and that change nothing in a simulation, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping

LATER = "is not simulated yet"
"""In the reasons of what AWS Batch would act on: results differ from it there."""
_IDENTITY = "identifies; nothing depends on it"
_PERMISSION = "permissions are not simulated"
_TAG = "tags are not simulated"
_NETWORK = "networks are not simulated"
_INSIDE = "what happens inside the container is not simulated"
_DESCRIBED = "describes the real thing; a simulation starts afresh"

WITHOUT_EFFECT: Mapping[str, str] = {
    "ComputeEnvironment.computeEnvironmentArn": _IDENTITY,
    "ComputeEnvironment.ecsClusterArn": _IDENTITY,
    "ComputeEnvironment.serviceRole": _PERMISSION,
    "ComputeEnvironment.tags": _TAG,
    "ComputeEnvironment.updatePolicy": "infrastructure updates are not simulated",
    "ComputeEnvironment.eksConfiguration": f"EKS {LATER}",
    "ComputeEnvironment.ecsSettings": "Container Insights are not simulated",
    "ComputeEnvironment.containerOrchestrationType": _DESCRIBED,
    "ComputeEnvironment.uuid": _IDENTITY,
    "ComputeEnvironment.context": "AWS reserves it",
    "ComputeResource.imageId": "the machine image does not change boot times; world.instance_boot does",
    "ComputeResource.securityGroupIds": _NETWORK,
    "ComputeResource.ec2KeyPair": _PERMISSION,
    "ComputeResource.instanceRole": _PERMISSION,
    "ComputeResource.tags": _TAG,
    "ComputeResource.placementGroup": "distances between instances are not simulated",
    "ComputeResource.spotIamFleetRole": _PERMISSION,
    "ComputeResource.launchTemplate": "templates are not read; world.user_data is the time that user data take",
    "ComputeResource.ec2Configuration": "the machine image does not change boot times; world.instance_boot does",
    "ComputeResource.managedInstancesProvider": f"ECS Managed Instances {LATER}",
    "ComputeResource.capacityTags": _TAG,
    "JobQueue.jobQueueArn": _IDENTITY,
    "JobQueue.jobQueueType": "follows from the queue's environments",
    "JobQueue.serviceEnvironmentOrder": "service jobs are not simulated",
    "JobQueue.status": "every queue is taken as VALID",
    "JobQueue.statusReason": _DESCRIBED,
    "JobQueue.tags": _TAG,
    "SchedulingPolicy.arn": _IDENTITY,
    "SchedulingPolicy.quotaSharePolicy": "quota shares are of SageMaker's queues, which are not simulated",
    "SchedulingPolicy.tags": _TAG,
    "ConsumableResource.consumableResourceArn": _IDENTITY,
    "ConsumableResource.inUseQuantity": _DESCRIBED,
    "ConsumableResource.availableQuantity": _DESCRIBED,
    "ConsumableResource.createdAt": _DESCRIBED,
    "ConsumableResource.tags": _TAG,
    "JobDefinition.nodeProperties": f"multi-node jobs {LATER}",
    "JobDefinition.eksProperties": f"EKS {LATER}",
    "JobDefinition.ecsProperties": f"jobs of several containers {LATER}",
    "JobDefinition.propagateTags": _TAG,
    "JobDefinition.tags": _TAG,
    "JobDefinition.jobDefinitionArn": _IDENTITY,
    "JobDefinition.containerOrchestrationType": _DESCRIBED,
    "ContainerProperties.jobRoleArn": _PERMISSION,
    "ContainerProperties.executionRoleArn": _PERMISSION,
    "ContainerProperties.volumes": _INSIDE,
    "ContainerProperties.mountPoints": _INSIDE,
    "ContainerProperties.readonlyRootFilesystem": _INSIDE,
    "ContainerProperties.privileged": _INSIDE,
    "ContainerProperties.ulimits": _INSIDE,
    "ContainerProperties.user": _INSIDE,
    "ContainerProperties.instanceType": "goes with multi-node jobs, which are not simulated yet",
    "ContainerProperties.linuxParameters": _INSIDE,
    "ContainerProperties.logConfiguration": "logs are not simulated",
    "ContainerProperties.secrets": _INSIDE,
    "ContainerProperties.networkConfiguration": _NETWORK,
    "ContainerProperties.fargatePlatformConfiguration": "its platformVersion only permits or refuses sizes",
    "ContainerProperties.enableExecuteCommand": _INSIDE,
    "ContainerProperties.repositoryCredentials": _PERMISSION,
    "ContainerOverrides.instanceType": "goes with multi-node jobs, which are not simulated yet",
    "SubmitJob.nodeOverrides": f"multi-node jobs {LATER}",
    "SubmitJob.eksPropertiesOverride": f"EKS {LATER}",
    "SubmitJob.ecsPropertiesOverride": f"jobs of several containers {LATER}",
    "SubmitJob.propagateTags": _TAG,
    "SubmitJob.tags": _TAG,
}
"""Why a field has no effect, by ``Model.field``."""
