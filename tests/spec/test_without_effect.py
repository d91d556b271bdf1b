"""The list of fields without effect: true to the models, never holding what is simulated, and told to the user."""

from __future__ import annotations

import pytest

from batchsim.spec import environments, jobs, queues
from batchsim.spec.notes import scenario_notes
from batchsim.spec.without_effect import WITHOUT_EFFECT
from tests.spec.documents import entry, sound

BUILT = {
    # section 2 of the fact sheet
    "RetryStrategy": "attempts evaluateOnExit",
    "EvaluateOnExit": "action onStatusReason onReason onExitCode",
    "JobTimeout": "attemptDurationSeconds",
    # section 3
    "ArrayProperties": "size",
    "JobDependency": "jobId type",
    # section 4
    "JobQueue": "jobQueueName state priority computeEnvironmentOrder schedulingPolicyArn jobStateTimeLimitActions",
    "SchedulingPolicy": "name fairsharePolicy",
    "FairsharePolicy": "shareDecaySeconds computeReservation shareDistribution",
    "ShareAttributes": "shareIdentifier weightFactor",
    "ComputeEnvironmentOrder": "order computeEnvironment",
    # section 5
    "ComputeEnvironment": "computeEnvironmentName type state computeResources status statusReason unmanagedvCpus",
    "ComputeResource": "type allocationStrategy minvCpus maxvCpus desiredvCpus instanceTypes subnets scalingPolicy "
    "bidPercentage",
    "ScalingPolicy": "minScaleDownDelayMinutes",
    # sections 5 and 6: what jobs ask for
    "JobDefinition": "jobDefinitionName revision status type containerProperties retryStrategy timeout parameters "
    "platformCapabilities schedulingPriority consumableResourceProperties",
    "ContainerProperties": "image vcpus memory resourceRequirements command environment ephemeralStorage "
    "runtimePlatform",
    "ResourceRequirement": "type value",
    "RuntimePlatform": "cpuArchitecture operatingSystemFamily",
    "EphemeralStorage": "sizeInGiB",
    "SubmitJob": "jobName jobQueue jobDefinition arrayProperties dependsOn containerOverrides retryStrategy timeout "
    "parameters shareIdentifier schedulingPriorityOverride consumableResourcePropertiesOverride",
    "ConsumableResource": "consumableResourceName totalQuantity resourceType",
    "ConsumableResourceProperties": "consumableResourceList",
    "ConsumableResourceRequirement": "consumableResource quantity",
    "ContainerOverrides": "vcpus memory command environment resourceRequirements",
}
"""Fields whose behaviour sections 2-7 of the fact sheet describe and which batchsim builds."""


def model(name: str) -> type:
    found: type = next(getattr(room, name) for room in (jobs, queues, environments) if hasattr(room, name))
    return found


@pytest.mark.parametrize("name", BUILT)
def test_what_is_simulated_is_not_on_the_list(name: str) -> None:
    built = set(BUILT[name].split())
    assert built <= set(model(name).model_fields)  # type: ignore[attr-defined]
    assert not {f"{name}.{field}" for field in built} & set(WITHOUT_EFFECT)


@pytest.mark.parametrize("name", BUILT)
def test_every_field_is_either_simulated_or_on_the_list(name: str) -> None:
    listed = {key.partition(".")[2] for key in WITHOUT_EFFECT if key.startswith(f"{name}.")}
    assert set(model(name).model_fields) == listed | set(BUILT[name].split())  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", WITHOUT_EFFECT)
def test_the_list_names_fields_that_exist_and_gives_reasons(key: str) -> None:
    name, _, field = key.partition(".")
    assert field in model(name).model_fields  # type: ignore[attr-defined]
    assert len(WITHOUT_EFFECT[key]) > 10


def test_a_note_names_the_field_and_the_reason_once_for_all_its_places() -> None:
    definitions = [*sound().jobDefinitions, *sound().jobDefinitions]
    assert len(definitions) == 2
    notes = scenario_notes(sound())
    path = "jobDefinitions[0].containerProperties.jobRoleArn"
    assert f"{path}: without effect: permissions are not simulated" in notes


def test_empty_values_as_the_describe_calls_print_them_are_not_worth_a_note() -> None:
    quiet = {"volumes": [], "ulimits": [], "secrets": [], "jobRoleArn": None}
    changes = {f"jobDefinitions__0__containerProperties__{key}": value for key, value in quiet.items()}
    assert not any("jobDefinitions" in note for note in scenario_notes(sound(**changes)))


def test_a_disabled_queue_is_a_note() -> None:
    notes = scenario_notes(sound(jobQueues__0__state="DISABLED"))
    assert "jobQueues[0].state: work is DISABLED and takes no submissions" in notes


@pytest.mark.parametrize(("key", "value"), [("head_of_line", "skip"), ("hol_scope", "ce"), ("backfill", "aggressive")])
def test_a_way_past_a_fifo_head_is_a_note_where_a_queue_shares_fairly(key: str, value: str) -> None:
    shared = {"schedulingPolicies": [{"name": "fair"}], "jobQueues__0__schedulingPolicyArn": "fair"}
    shared["workload__0__submit__shareIdentifier"] = "a"
    told = f"world.{key}: without effect in work: a fair-share queue goes by world.fss_hol"
    assert told in scenario_notes(sound(world={key: value}, **shared))
    assert told not in scenario_notes(sound(world={key: value}))


def test_a_way_past_a_shares_head_is_a_note_where_no_queue_shares_fairly() -> None:
    told = "world.fss_hol: without effect: no queue shares fairly"
    assert told in scenario_notes(sound(world={"fss_hol": "per_share"}))


def test_a_name_of_world_images_that_no_definition_has_is_a_note() -> None:
    images = {"*/image-processor:latest": {"arch": "x86_64"}, "busybos": {"arch": "arm64"}}
    notes = [note for note in scenario_notes(sound(world={"images": images})) if "images" in note]
    assert len(notes) == 1
    assert notes[0].startswith("world.images.busybos: without effect: no job definition has such an image.")


def test_where_a_trace_names_images_no_pattern_is_said_to_be_nobodys() -> None:
    traced = entry("a", at={"trace": "jobs.csv", "columns": {"submission": "at", "image": "image"}})
    notes = scenario_notes(sound(workload=[traced], world={"images": {"busybos": {"arch": "arm64"}}}))
    assert not [note for note in notes if "world.images" in note]
