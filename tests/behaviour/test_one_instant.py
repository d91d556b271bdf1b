"""What happens within one instant, in the documented order: each neighbouring pair that can be told apart."""

from __future__ import annotations

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
    launched,
    queue,
    scenario,
    starts,
)


def spot(**resources):
    return environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", **resources)


def reclaim(at, ordinal=0):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}}


def only(result, table):
    (row,) = getattr(result, table).itertuples()
    return row


# -- STARTING to RUNNING, then ends: exit, timeout


def test_a_container_runs_before_it_is_terminated(simulate):
    ended = [{"at": "30s", "terminate": "a"}]
    attempt = only(simulate(scenario(job("a"), world={"warm_start": "30s"}, actions=ended)), "attempts")
    assert (attempt.running_at_s, attempt.ended_at_s, attempt.exit_code) == (30, 30, 137)


def test_an_exit_beats_a_timeout(simulate):
    result = simulate(scenario(job("a", "60s", timeout_s=60)))
    assert column(result, "state") == {"a": "SUCCEEDED"}


# -- ends, then reclaims


def test_an_attempt_that_exits_as_its_instance_is_reclaimed_is_safe(simulate):
    result = simulate(scenario(job("a", "60s"), environments=[spot()], faults=[reclaim("60s")]))
    assert column(result, "state") == {"a": "SUCCEEDED"}
    assert only(result, "instances").why_ended == "spot_reclaim"


def test_a_timeout_beats_a_reclaim(simulate):
    late = job("a", "2m", timeout_s=60, attempts=3)
    result = simulate(scenario(late, environments=[spot()], faults=[reclaim("60s")]))
    assert result.attempts["outcome"].tolist() == ["timed_out"]


def test_a_notice_comes_before_the_loss_even_without_warning(simulate):
    host = only(simulate(scenario(job("a"), environments=[spot()], faults=[reclaim("10s")])), "instances")
    assert (host.notice_at_s, host.ended_at_s) == (10, 10)


# -- reclaims, then instances ready


def test_an_instance_reclaimed_as_it_gets_ready_never_is(simulate):
    lost = scenario(job("a"), environments=[spot()], faults=[reclaim("30s")], world={"instance_boot": "30s"})
    result = simulate(lost)
    assert [isnan(ready) for ready in result.instances["ready_at_s"]] == [True, False]
    assert starts(result) == {"a": 60}


# -- ends and ready instances, then actions


def test_a_job_that_exits_as_it_is_terminated_has_succeeded(simulate):
    result = simulate(scenario(job("a", "60s"), actions=[{"at": "60s", "terminate": "a"}]))
    assert column(result, "state") == {"a": "SUCCEEDED"}


def test_an_instance_that_gets_ready_as_its_environment_is_disabled_is_ready_but_takes_no_job(simulate):
    off = [{"at": "30s", "set": "hosts.state", "to": "DISABLED"}, {"at": "50s", "set": "hosts.state", "to": "ENABLED"}]
    slow = {"instance_boot": "30s", "scale_down_idle": "60s"}
    result = simulate(scenario(job("a"), environments=[environment()], actions=off, world=slow))
    assert (only(result, "instances").ready_at_s, starts(result)) == (30, {"a": 50})


# -- actions, then submissions


def test_a_job_is_not_there_yet_for_a_cancel_of_its_instant(simulate):
    result = simulate(scenario(job("a", at="10s"), actions=[{"at": "10s", "cancel": "a"}]))
    assert column(result, "state") == {"a": "SUCCEEDED"}


def test_a_queue_disabled_in_the_instant_of_a_submission_refuses_it(simulate):
    off = [{"at": "10s", "set": "queue.state", "to": "DISABLED"}]
    result = simulate(scenario(job("a"), job("b", at="10s"), actions=off))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "NOT_SUBMITTED"}


def test_a_maximum_raised_in_the_instant_of_a_submission_counts_for_it(simulate):
    more = [{"at": "10s", "set": "hosts.maxvCpus", "to": 2}]
    result = simulate(scenario(job("a"), job("b", at="10s"), environments=[environment(maxvCpus=1)], actions=more))
    assert starts(result) == {"a": 0, "b": 10}


# -- submissions in file order, then dependencies


def test_jobs_submitted_together_stand_in_file_order(simulate):
    result = simulate(scenario(job("z", "10s", at="5s"), job("a", "10s", at="5s"), job("m", "10s", at="5s")))
    assert starts(result) == {"z": 5, "a": 15, "m": 25}


def test_a_job_may_depend_on_one_that_ends_in_its_instant(simulate):
    first = [job("a", "10s"), job("b", "100s")]
    result = simulate(scenario(*first, job("c", at="10s", needs=["a"]), environments=[fixed(3)]))
    assert column(result, "runnable_at_s")["c"] == 10


def test_a_parent_that_ends_in_the_instant_of_a_submission_counts_once(simulate):
    first = [job("a", "10s"), job("b", "100s"), job("early", needs=["a"])]
    result = simulate(scenario(*first, job("late", at="10s", needs=["a", "b"]), environments=[fixed(4)]))
    assert column(result, "runnable_at_s") == {"a": 0, "b": 0, "early": 10, "late": 100}


def test_child_by_child_too_a_parent_that_ends_in_the_instant_of_a_submission_counts_once(simulate):
    def each(*parents):
        return [{"jobId": parent, "type": "N_TO_N"} for parent in parents]

    first = [job("a", "10s", size=2), job("b", "100s", size=2), job("early", size=2, needs=each("a"))]
    result = simulate(scenario(*first, job("late", at="10s", size=2, needs=each("a", "b")), environments=[fixed(8)]))
    assert [row.runnable_at_s for row in result.jobs.itertuples() if row.entry == "late"] == [100, 100]


def test_a_pending_job_cancelled_as_its_dependency_succeeds_never_gets_runnable(simulate):
    result = simulate(scenario(job("a", "10s"), job("b", needs=["a"]), actions=[{"at": "10s", "cancel": "b"}]))
    row = jobs_of(result)["b"]
    assert (row.state, row.ended_at_s, isnan(row.runnable_at_s)) == ("FAILED", 10, True)


def test_failures_cascade_to_the_end_within_the_instant(simulate):
    chain = [job("a", fails(1)), *(job(child, needs=[parent]) for parent, child in ("ab", "bc", "cd"))]
    assert ends(simulate(scenario(*chain))) == dict.fromkeys("abcd", 10)


# -- ends, submissions, dependencies and retries, then one pass


def test_a_job_submitted_as_another_ends_takes_its_place_at_once(simulate):
    assert starts(simulate(scenario(job("a", "10s"), job("b", at="10s")))) == {"a": 0, "b": 10}


def test_a_dependent_starts_in_the_instant_in_which_its_parent_ends(simulate):
    assert starts(simulate(scenario(job("a", "10s"), job("b", needs=["a"])))) == {"a": 0, "b": 10}


def test_a_retried_job_starts_in_the_instant_in_which_its_attempt_ended(simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2), job("b")))
    assert [attempt.starting_at_s for attempt in attempts_of(result, "a")] == [0, 10]
    assert starts(result)["b"] == 20


def test_a_higher_queue_is_served_before_a_lower_one_whose_job_came_first_in_the_instant(simulate):
    queues = [queue("low", priority=1), queue("high", priority=2)]
    result = simulate(scenario(job("a", on="low"), job("b", on="high"), queues=queues))
    assert list(starts(result)) == ["b", "a"]


# -- a pass, then scale-up, then scale-in


def test_room_that_opens_as_a_decision_falls_due_is_no_demand(simulate):
    warm = environment(minvCpus=1, maxvCpus=2)
    result = simulate(scenario(job("a", "10s"), job("b"), environments=[warm], world={"scale_up_delay": "10s"}))
    assert (starts(result), launched(result)) == ({"a": 0, "b": 10}, ["box.1"])


def test_a_decision_measures_what_the_pass_of_its_instant_left(simulate):
    hosts = environment(types=("box.4",), minvCpus=8, maxvCpus=12)
    full = [job("p", "10s", vcpus=4), job("q", "10s", vcpus=4), job("x")]
    spread = {"packing": "worst_fit", "scale_up_delay": "10s"}  # x and y, side by side, leave z no whole host
    result = simulate(
        scenario(*full, job("y", at="10s"), job("z", at="10s", vcpus=4), environments=[hosts], world=spread)
    )
    assert starts(result) == {"p": 0, "q": 0, "x": 10, "y": 10, "z": 10}


def test_an_instance_that_gets_a_job_in_the_instant_of_its_idle_check_stays(simulate):
    idle = {"scale_down_idle": "60s", "scale_down_check": "60s", "instance_boot": "30s"}
    result = simulate(scenario(job("a", "30s"), job("b", at="2m"), environments=[environment()], world=idle))
    assert starts(result) == {"a": 30, "b": 120}
    assert len(result.instances) == 1


def test_a_decision_still_counts_an_instance_that_goes_in_its_instant(simulate):
    hosts = environment(types=("box.1", "box.4"), subnets=["subnet-a", "subnet-b"], maxvCpus=8)
    idle = {"scale_down_idle": "60s", "scale_up_delay": "30s"}
    result = simulate(scenario(job("a", "50s"), job("b", at="110s", vcpus=4), environments=[hosts], world=idle))
    assert (result.instances["ended_at_s"].tolist()[0], starts(result)["b"]) == (140, 140)
    assert [zone[-1] for zone in result.instances["zone"]] == ["a", "b"]


def test_a_maximum_reached_by_an_idle_instance_is_free_after_it_goes(simulate):
    idle = {"scale_down_idle": "60s", "scale_up_delay": "30s", "prefer_size": "smallest"}
    hosts = environment(types=("box.4", "box.8"), maxvCpus=8)
    result = simulate(scenario(job("a", "20s"), job("b", at="80s", vcpus=8), environments=[hosts], world=idle))
    assert result.instances["launched_at_s"].tolist() == [30, 140]
    assert result.instances["ended_at_s"].tolist()[0] == 110


# -- decisions of one instant


@pytest.mark.parametrize("order", [("late", "early"), ("early", "late")])
def test_of_decisions_of_one_instant_that_of_the_first_environment_of_the_file_comes_first(order, simulate):
    """Both are due at 140 s: one for a job submitted at 110, one where an instance that goes at 110 makes room."""
    types = {"late": ("box.4", "box.8"), "early": ("box.8",)}
    places = [environment(name, types[name], maxvCpus=8) for name in order]
    work = [
        job("a", "20s", on="late"), job("b", at="80s", vcpus=8, on="late"), job("c", at="110s", vcpus=8, on="early"),
    ]  # fmt: skip
    one = [{"kind": "capacity", "at": "0s", "capacity": 1, "select": {"type": "box.8"}}]
    idle = {"scale_down_idle": "60s", "scale_up_delay": "30s", "prefer_size": "smallest"}
    result = simulate(
        scenario(*work, environments=places, queues=[queue(each, each) for each in order], faults=one, world=idle)
    )
    given = result.instances[result.instances["launched_at_s"] == 140]
    assert given["environment"].tolist() == [order[0]]
