"""scenarios/deterministic.yaml runs as docs/deterministic.md works it out by hand, whatever the seed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim import Result

PAGE = (FOLDER.parent / "docs" / "deterministic.md").read_text()


@pytest.fixture
def run(shipped: Shipped) -> Result:
    return shipped("deterministic")


def table(name: str) -> list[list[str]]:
    """The rows of a table of the page, cell by cell."""
    (text,) = re.findall(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", PAGE, re.DOTALL)
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def shown(*cells: Any) -> list[str]:
    return [f"{cell:.9f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell) for cell in cells]


def test_every_attempt_is_as_worked_out(run: Result) -> None:
    ordinals = dict(zip(run.instances.instance, run.instances.ordinal, strict=True))
    assert [[cell.replace("` ", " ") for cell in row] for row in table("attempts")] == [
        shown(
            f"{row.job_id} {row.attempt}",
            ordinals[row.instance],
            row.runnable_at_s,
            row.starting_at_s,
            row.running_at_s,
            row.ended_at_s,
            row.outcome,
        )
        for row in run.attempts.itertuples()
    ]


def test_every_instance_costs_what_was_worked_out(run: Result) -> None:
    on = run.instances.fillna({"ended_at_s": run.horizon_s})
    assert table("instances") == [
        shown(row.ordinal, row.type, row.launched_at_s, row.ready_at_s, row.ended_at_s, row.billed_s, row.cost_usd)
        for row in on.itertuples()
    ]
    assert run.summary()["cost"]["total_usd"] == pytest.approx(0.05325, abs=1e-9)


def test_every_job_ends_and_costs_as_worked_out(run: Result) -> None:
    jobs = run.jobs.itertuples()
    assert [row[:4] for row in table("jobs")] == [shown(j.job_id, j.state, j.ended_at_s, j.cost_usd) for j in jobs]


def test_the_array_with_a_failed_child_ends_with_its_last(run: Result) -> None:
    (parts,) = [row for row in run.submissions.itertuples() if row.job_id == "parts"]
    assert (parts.state, parts.ended_at_s) == ("FAILED", 230)


def test_another_seed_changes_nothing(run: Result) -> None:
    other = batchsim.run(FOLDER / "deterministic.yaml", seed=2)
    for name in ("jobs", "attempts", "instances", "submissions", "timeline"):
        assert getattr(other, name).equals(getattr(run, name)), name
