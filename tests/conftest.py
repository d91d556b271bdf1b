"""What all tests share: Hypothesis's profiles, and the one way to run a scenario so that its invariants are checked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from batchsim import Result

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("fast", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("repeatable", parent=settings.get_profile("fast"), derandomize=True, database=None)
settings.load_profile("repeatable" if os.environ.get("CI") else "fast")

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
def simulate() -> Simulate:
    """Run a scenario (a path, YAML text or a Scenario) and hold its result to every invariant of the checker."""

    def run(scenario: object, seed: int = 1, **how: object) -> Result:
        import batchsim

        if isinstance(scenario, str):
            scenario = batchsim.loads(scenario, "test.yaml")
        result = batchsim.run(scenario, seed=seed, **how)
        violations = result.check()
        assert not violations, "\n".join(map(str, violations))
        return result

    return run
