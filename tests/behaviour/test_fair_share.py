"""Fair-share queues: whose turn it is, what is kept for shares to come, and the order within a share.

https://docs.aws.amazon.com/batch/latest/userguide/fair-share-scheduling.html
https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ShareAttributes.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    column,
    definition,
    environment,
    fails,
    fair,
    fargate,
    fixed,
    job,
    jobs_of,
    queue,
    scenario,
    starts,
    task,
)

import batchsim

BOX_8 = {"environments": [fixed(8, types=("box.8",))]}


def placements(result, *names):
    """Job ids in the order in which attempts started; of these entries, if any are named."""
    ids = [str(name) for name in result.attempts["job_id"]]
    return [name for name in ids if not names or name.partition("@")[0].partition(":")[0] in names]


def vcpu_time(result):
    """Each share's part of the vCPU time."""
    return {each["share"]: round(each["vcpu_share"], 6) for each in result.summary()["shares"]}


def reasons_of(result, share):
    """The timeline of a share's head as (instant, reason)."""
    return [(row.at_s, str(row.reason)) for row in result.timeline.itertuples() if row.share == share]


def saturated(weights, shares, slots, **keys):
    """Shares that always have work: jobs of a minute, on so many slots, for ten hours."""
    work = [job(f"of-{name}", "60s", count=slots * 600, share=name) for name in shares]
    return scenario(*work, environments=[fixed(slots)], simulation={"until": "10h"}, **fair(weights), **keys)


def test_a_share_passed_over_keeps_its_part_of_what_boots_from_the_shares_behind(simulate):
    """``boots`` has room for one of the two: ``b`` goes on to the other environment."""
    fleets = {"fleets": {"boots": [{"type": "box.2", "at": "10s"}], "runs": [{"type": "box.4"}]}}
    slow = {"initial_capacity": "booting", "instance_boot": "60s", "fss_hol": "per_share", **fleets}
    places = [environment("boots", ("box.2",)), environment("runs", ("box.4",))]
    work = [job("a", "10s", vcpus=2, share="a"), job("b", "10s", vcpus=2, share="b")]
    keys = {**fair(), "queues": [queue("queue", "boots", "runs", schedulingPolicyArn="fair")]}
    result = simulate(scenario(*work, environments=places, world=slow, **keys))
    assert starts(result) == {"b": 60, "a": 70}


@pytest.mark.parametrize("wide", [True, False])
def test_a_run_does_not_wait_for_an_instance_that_only_a_share_behind_could_use(wide, simulate):
    """Nothing runs, so usage is at rest: the share whose head no instance holds stays the first."""
    keys = {**fair(), "world": {"fleets": {"hosts": [{"type": "box.1", "at": "5m"}]}}, "allow_unplaceable": True}
    work = [job("a", "10s", vcpus=2 if wide else 1, share="a"), job("b", "10s", share="b")]
    result = simulate(scenario(*work, environments=[environment()], **keys))
    ended = ("stuck", 0) if wide else ("drained", 320)
    assert (result.summary()["ended_by"], result.summary()["horizon_s"]) == ended


def test_time_gives_another_share_its_turn_though_an_instance_has_to_be_launched_for_it(simulate):
    """``b`` used nothing, and no instance will ever hold its job; after the window ``a`` used nothing either."""
    work = [job("a", "10s", share="a", count=2), job("b", "10s", vcpus=8, at="5s", share="b")]
    keys = {**fair(shareDecaySeconds=60), "environments": [environment(maxvCpus=1)], "allow_unplaceable": True}
    result = simulate(scenario(*work, world={"min_window": "0s"}, **keys))
    assert starts(result) == {"a@0": 0, "a@1": 70}


def test_nor_for_one_that_would_only_hold_jobs_for_which_too_much_is_reserved(simulate):
    keys = {**fair(computeReservation=90), "world": {"fleets": {"hosts": [{"type": "box.1", "at": "5m"}]}}}
    result = simulate(scenario(job("a", share="a"), environments=[environment()], allow_unplaceable=True, **keys))
    assert (result.summary()["ended_by"], result.summary()["horizon_s"]) == ("stuck", 0)


# -- whose turn it is


def test_shares_get_the_same_by_default(simulate):
    assert vcpu_time(simulate(saturated({}, "ab", 4))) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("weights", "slots", "expected"),
    [
        ({"a": 1, "b": 0.5}, 3, {"a": 0.333333, "b": 0.666667}),
        ({"a": 1, "b": 0.125}, 9, {"a": 0.111111, "b": 0.888889}),
    ],
)
def test_long_run_vcpu_time_goes_by_one_over_the_weight_factors(weights, slots, expected, simulate):
    assert vcpu_time(simulate(saturated(weights, "ab", slots))) == pytest.approx(expected, abs=1e-3)


def test_a_share_that_no_entry_is_for_weighs_one(simulate):
    assert vcpu_time(simulate(saturated({"b": 0.5}, "ab", 3))) == pytest.approx({"a": 1 / 3, "b": 2 / 3}, abs=1e-3)


def test_the_shares_behind_a_prefix_weigh_together_what_it_says(simulate):
    found = vcpu_time(simulate(saturated({"team*": 1, "solo": 1}, ("team1", "team2", "solo"), 4)))
    assert found == pytest.approx({"team1": 0.25, "team2": 0.25, "solo": 0.5}, abs=1e-3)


def test_a_prefix_counts_only_the_shares_that_are_active(simulate):
    """While team2 has no job, team1 has all of the prefix's part; then the two have half of it each."""
    work = [job("one", count=2000, share="team1"), job("solo", count=2000, share="solo")]
    late = job("two", count=2000, at="1h", share="team2")
    keys = {"environments": [fixed(4)], "simulation": {"until": "2h"}, **fair({"team*": 1, "solo": 1})}
    result = simulate(scenario(*work, late, **keys))
    early = result.attempts[result.attempts.starting_at_s < 3600]["job_id"].str.startswith("one").mean()
    last = result.attempts[result.attempts.starting_at_s >= 5400]["job_id"].str.startswith("one").mean()
    assert (early, last) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.25, abs=0.05))


def test_placements_of_one_instant_take_turns(simulate):
    work = [job("a", count=4, share="a"), job("b", size=4, share="b")]
    result = simulate(scenario(*work, environments=[fixed(4)], **fair()))
    assert placements(result)[:4] == ["a@0", "b:0", "a@1", "b:1"]


def test_what_is_starting_counts_as_used(simulate):
    work = [job("x", share="x"), job("x2", at="5s", share="x"), job("y", at="5s", share="y")]
    result = simulate(scenario(*work, environments=[fixed(4)], world={"warm_start": "100s"}, **fair()))
    assert placements(result) == ["x", "y", "x2"]


def test_of_equal_shares_the_one_whose_head_is_older_is_next(simulate):
    busy = [job("busy", "30s", share="other")]
    work = [job("new", at="20s", share="b"), job("old", at="10s", share="a")]
    assert placements(simulate(scenario(*busy, *work, **fair()))) == ["busy", "old", "new"]


def test_of_equal_shares_with_heads_of_one_instant_the_file_decides(simulate):
    work = [job("first", share="z"), job("second", share="a")]
    assert placements(simulate(scenario(*work, **fair()))) == ["first", "second"]


def test_usage_is_of_one_queue_and_not_summed_over_queues(simulate):
    work = [job("used", "100s", share="a", on="other"), job("a", at="200s", share="a"), job("b", at="200s", share="b")]
    keys = fair()
    keys["queues"] = [*keys["queues"], queue("other", schedulingPolicyArn="fair")]
    result = simulate(scenario(*work, environments=[fixed(2)], **keys))
    assert placements(result) == ["used", "a", "b"]


# -- how usage fades: world.decay_kernel, min_window, usage_update


def faded(x_from, x_until, **keys):
    """x used 1 vCPU long ago, y for 40 s just now; at 600 s both want one more. The file has y before x."""
    past = [job("x0", f"{x_until - x_from}s", at=f"{x_from}s", share="x"), job("y0", "40s", at="550s", share="y")]
    work = [job("y", at="600s", share="y"), job("x", at="600s", share="x")]
    return scenario(*past, *work, environments=[fixed(2)], **fair(), **keys)


@pytest.mark.parametrize(
    ("kernel", "shorter", "longer"), [("linear", "x", "x"), ("exponential", "x", "y"), ("rect", "y", "y")]
)
def test_usage_fades_with_the_kernel(kernel, shorter, longer, simulate):
    """By hand, at 600 s with W = 600 s, in vCPU-seconds. y, of ages 10 to 50: 38.0 linear, 37.3 exponential, 40 rect.

    x of ages 400 to 500: 25.0 linear, 35.4 exponential, 100 rect; of ages 400 to 510: 26.6, 38.5, 110.
    """
    world = {"decay_kernel": kernel}
    assert placements(simulate(faded(100, 200, world=world)), "x", "y")[0] == shorter
    assert placements(simulate(faded(90, 200, world=world)), "x", "y")[0] == longer


def wanted_after(run, at, world=None, **policy):
    """x used 1 vCPU for so long, y nothing; later both want one more. The file has x before y."""
    work = [job("x0", run, share="x"), job("x", at=at, share="x"), job("y", at=at, share="y")]
    return scenario(*work, environments=[fixed(2)], world=world, **fair(**policy))


@pytest.mark.parametrize(("min_window", "expected"), [("600s", "y"), ("0s", "x")])
def test_without_decay_seconds_usage_counts_for_the_least_window_or_while_it_is_held(min_window, expected, simulate):
    result = simulate(wanted_after("100s", "300s", {"min_window": min_window}))
    assert placements(result, "x", "y")[0] == expected


@pytest.mark.parametrize("min_window", ["600s", "0s"])
def test_what_is_held_counts_with_or_without_a_window(min_window, simulate):
    result = simulate(wanted_after("400s", "300s", {"min_window": min_window}))
    assert placements(result, "x", "y")[0] == "y"


def test_without_a_window_the_shares_hold_vcpus_by_their_weights(simulate):
    result = simulate(saturated({"a": 1, "b": 0.5}, "ab", 3, world={"min_window": "0s"}))
    assert vcpu_time(result) == {"a": 0.333333, "b": 0.666667}


@pytest.mark.parametrize(("seconds", "expected"), [(60, "x"), (3600, "y")])
def test_a_longer_decay_is_a_longer_memory_and_a_shorter_one_than_600_s_is_600_s(seconds, expected, simulate):
    late = simulate(wanted_after("100s", "900s", shareDecaySeconds=seconds))
    assert placements(late, "x", "y")[0] == expected
    soon = simulate(wanted_after("100s", "650s", shareDecaySeconds=seconds))
    assert placements(soon, "x", "y")[0] == "y"


@pytest.mark.parametrize(("update", "expected"), [("1s", "y"), ("60s", "x")])
def test_between_two_updates_usage_grows_only_by_what_is_placed(update, expected, simulate):
    """At 59 s x held 1 vCPU for 58 s and y 2 for 20 s; at the update of 0 s both had nothing, and y placed more."""
    past = [job("x0", "58s", at="1s", share="x"), job("y0", "20s", at="1s", vcpus=2, share="y")]
    work = [job("x", at="59s", share="x"), job("y", at="59s", share="y")]
    world = {"usage_update": update, "decay_kernel": "rect"}
    result = simulate(scenario(*past, *work, environments=[fixed(4, types=("box.4",))], world=world, **fair()))
    assert placements(result, "x", "y")[0] == expected


# -- a head that does not fit: world.fss_hol


def blocked_head(hol):
    """8 vCPUs, 4 of them free; the share whose turn it is wants 8, the other 4."""
    work = [job("half", "1000s", vcpus=4, share="y"), job("large", at="10s", vcpus=8, share="x")]
    return scenario(*work, job("small", at="10s", vcpus=4, share="y"), world={"fss_hol": hol}, **BOX_8, **fair())


@pytest.mark.parametrize(("hol", "expected"), [("strict", 1060), ("per_share", 10)])
def test_a_head_that_does_not_fit_stops_the_queue_or_only_its_share(hol, expected, simulate):
    result = simulate(blocked_head(hol))
    assert starts(result)["small"] == expected


def test_a_head_that_nothing_holds_keeps_no_capacity_from_the_other_shares(simulate):
    work = [job("huge", vcpus=64, share="x"), job("behind", share="x"), job("small", at="1s", share="y")]
    keys = {"world": {"fss_hol": "per_share"}, "allow_unplaceable": True}
    result = simulate(scenario(*work, environments=[environment(types=("box.1",), maxvCpus=4)], **keys, **fair()))
    assert starts(result) == {"small": 1}
    assert len(result.instances) == 1


def test_a_blocked_head_stops_the_queue_only_until_it_is_another_shares_turn(simulate):
    """x holds 4 vCPUs from 100 s on; y held as many before. At 200 s they are even, at 201 s it is y's turn."""
    past = [job("y0", "100s", vcpus=4, share="y"), job("x0", "1h", at="100s", vcpus=4, share="x")]
    work = [job("large", at="101s", vcpus=8, share="x"), job("small", at="101s", vcpus=4, share="y")]
    result = simulate(scenario(*past, *work, world={"decay_kernel": "rect"}, **BOX_8, **fair()))
    assert starts(result)["small"] == 201
    assert reasons_of(result, "y") == [(0, "empty"), (101, "fair_share_turn"), (201, "empty")]


def test_in_a_strict_queue_all_but_the_first_share_wait_for_their_turn(simulate):
    work = [job("a", "10s", share="a"), job("b", "10s", share="b"), job("c", "10s", share="c")]
    result = simulate(scenario(*work, **fair()))
    assert reasons_of(result, "b") == [(0, "max_vcpus"), (10, "empty")]
    assert reasons_of(result, "c") == [(0, "fair_share_turn"), (10, "max_vcpus"), (20, "empty")]
    assert column(result, "wait_fair_share_turn_s") == {"a": 0, "b": 0, "c": 10}


# -- the reservation


def on_256(*shares, **policy):
    """256 vCPUs; each share comes 100 s after the one before and wants them all."""
    work = [job(name, "1h", at=f"{100 * number}s", size=256, share=name) for number, name in enumerate(shares)]
    keys = {"environments": [fixed(256, types=("box.16",))], "simulation": {"until": "1000s"}}
    return scenario(*work, **keys, **fair(**policy))


def running_at(result, at_s):
    return int((result.attempts["starting_at_s"] <= at_s).sum())


@pytest.mark.parametrize(("percent", "kept"), [(50, [128, 64, 32]), (25, [64, 16, 4]), (0, [0, 0, 0])])
def test_a_part_is_kept_free_that_shrinks_with_each_active_share(percent, kept, simulate):
    result = simulate(on_256("a", "b", "c", computeReservation=percent))
    assert [256 - running_at(result, at) for at in (50, 150, 250)] == kept


def test_whoever_waits_for_what_is_kept_waits_for_the_reservation(simulate):
    work = [job("a", "100s", count=3, share="a")]
    result = simulate(scenario(*work, environments=[fixed(4)], **fair(computeReservation=50)))
    assert starts(result) == {"a@0": 0, "a@1": 0, "a@2": 100}
    assert column(result, "wait_reservation_s")["a@2"] == 100


def test_a_share_is_active_from_submission_on_even_while_its_job_is_pending(simulate):
    work = [job("a", "100s", count=3, share="a"), job("b", "10s", at="30s", share="b", needs=["lead"])]
    lead = job("lead", "100s", on="side")
    keys = fair(computeReservation=50)
    keys["queues"] = [*keys["queues"], queue("side", "side")]
    keys["queues"][0]["computeEnvironmentOrder"] = keys["queues"][0]["computeEnvironmentOrder"][:1]
    result = simulate(scenario(*work, lead, environments=[fixed(4), fixed(1, "side")], **keys))
    assert starts(result)["a@2"] == 30


@pytest.mark.parametrize(("at", "expected"), [("69s", 69), ("70s", 210)])
def test_a_share_stays_active_for_the_decay_window_after_its_last_job(at, expected, simulate):
    """b ends at 10 s, and 60 s later it is inactive; with two shares 3 of 4 vCPUs may be held, with one only 2."""
    work = [job("a", "200s", at="10s", count=2, share="a"), job("b", "10s", share="b")]
    third = job("third", at=at, share="a")
    keys = {"environments": [fixed(4)], "world": {"min_window": "60s"}}
    assert starts(simulate(scenario(*work, third, **keys, **fair(computeReservation=50))))["third"] == expected


def test_what_is_reserved_is_a_part_of_all_environments_of_the_queue(simulate):
    places = [fixed(2, "east"), fixed(6, "west")]
    keys = fair(computeReservation=50)
    keys["queues"] = [queue("queue", "east", "west", schedulingPolicyArn="fair")]
    result = simulate(scenario(job("a", count=8, share="a"), environments=places, **keys))
    assert running_at(result, 0) == 4


@pytest.mark.parametrize(("size", "expected"), [({"unmanagedvCpus": 4}, 2), ({}, 4)])
def test_of_an_unmanaged_environment_unmanaged_vcpus_are_the_base_and_without_them_nothing_is_reserved(
    size, expected, simulate
):
    lab = {"computeEnvironmentName": "hosts", "type": "UNMANAGED", "state": "ENABLED", **size}
    world = {"fleets": {"hosts": [{"type": "box.1", "count": 4}]}}
    work = job("a", count=4, share="a")
    result = simulate(scenario(work, environments=[lab], world=world, **fair(computeReservation=50)))
    assert running_at(result, 0) == expected


def test_jobs_that_the_reservation_keeps_from_starting_ask_for_no_capacity(simulate):
    result = simulate(
        scenario(job("a", count=4, share="a"), environments=[environment()], **fair(computeReservation=50))
    )
    assert starts(result) == {"a@0": 0, "a@1": 0, "a@2": 60, "a@3": 60}
    assert result.summary()["throughput"]["instances_peak"] == 2


def test_a_job_larger_than_what_is_not_reserved_is_stuck_alone(simulate):
    work = [job("large", vcpus=8, share="a"), job("small", at="1s", share="a")]
    result = simulate(
        scenario(*work, environments=[environment(types=("box.8",), maxvCpus=8)], **fair(computeReservation=50))
    )
    stuck = result.summary()["stuck"]
    assert (stuck["jobs"], stuck["queues"][0]["share"], stuck["queues"][0]["reason"]) == (2, "a", "reservation")


def test_more_capacity_lets_more_of_it_be_used(simulate):
    grown = [{"at": "20s", "set": "hosts.maxvCpus", "to": 8}]
    work = job("a", count=8, share="a")
    result = simulate(scenario(work, environments=[environment()], actions=grown, **fair(computeReservation=50)))
    assert [running_at(result, at) for at in (10, 30)] == [2, 4]


# -- within a share: schedulingPriority, retries


def test_the_higher_scheduling_priority_goes_first_within_a_share(simulate):
    work = [job("low", share="a", priority=1), job("none", share="a"), job("high", share="a", priority=9999)]
    assert placements(simulate(scenario(*work, **fair()))) == ["high", "low", "none"]


def test_the_requests_priority_wins_over_the_definitions(simulate):
    keys = {"definitions": [definition("urgent", schedulingPriority=50)], **fair()}
    work = [job("over", kind="urgent", share="a", priority=5), job("plain", share="a", priority=10)]
    last = job("defined", kind="urgent", share="a")
    assert placements(simulate(scenario(*work, last, **keys))) == ["defined", "plain", "over"]


def test_scheduling_priority_means_nothing_between_shares(simulate):
    work = [job("a", count=2, share="a"), job("b", count=2, share="b", priority=9999)]
    assert placements(simulate(scenario(*work, environments=[fixed(1)], **fair()))) == ["a@0", "b@0", "a@1", "b@1"]


def test_shares_and_scheduling_priority_have_no_effect_in_a_fifo_queue(simulate):
    work = [job("first", count=2, share="a", priority=1), job("second", share="b", priority=9)]
    result = simulate(scenario(*work))
    assert placements(result) == ["first@0", "first@1", "second"]
    assert result.jobs["share"].isna().all()


def test_a_retried_job_goes_before_its_own_priority_and_behind_the_higher(simulate):
    work = [job("again", fails(1), share="a", attempts=2), job("plain", share="a")]
    high = job("high", at="1s", share="a", priority=1)
    assert placements(simulate(scenario(*work, high, **fair()))) == ["again", "high", "again", "plain"]


@pytest.mark.parametrize(
    ("position", "expected"),
    [("front", ["b", "b", "a"]), ("original", ["b", "a", "b"]), ("back", ["b", "a", "b"])],
)
def test_retried_jobs_take_their_place_within_their_share(position, expected, simulate):
    """``a`` was submitted before ``b`` but is RUNNABLE only when ``b`` runs."""
    keys = fair()
    keys["queues"] = [*keys["queues"], queue("side", "side")]
    keys["queues"][0]["computeEnvironmentOrder"] = keys["queues"][0]["computeEnvironmentOrder"][:1]
    work = [
        job("gate", "5s", on="side"),
        job("a", share="s", needs=["gate"]),
        job("b", fails(1), share="s", attempts=2),
    ]
    places = [fixed(1), fixed(1, "side")]
    result = simulate(scenario(*work, environments=places, world={"retry_position": position}, **keys))
    assert placements(result, "a", "b") == expected


def test_cancelling_a_head_hands_its_shares_turn_to_the_next(simulate):
    work = [job("busy", "100s", share="z"), job("a", share="a"), job("b", share="b"), job("a2", share="a", at="1s")]
    result = simulate(scenario(*work, actions=[{"at": "50s", "cancel": "a"}], **fair()))
    assert placements(result) == ["busy", "b", "a2"]


# -- where it works, and what it does not take


def test_fargate_tasks_share_fairly(simulate):
    work = [task("a", "60s", count=200, share="a"), task("b", "60s", count=200, share="b")]
    keys = {"environments": [fargate(maxvCpus=3)], "simulation": {"until": "1h"}, **fair({"b": 0.5})}
    keys["queues"] = [queue("queue", "tasks", schedulingPolicyArn="fair")]
    assert vcpu_time(simulate(scenario(*work, **keys))) == pytest.approx({"a": 1 / 3, "b": 2 / 3}, abs=0.02)


def test_what_spot_takes_is_given_back_to_its_share_and_not_counted_on(simulate):
    spot = environment("spot", type="SPOT", maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE")
    lost = [{"kind": "spot_reclaim", "at": "30s", "select": {"environment": "spot", "ordinal": 0}}]
    work = [job("a", "100s", count=2, share="a", attempts=2), job("b", "100s", count=2, share="b", attempts=2)]
    keys = fair(computeReservation=0)
    keys["queues"] = [queue("queue", "spot", schedulingPolicyArn="fair")]
    result = simulate(scenario(*work, environments=[spot], faults=lost, **keys))
    assert placements(result)[:3] == ["a@0", "b@0", "a@0"]
    assert set(column(result, "state").values()) == {"SUCCEEDED"}


def test_a_policy_is_named_by_its_arn_or_by_its_name(simulate):
    arn = "arn:aws:batch:us-east-1:ACCOUNT_ID:scheduling-policy/other"
    keys = fair({"b": 0.001})
    keys["schedulingPolicies"][0]["arn"] = arn
    for reference in (arn, "fair", "arn:aws:batch:us-east-1:ACCOUNT_ID:scheduling-policy/fair"):
        keys["queues"] = [queue(schedulingPolicyArn=reference)]
        work = [job("a", count=3, share="a"), job("b", count=3, share="b")]
        result = simulate(scenario(*work, environments=[fixed(4)], **keys))
        assert placements(result)[:4] == ["a@0", "b@0", "b@1", "b@2"]


ALLOWED = "1-255 letters and digits"


@pytest.mark.parametrize(
    ("share", "problem"),
    [(None, "each request names its share"), ("team-a", ALLOWED), ("a" * 256, ALLOWED), ("", ALLOWED)],
)
def test_a_request_to_a_fair_share_queue_names_its_share_in_letters_and_digits(share, problem):
    with pytest.raises(batchsim.ScenarioError, match=problem) as told:
        scenario(job("a", share=share), **fair())
    assert [each.code for each in told.value.problems] == ["E167"]


@pytest.mark.parametrize(
    "entries", [("team*", "team1"), ("team1", "team*"), ("te*", "team*"), ("a", "a"), ("*", "a"), ("a*", "a")]
)
def test_entries_of_a_policy_do_not_overlap(entries):
    with pytest.raises(batchsim.ScenarioError, match=r"overlaps|given twice") as told:
        scenario(**fair(dict.fromkeys(entries, 1)) if len(set(entries)) > 1 else twice(entries[0]))
    assert [each.code for each in told.value.problems] == ["E167"]


def twice(entry):
    keys = fair({entry: 1})
    policy = keys["schedulingPolicies"][0]["fairsharePolicy"]
    policy["shareDistribution"] = policy["shareDistribution"] * 2
    return keys


def refusals(policy):
    """The codes of what is wrong with a scenario of such a policy."""
    try:
        scenario(**fair(**policy))
    except batchsim.ScenarioError as error:
        return [each.code for each in error.problems]
    return []


def test_entries_that_only_look_alike_do_not_overlap():
    assert refusals({"weights": {"team1*": 1, "team2": 1, "team": 2, "teams*": 1}}) == []


@pytest.mark.parametrize(
    "policy",
    [
        {"weights": {"a": 0.00009}},
        {"weights": {"a": 1000}},
        {"weights": {"a": 0}},
        {"shareDecaySeconds": 604_801},
        {"shareDecaySeconds": -1},
        {"computeReservation": 100},
        {"computeReservation": -1},
    ],
)
def test_a_policys_numbers_have_awss_bounds(policy):
    assert refusals(policy) == ["E139"]


@pytest.mark.parametrize(
    "policy",
    [
        {"weights": {"a": 0.0001, "b*": 999.9999}},
        {"shareDecaySeconds": 604_800, "computeReservation": 99},
        {"shareDecaySeconds": 0, "computeReservation": 0},
    ],
)
def test_the_bounds_themselves_are_allowed(policy):
    assert refusals(policy) == []


def test_scheduling_priorities_go_from_0_to_9999():
    with pytest.raises(batchsim.ScenarioError) as told:
        scenario(job("a", share="a", priority=10_000), definitions=[definition("b", schedulingPriority=-1)], **fair())
    assert [each.code for each in told.value.problems] == ["E139", "E139"]


def of_shares(count):
    return [job(f"s{number}", "10s", share=f"id{number}") for number in range(count)]


def test_a_submission_with_the_501st_active_share_is_refused_and_is_a_record(simulate):
    again = job("again", "10s", share="id0")
    result = simulate(scenario(*of_shares(501), again, environments=[fixed(64, types=("box.16",))], **fair()))
    refused = result.submissions[result.submissions["state"] == "NOT_SUBMITTED"]
    assert refused["job_id"].tolist() == ["s500"]
    assert refused["reason"].tolist() == ["Job queue queue has 500 active share identifiers already"]
    assert jobs_of(result)["again"].state == "SUCCEEDED"


def test_without_strict_limits_there_may_be_more(simulate):
    keys = {"environments": [fixed(64, types=("box.16",))], "world": {"strict_limits": False}, **fair()}
    assert set(column(simulate(scenario(*of_shares(501), **keys)), "state").values()) == {"SUCCEEDED"}


def test_a_share_that_is_inactive_makes_room_for_another(simulate):
    late = job("late", "10s", at="700s", share="late")
    result = simulate(scenario(*of_shares(500), late, environments=[fixed(64, types=("box.16",))], **fair()))
    assert jobs_of(result)["late"].state == "SUCCEEDED"


def test_an_order_of_the_users_own_decides_within_a_share_and_a_queue_order_between_queues(simulate):
    """Shortest vCPUs last: the order is a job's within its share; whose turn it is remains the policy's."""
    work = [job("a1", share="a"), job("a2", share="a", vcpus=2), job("b1", share="b"), job("b2", share="b", vcpus=2)]
    keys = {"environments": [fixed(2, types=("box.2",))], **fair()}
    largest_first = {"ordering": {"jobs": lambda waiting: -waiting.vcpus}}
    result = simulate(scenario(*work, **keys), policies=largest_first)
    assert placements(result) == ["a2", "b2", "a1", "b1"]


# -- weights that change: https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateSchedulingPolicy.html


def rivals(**keys):
    """a and b used the same; at 100 s one of them is next, a's job being the older."""
    past = [job("busy", "100s", share="z"), job("a0", "20s", share="a"), job("b0", "20s", share="b")]
    work = [job("a", "10s", at="50s", share="a"), job("b", "10s", at="51s", share="b")]
    return scenario(*past, *work, environments=[fixed(1)], **fair({"a*": 1, "b": 1}), **keys)


@pytest.mark.parametrize(("to", "expected"), [(0.5, ["a", "b"]), (500, ["b", "a"])])
def test_a_weight_factor_that_an_action_sets_moves_turns_from_then_on(to, expected, simulate):
    result = simulate(rivals(actions=[{"at": "130s", "set": "fair.a*.weightFactor", "to": to}]))
    assert placements(result) == ["busy", "a0", "b0", *expected]


def test_a_call_sets_a_weight_factor_as_an_action_does(drive):
    simulation = drive(rivals())
    simulation.advance(until="130s")
    simulation.update("b.weightFactor", 0.0001)
    assert placements(simulation.finish())[3:] == ["b", "a"]


def test_a_weight_factor_is_set_within_awss_bounds_and_of_an_entry_that_there_is(drive):
    simulation = drive(rivals())
    with pytest.raises(batchsim.SimulationError, match=r"out of range .* \[E139\]"):
        simulation.update("b.weightFactor", 1000)
    with pytest.raises(batchsim.SimulationError, match=r"\[E106\]"):
        simulation.update("c.weightFactor", 1)


# -- looking at it: https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html


def test_a_snapshot_has_the_front_in_the_order_of_turns_and_the_shares_by_what_they_hold(drive):
    work = [
        job("a", "1h", count=3, share="a"),
        job("b", "1h", count=60, at="1s", share="b"),
        job("c", share="c", at="2s"),
    ]
    simulation = drive(scenario(*work, environments=[fixed(4)], simulation={"until": "10m"}, **fair()))
    simulation.advance(until="10s")
    seen = simulation.snapshot()
    assert seen.front["queue"][:3] == ("c", "b@1", "b@2")
    assert (seen.vcpus, seen.shares["queue"].active) == ({"queue": 4}, 3)
    assert list(seen.shares["queue"].top.items()) == [("a", 3), ("b", 1)]


def test_a_snapshot_shows_the_first_hundred_jobs_and_twenty_shares(drive):
    many = [job(f"s{number}", "1h", count=8, share=f"id{number}") for number in range(25)]
    simulation = drive(scenario(*many, environments=[fixed(25)], simulation={"until": "10m"}, **fair()))
    simulation.advance(until="10s")
    seen = simulation.snapshot()
    assert len(seen.front["queue"]) == 100
    assert seen.front["queue"][:2] == ("s0@1", "s1@1")
    assert len(seen.shares["queue"].top) == 20


def test_looking_changes_nothing(drive):
    base = saturated({"b": 0.5}, "ab", 3, world={"min_window": "0s"})
    plain, watched = drive(base), drive(base)
    for minute in range(30):
        watched.advance(until=f"{minute}m")
        watched.snapshot()
    assert watched.finish().attempts.equals(plain.finish().attempts)


def test_the_summary_says_what_each_share_got(simulate):
    work = [job("a", "100s", share="a"), job("b", "50s", vcpus=2, share="b")]
    result = simulate(scenario(*work, environments=[fixed(4, types=("box.4",))], **fair({"b*": 3})))
    a, b = result.summary()["shares"]
    assert (a["vcpu_s"], b["vcpu_s"], a["vcpu_share"], b["weight_factor"]) == (100, 100, 0.5, 3)
    assert a["usage_vcpu_s"] == pytest.approx(100 - 100**2 / 1200)
