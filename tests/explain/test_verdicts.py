"""Jobs that never started: what is short and by how much, and every change that is told, made: then the job runs."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Count, Simulate

from batchsim import Scenario
from batchsim.analysis.explain.verdict import Change
from batchsim.analysis.explain.words import Asked
from batchsim.catalog import instance_types
from batchsim.spec import parse, to_data
from batchsim.verdicts import judge

Data = dict[str, Any]


def world(vcpus: str = "4", memory: str = "16384", gpus: str = "", **resources: Any) -> Data:
    """A queue on m5.xlarge, and a job that asks for so much."""
    asks = [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": memory}]
    asks += [{"type": "GPU", "value": gpus}] if gpus else []
    given = {"type": "EC2", "maxvCpus": 16, "instanceTypes": ["m5.xlarge"], "subnets": ["s"], **resources}
    given |= {"securityGroupIds": ["sg"], "instanceRole": "role", "minvCpus": 0}
    return {
        "allow_unplaceable": True,
        "computeEnvironments": [{"computeEnvironmentName": "small", "type": "MANAGED", "computeResources": given}],
        "jobQueues": [
            {
                "jobQueueName": "q",
                "priority": 1,
                "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "small"}],
            }
        ],
        "jobDefinitions": [
            {
                "jobDefinitionName": "d",
                "type": "container",
                "containerProperties": {"image": "i", "resourceRequirements": asks},
            }
        ],
        "workload": [
            {"id": "big", "submit": {"jobName": "big", "jobQueue": "q", "jobDefinition": "d"}, "at": "0s", "run": "60s"}
        ],
        "simulation": {"until": "6h"},
    }


def with_(data: Data, section: str, **fields: Any) -> Data:
    data[section][0].update(fields)
    return data


def licensed() -> Data:
    """Five licences for a job that needs eight."""
    data = world(memory="1024")
    data["consumableResources"] = [
        {"consumableResourceName": "licence", "totalQuantity": 5, "resourceType": "REPLENISHABLE"}
    ]
    needs = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 8}]}
    return with_(data, "jobDefinitions", consumableResourceProperties=needs)


STUCK = {
    "the memory cliff": (world(), "15655 of 16384 MiB usable, 729 MiB short"),
    "much too much memory": (world(memory="40000"), "24345 MiB short"),
    "too many vCPUs for a type": (world(vcpus="8", memory="1024"), "the most vCPUs are m5.xlarge's: 4, 4 vCPU short"),
    "more than maxvCpus": (world(vcpus="4", memory="1024", maxvCpus=2), "maxvCpus is 2 at most, 2 vCPU short"),
    "both": (world(vcpus="32", memory="1024"), "maxvCpus is 16 at most, 16 vCPU short"),
    "no GPU": (
        world(memory="1024", gpus="1", instanceTypes=["g4dn.xlarge", "m5.xlarge"], maxvCpus=2),
        "maxvCpus is 2 at most",
    ),
    "too many GPUs": (world(gpus="4", memory="1024", instanceTypes=["g4dn.xlarge"], maxvCpus=64), "3 short"),
    "too many GPUs, in too small an environment": (
        world(gpus="8", memory="8000", instanceTypes=["g4dn.xlarge", "g4dn.12xlarge"], maxvCpus=16),
        "the most GPUs are g4dn.xlarge's: 1, 7 short",
    ),
    "a type that BEST_FIT never launches": (
        world(vcpus="1", memory="1024", maxvCpus=2),
        "BEST_FIT stays within maxvCpus, 2, and m5.xlarge has 4 vCPU",
    ),
    "a DISABLED environment": (
        with_(world(memory="1024"), "computeEnvironments", state="DISABLED"),
        "small is DISABLED, and no action enables it",
    ),
    "an INVALID environment": (
        with_(world(memory="1024"), "computeEnvironments", status="INVALID"),
        "small is INVALID",
    ),
    "too few licences": (licensed(), "it needs 8 of `licence`, and there are 5: 3 short"),
    "a bid below the price": (
        world(memory="1024", type="SPOT", bidPercentage=5, spotIamFleetRole="r"),
        "Spot prices are not below 5 % of On-Demand",
    ),
}


@pytest.mark.parametrize("name", STUCK)
def test_every_change_that_is_told_lets_the_job_run(name: str, simulate: Simulate, cases: Count) -> None:
    data, short = STUCK[name]
    scenario = parse(data)
    before = simulate(scenario)
    assert before.jobs["state"].iloc[0] == "RUNNABLE"
    told = before.explain("big")
    assert any("never could" in note and short in note for note in told.notes), told.notes
    verdict = judge(scenario, "big", asked(before.jobs.iloc[0], data))
    assert verdict is not None
    assert verdict.changes
    cases(len(verdict.changes))
    assert told.remedy == "; or ".join(change.text for change in verdict.changes)
    for change in verdict.changes:
        assert simulate(changed(scenario, change)).jobs["state"].iloc[0] == "SUCCEEDED", change


def test_one_mib_more_than_is_told_would_not_do(simulate: Simulate) -> None:
    """The least that is asked for less is the least."""
    scenario = parse(world())
    [less] = [c for c in judge(scenario, "big", Asked(4000, 16384, 0)).changes if c.asks]  # type: ignore[union-attr]
    more = Change("", asks={"memory_mib": less.asks["memory_mib"] + 1})
    assert simulate(changed(scenario, more)).jobs["state"].iloc[0] == "RUNNABLE"


def test_the_least_maximum_is_told(simulate: Simulate) -> None:
    scenario = parse(world(memory="1024", maxvCpus=2))
    change = judge(scenario, "big", Asked(4000, 1024, 0)).changes[0]  # type: ignore[union-attr]
    assert change.settings == (("computeEnvironments.small.computeResources.maxvCpus", 4),)
    assert simulate(scenario.with_("small.maxvCpus", 3)).jobs["state"].iloc[0] == "RUNNABLE"


def test_the_maximum_is_raised_no_further_than_the_type_that_is_added_is_large() -> None:
    data, _ = STUCK["too many GPUs, in too small an environment"]
    [(_, maximum), (_, types)] = judge(parse(data), "big", Asked(4000, 8000, 8)).changes[0].settings  # type: ignore[union-attr]
    assert maximum == instance_types()[types[-1]].vcpus


def test_a_job_behind_a_hopeless_head_is_told_of_it(simulate: Simulate) -> None:
    data = world()
    small = {"resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]}
    submit = {"jobName": "s", "jobQueue": "q", "jobDefinition": "d", "containerOverrides": small}
    data["workload"].append({"id": "small", "submit": submit, "at": "5s", "run": "60s"})
    told = simulate(parse(data)).explain("small")
    assert told.notes[0] == "It never started. An environment of its queue could hold it."
    assert "It stood behind `big`, which can never run" in told.notes[1]
    assert told.remedy.startswith("for `big`: ask for at most 15655 MiB")


def test_a_job_that_only_lacked_time_could_run(simulate: Simulate) -> None:
    data = world(memory="1024")
    data["simulation"] = {"until": "20s"}
    told = simulate(parse(data)).explain("big")
    assert told.notes[0] == "It never started. An environment of its queue could hold it."


def test_a_job_that_fails_with_its_dependency_names_it(simulate: Simulate) -> None:
    data = world(memory="1024")
    data["workload"][0]["run"] = {"script": [{"run": "5s", "exit": 3}]}
    submit = {"jobName": "n", "jobQueue": "q", "jobDefinition": "d", "dependsOn": [{"jobId": "big"}]}
    data["workload"].append({"id": "next", "submit": submit, "at": "0s", "run": "60s"})
    told = simulate(parse(data)).explain("next")
    assert "`big` FAILED, and with it what depends on it." in told.notes


def asked(job: Any, data: Data) -> Asked:
    needs = "licence:8" if "consumableResources" in data else ""
    return Asked(round(1000 * job["vcpus"]), int(job["memory_mib"]), int(job["gpus"]), needs)


def changed(scenario: Scenario, change: Change) -> Scenario:
    """The scenario with a change made."""
    for path, value in change.settings:
        scenario = scenario.with_(path, value)
    data: Data = to_data(scenario)
    asks = data["jobDefinitions"][0]["containerProperties"]["resourceRequirements"]
    for each in asks:
        name, scale = {"MEMORY": ("memory_mib", 1), "VCPU": ("vcpus_milli", 1000), "GPU": ("gpus", 1)}[each["type"]]
        each["value"] = f"{change.asks.get(name, int(each['value']) * scale) // scale}"
    asks[:] = [each for each in asks if each["value"] != "0"]
    return parse(data)
