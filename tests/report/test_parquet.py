"""Tables as Parquet: the same rows, the same checker, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scenario_builder import job, scenario

import batchsim

pytest.importorskip("pyarrow", reason="Parquet tables need pyarrow")


@pytest.fixture
def result() -> batchsim.Result:
    return batchsim.run(scenario(job("a", size=3), job("b", needs=["a"])), seed=1)


def test_parquet_tables_hold_the_rows_of_the_result(result: batchsim.Result, tmp_path: Path) -> None:
    result.write(tmp_path / "out", tables="parquet", costs=True)
    read = pd.read_parquet(tmp_path / "out" / "jobs.parquet")
    assert read.job_id.tolist() == result.jobs.job_id.tolist()
    assert not list((tmp_path / "out").glob("*.csv"))


def test_the_checker_reads_parquet_tables(result: batchsim.Result, tmp_path: Path) -> None:
    result.write(tmp_path / "out", tables="parquet", costs=True)
    assert batchsim.check(tmp_path / "out") == []


def test_the_same_run_gives_the_same_bytes(result: batchsim.Result, tmp_path: Path) -> None:
    for name in ("one", "two"):
        result.write(tmp_path / name, tables="parquet")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_another_format_takes_the_place_of_the_first(result: batchsim.Result, tmp_path: Path) -> None:
    result.write(tmp_path / "out", tables="parquet")
    result.write(tmp_path / "out", force=True)
    assert not list((tmp_path / "out").glob("*.parquet"))
