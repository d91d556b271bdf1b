"""Dependencies: who waits for whom, with arrays on either side, and what a failure does.

https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html
https://docs.aws.amazon.com/batch/latest/userguide/example_array_job.html
"""

from __future__ import annotations

from math import isnan

import pytest
from scenario_builder import column, ends, environment, fails, fixed, job, jobs_of, queue, scenario, starts

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
