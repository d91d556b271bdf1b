"""A result: tables when asked for, one folder, the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis.builders import run
from report.runs import finished

import batchsim
from batchsim.errors import OutputError
from batchsim.formats import table_csv
from batchsim.report.columns import columns_of
from batchsim.result import Result

TABLES = ["jobs", "attempts", "instances", "submissions", "scaling", "timeline", "blocked", "occurrences", "costs"]


@pytest.fixture(scope="module")
def result() -> Result:
    return finished()


@pytest.mark.parametrize("table", TABLES)
def test_each_table_is_made_once(result: Result, table: str) -> None:
    assert isinstance(getattr(result, table), pd.DataFrame)
    assert getattr(result, table) is getattr(result, table)


def test_the_summary_names_the_run(result: Result) -> None:
    told = result.summary()["run"]
    assert (told["scenario"], told["seed"], told["replications"]) == ("small", 7, 1)
    assert told["batchsim"] == batchsim.__version__


def test_the_summary_is_plain_json_without_nan(result: Result, tmp_path: Path) -> None:
    result.write(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == result.summary()


def test_the_tables_on_disk_are_the_tables(result: Result, tmp_path: Path) -> None:
    result.write(tmp_path, costs=True)
    for table in TABLES:
        columns = table_csv.read(tmp_path / f"{table}.csv")
        assert list(columns) == list(getattr(result, table).columns)
        assert {len(cells) for cells in columns.values()} == {len(getattr(result, table))}


def test_figures_on_disk_are_exact(result: Result, tmp_path: Path) -> None:
    result.write(tmp_path)
    jobs = table_csv.read(tmp_path / "jobs.csv")
    assert np.array_equal(np.array(jobs["turnaround_s"], dtype=float), result.jobs["turnaround_s"])
    assert np.array_equal(np.array(jobs["cost_loaded_usd"], dtype=float), result.jobs["cost_loaded_usd"])


def test_the_resolved_scenario_loads_to_the_same_scenario(result: Result, tmp_path: Path) -> None:
    result.write(tmp_path)
    assert batchsim.load(tmp_path / "scenario.resolved.yaml") == result.scenario


def test_two_results_of_one_run_have_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        finished().write(tmp_path / name, events=True, costs=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()
    }


def test_a_folder_in_use_is_refused(result: Result, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(OutputError):
        result.write(tmp_path)


def test_an_empty_run_has_all_its_files(tmp_path: Path) -> None:
    finished(records=run(calls=[], jobs=[], attempts=[])).write(tmp_path, events=True, costs=True)
    assert len(list(tmp_path.iterdir())) == 14


def test_it_introduces_itself(result: Result) -> None:
    assert repr(result) == "<Result of small: 40 jobs, seed 7>"


def test_columns_keep_what_is_missing() -> None:
    table = pd.DataFrame(
        {
            "word": pd.Categorical(["a", None], categories=["a"]),
            "whole": pd.array([1, None], dtype="Int64"),
            "text": pd.array(["x", None], dtype="str"),
        }
    )
    assert "".join(table_csv.lines(columns_of(table))) == "word,whole,text\na,1,x\n,,\n"
