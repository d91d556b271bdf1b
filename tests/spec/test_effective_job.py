"""What a request comes to: revisions, overrides, parameters (API SubmitJob, ContainerOverrides)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.spec import EffectiveJob, effective_job, parse
from batchsim.spec.notes import scenario_notes
from tests.spec.documents import IMAGE_JOB, codes, entry, small, sound


def the_job(**changes: Any) -> EffectiveJob:
    scenario = parse(small(**changes))
    return effective_job(scenario, scenario.workload[0].submit)  # type: ignore[union-attr]


def requirement(kind: str, value: str) -> list[dict[str, str]]:
    return [{"type": kind, "value": value}]


CONTAINER = "jobDefinitions__0__containerProperties"
OVERRIDES = "workload__0__submit__containerOverrides"


def test_a_plain_request_is_its_definition() -> None:
    job = the_job()
    assert (job.definition, job.vcpus_milli, job.memory_mib, job.attempts) == ("image-processing-job:1", 2000, 4096, 3)
    assert (job.platform, job.architecture, job.array_size, job.timeout_ms, job.gpus) == ("EC2", None, 0, None, 0)


def test_a_bare_name_is_the_newest_active_revision_and_a_number_is_exact() -> None:
    big = {**IMAGE_JOB["containerProperties"], "memory": 8192}
    newer = {**IMAGE_JOB, "containerProperties": big}
    retired = {**newer, "status": "INACTIVE"}
    revisions = [IMAGE_JOB, newer, retired]
    assert the_job(jobDefinitions=revisions).definition == "image-processing-job:2"
    exact = {"workload__0__submit__jobDefinition": "image-processing-job:1"}
    assert the_job(jobDefinitions=revisions, **exact).memory_mib == 4096
    wrong = {"workload__0__submit__jobDefinition": "image-processing-job:9"}
    assert codes(jobDefinitions=revisions, **wrong) == ["E122"]
    assert codes(jobDefinitions=[retired]) == ["E122"]


def test_revisions_without_a_number_follow_the_newest_before_them() -> None:
    numbers = [{**IMAGE_JOB, "revision": 7}, IMAGE_JOB, {**IMAGE_JOB, "jobDefinitionName": "other"}]
    assert [definition.revision for definition in sound(jobDefinitions=numbers).jobDefinitions] == [7, 8, 1]


def test_requirements_of_the_request_win_over_the_definitions() -> None:
    change = {f"{CONTAINER}__resourceRequirements": requirement("VCPU", "4")}
    assert the_job(**change).vcpus_milli == 4000
    change[f"{OVERRIDES}__resourceRequirements"] = requirement("VCPU", "8")
    assert the_job(**change).vcpus_milli == 8000


def test_deprecated_overrides_replace_deprecated_values_only() -> None:
    assert the_job(**{f"{OVERRIDES}__memory": 512}).memory_mib == 512
    modern = {f"{CONTAINER}__resourceRequirements": requirement("MEMORY", "1024"), f"{OVERRIDES}__memory": 512}
    assert the_job(**modern).memory_mib == 1024


def test_gpus_are_pinned_whole() -> None:
    assert the_job(**{f"{OVERRIDES}__resourceRequirements": requirement("GPU", "2")}).gpus == 2


def test_command_and_strategy_and_timeout_of_the_request_replace() -> None:
    job = the_job(
        **{f"{OVERRIDES}__command": []},
        workload__0__submit__retryStrategy={"attempts": 1},
        workload__0__submit__timeout={"attemptDurationSeconds": 60},
        jobDefinitions__0__timeout={"attemptDurationSeconds": 600},
    )
    assert (job.command, job.attempts, job.timeout_ms) == ((), 1, 60_000)


def test_environment_variables_are_merged_by_name() -> None:
    base = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    change = {f"{CONTAINER}__environment": base, f"{OVERRIDES}__environment": [{"name": "B", "value": "3"}]}
    assert the_job(**change).environment == (("A", "1"), ("B", "3"))


def test_parameters_fill_their_places_in_the_command() -> None:
    change = {f"{CONTAINER}__command": ["cat", "Ref::input", "--out=Ref::output", "Ref::unknown"]}
    job = the_job(
        **change,
        jobDefinitions__0__parameters={"input": "a.txt", "output": "x"},
        workload__0__submit__parameters={"output": "b.txt"},
    )
    assert job.command == ("cat", "a.txt", "--out=b.txt", "Ref::unknown")


def test_after_success_is_a_plain_dependency_and_a_note() -> None:
    scenario = sound(workload=[entry("a"), entry("b", after=[{"jobId": "a", "type": "AFTER_SUCCESS"}])])
    job = effective_job(scenario, scenario.workload[1].submit)  # type: ignore[union-attr]
    assert job.depends_on[0].type is None
    assert any("AFTER_SUCCESS" in note for note in scenario_notes(scenario))


@pytest.mark.parametrize(("capable", "platform"), [(["EC2", "FARGATE"], "EC2"), (["EC2"], "EC2"), ([], "EC2")])
def test_the_queue_decides_between_several_platforms(capable: list[str], platform: str) -> None:
    assert the_job(jobDefinitions__0__platformCapabilities=capable).platform == platform
