"""Fair-share queues while a run goes on: weights that change, and looks at the shares.

https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateSchedulingPolicy.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html
"""

from __future__ import annotations

import pytest
from behaviour.shares import placements, saturated
from scenario_builder import fair, fixed, job, scenario

import batchsim


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
