"""Damaged scenarios: each is refused in one line a problem, or runs and keeps every invariant; nothing else happens."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hostile import mutants
from ruamel.yaml import YAML

import batchsim
from batchsim.errors import ScenarioError
from batchsim.formats.yaml_writer import write_yaml

HERE = Path(__file__).parent
TEXT = (HERE / "rich.yaml").read_text(encoding="utf-8")
DATA: dict[str, Any] = YAML(typ="safe", pure=True).load(TEXT)
WAYS = ("bytes", "tokens", "lines", "structure", "values")
MUTANTS = int(os.environ.get("BATCHSIM_MUTANTS", "2000"))
TOO_LARGE = {("workload", 1, "at"), ("workload", 3, "at")}
"""Where a process of arrivals makes so many jobs that the run is sound and long."""


def mutant(way: str, number: int) -> str:
    """The text of one mutant."""
    dice = random.Random(f"{way} {number}")  # noqa: S311 -- no secret
    if way == "structure":
        return write_yaml(mutants.by_structure(DATA, dice))
    if way == "values":
        return write_yaml(mutants.with_a_nasty_value(DATA, dice, TOO_LARGE))
    return getattr(mutants, f"by_{way}")(TEXT, dice)


def attack(text: str) -> str:
    """Load and run: "ran" or "refused"; what escapes but a proper refusal fails the test."""
    try:
        result = batchsim.run(batchsim.loads(text, str(HERE / "rich.yaml")), seed=1)
    except ScenarioError as error:
        refusal = error
    else:
        assert result.summary()
        assert result.check() == []
        return "ran"
    assert all(problem.code.startswith("E1") and problem.line for problem in refusal.found)
    assert all(line.isprintable() and len(line) < 5_000 for line in str(refusal).splitlines())
    return "refused"


def numbered(first: int, last: int) -> list[Any]:
    return [pytest.param(way, range(first, last), id=f"{way}-{first}") for way in WAYS]


@pytest.mark.parametrize(("way", "numbers"), numbered(0, 12))
def test_a_damaged_scenario_is_refused_or_runs(way: str, numbers: range) -> None:
    assert "refused" in [attack(mutant(way, number)) for number in numbers]


@pytest.mark.slow
@pytest.mark.parametrize(("way", "numbers"), [case for n in range(12, MUTANTS, 100) for case in numbered(n, n + 100)])
def test_thousands_of_damaged_scenarios_are_refused_or_run(way: str, numbers: range) -> None:
    ends = [attack(mutant(way, number)) for number in numbers]
    assert set(ends) == {"ran", "refused"}
