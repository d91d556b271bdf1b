"""What a fair-share queue keeps free for shares to come: computeReservation, and which shares are active.

https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html
"""

from __future__ import annotations

import pytest
from scenario_builder import column, environment, fair, fixed, job, queue, scenario, starts


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
