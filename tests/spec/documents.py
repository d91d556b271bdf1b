"""A small sound scenario as plain data, changed by path, and its problems as short text."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from batchsim.errors import Problem, ScenarioError
from batchsim.spec import Scenario, parse

IMAGE_JOB: dict[str, Any] = {
    "jobDefinitionName": "image-processing-job",
    "type": "container",
    "containerProperties": {
        "image": "ACCOUNT_ID.dkr.ecr.us-east-2.amazonaws.com/image-processor:latest",
        "vcpus": 2,
        "memory": 4096,
        "command": ["python", "process.py", "--input", "s3://raw-images", "--output", "s3://processed-images"],
        "jobRoleArn": "arn:aws:iam::ACCOUNT_ID:role/BatchJobRole",
    },
    "retryStrategy": {"attempts": 3},
}
SPOT_REQUEST: dict[str, Any] = {
    "type": "MANAGED",
    "computeResources": {
        "type": "SPOT",
        "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED",
        "minvCpus": 0,
        "maxvCpus": 256,
        "instanceTypes": ["m5.large", "m5.xlarge"],
        "subnets": ["SUBNET_ID"],
        "securityGroupIds": ["SG_ID"],
        "instanceRole": "ecsInstanceRole",
    },
}
FARGATE: dict[str, Any] = {
    "computeEnvironmentName": "fargate",
    "type": "MANAGED",
    "computeResources": {"type": "FARGATE", "maxvCpus": 64, "subnets": ["s"], "securityGroupIds": ["g"]},
}
SMALL: dict[str, Any] = {
    "name": "small",
    "computeEnvironments": [{"computeEnvironmentName": "spot", **SPOT_REQUEST}],
    "jobQueues": [
        {
            "jobQueueName": "work",
            "priority": 10,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}],
        }
    ],
    "jobDefinitions": [IMAGE_JOB],
    "workload": [
        {
            "id": "images",
            "submit": {"jobName": "images", "jobQueue": "work", "jobDefinition": "image-processing-job"},
            "at": "0s",
            "run": "5m",
        }
    ],
}


def small(**changes: Any) -> dict[str, Any]:
    """The small scenario with other values at paths written ``jobQueues__0__priority``; None takes a key away."""
    data = copy.deepcopy(SMALL)
    for name, value in changes.items():
        *way, last = [int(part) if part.isdigit() else part for part in name.split("__")]
        here: Any = data
        for part in way:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
        if isinstance(here, list):
            here[last : last + 1] = [value]
        else:
            here[last] = value
    return data


def entry(name: str, run: Any = "5m", **more: Any) -> dict[str, Any]:
    """A workload entry; ``size`` makes it an array, ``after`` lists dependencies, the rest stands beside ``submit``."""
    submit = {"jobName": name, "jobQueue": "work", "jobDefinition": "image-processing-job"}
    array = {"arrayProperties": {"size": more.pop("size")}} if "size" in more else {}
    after = {"dependsOn": more.pop("after")} if "after" in more else {}
    return {"id": name, "submit": {**submit, **array, **after}, "run": run, **more}


def sound(**changes: Any) -> Scenario:
    """The small scenario with changes, parsed."""
    return parse(small(**changes))


def problems(data: dict[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with a scenario."""
    with pytest.raises(ScenarioError) as caught:
        parse(data)
    return caught.value.problems


def codes(**changes: Any) -> list[str]:
    """The codes of what is wrong with the small scenario after changes."""
    return [problem.code for problem in problems(small(**changes))]


def only(**changes: Any) -> Problem:
    """The one thing that is wrong with the small scenario after changes."""
    (problem,) = problems(small(**changes))
    return problem


DESCRIBED: dict[str, Any] = {
    "computeEnvironments": [
        {
            "computeEnvironmentName": "spot",
            "computeEnvironmentArn": "arn:aws:batch:us-east-1:ACCOUNT_ID:compute-environment/spot",
            "ecsClusterArn": "arn:aws:ecs:us-east-1:ACCOUNT_ID:cluster/spot_Batch",
            "tags": {},
            "type": "MANAGED",
            "state": "ENABLED",
            "status": "VALID",
            "statusReason": "ComputeEnvironment Healthy",
            "computeResources": {
                "type": "SPOT",
                "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED",
                "minvCpus": 0,
                "maxvCpus": 256,
                "desiredvCpus": 0,
                "instanceTypes": ["optimal"],
                "subnets": ["subnet-1", "subnet-2"],
                "securityGroupIds": ["sg-1"],
                "instanceRole": "arn:aws:iam::ACCOUNT_ID:instance-profile/ecsInstanceRole",
                "tags": {"team": "data"},
                "launchTemplate": {"launchTemplateName": "big-disk", "version": "$Latest", "overrides": []},
                "ec2Configuration": [{"imageType": "ECS_AL2023"}],
            },
            "serviceRole": "arn:aws:iam::ACCOUNT_ID:role/AWSBatchServiceRole",
            "updatePolicy": {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30},
            "containerOrchestrationType": "ECS",
            "uuid": "0f3c",
        }
    ],
    "jobQueues": [
        {
            "jobQueueName": "work",
            "jobQueueArn": "arn:aws:batch:us-east-1:ACCOUNT_ID:job-queue/work",
            "state": "ENABLED",
            "status": "VALID",
            "statusReason": "JobQueue Healthy",
            "priority": 10,
            "computeEnvironmentOrder": [
                {"order": 1, "computeEnvironment": "arn:aws:batch:us-east-1:ACCOUNT_ID:compute-environment/spot"}
            ],
            "serviceEnvironmentOrder": [],
            "jobStateTimeLimitActions": [],
            "tags": {},
        }
    ],
    "jobDefinitions": [
        {
            "jobDefinitionName": "transform",
            "jobDefinitionArn": "arn:aws:batch:us-east-1:ACCOUNT_ID:job-definition/transform:7",
            "revision": 7,
            "status": "ACTIVE",
            "type": "container",
            "parameters": {},
            "containerProperties": {
                "image": "busybox",
                "command": ["echo", "Ref::what"],
                "volumes": [],
                "environment": [],
                "mountPoints": [],
                "ulimits": [],
                "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}, "secretOptions": []},
                "secrets": [],
            },
            "tags": {},
            "platformCapabilities": ["EC2"],
            "containerOrchestrationType": "ECS",
        }
    ],
    "workload": [
        {
            "id": "t",
            "submit": {
                "jobName": "t",
                "jobQueue": "arn:aws:batch:us-east-1:ACCOUNT_ID:job-queue/work",
                "jobDefinition": "arn:aws:batch:us-east-1:ACCOUNT_ID:job-definition/transform:7",
            },
            "run": "5m",
        }
    ],
}
"""What the describe calls of the AWS CLI print."""

RICH = small(
    workload=[
        entry("a", {"lognormal": {"mean": "12m", "cv": 0.4}}, size=10, at={"poisson": "20/min", "for": "8h"}),
        entry("b", {"script": [{"run": "60s", "exit": 1}, {"run": "5m"}]}, at={"after": "a", "delay": "5m"}),
        entry("each", {"scripts": ["60s", [{"run": "30s", "exit": 2, "reason": "no"}, "5m"]]}, count=2),
        entry("c", {"dataset": "logs"}, at={"rate": "50/s"}, image="400MB"),
        {"workflow": [entry("d", {"uniform": {"min": "1m", "max": "2m"}})], "at": {"cron": "0 2 * * ? *", "for": "3d"}},
        entry(
            "e",
            fails=[{"probability": 0.1, "after": 0.5}, {"probability": 0.1, "after": {"exponential": {"mean": "5m"}}}],
        ),
    ],
    datasets=[
        {"name": "logs", "size": "10TB", "partitions": 9, "skew": {"lognormal": {"cv": 1}}, "throughput": "80MB/s"}
    ],
    world={"market": "calm", "spot_depth": "unlimited", "instanceTypes": {"my.large": {"vcpu": 2, "memory": "8GiB"}}},
    faults=[{"kind": "spot_reclaim", "at": "5m", "select": {"environment": "spot", "ordinal": 0}}],
    actions=[{"at": "1h", "set": "spot.maxvCpus", "to": 512}],
    simulation={"seed": 1, "until": "24h"},
    thresholds={"cost_usd": "< 40"},
)
"""One of everything in the simulator's half."""
