"""Fair-share queues: whose turn it is, how usage fades, what a blocked head stops, and the order within a share.

https://docs.aws.amazon.com/batch/latest/userguide/fair-share-scheduling.html
https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html
"""

from __future__ import annotations

import pytest
from behaviour.shares import placements, saturated, vcpu_time
from scenario_builder import column, definition, environment, fails, fair, fixed, job, jobs_of, queue, scenario, starts

BOX_8 = {"environments": [fixed(8, types=("box.8",))]}


def reasons_of(result, share):
    """The timeline of a share's head as (instant, reason)."""
    return [(row.at_s, str(row.reason)) for row in result.timeline.itertuples() if row.share == share]


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


def test_a_share_that_becomes_inactive_gives_another_its_turn_though_nothing_else_happens(simulate):
    """Until team2's window ends at 650 s, team1 weighs twice as much: solo is next, and its head does not fit.

    Exponential usage fades at one rate for all, so that nothing else moves the turns.
    """
    past = [job("t1", "100s", share="team1"), job("t2", "50s", share="team2"), job("s", "150s", share="solo")]
    busy = job("busy", "2h", at="200s", vcpus=3, share="other")
    work = [job("wide", at="300s", vcpus=2, share="solo"), job("small", at="300s", share="team1")]
    keys = {"environments": [fixed(4, types=("box.4",))], "world": {"decay_kernel": "exponential"}}
    result = simulate(scenario(*past, busy, *work, **keys, **fair({"team*": 1, "solo": 1})))
    assert (starts(result)["small"], starts(result)["wide"]) == (650, 7400)


def test_a_share_whose_only_job_is_cancelled_and_replaced_between_two_passes_is_next_all_the_same(simulate):
    work = [job("busy", "60s", share="a"), job("more", "60s", share="a", at="5s"), job("b1", share="b", at="6s")]
    keys = {"world": {"scheduler_cycle": "10s"}, "actions": [{"at": "12s", "cancel": "b1"}]}
    result = simulate(scenario(*work, job("b2", share="b", at="14s"), **keys, **fair()))
    assert starts(result) == {"busy": 0, "b2": 60, "more": 120}
    assert reasons_of(result, "b") == [(6, "scheduler_cycle"), (10, "max_vcpus"), (60, "empty")]
    assert jobs_of(result)["b2"].wait_max_vcpus_s == 46


def test_a_share_that_is_cancelled_away_between_two_updates_of_usage_has_no_turn(simulate):
    work = [job("busy", "50s", share="a"), job("b", at="5s", share="b"), job("c", at="30s", share="c")]
    keys = {"world": {"usage_update": "60s"}, "actions": [{"at": "20s", "cancel": "b"}]}
    result = simulate(scenario(*work, **keys, **fair()))
    assert starts(result) == {"busy": 0, "c": 50}


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
