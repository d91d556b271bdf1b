"""The parts sum to the turnaround, the causes to the bill, the steps of a path to the makespan: all, everywhere.

Of every job and instance of the shipped scenarios, and of numbered random ones (`BATCHSIM_SCENARIOS=1000:1500` takes
others; under `verify` they follow `BATCHSIM_SEED`). Recounted from the tables, in whole ms and nano-dollars.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from effort import LEVEL, effort, first_number

import batchsim
from batchsim.analysis import run as analysis
from batchsim.analysis.cost import Cost, cost
from batchsim.analysis.parts import PART_NAMES, Parts, job_parts
from tests.properties.claims import numbered
from tests.sums.path_oracle import unlike_the_recount
from tests.sums.recount import Tables, tables_of, wrong_sums

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
LARGE = ("thirty_nights", "etl_10tb_array", "monte_carlo_risk", "small_jobs_or_large")
"""Some seconds each: `verify` has them."""
EXAMPLES = [
    name for name in sorted(path.stem for path in FOLDER.glob("*.yaml")) if LEVEL != "fast" or name not in LARGE
]
_BASE = first_number()
_NUMBERS = f"{_BASE}:{_BASE + effort(fast=40, verify=200, long=10_000)}"
FIRST, LAST = (int(bound) for bound in os.environ.get("BATCHSIM_SCENARIOS", _NUMBERS).split(":"))
STRETCH = 10


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_sums_of_a_shipped_scenario_are_exact(name: str) -> None:
    result = batchsim.run(FOLDER / f"{name}.yaml")
    assert wrong_sums(tables_of(result)) == []
    assert unlike_the_recount(result, most_slacks=2) == []


@pytest.mark.parametrize("first", range(FIRST, LAST, STRETCH))
def test_all_sums_of_random_scenarios_are_exact(first: int, cases: Callable[[int], None]) -> None:
    numbers = range(first, min(first + STRETCH, LAST))
    wrong = {
        number: found
        for number in numbers
        if (found := [*wrong_sums(tables_of(numbered(number).result)), *unlike_the_recount(numbered(number).result)])
    }
    assert not wrong, "\n".join(
        f"BATCHSIM_SCENARIOS={number}:{number + 1} python -m pytest tests/sums: {found[:3]}"
        for number, found in wrong.items()
    )
    cases(len(numbers))


# -- what the recount would see


@pytest.fixture(scope="module")
def sample() -> batchsim.Result:
    """Instances and Fargate, retries, dependencies, and waits."""
    return batchsim.run(FOLDER / "dependency_graph.yaml")


def fresh(sample: batchsim.Result) -> Tables:
    return tables_of(sample)


def test_the_sample_is_sound(sample: batchsim.Result) -> None:
    assert wrong_sums(fresh(sample)) == []


@pytest.mark.parametrize("column", [*PART_NAMES, "wait_instance_booting"])
@pytest.mark.parametrize("by", [0.001, -0.001])
def test_a_millisecond_in_one_cell_turns_it_red(sample: batchsim.Result, column: str, by: float) -> None:
    tables = fresh(sample)
    tables.jobs[7][f"{column}_s"] += by
    assert wrong_sums(tables)


@pytest.mark.parametrize("row", [0, 50, -1])
@pytest.mark.parametrize("by", [1e-9, -1e-9])
def test_a_nano_dollar_in_one_row_turns_it_red(sample: batchsim.Result, row: int, by: float) -> None:
    tables = fresh(sample)
    tables.costs[row]["cost_usd"] += by
    assert wrong_sums(tables)


def test_a_nano_dollar_moved_from_one_cause_to_another_turns_it_red(sample: batchsim.Result) -> None:
    tables = fresh(sample)
    one, other = tables.costs[0], next(row for row in tables.costs if row["cause"] != tables.costs[0]["cause"])
    one["cost_usd"] += 1e-9
    other["cost_usd"] -= 1e-9
    assert wrong_sums(tables)


@pytest.mark.parametrize("part", PART_NAMES)
def test_a_millisecond_that_the_product_adds_to_a_part_turns_it_red(
    sample: batchsim.Result, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_more(*given: object) -> Parts:
        parts = job_parts(*given)
        longer = getattr(parts, part).copy()
        longer[3] += 1
        return replace(parts, **{part: longer})

    monkeypatch.setattr(analysis, "job_parts", one_more)
    result = replace(sample)
    assert wrong_sums(tables_of(result))
    assert result.check_sums()


@pytest.mark.parametrize("cell", range(0, 120, 17))
def test_a_nano_dollar_that_the_product_adds_to_a_row_turns_it_red(
    sample: batchsim.Result, cell: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_more(*given: object) -> Cost:
        found = cost(*given)
        dearer = found.rows.nano_usd.copy()
        dearer[cell] += 1
        return replace(found, rows=found.rows._replace(nano_usd=dearer))

    monkeypatch.setattr(analysis, "cost", one_more)
    result = replace(sample)
    assert wrong_sums(tables_of(result))
    assert result.check_sums()
