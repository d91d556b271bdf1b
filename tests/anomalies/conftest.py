"""How a story of this folder runs one of its scenarios, as it stands or with changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import batchsim

FOLDER = Path(__file__).resolve().parent
Shown = Callable[..., batchsim.Result]


@pytest.fixture
def shown(simulate: Callable[..., batchsim.Result]) -> Shown:
    """Run the file of that name, with values at paths as after ``--set``, and check its invariants."""

    def run(name: str, changes: Mapping[str, Any] | None = None, **how: Any) -> batchsim.Result:
        scenario = batchsim.load(FOLDER / f"{name}.yaml")
        for path, value in (changes or {}).items():
            scenario = scenario.with_(path, value)
        return simulate(scenario, **how)

    return run
