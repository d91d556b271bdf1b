"""Whose turn it was in a fair-share queue: all placements at once, beside one after the other by plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from batchsim import Simulation
from batchsim.analysis.check import tables_of
from batchsim.analysis.invariants import turns
from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.shares import SLACK, Queue, fair_queues
from tests.scenario_builder import fair, fixed, job, scenario

VARIED: Any = {"lognormal": {"mean": "40s", "cv": 0.9}}
KINDS = [("rect", 600), ("linear", 600), ("exponential", 600), ("linear", 0)]


def crowd(kernel: str, decay_s: int, seed: int) -> dict[str, Any]:
    """A hundred and eighty jobs of six shares, four of them of one prefix, some cancelled while they wait."""
    work = [
        job(f"{name}{at}", VARIED, at=f"{at * 90}s", size=10, share=name)
        for at in range(3)
        for name in ("one", "two", "team1", "team2", "team3", "other")
    ]
    policy = fair({"one": 0.5, "team*": 2, "two": 1}, shareDecaySeconds=decay_s)
    actions = [{"at": "200s", "cancel": "two2"}]
    timing = {"decay_kernel": kernel, "min_window": "0s", "usage_update": "20s"}
    story = scenario(*work, environments=[fixed(8)], actions=actions, **policy, world=timing)
    return tables_of(Simulation(story, seed=seed).finish())


def shuffled(tables: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same placements, made for other jobs."""
    order = np.random.RandomState(seed).permutation(len(tables["attempts"]))
    attempts = tables["attempts"].copy()
    attempts["job_id"] = attempts["job_id"].to_numpy()[order]
    return {**tables, "attempts": attempts}


def one_by_one(queue: Queue) -> list[int]:
    """The placements at which a share with less weighted usage waited: each by itself, share by share."""
    waits, weights = turns.waits_of(queue), turns.Weights(queue, np.arange(len(queue.book.jobs.words("share"))))
    found = []
    for at, (now, own, row) in enumerate(zip(queue.start, queue.share, queue.attempts, strict=True)):
        updated = now // queue.update_ms * queue.update_ms
        charge = queue.update_ms if queue.window_ms else 1
        usage = dict.fromkeys(range(len(queue.book.jobs.words("share"))), 0.0)
        held = turns.counted(queue, queue.start[:at], queue.end[:at], updated)
        for start, counts, share, milli in zip(queue.start, held, queue.share, queue.milli, strict=False):
            usage[int(share)] += (charge if start >= updated else counts) * milli
        weight = weights.at(np.array([now]))[0]
        rivals = {
            int(share)
            for share, begin, end, attempt in zip(waits.share, waits.begin, waits.end, waits.attempt, strict=True)
            if begin < now and (end > now or (end == now and attempt > row))
        }
        most = usage[int(own)] * weight[own] * (1 - SLACK) - SLACK
        if any(usage[share] * weight[share] < most for share in rivals):
            found.append(at)
    return found


@pytest.mark.parametrize(("kernel", "decay_s"), KINDS)
def test_all_at_once_is_one_after_the_other(kernel: str, decay_s: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "AT_ONCE", 100)
    for seed in (1, 2):
        tables = crowd(kernel, decay_s, seed)
        for held in (tables, shuffled(tables, seed)):
            queue = fair_queues(Book(held))[0]
            told = turns.least_used_share_is_next.find(Book(held)).index.tolist()
            assert told == queue.attempts[one_by_one(queue)].tolist()
            assert bool(told) == (held is not tables)


def test_of_too_many_some_are_looked_at_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    held = shuffled(crowd("linear", 600, 1), 1)
    every = set(turns.least_used_share_is_next.find(Book(held)).index)
    monkeypatch.setattr(turns, "CELLS", 600)
    some = set(turns.least_used_share_is_next.find(Book(held)).index)
    monkeypatch.setattr(turns, "HOLDS", 10_000)
    few = set(turns.least_used_share_is_next.find(Book(held)).index)
    assert every > some > few > set()


def test_damaged_tables_are_judged_all_the_same() -> None:
    tables = crowd("linear", 600, 1)
    attempts = tables["attempts"].copy()
    attempts["starting_at_s"] = attempts["starting_at_s"].to_numpy()[::-1]
    assert len(turns.least_used_share_is_next.find(Book({**tables, "attempts": attempts}))) < len(attempts)
