"""Scenarios that campaigns are made of, and one way to run a campaign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from batchsim.cli.trial import try_out
from batchsim.fuzz import Base, Campaign, base_of, run_campaign
from batchsim.fuzz.worker import Setup, Trial

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

Fuzz = Callable[..., Campaign]


@pytest.fixture(scope="session")
def bases() -> tuple[Base, ...]:
    """Every shipped scenario, and the one with everything in it."""
    shipped = sorted((ROOT / "scenarios").glob("*.yaml"))
    return tuple(base_of(path) for path in (*shipped, HERE / "rich.yaml"))


@pytest.fixture(scope="session")
def simple() -> tuple[Base, ...]:
    """The smallest scenario that there is."""
    return (base_of(ROOT / "scenarios" / "hello_fargate.yaml"),)


@pytest.fixture
def fuzz() -> Fuzz:
    """Run a campaign of ``number`` mutants a kind over some bases, in two processes where there is much to do."""

    def run(given: tuple[Base, ...], kinds: str, number: int, *, trial: Trial = try_out, **how: object) -> Campaign:
        seed = how.pop("seed", 0)
        limits = how.pop("limits", None)
        how = {"shrink_s": 600.0, **how}  # a busy machine is no reason to shrink less
        setup = Setup(given, trial) if limits is None else Setup(given, trial, limits)
        return run_campaign(Campaign(setup, seed, kinds.split(), number, **how))

    return run
