"""Paths by name: as short as they are clear, and a new, checked scenario for every change."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import Problem, ScenarioError
from batchsim.spec import Scenario, Target, find_target, paths, scenario_hash
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


CHANGES = [
    ("spot.maxvCpus", 512),
    ("nightly.at", {"cron": "0 2 * * ? *", "for": "2d"}),
    ("nightly.at.for", "3d"),
    ("nightly.id", "weekly"),
    ("weekly.at", "90s"),
    ("weekly.run", {"lognormal": {"mean": "10m", "cv": 0.5}}),
    ("weekly.run.lognormal.cv", 0.6),
    ("world.prices", {"m5.large": {"spot": "$0.03/h"}}),
    ("world.prices.m5.large.spot", "$0.04/h"),
]
"""Each stands on those before it: a value within a value, a new name, a new key."""


def test_many_changes_are_those_changes_one_by_one() -> None:
    given = sound(workload=[entry("nightly")])
    by_one = given
    for number, (path, value) in enumerate(CHANGES, 1):
        by_one = by_one.with_(path, value)
        assert given.with_values(dict(CHANGES[:number])) == by_one
    assert by_one != given
    assert CHANGES[1][1] == {"cron": "0 2 * * ? *", "for": "2d"}, "the caller's values are the caller's"


def test_a_path_into_what_an_earlier_change_took_away_is_unknown() -> None:
    given = sound(workload=[entry("nightly", at={"cron": "0 2 * * ? *", "for": "2d"})])
    with pytest.raises(ScenarioError) as caught:
        given.with_values({"nightly.at": {"poisson": "1/min", "for": "5m"}, "nightly.at.cron": "0 3 * * ? *"})
    assert caught.value.problems[0].code in ("E106", "E111")


def test_a_path_into_what_an_earlier_change_made_no_mapping_is_told() -> None:
    for value in (5, "here", True):
        with pytest.raises(ScenarioError) as caught:
            sound().with_values({"world": value, "world.market": "calm"})
        assert caught.value.problems[0].path == ("world",)


def test_a_key_that_is_no_text_is_told_as_in_a_file() -> None:
    given = sound(workload=[entry("nightly")])
    for more in ({}, {"name": "other"}):
        with pytest.raises(ScenarioError, match="unknown at"):
            given.with_values({"nightly.at": {5: 3}, **more})


def test_places_are_listed_once_for_any_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of large workloads there are a hundred thousand, and a study changes many for each point."""
    given = sound(workload=[entry(f"e{number}") for number in range(50)])
    listed: list[object] = []
    below = paths._below
    monkeypatch.setattr(paths, "_below", lambda kind, *rest: listed.append(kind) or below(kind, *rest))
    given.with_values({f"e{number}.at": {"poisson": "1/min", "for": "5m"} for number in range(50)})
    assert listed.count(Scenario) == 1
