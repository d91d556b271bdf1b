"""Dependencies: who waits for whom, with arrays on either side, and what a failure does.

https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html
https://docs.aws.amazon.com/batch/latest/userguide/example_array_job.html
"""

from __future__ import annotations

import json
from math import isnan

import pytest
from scenario_builder import (
    attempts_of,
    column,
    ends,
    environment,
    fails,
    fixed,
    job,
    jobs_of,
    queue,
    scenario,
    starts,
)

import batchsim

N_TO_N = {"jobId": "p", "type": "N_TO_N"}
SEQUENTIAL = {"type": "SEQUENTIAL"}


def at(result, entry):
    """When the jobs of an entry started, by array index; None where they never did."""
    began = starts(result)
    return [began.get(row.job_id) for row in result.jobs.itertuples() if row.entry == entry]


def plenty(*work, **keys):
    return scenario(*work, **{"environments": [fixed(20)], **keys})


def lossy(*work, at="5s", ordinal=1, **keys):
    """Each job on an instance of its own; EC2 takes one away."""
    spot = environment("spot", type="SPOT", maxvCpus=20, allocationStrategy="BEST_FIT_PROGRESSIVE")
    fault = {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}}
    return scenario(*work, environments=[spot], faults=[fault], **keys)


# -- who waits for whom


def test_a_job_waits_for_a_job(simulate):
    result = simulate(plenty(job("p", "10s"), job("d", needs=["p"])))
    assert at(result, "d") == [10]
    assert column(result, "dependency_s") == {"p": 0, "d": 10}


def test_a_job_waits_for_all_that_it_needs(simulate):
    work = [job(f"p{n}", f"{n}0s") for n in (1, 3, 2)]
    assert at(simulate(plenty(*work, job("d", needs=["p1", "p3", "p2"]))), "d") == [30]


def test_a_job_waits_for_a_whole_array(simulate):
    work = [job("p", "10s", size=3), job("d", needs=["p"])]
    assert at(simulate(scenario(*work, environments=[fixed(2)])), "d") == [20]


def test_every_child_waits_for_a_job(simulate):
    assert at(simulate(plenty(job("p", "10s"), job("d", size=3, needs=["p"]))), "d") == [10, 10, 10]


def test_every_child_waits_for_a_whole_array(simulate):
    work = [job("p", "10s", size=3), job("d", size=2, needs=["p"])]
    assert at(simulate(scenario(*work, environments=[fixed(2)])), "d") == [20, 20]


def test_n_to_n_pairs_children(simulate):
    work = [job("p", "10s", size=3), job("d", "10s", size=3, needs=[N_TO_N], on="side")]
    queues = [queue(), queue("side", "side")]
    result = simulate(scenario(*work, environments=[fixed(1), fixed(3, "side")], queues=queues))
    assert (at(result, "p"), at(result, "d")) == ([0, 10, 20], [10, 20, 30])


def test_sequential_children_follow_one_another(simulate):
    result = simulate(plenty(job("d", "10s", size=4, needs=[SEQUENTIAL])))
    assert at(result, "d") == [0, 10, 20, 30]
    assert column(result, "dependency_s") == {f"d:{n}": 10 * n for n in range(4)}


def test_sequential_after_a_job_both_apply(simulate):
    result = simulate(plenty(job("p", "25s"), job("d", "10s", size=3, needs=["p", SEQUENTIAL])))
    assert at(result, "d") == [25, 35, 45]


def test_sequential_and_n_to_n_both_apply(simulate):
    work = [job("p", "30s", size=3), job("d", "10s", size=3, needs=[N_TO_N, SEQUENTIAL])]
    assert at(simulate(scenario(*work, environments=[fixed(2)])), "d") == [30, 40, 60]


def test_dependencies_cross_queues(simulate):
    queues = [queue("high", priority=9), queue("low")]
    result = simulate(plenty(job("p", "10s", on="low"), job("d", on="high", needs=["p"]), queues=queues))
    assert at(result, "d") == [10]


def test_within_a_workflow_each_firing_depends_on_its_own(simulate):
    members = [job("p", "10s"), job("d", needs=["p"])]
    result = simulate(plenty({"workflow": members, "at": {"cron": "* * * * ? *", "for": "2m"}}))
    assert starts(result) == {"p@0": 0, "d@0": 10, "p@1": 60, "d@1": 70}


def test_a_job_waits_for_every_try_of_what_it_needs(simulate):
    result = simulate(plenty(job("p", fails(1, 2), attempts=3), job("d", needs=["p"])))
    assert at(result, "d") == [30]


# -- what is over already


@pytest.mark.parametrize("size", [None, 3])
def test_a_parent_that_has_succeeded_is_no_reason_to_wait(size, simulate):
    late = job("d", at="20s", needs=["p"], size=size)
    assert set(at(simulate(plenty(job("p", "10s"), late)), "d")) == {20}


def test_a_parent_that_has_failed_fails_the_job_at_once(simulate):
    row = jobs_of(simulate(plenty(job("p", fails(1)), job("d", at="20s", needs=["p"]))))["d"]
    assert (row.state, row.reason, row.ended_at_s) == ("FAILED", "Dependent Job failed", 20)
    assert isnan(row.runnable_at_s)


def test_a_late_n_to_n_finds_each_childs_parent_as_it_is(simulate):
    parents = job("p", "10s", size=3)
    late = job("d", at="15s", size=3, needs=[N_TO_N], on="side")
    queues = [queue(), queue("side", "side")]
    result = simulate(scenario(parents, late, environments=[fixed(1), fixed(3, "side")], queues=queues))
    assert at(result, "d") == [15, 20, 30]


# -- failures


def test_a_failure_goes_down_the_whole_graph(simulate):
    diamond = [job("p", fails(1)), job("l", needs=["p"]), job("r", needs=["p"]), job("d", needs=["l", "r"])]
    result = simulate(plenty(*diamond))
    assert ends(result) == {"p": 10, "l": 10, "r": 10, "d": 10}
    assert set(column(result, "reason").values()) == {"Essential container in task exited", "Dependent Job failed"}


def test_one_failed_parent_is_enough_whatever_the_others_do(simulate):
    work = [job("p", fails(1)), job("q", "100s"), job("d", needs=["q", "p"])]
    assert ends(simulate(plenty(*work)))["d"] == 10


def test_n_to_n_fails_only_the_child_whose_parent_failed(simulate):
    result = simulate(lossy(job("p", "10s", size=3), job("d", "10s", size=3, needs=[N_TO_N])))
    assert [column(result, "state")[f"d:{n}"] for n in range(3)] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert (ends(result)["d:1"], ends(result)["d:0"]) == (5, 20)
    assert column(result, "state", "submissions") == {"p": "FAILED", "d": "FAILED"}


def test_a_plain_dependency_on_an_array_is_decided_when_its_last_child_ends(simulate):
    result = simulate(lossy(job("p", "60s", size=3), job("d", needs=["p"])))
    assert (ends(result)["p:1"], ends(result)["d"], column(result, "state")["d"]) == (5, 60, "FAILED")


def test_a_failed_child_of_a_sequence_fails_the_rest_at_once_and_what_waits_for_it(simulate):
    work = [job("p", "10s", size=4, needs=[SEQUENTIAL]), job("d", needs=["p"])]
    result = simulate(lossy(*work, at="15s", ordinal=0))
    assert ends(result) == {"p:0": 10, "p:1": 15, "p:2": 15, "p:3": 15, "d": 15}
    parent = next(result.submissions.itertuples())
    assert (parent.state, parent.reason, parent.ended_at_s) == ("FAILED", "Array Child Job failed", 15)


def test_a_retried_child_does_not_fail_those_that_wait_for_it(simulate):
    result = simulate(lossy(job("p", "10s", size=3, attempts=2), job("d", size=3, needs=[N_TO_N])))
    assert at(result, "d") == [10, 15, 10]


@pytest.mark.parametrize(("delay", "ended"), [("0s", (10, 10, 10)), ("30s", (40, 70, 40))])
def test_failures_go_down_the_graph_at_once_or_as_a_what_if_step_by_step(delay, ended, simulate):
    causes = [job("p", fails(1)), job("q", fails(1))]
    work = [*causes, job("d", needs=["p", "q"]), job("e", needs=["d"]), job("f", needs=["p"])]
    result = simulate(plenty(*work, world={"dep_fail_delay": delay}))
    assert tuple(ends(result)[name] for name in "def") == ended


@pytest.mark.parametrize(("delay", "ended"), [("0s", 15), ("30s", 45)])
def test_and_so_they_do_child_by_child(delay, ended, simulate):
    chain = job("p", "10s", size=3, needs=[SEQUENTIAL])
    result = simulate(lossy(chain, at="15s", ordinal=0, world={"dep_fail_delay": delay}))
    assert (ends(result)["p:1"], ends(result)["p:2"]) == (15, ended)


# -- an array as a whole


def test_an_array_whose_children_all_succeed_ends_with_the_last(simulate):
    result = simulate(scenario(job("p", "10s", size=3)))
    assert column(result, "ended_at_s", "submissions") == {"p": 30}
    assert column(result, "state", "submissions") == {"p": "SUCCEEDED"}


@pytest.mark.parametrize(("until", "state"), [("5s", "PENDING"), ("15s", "PENDING"), ("35s", "SUCCEEDED")])
def test_an_array_is_pending_as_long_as_a_child_is_alive(until, state, simulate):
    work = [job("a", "5s"), job("p", "10s", size=2, needs=["a"])]
    result = simulate(scenario(*work, simulation={"until": until}))
    assert column(result, "state", "submissions")["p"] == state


def test_an_entry_may_follow_one_that_comes_later_in_the_file(simulate):
    result = simulate(scenario(job("a", "5s", at={"after": "b", "delay": "5s"}), job("b", "10s")))
    assert ends(result) == {"a": 20, "b": 10}


# -- requests that AWS Batch refuses


def test_a_job_has_twenty_dependencies_at_most(simulate):
    parents = [job(f"p{n}", "1s") for n in range(21)]
    names = [parent["id"] for parent in parents]
    assert at(simulate(plenty(*parents[:20], job("d", needs=names[:20]))), "d") == [1]
    with pytest.raises(batchsim.ScenarioError, match="E127"):
        plenty(*parents, job("d", needs=names))


def test_a_dependency_on_nobody_is_refused(drive):
    with pytest.raises(batchsim.ScenarioError, match="E126"):
        plenty(job("d", needs=["nobody"]))
    run = drive(plenty(job("p", "10s")))
    with pytest.raises(batchsim.ScenarioError, match="E126"):
        run.submit({"jobName": "d", "jobQueue": "queue", "jobDefinition": "job", "dependsOn": [{"jobId": "nobody"}]})


def test_nobody_can_wait_for_himself():
    with pytest.raises(batchsim.ScenarioError, match="cycle a → b → a"):
        plenty(job("a", needs=["b"]), job("b", needs=["a"]))


@pytest.mark.parametrize("size", [1, 10_001])
def test_an_array_has_2_to_10_000_children(size):
    with pytest.raises(batchsim.ScenarioError, match="E129"):
        plenty(job("a", size=size))


@pytest.mark.parametrize(("sizes", "code"), [((3, 4), "E128"), ((None, 3), "E128"), ((3, None), "E128")])
def test_n_to_n_is_refused_unless_both_are_arrays_of_one_size(sizes, code):
    parent, child = sizes
    with pytest.raises(batchsim.ScenarioError, match=code):
        plenty(job("p", size=parent), job("d", size=child, needs=[N_TO_N]))


def test_the_word_after_success_means_an_untyped_dependency_and_after_any_does_not_exist(simulate):
    worded = {"jobId": "p", "type": "AFTER_SUCCESS"}
    result = simulate(plenty(job("p", fails(1)), job("d", needs=[worded])))
    assert column(result, "state") == {"p": "FAILED", "d": "FAILED"}
    with pytest.raises(batchsim.ScenarioError, match="E113"):
        plenty(job("p"), job("d", needs=[{"jobId": "p", "type": "AFTER_ANY"}]))


# -- children of an array


def test_children_are_named_after_their_array_and_counted_from_0(simulate):
    result = simulate(plenty(job("p", size=3)))
    assert column(result, "array_index") == {"p:0": 0, "p:1": 1, "p:2": 2}


def test_an_array_is_one_call_however_large(simulate):
    throttled = {"submit_tps": 1, "enforce_submit_tps": True}
    result = simulate(plenty(job("p", size=1000), job("d", size=2), world=throttled))
    assert column(result, "created_at_s", "submissions")["p"] == 0
    assert set(column(result, "created_at_s").values()) == {0, 1}


def test_a_failed_child_does_not_stop_its_siblings(simulate):
    result = simulate(lossy(job("p", "60s", size=3)))
    assert column(result, "state") == {"p:0": "SUCCEEDED", "p:1": "FAILED", "p:2": "SUCCEEDED"}
    assert column(result, "ended_at_s", "submissions") == {"p": 60}
    assert column(result, "state", "submissions") == {"p": "FAILED"}


def test_every_child_has_its_own_tries(simulate):
    result = simulate(lossy(job("p", "60s", size=3, attempts=2)))
    assert column(result, "attempts") == {"p:0": 1, "p:1": 2, "p:2": 1}
    assert column(result, "state", "submissions") == {"p": "SUCCEEDED"}


def test_children_start_in_the_order_of_their_index(simulate):
    result = simulate(scenario(job("p", "10s", size=4)))
    assert starts(result) == {"p:0": 0, "p:1": 10, "p:2": 20, "p:3": 30}


def test_a_whole_array_stands_where_it_was_submitted(simulate):
    result = simulate(scenario(job("p", "10s", size=3), job("x", "10s", at="1s")))
    assert list(starts(result)) == ["p:0", "p:1", "p:2", "x"]


# -- what is told of an array


def parents(result):
    """Events of array parents: (second, status, status summary)."""
    lines = "".join(result.files(events=True)["events.jsonl"]).splitlines()
    details = [json.loads(line)["detail"] for line in lines]
    zero = min(detail["batchsim"]["at"] for detail in details)
    return [
        ((detail["batchsim"]["at"] - zero) / 1000, detail["status"], detail["arrayProperties"]["statusSummary"])
        for detail in details
        if "size" in detail.get("arrayProperties", {})
    ]


def test_an_array_is_pending_and_then_what_its_children_made_of_it(simulate):
    result = simulate(lossy(job("p", "60s", size=3)))
    assert [state for _, state, _ in parents(result)] == ["PENDING", "FAILED"]


def test_a_parents_summary_counts_its_children_by_state(simulate):
    result = simulate(lossy(job("p", "60s", size=3)))
    assert parents(result)[-1] == (60, "FAILED", {"SUCCEEDED": 2, "FAILED": 1})


@pytest.mark.parametrize(
    ("lag", "summary"), [("0s", {"SUCCEEDED": 2, "FAILED": 1}), ("30s", {"RUNNING": 2, "FAILED": 1})]
)
def test_a_parents_summary_may_lag_behind(lag, summary, simulate):
    result = simulate(lossy(job("p", "60s", size=3), world={"status_summary_lag": lag}))
    assert parents(result)[-1] == (60, "FAILED", summary)


def test_what_a_container_finds_in_its_environment_stands_in_the_tables(simulate):
    result = simulate(plenty(job("p", fails(1), size=2, attempts=2), queues=[queue("queue", "hosts")]))
    rows = attempts_of(result, "p:1")
    assert [(row.job_id, row.attempt, row.environment) for row in rows] == [("p:1", 1, "hosts"), ("p:1", 2, "hosts")]
    assert (jobs_of(result)["p:1"].queue, jobs_of(result)["p:1"].array_index) == ("queue", 1)
