"""From a scenario's workload to plans: firings, copies, data sets, traces, dependencies, and common random numbers."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import DependencyKind, expand, parent_calls
from batchsim.errors import Problem, ScenarioError
from batchsim.spec.parsing import parse
from batchsim.spec.source import SourceMap

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def entry(name="transform", **changes):
    submit = {"jobName": name, "jobQueue": "etl", "jobDefinition": "work"} | changes.pop("submit", {})
    return {"id": name, "run": "5m", "submit": submit} | changes


def array(size):
    return {"arrayProperties": {"size": size}}


def scenario(*workload, **changes):
    data = {
        "computeEnvironments": [
            {
                "computeEnvironmentName": "spot",
                "type": "MANAGED",
                "computeResources": {
                    "type": "SPOT", "minvCpus": 0, "maxvCpus": 256, "instanceTypes": ["m5.large"], "subnets": ["a"],
                    "instanceRole": "ecsInstanceRole", "securityGroupIds": ["SG_ID"],
                },
            }
        ],
        "jobQueues": [
            {
                "jobQueueName": "etl", "priority": 1,
                "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}],
            }
        ],
        "jobDefinitions": [
            {
                "jobDefinitionName": "work", "type": "container",
                "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 1024},
            }
        ],
        "workload": list(workload),
    }  # fmt: skip
    return parse(data | changes, SourceMap("night.yaml", {}, {("workload", 0): (12, 3)}))


def no_trace(trace, _source):
    raise FileNotFoundError(2, "No such file or directory", trace.path)


def expanded(*workload, seed=1, read_trace=no_trace, **changes):
    return expand(scenario(*workload, **changes), Draws(seed), START_MS, read_trace).entries


def problem_of(*workload, **changes):
    with pytest.raises(ScenarioError) as error:
        expanded(*workload, **changes)
    (problem,) = error.value.problems
    return problem


def logs(**changes):
    return [{"name": "logs", "size": "10GB", "partitions": 100, "throughput": "50MB/s"} | changes]


def test_an_entry_without_at_is_submitted_once_at_the_start():
    (plan,) = expanded(entry())
    assert (plan.due_at_ms.tolist(), plan.size, plan.is_array, plan.workflow) == ([0], 1, False, -1)
    assert plan.work.work_ms().tolist() == [300_000]


def test_count_makes_so_many_calls_at_each_firing():
    (plan,) = expanded(entry(at={"cron": "0 2 * * ? *", "for": "2d"}, count=3))
    assert plan.due_at_ms.tolist() == [7_200_000] * 3 + [93_600_000] * 3
    assert plan.firing.tolist() == [0, 0, 0, 1, 1, 1]


def test_an_array_has_as_many_works_as_children():
    (plan,) = expanded(entry(submit=array(4), count=2, run={"exponential": {"mean": "5m"}}))
    assert (plan.occurrences, plan.size, plan.is_array, len(set(plan.work.work_ms().tolist()))) == (2, 4, True, 8)


def test_a_client_submits_its_count_at_its_rate_from_its_start():
    (plan,) = expanded(entry(at={"rate": "50/s", "start": "10s"}, count=1000))
    assert (plan.client_rate_per_s, plan.occurrences, set(plan.due_at_ms.tolist())) == (Fraction(50), 1000, {10_000})


def test_an_unbounded_process_ends_with_the_run():
    (plan,) = expanded(entry(at={"poisson": "20/min"}), simulation={"until": "1h"})
    assert 900 < plan.firings < 1500
    assert plan.due_at_ms.max() < 3_600_000


@pytest.mark.parametrize("at", ["cron(0 2 * * ? *)", {"poisson": "20/min"}])
def test_an_unbounded_process_in_a_run_that_drains_is_refused(at):
    with pytest.raises(ScenarioError):
        expanded(entry(at=at))


def test_members_of_a_workflow_fire_together_and_count_repeats_it():
    extract, load = expanded({"workflow": [entry("extract", count=2), entry("load")], "at": "1h", "count": 2})
    assert extract.due_at_ms.tolist() == [3_600_000] * 4
    assert (extract.workflow, extract.firings, load.workflow, load.occurrences) == (0, 2, 0, 2)


def test_members_of_a_poisson_workflow_arrive_at_the_same_instants():
    extract, load = expanded({"workflow": [entry("extract"), entry("load")], "at": {"poisson": "1/min", "for": "1h"}})
    assert extract.firings > 20
    assert np.array_equal(extract.due_at_ms, load.due_at_ms)


def test_what_follows_an_entry_fires_as_often_as_it():
    follower, first = expanded(
        entry("report", at={"after": "extract", "delay": "5m"}, count=2),
        entry("extract", at={"cron": "0 2 * * ? *", "for": "3d"}),
    )
    assert (follower.after, follower.firings, follower.occurrences) == ((1, 300_000), 3, 6)
    assert (follower.due_at_ms.size, first.firings) == (0, 3)


def test_positions_run_through_workflows_in_file_order():
    plans = expanded(entry("a"), {"workflow": [entry("b"), entry("c")]}, entry("d"))
    assert [(plan.id, plan.position, plan.workflow) for plan in plans] == [
        ("a", 0, -1),
        ("b", 1, 0),
        ("c", 2, 0),
        ("d", 3, -1),
    ]


def test_a_dependency_in_a_workflow_means_the_same_firing():
    plans = expanded(
        {
            "workflow": [
                entry("extract", count=3),
                entry("load", count=2, submit={"dependsOn": [{"jobId": "extract"}]}),
            ],
            "count": 2,
        }
    )
    load = plans[1]
    assert [parent_calls(load, load.dependencies[0], plans, call) for call in range(4)] == [
        range(3),
        range(3),
        range(3, 6),
        range(3, 6),
    ]


def test_a_dependency_on_an_entry_outside_means_all_its_calls():
    plans = expanded(entry("extract", count=3), entry("load", submit={"dependsOn": [{"jobId": "extract"}]}))
    assert parent_calls(plans[1], plans[1].dependencies[0], plans, 0) == range(3)


def test_sequential_and_n_to_n_keep_their_kinds():
    plans = expanded(
        entry("extract", submit=array(4) | {"dependsOn": [{"type": "SEQUENTIAL"}]}),
        entry("load", submit=array(4) | {"dependsOn": [{"jobId": "extract", "type": "N_TO_N"}]}),
    )
    assert [plan.dependencies[0].kind for plan in plans] == [DependencyKind.SEQUENTIAL, DependencyKind.N_TO_N]
    assert parent_calls(plans[0], plans[0].dependencies[0], plans, 0) == range(1)


def test_a_data_set_gives_an_entry_one_call_a_partition():
    (plan,) = expanded(entry(run={"dataset": "logs"}), datasets=logs(overhead="10s"))
    assert plan.occurrences == 100
    assert plan.data_bytes.tolist() == [10**8] * 100
    assert set(plan.work.work_ms().tolist()) == {12_000}


def test_a_data_set_is_spread_over_arrays():
    (plan,) = expanded(entry(run={"dataset": "logs"}, submit=array(50)), datasets=logs(skew={"lognormal": {"cv": 0.5}}))
    assert (plan.occurrences, plan.size) == (2, 50)
    assert sum(plan.data_bytes.tolist()) == 10**10
    assert abs(int(plan.work.work_ms().sum()) - 200_000) <= 50


def test_an_array_without_size_has_a_child_for_each_partition():
    (plan,) = expanded(entry(run={"dataset": "logs"}, submit={"arrayProperties": {}}), datasets=logs())
    assert (plan.occurrences, plan.size, plan.is_array, plan.data_bytes.tolist()) == (1, 100, True, [10**10])


def test_each_night_reads_the_same_partitions_at_its_own_overhead():
    nights = {"cron": "0 2 * * ? *", "for": "2d"}
    changes = {"skew": {"lognormal": {"cv": 0.5}}, "overhead": {"exponential": {"mean": "10s"}}}
    (plan,) = expanded(entry(run={"dataset": "logs"}, at=nights), datasets=logs(**changes))
    first, second = np.split(plan.work.work_ms(), 2)
    assert np.array_equal(*np.split(plan.data_bytes, 2))
    assert not np.array_equal(first, second)


def test_two_entries_share_a_data_sets_partitions():
    changes = {"datasets": logs(skew={"lognormal": {"cv": 0.5}})}
    one, other = expanded(entry("a", run={"dataset": "logs"}), entry("b", run={"dataset": "logs"}), **changes)
    assert np.array_equal(one.data_bytes, other.data_bytes)


def test_a_count_that_does_not_make_the_partitions_is_refused_at_its_line():
    problem = problem_of(entry(run={"dataset": "logs"}, count=99), datasets=logs())
    assert str(problem).startswith("night.yaml:12:3: workload[0]: 99 calls of 1 jobs do not make the 100 partitions")


def test_more_than_20_partitions_cannot_be_parents_one_by_one():
    load = entry("load", submit={"dependsOn": [{"jobId": "transform"}]})
    problem = problem_of(entry(run={"dataset": "logs"}), load, datasets=logs())
    assert (problem.code, problem.value, problem.path[:2]) == ("E127", "100", ("workload", 1))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({}, "N_TO_N needs equal sizes: load has 50, transform has 100"),
        ({"size": 50}, "N_TO_N needs one parent call"),
    ],
)
def test_n_to_n_goes_with_one_call_of_as_many_partitions(size, message):
    load = entry("load", submit=array(50) | {"dependsOn": [{"jobId": "transform", "type": "N_TO_N"}]})
    parent = entry(run={"dataset": "logs"}, submit={"arrayProperties": size})
    problem = problem_of(parent, load, datasets=logs())
    assert (problem.code, problem.message) == ("E128", message)
    assert problem.path[:5] == ("workload", 1, "submit", "dependsOn", 0)


def test_n_to_n_may_follow_an_array_of_all_partitions():
    load = entry("load", submit=array(100) | {"dependsOn": [{"jobId": "transform", "type": "N_TO_N"}]})
    plans = expanded(entry(run={"dataset": "logs"}, submit={"arrayProperties": {}}), load, datasets=logs())
    assert plans[1].dependencies[0].kind is DependencyKind.N_TO_N


def test_a_bad_cron_field_is_a_problem_of_the_scenario():
    problem = problem_of(entry(at={"cron": "0 99 * * ? *", "for": "3d"}))
    assert (problem.code, problem.path) == ("E115", ("workload", 0, "at"))


@pytest.mark.parametrize("at", [{"poisson": "1000/s", "for": "300d"}, {"cron": "* * * * ? *", "for": "36500d"}])
def test_a_flood_of_submissions_is_refused_before_it_fills_the_memory(at):
    assert problem_of(entry(at=at)).code == "E151"


def test_failures_that_sum_to_more_than_1_are_refused():
    assert problem_of(entry(fails=[{"probability": 0.6}, {"probability": 0.6}])).code == "E144"


def test_a_workflow_has_no_client_of_its_own():
    problem = problem_of({"workflow": [entry()], "at": {"rate": "1/s"}, "count": 3})
    assert (problem.code, problem.path) == ("E117", ("workload", 0, "at"))


def test_failures_go_neither_with_a_script_nor_with_recorded_exits():
    fails = [{"probability": 0.5}]
    recorded = table(exit_code=np.array([0, 1, 0], dtype=np.int16))
    assert problem_of(entry(run={"script": [{"run": "5m"}]}, fails=fails)).code == "E111"
    assert problem_of(entry(at=HISTORY, fails=fails), read_trace=recorded).code == "E111"
    attempts = SimpleNamespace(first=np.arange(3), number=np.ones(3), run_ms=np.ones(3), exit_code=np.zeros(3))
    whole = entry(at=HISTORY, run={"trace": "run_time"}, fails=fails)
    problem = problem_of(whole, read_trace=table(attempts=attempts))
    assert (problem.message, problem.hint) == (
        "the trace records how its attempts end",
        "Leave out fails, or the job column",
    )


def test_problems_of_all_entries_come_at_once():
    bad = {"fails": [{"probability": 0.6}, {"probability": 0.6}]}
    with pytest.raises(ScenarioError) as error:
        expanded(entry("a", **bad), entry("b"), entry("c", **bad))
    assert [problem.path[1] for problem in error.value.problems] == [0, 2]


def test_a_script_and_its_reasons_reach_the_plan():
    steps = [{"run": "60s", "exit": 137, "reason": "OutOfMemoryError"}, {"run": "5m"}]
    (plan,) = expanded(entry(run={"script": steps}, count=2))
    assert plan.work.first().exit_code.tolist() == [137, 137]
    assert plan.work.attempt(1, 1) == (60_000, 137, "OutOfMemoryError")
    assert plan.work.attempt(1, 2) == (300_000, 0, "")


def test_another_entry_another_queue_or_another_order_leaves_every_work_as_it_was():
    law, poisson = {"lognormal": {"mean": "5m", "cv": 0.7}}, {"poisson": "20/min", "for": "1h"}
    fails = [{"probability": 0.3, "after": {"exponential": {"mean": "1m"}}}]
    ours = entry(run=law, at=poisson, fails=fails)
    (alone,) = expanded(ours)
    _, among = expanded(entry("other", run=law), ours)
    assert np.array_equal(alone.due_at_ms, among.due_at_ms)
    assert all(map(np.array_equal, alone.work.first(), among.work.first()))


def test_stream_keeps_an_entrys_numbers_under_another_name():
    law = {"lognormal": {"mean": "5m", "cv": 0.7}}
    (old,), (new,) = expanded(entry("old", run=law)), expanded(entry("new", run=law, stream="old"))
    assert old.work.work_ms().tolist() == new.work.work_ms().tolist()


def test_seed_and_replication_change_the_works():
    law = {"lognormal": {"mean": "5m", "cv": 0.7}}
    works = [expanded(entry(run=law), seed=seed)[0].work.work_ms().tolist() for seed in (1, 2)]
    assert works[0] != works[1]


HISTORY = {"trace": "history.csv", "columns": {"submission": "submit", "run_time": "seconds"}}


def table(**columns):
    given = {"submitted_ms": np.array([0, 5_000, 9_000]), "run_ms": np.array([60_000, 1_000, 30_000])} | columns
    absent = dict.fromkeys(("vcpus_milli", "memory_mib", "gpus", "image", "exit_code", "attempts"))
    return lambda _trace, _source: SimpleNamespace(**{**absent, "images": ()} | given)


def test_a_traces_rows_become_single_submissions():
    (plan,) = expanded(entry(at=HISTORY, run={"trace": "run_time"}), read_trace=table())
    assert plan.due_at_ms.tolist() == [0, 5_000, 9_000]
    assert plan.work.work_ms().tolist() == [60_000, 1_000, 30_000]
    assert plan.requests is None


def test_a_row_carries_its_own_vcpus_memory_and_image():
    columns = {"vcpus_milli": np.array([250, 1000, 4000]), "image": np.array([0, 1, 0]), "images": ("a", "b")}
    (plan,) = expanded(entry(at=HISTORY, run="5m"), read_trace=table(**columns))
    assert plan.requests.vcpus_milli.tolist() == [250, 1000, 4000]
    assert plan.requests.memory_mib is None
    assert [plan.requests.images[code] for code in plan.requests.image] == ["a", "b", "a"]
    assert plan.work.work_ms().tolist() == [300_000] * 3


def test_only_what_fargate_runs_is_rounded_up_to_its_sizes():
    """250 and 3000 thousandths of a vCPU stay as they are on instances, wherever Fargate would sell 4."""
    columns = {"vcpus_milli": np.array([250, 1000, 3000])}
    (plan,) = expanded(entry(at=HISTORY), read_trace=table(**columns), world={"fargate_round_up": True})
    assert plan.requests.vcpus_milli.tolist() == [250, 1000, 3000]


def test_a_row_carries_its_own_exit_code():
    (plan,) = expanded(entry(at=HISTORY), read_trace=table(exit_code=np.array([0, 1, 0], dtype=np.int16)))
    assert plan.work.first().exit_code.tolist() == [0, 1, 0]


def test_a_missing_trace_is_a_problem_at_its_line():
    problem = problem_of(entry(at=HISTORY))
    assert (problem.line, problem.code, problem.value) == (12, "E100", "history.csv")
    assert "No such file" in problem.message


def test_a_traces_own_problems_keep_their_file_and_others_get_the_scenarios():
    def read_trace(_trace, _source):
        raise ScenarioError(
            [Problem("E161", (), "bad", file="history.csv", line=7, col=1), Problem("E146", (), "unit")]
        )

    with pytest.raises(ScenarioError) as error:
        expanded(entry(at=HISTORY), read_trace=read_trace)
    assert [problem.place for problem in error.value.problems] == ["history.csv:7:1", "night.yaml:12:3"]


def test_nothing_to_submit_is_a_workload_too():
    (plan,) = expanded(entry(at={"cron": "0 2 30 2 ? *", "for": "3d"}))
    assert (plan.occurrences, plan.work.first().run_ms.size, plan.due_at_ms.size) == (0, 0, 0)
    assert expanded() == ()


def test_a_workload_counts_its_calls_and_jobs():
    workload = expand(scenario(entry("a", count=3), entry("b", submit=array(10))), Draws(1), START_MS, no_trace)
    assert (workload.calls, workload.jobs) == (4, 13)


@pytest.mark.parametrize("count", [1, 3])
def test_scripts_are_as_many_as_a_firing_has_jobs(count):
    assert problem_of(entry(run={"scripts": ["5m"] * 2}, count=count)).code == "E143"


def test_entries_that_make_too_many_jobs_together_are_refused_where_they_do():
    problem = problem_of(entry("a", submit=array(10)), entry("b", submit=array(10)), simulation={"max_jobs": 15})
    assert (problem.code, problem.path) == ("E151", ("workload", 1))
