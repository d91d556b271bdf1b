"""Paths by name: as short as they are clear, and a new, checked scenario for every change."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import Problem, ScenarioError
from batchsim.spec import Scenario, Target, find_target, scenario_hash
from batchsim.spec.base import FlawsError
from tests.spec.documents import SPOT_REQUEST, entry, sound


def refused(scenario: Scenario, path: str, value: Any) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        scenario.with_(path, value)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "path",
    ["spot.maxvCpus", "computeEnvironments.spot.computeResources.maxvCpus", "maxvCpus", "computeResources.maxvCpus"],
)
def test_a_unique_suffix_is_enough(path: str) -> None:
    resources = sound().with_(path, 512).computeEnvironments[0].computeResources
    assert resources is not None
    assert resources.maxvCpus == 512


def test_the_old_scenario_stays_as_it_was() -> None:
    before = sound()
    after = before.with_("spot.maxvCpus", 512)
    assert before == sound()
    assert after != before
    assert scenario_hash(after) != scenario_hash(before)


def test_an_ambiguous_path_lists_its_candidates() -> None:
    both = [{"computeEnvironmentName": name, **SPOT_REQUEST} for name in ("spot", "more")]
    problem = refused(sound(computeEnvironments=both), "maxvCpus", 5)
    assert problem.allowed == (
        "computeEnvironments.spot.computeResources.maxvCpus, computeEnvironments.more.computeResources.maxvCpus"
    )


def test_a_name_that_is_meant_is_near() -> None:
    assert refused(sound(), "spot.maxvCpu", 5).hint == "Did you mean spot.maxvCpus?"


def test_a_value_is_checked_as_in_a_file() -> None:
    assert refused(sound(), "spot.maxvCpus", 0).code == "E137"
    assert refused(sound(), "world.scheduler_cycle", 5).code == "E146"
    assert refused(sound(), "simulation.seed", -1).code == "E152"


def test_what_the_file_left_out_can_be_set() -> None:
    scenario = sound().with_("spot.desiredvCpus", 8).with_("images.retryStrategy.attempts", 2).with_("seed", 7)
    assert scenario.simulation.seed == 7
    assert scenario.workload[0].submit.retryStrategy.attempts == 2  # type: ignore[union-attr]


def test_values_that_only_go_together_are_set_at_once() -> None:
    logs = [{"name": "logs", "size": "1TB", "partitions": 40, "throughput": "6MB/s"}]
    scenario = sound(datasets=logs, workload=[{**entry("cut"), "run": {"dataset": "logs"}, "count": 40}])
    assert refused(scenario, "logs.partitions", 20).code == "E143"
    assert scenario.with_values({"logs.partitions": 20, "cut.count": 20}).workload[0].count == 20


def test_a_law_is_set_as_a_whole_or_by_its_parameter() -> None:
    scenario = sound(workload__0__run={"lognormal": {"mean": "5m", "cv": 0.5}})
    assert scenario.with_("images.run", "5m").workload[0].run.ms == 300_000  # type: ignore[union-attr]
    assert scenario.with_("lognormal.cv", 1).workload[0].run.params["cv"] == 1  # type: ignore[union-attr]


def test_types_with_dots_in_their_names_are_reached() -> None:
    scenario = sound(world={"instanceTypes": {"my.large": {"vcpu": 2, "memory": "8GiB"}}})
    assert scenario.with_("my.large.vcpu", 4).world.instanceTypes["my.large"].vcpu == 4


def test_members_of_workflows_and_revisions_are_reached_by_name() -> None:
    scenario = sound(workload=[{"id": "night", "workflow": [entry("a"), entry("b")]}])
    assert scenario.with_("night.b.count", 3).workload[0].workflow[1].count == 3  # type: ignore[union-attr]
    memory = scenario.with_("image-processing-job:1.memory", 512).jobDefinitions[0].containerProperties
    assert memory is not None
    assert memory.memory == 512


def test_an_update_finds_its_target() -> None:
    assert find_target(sound(), "spot.maxvCpus") == Target("computeEnvironments", "spot", "maxvCpus")
    assert find_target(sound(), "priority") == Target("jobQueues", "work", "priority")
    with pytest.raises(FlawsError):
        find_target(sound(), "spot.instanceTypes")
