"""Every field of AWS Batch's service model is known to our models, and no other; skipped where botocore is missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from batchsim import spec
from batchsim.spec import environments, jobs, queues
from batchsim.spec.aws_shapes import AWS_SHAPES
from batchsim.spec.walk import fields_of

botocore = pytest.importorskip("botocore")

MODELLED = {
    "ComputeEnvironment": ("CreateComputeEnvironmentRequest", "ComputeEnvironmentDetail"),
    "ComputeResource": ("ComputeResource",),
    "ScalingPolicy": ("ComputeScalingPolicy",),
    "JobQueue": ("CreateJobQueueRequest", "JobQueueDetail"),
    "ComputeEnvironmentOrder": ("ComputeEnvironmentOrder",),
    "JobStateTimeLimitAction": ("JobStateTimeLimitAction",),
    "SchedulingPolicy": ("CreateSchedulingPolicyRequest", "SchedulingPolicyDetail"),
    "FairsharePolicy": ("FairsharePolicy",),
    "ShareAttributes": ("ShareAttributes",),
    "ConsumableResource": ("CreateConsumableResourceRequest", "DescribeConsumableResourceResponse"),
    "JobDefinition": ("RegisterJobDefinitionRequest", "JobDefinition"),
    "ContainerProperties": ("ContainerProperties",),
    "RetryStrategy": ("RetryStrategy",),
    "EvaluateOnExit": ("EvaluateOnExit",),
    "JobTimeout": ("JobTimeout",),
    "EphemeralStorage": ("EphemeralStorage",),
    "RuntimePlatform": ("RuntimePlatform",),
    "KeyValuePair": ("KeyValuePair",),
    "ResourceRequirement": ("ResourceRequirement",),
    "ConsumableResourceProperties": ("ConsumableResourceProperties",),
    "ConsumableResourceRequirement": ("ConsumableResourceRequirement",),
    "SubmitJob": ("SubmitJobRequest",),
    "ArrayProperties": ("ArrayProperties",),
    "JobDependency": ("JobDependency",),
    "ContainerOverrides": ("ContainerOverrides",),
}


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    folder = Path(botocore.__file__).parent / "data" / "batch" / "2016-08-10"
    packed = folder / "service-2.json.gz"
    if not packed.exists():
        pytest.skip("this botocore has no service model of AWS Batch where we look for it")
    with gzip.open(packed) as file:
        found: dict[str, Any] = json.load(file)["shapes"]
    return found


@pytest.mark.parametrize("model", MODELLED)
def test_a_model_knows_every_field_of_its_shapes_and_no_other(model: str, shapes: dict[str, Any]) -> None:
    ours = next(getattr(room, model) for room in (jobs, queues, environments, spec) if hasattr(room, model))
    theirs = {field for shape in MODELLED[model] for field in shapes[shape]["members"]}
    assert set(fields_of(ours)) == theirs


@pytest.mark.parametrize("shape", sorted(AWS_SHAPES))
def test_the_table_of_shapes_agrees_with_the_service_model(shape: str, shapes: dict[str, Any]) -> None:
    assert set(AWS_SHAPES[shape]) == set(shapes[shape]["members"])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(environments.AWS_STRATEGIES, "CRAllocationStrategy"), (get_args(environments.ResourceType), "CRType")],
)
def test_choices_are_awss(ours: tuple[str, ...], theirs: str, shapes: dict[str, Any]) -> None:
    assert set(ours) == set(shapes[theirs]["enum"])
