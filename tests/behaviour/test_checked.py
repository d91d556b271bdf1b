"""Scenario tests hold each of their runs to the invariants, without asking: a run that breaks one fails its test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenario_builder import fixed, job, scenario

import batchsim
from batchsim.engine.lifecycle import Lifecycle

STORY = scenario(job("a", count=3), environments=[fixed()])

WAYS: dict[str, Callable[[], object]] = {
    "run": lambda: batchsim.run(STORY, seed=1),
    "finish": lambda: batchsim.Simulation(STORY, seed=1).finish(),
    "the plain path": lambda: batchsim.Simulation(STORY, seed=1, thorough=True).finish(),
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job ends a millisecond after its attempt, where ends are worked off one by one."""
    end = Lifecycle.end

    def late(self: Lifecycle, job: int, *how: int) -> None:
        end(self, job, *how)
        self._jobs.ended_at[job] += 1

    monkeypatch.setattr(Lifecycle, "end", late)
    monkeypatch.setattr("batchsim.engine.fast_paths.FastPaths.open", lambda _: None)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.usefixtures("broken")
def test_a_run_that_breaks_an_invariant_fails_its_test_however_it_is_driven(way: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match="N45"):
        way()


@pytest.mark.usefixtures("broken")
def test_simulate_fails_it_as_well(simulate: Callable[..., object]) -> None:
    with pytest.raises(AssertionError, match="N45"):
        simulate(STORY)
