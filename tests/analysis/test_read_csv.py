"""Both readers of a result folder's CSV find the same cells, whole or cut anywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis import read_csv
from batchsim.analysis.read_csv import by_arrow, by_pandas

ArrowException = pytest.importorskip("pyarrow").ArrowException

HEADER = ("job_id", "run_s", "cost_usd", "status")
TEXTS = st.one_of(st.text("ab,\"\n\r\t'é ", max_size=5), st.sampled_from(["null", "nan", "NA", "0x1", "\ufeff"]))
SECONDS = st.one_of(st.just(""), st.decimals(0, 10**9, places=3).map(str))
AMOUNTS = st.one_of(st.just(""), st.decimals(0, 200_000, places=9).map("{:f}".format))
ROWS = st.lists(st.tuples(TEXTS, SECONDS, AMOUNTS, TEXTS), max_size=6)


def written(folder: Path, rows: list[tuple[str, ...]], cut: int | None = None) -> Path:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([HEADER, *rows])
    path = folder / "table.csv"
    path.write_bytes(text.getvalue().encode()[:cut])
    return path


def read(path: Path) -> pd.DataFrame | None:
    """What Arrow alone finds, None where it finds nothing."""
    try:
        return by_arrow(path)
    except ValueError:
        return None


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    nano = (np.rint(pd.to_numeric(table["cost_usd"].replace("", None)).to_numpy(float) * 1e9) for table in (one, other))
    texts = all(one[name].astype(str).tolist() == other[name].tolist() for name in ("job_id", "status"))
    return texts and one["run_s"].equals(other["run_s"]) and np.array_equal(*nano, equal_nan=True)


@given(rows=ROWS)
def test_what_arrow_reads_is_what_pandas_reads(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]):
    path = written(tmp_path_factory.mktemp("whole"), rows)
    assert (found := read(path)) is None or same(found, by_pandas(path))


@given(rows=ROWS, cut=st.integers(20, 200))
def test_a_table_cut_anywhere_is_read_or_refused_as_by_pandas(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], cut: int
):
    path = written(tmp_path_factory.mktemp("cut"), rows, cut)
    assert (found := read(path)) is None or same(found, by_pandas(path))


def test_where_arrow_gets_no_thread_pandas_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise ArrowException("Failed to launch worker thread")

    monkeypatch.setattr("pyarrow.csv.read_csv", refuse)
    assert read_csv.read_csv(written(tmp_path, [("a", "1.5", "1", "FAILED")]))["job_id"].tolist() == ["a"]


def test_where_memory_is_bounded_arrow_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(read_csv, "is_confined", lambda: True)
    monkeypatch.setattr(read_csv, "by_arrow", None)
    assert read_csv.read_csv(written(tmp_path, [("a", "1.5", "1", "FAILED")]))["job_id"].tolist() == ["a"]


def test_a_plain_table_is_read_by_arrow(tmp_path: Path):
    assert by_arrow(written(tmp_path, [("a", "1.5", "0.000000001", "FAILED"), ("b", "", "", "")])) is not None


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(("'=1+1", "1", "1", "x"), id="guarded against a spreadsheet"),
        pytest.param(("a", "1", "281474.976710657", "x"), id="more dollars than a float tells to the nano-dollar"),
        pytest.param(("a", "1", "much", "x"), id="dollars that are none"),
    ],
)
def test_a_cell_that_floats_or_numbered_words_would_change_is_read_by_pandas(tmp_path: Path, row: tuple[str, ...]):
    path = written(tmp_path, [row])
    assert read(path) is None
    assert read_csv.read_csv(path).equals(by_pandas(path))
