"""Fargate's 77 sizes and their neighbours (A16, B27)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import Problem, ScenarioError
from batchsim.spec import EffectiveJob, effective_job, parse
from batchsim.spec.fargate import FARGATE_MEMORY_MIB, is_fargate_size, round_up_to_fargate
from tests.spec.documents import FARGATE, problems, small

SIZES = [(vcpus, memory) for vcpus, memories in FARGATE_MEMORY_MIB.items() for memory in memories]


def on_fargate(vcpus: str, memory: int, *more: dict[str, str], **world: Any) -> dict[str, Any]:
    requirements = [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": str(memory)}, *more]
    definition = {
        "jobDefinitionName": "image-processing-job",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": {"image": "busybox", "resourceRequirements": requirements},
    }
    order = [{"order": 1, "computeEnvironment": "fargate"}]
    return small(
        computeEnvironments=[FARGATE],
        jobDefinitions=[definition],
        jobQueues__0__computeEnvironmentOrder=order,
        world=world,
    )


def the_job(data: dict[str, Any]) -> EffectiveJob:
    scenario = parse(data)
    return effective_job(scenario, scenario.workload[0].submit)  # type: ignore[union-attr]


def test_there_are_77_sizes() -> None:
    assert len(SIZES) == 77


@pytest.mark.parametrize(("vcpus", "memory"), SIZES)
def test_each_size_is_sold_and_its_neighbours_are_not_unless_they_are_listed(vcpus: int, memory: int) -> None:
    assert is_fargate_size(vcpus, memory)
    for near in (memory - 1, memory + 1, memory + 512):
        assert is_fargate_size(vcpus, near) == ((vcpus, near) in SIZES)
    assert not is_fargate_size(vcpus + 250, memory) or (vcpus + 250, memory) in SIZES


def test_a_quarter_vcpu_takes_two_gigabytes_and_no_more() -> None:
    assert the_job(on_fargate("0.25", 2048)).vcpus_milli == 250
    (problem,) = problems(on_fargate("0.25", 4096))
    assert problem.code == "E133"
    assert problem.allowed == "512, 1024, 2048 MiB with 0.25 vCPU"
    near = "0.25 vCPU with 2048 MiB, 0.5 vCPU with 4096 MiB, 1 vCPU with 4096 MiB"
    assert problem.hint == f"The nearest sizes are {near}"


@pytest.mark.parametrize(
    ("vcpus", "memory", "hint"),
    [
        ("3", 8192, "The nearest sizes are 2 vCPU with 8192 MiB, 4 vCPU with 8192 MiB, 8 vCPU with 16384 MiB"),
        ("0.25", 100, "The nearest sizes are 0.25 vCPU with 512 MiB, 0.5 vCPU with 1024 MiB"),
        ("16", 131_072, "The nearest sizes are 16 vCPU with 122880 MiB, 32 vCPU with 249856 MiB"),
        ("64", 262_144, "None is so large; the nearest size is 32 vCPU with 249856 MiB"),
        ("64", 4, "None is so large; the nearest size is 32 vCPU with 249856 MiB"),
    ],
)
def test_the_nearest_sizes_below_and_above_are_named(vcpus: str, memory: int, hint: str) -> None:
    (problem,) = problems(on_fargate(vcpus, memory))
    assert problem.hint == hint


@pytest.mark.parametrize(("version", "sound"), [("1.3.0", False), ("1.4.0", True), ("LATEST", True), (None, True)])
def test_eight_vcpus_need_a_new_platform_version(version: str | None, sound: bool) -> None:
    for vcpus, memory, is_large in (("4", 8192, False), ("8", 16_384, True)):
        data = on_fargate(vcpus, memory)
        if version:
            configuration = {"platformVersion": version}
            data["jobDefinitions"][0]["containerProperties"]["fargatePlatformConfiguration"] = configuration
        found = problems(data) if is_large and not sound else []
        assert [problem.code for problem in found] == (["E133"] if is_large and not sound else [])
        assert found or the_job(data)


def test_three_vcpus_are_answered_with_the_sizes_that_there_are() -> None:
    (problem,) = problems(on_fargate("3", 8192))
    assert problem.allowed == "0.25, 0.5, 1, 2, 4, 8, 16, 32 vCPU"


def test_fargate_has_no_gpus() -> None:
    (problem,) = problems(on_fargate("1", 2048, {"type": "GPU", "value": "1"}))
    assert (problem.code, problem.message) == ("E133", "Fargate has no GPUs")


def test_sizes_are_rounded_up_where_the_world_says_so() -> None:
    job = the_job(on_fargate("3", 9000, fargate_round_up=True))
    assert (job.vcpus_milli, job.memory_mib) == (4000, 9216)
    assert round_up_to_fargate(33_000, 1) is None


def test_a_task_has_twenty_gib_of_storage_and_x86_unless_it_says_more() -> None:
    data = on_fargate("1", 2048)
    job = the_job(data)
    assert (job.platform, job.ephemeral_gib, job.architecture) == ("FARGATE", 20, "x86_64")
    more = {"ephemeralStorage": {"sizeInGiB": 100}, "runtimePlatform": {"cpuArchitecture": "ARM64"}}
    data["jobDefinitions"][0]["containerProperties"] |= more
    job = the_job(data)
    assert (job.ephemeral_gib, job.architecture) == (100, "arm64")


def test_a_definition_for_ec2_does_not_go_to_a_queue_on_fargate() -> None:
    data = on_fargate("1", 2048)
    del data["jobDefinitions"][0]["platformCapabilities"]
    (problem,) = problems(data)
    assert (problem.code, problem.path[-1]) == ("E124", "jobQueue")


def test_a_job_that_cannot_be_resolved_is_a_scenario_error_with_its_path_in_the_request() -> None:
    scenario = parse(on_fargate("1", 2048))
    submit = scenario.workload[0].submit.model_copy(update={"jobDefinition": "nothing"})  # type: ignore[union-attr]
    with pytest.raises(ScenarioError) as caught:
        effective_job(scenario, submit)
    problem: Problem = caught.value.problems[0]
    assert (problem.code, problem.path) == ("E122", ("jobDefinition",))
