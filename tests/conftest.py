"""What all tests share: Hypothesis's profiles, and the one way to run a scenario so that its invariants are checked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from batchsim import Result

ROOT = Path(__file__).resolve().parent.parent
SCENARIO_TESTS = ("behaviour", "golden", "anomalies", "scenarios")
"""Folders of tests in which a run that breaks an invariant fails its test."""
FIRST_ONES = 3
"""Of replications, which differ by chance alone: to check a small run takes ten times as long as the run."""

settings.register_profile("fast", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("repeatable", parent=settings.get_profile("fast"), derandomize=True, database=None)
IS_SAME_EACH_TIME = os.environ.get("CI") or os.environ.get("BATCHSIM_EFFORT") == "verify"
settings.load_profile("repeatable" if IS_SAME_EACH_TIME else "fast")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell: what tests start would inherit that, and ignore the signals sent to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

Simulate = Callable[..., "Result"]
Count = Callable[[int], None]


@pytest.fixture
def cases(record_property: Callable[[str, object], None]) -> Count:
    """Say how many cases a test that loops goes through: `make verify` adds them up."""
    return lambda number: record_property("cases", number)


@pytest.fixture
def scenarios() -> Path:
    """The folder of the shipped scenarios."""
    return ROOT / "scenarios"


@pytest.fixture
def checked() -> Iterator[None]:
    """Hold each run that comes to its end during the test, however it is driven, to every invariant of the checker."""
    from batchsim import Simulation

    def finish(simulation: Simulation) -> Result:
        is_new = simulation._result is None
        result = unchecked(simulation)
        is_judged = is_new and simulation.scenario.simulation.replication < FIRST_ONES
        violations = result.check() if is_judged else []
        assert not violations, "\n".join(map(str, violations))
        return result

    unchecked = Simulation.finish
    with pytest.MonkeyPatch.context() as patch:  # of its own: a test may undo what it patched
        patch.setattr(Simulation, "finish", finish)
        yield


@pytest.fixture(autouse=True)
def _every_scenario_test_is_checked(request: pytest.FixtureRequest) -> None:
    """No scenario test has to ask for it, or can forget it."""
    if request.path.relative_to(ROOT / "tests").parts[0] in SCENARIO_TESTS:
        request.getfixturevalue("checked")


@pytest.fixture
def simulate(checked: None) -> Simulate:  # noqa: ARG001 # it acts by being there
    """Run a scenario (a path, YAML text or a Scenario) and hold its result to every invariant of the checker."""

    def run(scenario: object, seed: int = 1, **how: object) -> Result:
        import batchsim

        if isinstance(scenario, str):
            scenario = batchsim.loads(scenario, "test.yaml")
        return batchsim.run(scenario, seed=seed, **how)

    return run
