"""Architectures and GPUs: which environments suit a job, and what holds a GPU host.

https://docs.aws.amazon.com/batch/latest/APIReference/API_RuntimePlatform.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
https://docs.aws.amazon.com/batch/latest/userguide/gpu-jobs.html
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scenario_builder import (
    box,
    column,
    definition,
    environment,
    fargate,
    fixed,
    job,
    queue,
    reasons,
    scenario,
    scenario_data,
    starts,
    task,
    with_gpus,
)

import batchsim

ARMS = {"arm.4": box(4, arch="arm64"), "plain.4": box(4)}
ARM_IMAGE = {"images": {"*-arm64": {"arch": "arm64"}, "old": {"arch": "x86_64"}}}


def image(name: str, **more):
    return definition("own", container={"image": name, **more})


def codes(*workload, **keys):
    with pytest.raises(batchsim.ScenarioError) as caught:
        batchsim.run(scenario(*workload, **keys), seed=1)
    return [(problem.code, problem.message) for problem in caught.value.problems]


def on(types, **world):
    return {"environments": [fixed(4, types=types)], "world": {"instanceTypes": ARMS, **world}}


# -- architectures


@pytest.mark.parametrize(
    ("name", "types", "runs"),
    [
        ("app:1-arm64", ("arm.4",), True),
        ("app:1-arm64", ("plain.4",), False),
        ("old", ("plain.4",), True),
        ("old", ("arm.4",), False),
        ("any", ("arm.4",), True),
        ("any", ("plain.4",), True),
    ],
)
def test_an_image_runs_on_the_architecture_that_it_is_built_for(name, types, runs, simulate):
    story = {"definitions": [image(name)], **on(types, **ARM_IMAGE)}
    if runs:
        assert simulate(scenario(job("a", kind="own"), **story)).jobs.state.tolist() == ["SUCCEEDED"]
    else:
        assert [code for code, _ in codes(job("a", kind="own"), **story)] == ["E132"]


def test_where_it_is_allowed_a_job_of_the_wrong_architecture_waits_for_ever(simulate):
    story = {"definitions": [image("app:1-arm64")], **on(("plain.4",), **ARM_IMAGE)}
    result = simulate(scenario(job("a", kind="own"), allow_unplaceable=True, **story))
    assert reasons(result) == [(0, "nothing_fits", "hosts")]


@pytest.mark.parametrize(("asked", "types"), [("ARM64", ("arm.4",)), ("X86_64", ("plain.4",))])
def test_a_definition_says_its_architecture(asked, types, simulate):
    own = image("app", runtimePlatform={"cpuArchitecture": asked})
    result = simulate(scenario(job("a", kind="own"), definitions=[own], **on(types)))
    assert result.attempts.architecture.tolist() == ["arm64" if asked == "ARM64" else "x86_64"]
    other = ("plain.4",) if asked == "ARM64" else ("arm.4",)
    assert [code for code, _ in codes(job("a", kind="own"), definitions=[own], **on(other))] == ["E132"]


def test_a_definition_and_its_image_cannot_contradict_each_other():
    own = image("app:1-arm64", runtimePlatform={"cpuArchitecture": "X86_64"})
    (found,) = codes(job("a", kind="own"), definitions=[own], **on(("plain.4",), **ARM_IMAGE))
    assert found == ("E117", "the definition asks for X86_64, its image app:1-arm64 is arm64 by world.images")


def test_an_exact_name_goes_before_a_pattern(simulate):
    images = {"images": {"app*": {"arch": "arm64"}, "app:old": {"arch": "x86_64"}}}
    story = {"definitions": [image("app:old")], **on(("plain.4",), **images)}
    assert simulate(scenario(job("a", kind="own"), **story)).jobs.state.tolist() == ["SUCCEEDED"]


def test_the_image_of_a_traces_row_says_its_architecture(tmp_path: Path):
    (tmp_path / "trace.csv").write_text("t,run,image\n0,10,any\n5,10,app-arm64\n")
    columns = {"submission": "t", "run_time": {"column": "run", "unit": "s"}, "image": "image"}
    traced = job("a", at={"trace": "trace.csv", "columns": columns})
    del traced["run"]
    data = scenario_data(traced, **on(("plain.4",), **ARM_IMAGE))
    (tmp_path / "traced.json").write_text(json.dumps(data))
    with pytest.raises(batchsim.ScenarioError) as caught:
        batchsim.run(tmp_path / "traced.json", seed=1)
    (problem,) = caught.value.problems
    assert (problem.code, "in 1 row" in problem.value) == ("E132", True)


def test_a_queue_has_environments_of_one_architecture():
    places = [fixed(4, "arms", types=("arm.4",)), fixed(4, "plains", types=("plain.4",))]
    found = codes(job("a"), environments=places, world={"instanceTypes": ARMS})
    assert found == [("E157", "architectures mix; AWS Batch allows one in a job queue")]


def test_an_environment_has_types_of_one_architecture():
    (found,) = codes(job("a"), **on(("arm.4", "plain.4")))
    assert found == ("E157", "architectures mix; AWS Batch allows one in a compute environment")


def test_arm_tasks_are_cheaper(simulate):
    arm = definition(
        "arm", 1, 2048, platformCapabilities=["FARGATE"], container={"runtimePlatform": {"cpuArchitecture": "ARM64"}}
    )
    work = [task("x", "1h"), task("a", "1h", kind="arm")]
    result = simulate(scenario(*work, environments=[fargate()], definitions=[arm]))
    hourly = {"x": 0.04048 + 2 * 0.004445, "a": 0.03238 + 2 * 0.00356}
    assert column(result, "cost_usd") == pytest.approx(hourly, abs=1e-9)
    assert column(result, "architecture", "attempts") == {"x": "x86_64", "a": "arm64"}


# -- GPUs

KINDS = {"plain.large": box(2, price="$0.10/h"), "graphic.xlarge": box(4, gpu=2, price="$1/h")}


def graphic(*work, slots=4, **keys):
    places = [fixed(slots, types=("graphic.xlarge",))]
    definitions = [with_gpus(1), with_gpus(2), with_gpus(3)]
    return scenario(*work, environments=places, definitions=definitions, world={"instanceTypes": KINDS}, **keys)


def test_gpus_are_held_for_the_attempts_whole_life(simulate):
    work = [job("a", kind="gpu1"), job("b", kind="gpu1"), job("c", kind="gpu1")]
    assert starts(simulate(graphic(*work))) == {"a": 0, "b": 0, "c": 60}


def test_a_job_of_two_gpus_waits_until_both_are_free_though_vcpus_are(simulate):
    work = [job("one", kind="gpu1"), job("two", kind="gpu2", at="1s")]
    assert starts(simulate(graphic(*work))) == {"one": 0, "two": 60}


def test_gpus_of_two_hosts_do_not_add_up():
    with pytest.raises(batchsim.ScenarioError) as caught:
        batchsim.run(graphic(job("a", kind="gpu3"), slots=8), seed=1)
    (problem,) = caught.value.problems
    assert (problem.code, ": 2, 1 short" in problem.hint) == ("E132", True)


def test_jobs_without_gpus_block_a_gpu_host_by_its_vcpus(simulate):
    work = [job("cpu", "10m", size=4), job("gpu", kind="gpu1", at="1s")]
    result = simulate(graphic(*work))
    assert starts(result).get("gpu") == 600


def test_jobs_without_gpus_block_a_gpu_host_by_its_memory(simulate):
    work = [job("cpu", "10m", memory=16_000), job("gpu", kind="gpu1", at="1s")]
    assert starts(simulate(graphic(*work))).get("gpu") == 600


def test_fargate_has_no_gpus():
    made = definition("task-gpu", 1, 2048, platformCapabilities=["FARGATE"])
    made["containerProperties"]["resourceRequirements"].append({"type": "GPU", "value": "1"})
    with pytest.raises(batchsim.ScenarioError) as caught:
        scenario(task("a", kind="task-gpu"), environments=[fargate()], definitions=[made])
    assert [(p.code, p.message) for p in caught.value.problems] == [("E133", "Fargate has no GPUs")]


def test_a_gpu_job_goes_past_an_environment_without_gpus(simulate):
    places = [fixed(4, "plain", types=("box.4",)), environment("graphic", types=("graphic.xlarge",))]
    queues = [queue("queue", "plain", "graphic")]
    result = simulate(
        scenario(
            job("a", kind="gpu1"),
            environments=places,
            queues=queues,
            definitions=[with_gpus(1)],
            world={"instanceTypes": KINDS},
        )
    )
    assert column(result, "environment", "attempts") == {"a": "graphic"}
