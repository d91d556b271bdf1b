"""Parts of a scenario that name one another: found, or refused with the names that exist (B14-B23)."""

from __future__ import annotations

import re

import pytest

from batchsim.spec import SourceMap, parse
from batchsim.spec.notes import scenario_notes
from tests.spec.documents import FARGATE, IMAGE_JOB, SPOT_REQUEST, codes, entry, only, problems, small, sound

SPOTS = [{"computeEnvironmentName": name, **SPOT_REQUEST} for name in ("spot", "spot2", "spot3", "spot4")]


def order(*names: str) -> list[dict[str, object]]:
    return [{"order": number, "computeEnvironment": name} for number, name in enumerate(names, start=1)]


def test_an_unknown_environment_is_answered_with_the_known_ones() -> None:
    problem = only(jobQueues__0__computeEnvironmentOrder=order("spt"))
    assert (problem.code, problem.allowed, problem.hint) == ("E120", "spot", "Did you mean spot?")
    assert problem.path == ("jobQueues", 0, "computeEnvironmentOrder", 0, "computeEnvironment")


def test_a_queue_takes_three_environments_and_not_four() -> None:
    three = order("spot", "spot2", "spot3")
    sound(computeEnvironments=SPOTS, jobQueues__0__computeEnvironmentOrder=three)
    four = order("spot", "spot2", "spot3", "spot4")
    assert codes(computeEnvironments=SPOTS, jobQueues__0__computeEnvironmentOrder=four) == ["E120"]
    sound(computeEnvironments=SPOTS, jobQueues__0__computeEnvironmentOrder=four, world={"strict_limits": False})


def test_a_queue_takes_an_environment_once() -> None:
    assert codes(jobQueues__0__computeEnvironmentOrder=order("spot", "spot")) == ["E120"]


def test_a_queue_needs_an_environment() -> None:
    assert codes(jobQueues__0__computeEnvironmentOrder=[]) == ["E120"]


def test_a_queue_does_not_mix_ec2_and_fargate() -> None:
    both = [SPOTS[0], FARGATE]
    assert codes(computeEnvironments=both, jobQueues__0__computeEnvironmentOrder=order("spot", "fargate")) == ["E121"]


@pytest.mark.parametrize("kind", [{"type": "UNMANAGED", "computeResources": None}, {"eksConfiguration": {}}])
def test_environments_that_are_not_simulated_are_refused_only_where_they_are_used(kind: dict[str, object]) -> None:
    other = {"computeEnvironmentName": "other", **SPOT_REQUEST, **kind}
    sound(computeEnvironments=[SPOTS[0], other])
    assert codes(computeEnvironments=[{**SPOTS[0], **kind}]) == ["E116"]


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"workload__0__submit__jobQueue": "wrk"}, "Did you mean work?"),
        ({"workload__0__submit__jobDefinition": "image-processing-jbo"}, "Did you mean image-processing-job?"),
        ({"jobQueues__0__schedulingPolicyArn": "arn:aws:batch:r:1:scheduling-policy/fair"}, ""),
        ({"workload__0__run": {"dataset": "logs"}}, ""),
    ],
)
def test_unknown_queues_definitions_policies_and_data_sets_are_found(change: dict[str, object], hint: str) -> None:
    problem = only(**change)
    assert (problem.code, problem.hint) == ("E122", hint)


@pytest.mark.parametrize(
    "change",
    [
        {"computeEnvironments": [SPOTS[0], SPOTS[0]]},
        {"workload": [entry("a"), {"workflow": [entry("a")]}]},
        {"jobDefinitions": [{**IMAGE_JOB, "revision": 1}, {**IMAGE_JOB, "revision": 1}]},
    ],
)
def test_a_name_is_given_once(change: dict[str, object]) -> None:
    assert codes(**change) == ["E123"]


def test_a_second_name_points_to_the_line_of_the_first() -> None:
    values = {("computeEnvironments", 0, "computeEnvironmentName"): (3, 5)}
    data = small(computeEnvironments=[SPOTS[0], SPOTS[0]])
    values[("computeEnvironments", 1, "computeEnvironmentName")] = (9, 5)
    with pytest.raises(ValueError, match=r"f\.yaml:9:5: .*See line 3"):
        parse(data, SourceMap("f.yaml", {}, values))


def test_names_that_differ_only_in_case_are_two_names_and_a_note() -> None:
    scenario = sound(computeEnvironments=[SPOTS[0], {**SPOTS[1], "computeEnvironmentName": "Spot"}])
    assert "computeEnvironments: Spot and spot differ only in case" in scenario_notes(scenario)


def test_equal_priorities_on_one_environment_are_a_note() -> None:
    queue = small()["jobQueues"][0]
    scenario = sound(jobQueues=[queue, {**queue, "jobQueueName": "more"}])
    assert "work, more: equal priority 10 on spot; the first in the file goes first" in scenario_notes(scenario)


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ({"a": "a"}, "a → a"),
        ({"a": "b", "b": "a"}, "a → b → a"),
        ({"a": "b", "b": "c", "c": "d", "d": "b"}, "b → c → d → b"),
    ],
)
def test_a_dependency_cycle_is_shown(edges: dict[str, str], cycle: str) -> None:
    problem = only(workload=[entry(name, after=[{"jobId": parent}]) for name, parent in edges.items()])
    assert (problem.code, problem.message) == ("E125", f"dependency cycle {cycle}")


def test_of_a_long_cycle_both_ends_are_shown() -> None:
    names = [f"job-{number}" for number in range(100)]
    problem = only(workload=[entry(name, after=[{"jobId": names[at - 1]}]) for at, name in enumerate(names)])
    assert re.fullmatch(r"dependency cycle job-0 → job-99 → .* → \(\d+ more\) → .* → job-1 → job-0", problem.message)
    assert len(problem.message) < 200


def test_following_by_time_can_close_a_cycle_too() -> None:
    workload = [entry("a", after=[{"jobId": "b"}]), entry("b", at={"after": "a", "delay": "5m"})]
    assert codes(workload=workload) == ["E125"]


def test_a_chain_of_thousands_is_no_cycle_and_no_recursion() -> None:
    chain = [entry(f"e{i}", after=[{"jobId": f"e{i + 1}"}]) for i in range(3000)]
    last = sound(workload=[*chain, entry("e3000")]).workload[2999]
    assert [link.jobId for link in last.submit.dependsOn] == ["e3000"]


def test_a_dependency_on_an_unknown_entry_is_found() -> None:
    problem = only(workload=[entry("extract"), entry("load", after=[{"jobId": "extrct"}])])
    assert (problem.code, problem.hint) == ("E126", "Did you mean extract?")


def test_a_job_has_twenty_dependencies_and_not_twenty_one() -> None:
    parents = [entry(f"p{i}") for i in range(21)]
    after = [{"jobId": f"p{i}"} for i in range(21)]
    sound(workload=[*parents, entry("child", after=after[:20])])
    assert codes(workload=[*parents, entry("child", after=after)]) == ["E127"]
    assert codes(workload=[entry("p", count=21), entry("child", after=[{"jobId": "p"}])]) == ["E127"]


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ({"size": 5}, {"size": 6, "after": [{"jobId": "p", "type": "N_TO_N"}]}),
        ({}, {"size": 5, "after": [{"jobId": "p", "type": "N_TO_N"}]}),
        ({"size": 5}, {"after": [{"jobId": "p", "type": "N_TO_N"}]}),
        ({"size": 5, "count": 2}, {"size": 5, "after": [{"jobId": "p", "type": "N_TO_N"}]}),
        ({}, {"after": [{"type": "SEQUENTIAL"}]}),
        ({}, {"size": 5, "after": [{"jobId": "p", "type": "SEQUENTIAL"}]}),
        ({}, {"after": [{"type": "N_TO_N"}]}),
        ({}, {"after": [{}]}),
    ],
)
def test_dependency_types_ask_for_their_shapes(parent: dict[str, object], child: dict[str, object]) -> None:
    assert set(codes(workload=[entry("p", **parent), entry("c", **child)])) == {"E128"}


def test_arrays_of_a_data_set_agree_in_size_without_saying_it() -> None:
    data = {"name": "logs", "size": "10TB", "partitions": 40, "throughput": "80MB/s"}
    extract = entry("extract", {"dataset": "logs"})
    extract["submit"]["arrayProperties"] = {}
    load = entry("load", size=40, after=[{"jobId": "extract", "type": "N_TO_N"}])
    sound(workload=[extract, load], datasets=[data])
    assert codes(workload=[{**extract, "run": "5m"}]) == ["E111"]


def test_an_entry_that_fires_often_is_depended_on_only_within_its_workflow() -> None:
    at = {"poisson": "5/h", "for": "8h"}
    child = entry("b", after=[{"jobId": "a"}])
    sound(workload=[{"workflow": [entry("a"), child], "at": at}])
    problem = only(workload=[entry("a", at=at), child])
    assert (problem.code, problem.hint[:22]) == ("E126", "Put both into one work")


def test_what_names_an_unsound_part_is_not_blamed_for_it() -> None:
    data = small(computeEnvironments__0__computeResources__maxvCpus=-1, jobQueues__0__priority="high")
    assert [problem.code for problem in problems(data)] == ["E137", "E114"]


def test_an_unknown_key_does_not_hide_what_else_is_wrong_with_its_item() -> None:
    data = small(jobQueues__0__priorty=1, jobQueues__0__computeEnvironmentOrder=order("spt"))
    assert sorted(problem.code for problem in problems(data)) == ["E106", "E120"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"actions": [{"at": "1h", "cancel": "imges"}]}, "E126"),
        ({"actions": [{"at": "1h", "terminate": "images:0"}]}, "E126"),
        ({"actions": [{"at": "1h", "cancel": "@"}]}, "E115"),
        ({"actions": [{"at": "1h", "set": "spot.maxvCpu", "to": 5}]}, "E106"),
        ({"actions": [{"at": "1h", "set": "state", "to": "DISABLED"}]}, "E106"),
        ({"actions": [{"at": "1h", "set": "spot.maxvCpus", "to": -5}]}, "E137"),
        ({"actions": [{"at": "1h", "set": "spot.state", "to": "OFF"}]}, "E113"),
        ({"actions": [{"at": "1h", "set": "work.priority", "to": "high"}]}, "E114"),
        ({"actions": [{"at": "1h"}]}, "E111"),
        ({"actions": [{"at": "1h", "set": "spot.maxvCpus"}]}, "E111"),
        ({"actions": [{"at": "1h", "cancel": "images", "terminate": "images"}]}, "E111"),
        ({"faults": [{"kind": "spot_reclaim", "at": "5m", "select": {"environment": "s", "ordinal": 0}}]}, "E120"),
        ({"thresholds": {"cost_usd": "cheap"}}, "E115"),
    ],
)
def test_faults_actions_and_thresholds_name_what_exists(change: dict[str, object], code: str) -> None:
    assert codes(**change) == [code]


def test_sound_faults_actions_and_thresholds_are_taken() -> None:
    scenario = sound(
        faults=[{"kind": "spot_reclaim", "at": "5m", "select": {"environment": "spot", "ordinal": 0}, "replace": True}],
        actions=[{"at": "1h", "set": "spot.maxvCpus", "to": 512}, {"at": "2h", "cancel": "images@0"}],
        thresholds={"makespan_s": "< 4h", "cost_usd": "<= 40"},
    )
    assert scenario.faults[0].at_ms == 300_000
    assert scenario.actions[0].to == 512


def test_a_fault_strikes_instances_and_fargate_has_none() -> None:
    fault = {"kind": "spot_reclaim", "at": "5m", "select": {"environment": "fargate", "ordinal": 0}}
    assert codes(computeEnvironments=[SPOTS[0], FARGATE], faults=[fault]) == ["E117"]
