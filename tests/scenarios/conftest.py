"""The shipped scenarios, each run once with its own seed for all tests of a worker, and held to every invariant."""

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
