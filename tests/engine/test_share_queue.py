"""A fair-share queue by itself: turns of arrays, weights that change, and what it asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_builder import environment, fair, fixed, job, scenario

import batchsim
from batchsim.engine.share_queue import ShareQueue


def opened(*work: Any, slots: int = 1, **keys: Any) -> tuple[batchsim.Simulation, ShareQueue]:
    simulation = batchsim.Simulation(scenario(*work, environments=[fixed(slots)], **keys), seed=1)
    queue = simulation._engine.queues[0]
    assert isinstance(queue, ShareQueue)
    return simulation, queue


def placed(result: batchsim.Result) -> list[str]:
    return [str(name) for name in result.attempts["job_id"]]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), min_size=1, max_size=5), st.integers(1, 20))
def test_arrays_take_their_turns_as_single_jobs_do(shares: list[tuple[str, int]], slots: int) -> None:
    """All of a turn is placed at once; its plain twin places job by job."""
    work = [
        job(f"w{number}", "30s", share=share, **({"size": size} if size > 1 else {}))
        for number, (share, size) in enumerate(shares)
    ]
    story = scenario(*work, environments=[fixed(slots)], **fair({"a": 0.5, "b": 3}))
    fast = batchsim.Simulation(story, seed=1).finish()
    plain = batchsim.Simulation(story, seed=1, thorough=True).finish()
    assert placed(fast) == placed(plain)


def test_what_waits_in_order_is_the_order_in_which_it_starts() -> None:
    work = [job(f"w{number}", "10s", count=4, share=share) for number, share in enumerate("abc")]
    simulation, queue = opened(*work, slots=12, **fair({"a": 0.5}))
    simulation._engine.kernel.advance(1, lambda: queue.waiting == 12, lambda: True)
    rows = [row for low, high in queue.in_order() for row in range(low, high)]
    assert rows == simulation.finish().records.attempts.job.tolist()


def test_a_weight_that_changes_moves_turns_at_once() -> None:
    work = [job("busy", "100s", share="z"), job("a0", "10s", share="a"), job("b0", "10s", share="b")]
    later = [job("a", at="50s", share="a"), job("b", at="50s", share="b")]
    simulation, _ = opened(*work, *later, slots=1, **fair({"a": 1, "b": 1}))
    simulation.advance(until="60s")
    simulation._engine.capacity.set_weight(0, "a", 500.0)
    assert placed(simulation.finish())[1:] == ["a0", "b0", "b", "a"]


def test_a_weight_of_no_entry_cannot_be_set() -> None:
    simulation, queue = opened(job("a", share="a"), **fair({"a": 1}))
    with pytest.raises(KeyError, match="b"):
        queue.set_weight("b", 1)
    simulation.finish()


@pytest.mark.parametrize(("policy", "vcpus"), [({}, 1800), ({"computeReservation": 50}, 1500)])
def test_more_runs_than_are_read_ask_for_capacity_by_their_shapes(policy: dict[str, int], vcpus: int) -> None:
    """The first 1,000 runs are read in order; one decision launches for the others too, up to what is not reserved."""
    work = [job("one", count=1000, share="a"), job("two", count=200, share="a", vcpus=2)]
    place = environment(types=("box.1", "box.2", "box.4"), maxvCpus=3000)
    world = {"prefer_size": "smallest", "scale_up_delay": "10s", "instance_boot": "60s"}
    last = job("four", count=100, share="a", vcpus=4)
    story = scenario(*work, last, environments=[place], world=world, **fair(**policy))
    simulation = batchsim.Simulation(story, seed=1)
    simulation.advance(until="15s")
    assert simulation.snapshot().environments["hosts"].desired_vcpus == vcpus
    assert simulation.finish().check() == []
