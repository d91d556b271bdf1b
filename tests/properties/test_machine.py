"""A machine drives random live scenarios by every rule that there is, and each run is held to all that it must be."""

from __future__ import annotations

import os

import pytest
from effort import LEVEL, effort, first_number
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import rule, run_state_machine_as_test
from scenario_builder import environment, job, queue, scenario

from batchsim import Result, Simulation
from batchsim.agenda import Agenda
from batchsim.testing import BatchMachine

RUNS = effort(fast=20, verify=40, long=20_000)
STEPS = effort(fast=40, verify=40, long=100)
SPOT = environment("spot", ("box.2",), type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")


class Counted(BatchMachine):
    """Counts the runs that held to the end, and those of them that were compared with a file."""

    held = compared = 0

    def __init_subclass__(cls) -> None:
        cls.held = cls.compared = 0

    def teardown(self) -> None:
        super().teardown()
        type(self).held += hasattr(self, "simulation")

    def unlike_the_file(self, result: Result) -> list[str]:
        type(self).compared += 1
        return super().unlike_the_file(result)


def drive(machine: type[BatchMachine], runs: int, steps: int, *, shrink: bool = False, known: bool = False) -> None:
    """The same runs on each change, or ``known`` ones wherever; else those of the campaign's seed."""
    same = known or LEVEL == "fast"
    if not same:
        seed(first_number())(machine)
    how = settings(
        max_examples=runs, stateful_step_count=steps, derandomize=same, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=how)


def test_random_scenarios_can_be_driven_by_every_rule(cases):
    cases(RUNS)
    print(f"seed {os.environ.get('BATCHSIM_SEED', 'fixed')}")

    class Anything(Counted):
        """A machine as it comes."""

    drive(Anything, RUNS, STEPS)
    assert Anything.held >= RUNS
    assert Anything.compared >= RUNS // 5


class Still(Counted):
    """One Spot environment without chance, so that a planted fault shows at once."""

    scenario = scenario(job("a", "60s", size=4, attempts=2), environments=[SPOT])


def test_a_scenario_of_ones_own_can_be_driven():
    drive(Still, 5, 20)
    assert Still.held >= 5
    assert Still.compared


def test_a_scenario_can_be_named_by_its_file(scenarios):
    class Hello(Counted):
        scenario = scenarios / "hello_fargate.yaml"

    drive(Hello, 2, 10)
    assert Hello.compared


class Beside(Counted):
    """The environment that no entry reaches boots by chance, before a call may be the first to reach it."""

    scenario = scenario(
        job("a"),
        environments=[environment(), environment("beside", ("box.2",), minvCpus=2)],
        queues=[queue("queue", "hosts"), queue("other", "beside")],
        world={"initial_capacity": "booting", "instance_boot": {"exponential": {"mean": "1h"}}},
    )


def test_numbers_that_a_file_cannot_draw_are_no_difference():
    drive(Beside, 20, 12, known=True)  # others might all be comparable
    assert Beside.held > Beside.compared > 0


def forgetful(monkeypatch):
    """A look forgets a job."""
    whole = Simulation.job_states
    monkeypatch.setattr(
        Simulation, "job_states", lambda self: dict(list(whole(self).items())[: 3 if self.now_ms else 9])
    )


def untold(monkeypatch):
    """A cancellation is carried out, and not noted."""
    whole = Simulation._note
    monkeypatch.setattr(Simulation, "_note", lambda self, **k: None if "actions" in k else whole(self, **k))


def late(monkeypatch):
    """A change by call strikes a second later; one of the file does not."""
    whole, of_file = Agenda.set, Agenda.schedule_action

    def set_late(self, target, value, at_ms, by=None):
        whole(self, target, value, at_ms + 1000, by)

    def from_file(self, action):
        monkeypatch.setattr(Agenda, "set", whole)
        of_file(self, action)
        monkeypatch.setattr(Agenda, "set", set_late)

    monkeypatch.setattr(Agenda, "set", set_late)
    monkeypatch.setattr(Agenda, "schedule_action", from_file)


@pytest.mark.parametrize("fault", [forgetful, untold, late])
def test_a_planted_fault_is_found(fault, monkeypatch):
    fault(monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)):
        drive(Still, 15, 30, shrink=False)


def test_rules_of_ones_own_are_called():
    class Counting(Still):
        called = 0

        @rule()
        def count(self):
            Counting.called += 1

    drive(Counting, 8, 20)
    assert Counting.called
