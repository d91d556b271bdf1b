"""The shipped scenarios, each run once for all tests of a worker, with its own seed or with ten, and checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from batchsim import Result

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"

Shipped = Callable[[str], "Result"]
TenSeeds = Callable[..., "tuple[Result, ...]"]


@pytest.fixture(scope="session")
def shipped() -> Shipped:
    """Run ``scenarios/NAME.yaml`` as it stands."""

    @cache
    def run(name: str) -> Result:
        import batchsim

        result = batchsim.run(FOLDER / f"{name}.yaml")
        violations = result.check()
        assert not violations, "\n".join(map(str, violations))
        return result

    return run


@pytest.fixture(scope="session")
def ten_seeds() -> TenSeeds:
    """Run ``scenarios/NAME.yaml`` with seeds 1 to 10; for a variant of it with settings as after ``--set``."""

    @cache
    def run(name: str, *settings: str) -> tuple[Result, ...]:
        import batchsim
        from batchsim.formats.scenario_yaml import parse_value

        scenario = batchsim.load(FOLDER / f"{name}.yaml")
        for path, _, value in (setting.partition("=") for setting in settings):
            scenario = scenario.with_(path, parse_value(value))
        results = tuple(batchsim.run(scenario, seed=seed) for seed in range(1, 11))
        checked = results[:1] if settings else results  # variants are there to be compared, not to find bugs
        violations = [str(violation) for result in checked for violation in result.check()]
        assert not violations, "\n".join(violations)
        return results

    return run
