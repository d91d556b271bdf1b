"""What behaviour stories share: a simulation that is driven step by step, and checked when the story is over."""

from __future__ import annotations

import pytest

import batchsim


@pytest.fixture
def drive(checked):  # noqa: ARG001 # it acts by being there
    """Open a simulation; at the end of the test it is run to its end and held to every invariant of the checker."""
    opened: list[batchsim.Simulation] = []

    def start(scenario: batchsim.Scenario) -> batchsim.Simulation:
        opened.append(batchsim.Simulation(scenario, seed=1))
        return opened[-1]

    yield start
    for simulation in opened:
        simulation.finish()
