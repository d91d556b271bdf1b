"""The checker and heads that lose their place: a row of the timeline names who was the head when its reason began."""

from __future__ import annotations

import pytest
from scenario_builder import environment, fails, fixed, job, queue, scenario

import batchsim
from batchsim import Result


@pytest.fixture(scope="module")
def night() -> Result:
    """``small`` waits for a boot; ``big`` is taken back, goes ahead of it, and waits for the same boot.

    From 190 s on there is room for ``small``, who is not the head any more, and not for ``big``, who is.
    """
    hosts = environment(types=("box.4",), type="SPOT", maxvCpus=16, allocationStrategy="BEST_FIT_PROGRESSIVE")
    fillers = job("ends", "130s", vcpus=2), job("stays", "300s", vcpus=2)
    work = (*fillers, job("big", "200s", vcpus=4, attempts=2), job("small", at="150s"))
    world = {"instance_boot": "60s", "scheduler_cycle": "1s"}
    simulation = batchsim.Simulation(scenario(*work, environments=[hosts], world=world), seed=1)
    simulation.advance(until="160s")
    simulation.reclaim("hosts", 1)
    return simulation.finish()


def test_who_went_behind_a_retry_does_not_wait_beside_free_room(night):
    rows = night.timeline[["at_s", "reason", "job_id"]].to_records(index=False).tolist()
    assert (150.0, "instance_booting", "small") in [(at, reason, name) for at, reason, name in rows]
    starts = night.attempts.sort_values("starting_at_s").groupby("job_id")["starting_at_s"].last()
    assert (starts["big"], starts["small"]) == (210, 210)
    assert night.check() == []


def test_a_head_that_waits_for_another_attempt_in_vain_holds_nothing():
    """The timeline goes on with ``first``, with which its reason began, while the others start before its end."""
    first = job("first", fails(1), attempts=2)
    work = (job("lead", "10s"), first, job("second", "10s"), job("third", "10s"))
    keys = {"world": {"hol_scope": "ce", "retry_position": "back"}, "actions": [{"at": "35s", "terminate": "first"}]}
    night = batchsim.run(scenario(*work, **keys))
    assert night.attempts.sort_values("starting_at_s")["job_id"].tolist() == ["lead", "first", "second", "third"]
    assert night.check() == []


def test_a_queue_that_is_disabled_disables_no_environment_of_its_name():
    off = [{"at": "5s", "set": "jobQueues.same.state", "to": "DISABLED"}]
    places = {"environments": [fixed(1, "same")], "queues": [queue("same", "same")]}
    night = batchsim.run(scenario(job("a", on="same"), job("b", at="1s", on="same"), **places, actions=off))
    assert night.check() == []
