"""Steps tile turnarounds, part by part: of every shipped scenario, of random ones, of folders as in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Count
from effort import effort, first_number

import batchsim
from batchsim.analysis.check import tables_of
from batchsim.analysis.explain import Story
from batchsim.analysis.folder import read_folder
from tests.explain.tiling import differences, spread
from tests.properties.claims import numbered

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
MOST = effort(fast=8, verify=8, long=10**9)
_BASE = first_number()
RANDOM = effort(fast=6, verify=20, long=5_000)
EACH = effort(fast=20, verify=10, long=40)
ONCE_WRONG = (19, 42, 102, 116, 127, 153, 160, 172)
"""Runs in which jobs overtake others: who was head of the line, and when, was told wrong."""


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_the_steps_of_every_example_sum_to_its_columns(file: Path, cases: Count) -> None:
    result = batchsim.run(file, seed=3)
    rows = spread(len(result.jobs), MOST)
    cases(len(rows))
    assert differences(result, result.story, rows) == []


@pytest.mark.parametrize("first", range(_BASE, _BASE + RANDOM, 5))
def test_the_steps_of_random_runs_sum_to_their_columns(first: int, cases: Count) -> None:
    for number in range(first, min(first + 5, _BASE + RANDOM)):
        result = numbered(number).result
        rows = spread(len(result.jobs), EACH)
        cases(len(rows))
        assert differences(result, result.story, rows) == [], f"scenario {number}"


@pytest.mark.parametrize("number", ONCE_WRONG)
def test_who_stood_behind_whom_is_told_right_where_jobs_overtake(number: int) -> None:
    result = numbered(number).result
    assert differences(result, result.story, range(len(result.jobs))) == []


@pytest.mark.parametrize("tables", ["csv", "parquet"])
@pytest.mark.parametrize("number", [3, 19, 42])
def test_a_folder_tells_what_the_result_in_memory_tells(number: int, tables: str, tmp_path: Path) -> None:
    if tables == "parquet":
        pytest.importorskip("pyarrow")
    result = numbered(number).result
    result.write(tmp_path / "out", tables=tables)  # type: ignore[arg-type]
    story = Story(read_folder(tmp_path / "out"), result.story._judge)
    for row in spread(len(result.jobs), EACH):
        job = result.jobs["job_id"].iloc[row]
        assert story.explain(job) == result.explain(job)
    assert story.digest() == result.story.digest()


def test_a_planted_millisecond_shows(scenarios: Path) -> None:
    """The comparison can fail: a wait that began a millisecond later is found."""
    result = batchsim.run(scenarios / "deterministic.yaml", seed=1)
    attempts = result.attempts.copy()
    waited = (attempts["starting_at_s"] - attempts["runnable_at_s"]).idxmax()
    attempts.loc[waited, "runnable_at_s"] += 0.001
    story = Story({**tables_of(result), "attempts": attempts})
    assert differences(result, story, range(len(result.jobs)))
