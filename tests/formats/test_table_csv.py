"""CSV tables: fixed decimals, guarded text, undone on reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.formats import table_csv

TEXTS = st.text(st.characters(codec="utf-8"))


def written(**columns: np.ndarray) -> str:
    return "".join(table_csv.lines(columns))


def test_times_have_three_places_and_dollars_nine() -> None:
    text = written(wait_s=np.array([1.5, 0.0005]), cost_usd=np.array([1e-9, 2.0]), price_usd_per_h=np.array([0.1, 1.0]))
    assert text.splitlines()[1:] == ["1.500,0.000000001,0.100000000", "0.001,2.000000000,1.000000000"]


def test_what_did_not_happen_is_an_empty_cell() -> None:
    text = written(
        a_s=np.array([np.nan, 1.0]), b=np.array([None, 7], dtype=object), c=np.array(["x", None], dtype=object)
    )
    assert text.splitlines()[1:] == [",,x", "1.000,7,"]


def test_no_zero_has_a_sign() -> None:
    assert written(x_s=np.array([-0.0, -0.0001, -1.0])).splitlines()[1:] == ["0.000", "0.000", "-1.000"]


def test_booleans_are_words() -> None:
    assert written(spot=np.array([True, False])).splitlines()[1:] == ["true", "false"]


def test_a_table_without_rows_has_its_header() -> None:
    assert written(a=np.array([], dtype=np.int64), b=np.array([], dtype=object)) == "a,b\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'quoted"])
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert table_csv.guard(text) == "'" + text
    assert table_csv.unguard(table_csv.guard(text)) == text


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=20))
def test_texts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    columns = {name: np.array([row[i] for row in rows] + [""], dtype=object)[:-1] for i, name in enumerate("ab")}
    path.write_text("".join(table_csv.lines(columns)), encoding="utf-8", newline="")
    assert table_csv.read(path) == {name: list(column) for name, column in columns.items()}


def test_long_tables_are_written_in_pieces_without_a_seam(tmp_path: Path) -> None:
    numbers = np.arange(45_000)
    path = tmp_path / "table.csv"
    path.write_text(written(n=numbers, t_s=numbers / 1000), encoding="utf-8")
    assert np.array_equal(np.loadtxt(path, delimiter=",", skiprows=1), np.column_stack([numbers, numbers / 1000]))


@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=40), st.sampled_from([1, 10, 1000, 1001, 7]))
def test_whole_milliseconds_are_printed_as_any_float_is(numbers: list[int], per: int) -> None:
    seconds = np.array(numbers, np.float64) / per
    cells = "".join(table_csv.lines({"at_s": seconds})).splitlines()[1:]
    assert cells == [f"{each:.3f}" for each in seconds.tolist()]


@given(st.lists(st.floats(), min_size=2, max_size=20))
def test_floats_of_any_kind_have_three_places_or_none(values: list[float]) -> None:
    cells = "".join(table_csv.lines({"at_s": np.array(values), "n": np.arange(len(values))})).splitlines()[1:]
    expected = ["" if not np.isfinite(each) else f"{each:.3f}".replace("-0.000", "0.000") for each in values]
    assert [cell.split(",")[0] for cell in cells] == expected


@given(st.lists(st.text(st.sampled_from("a1,\"\r\n=+-@\t'"), max_size=4), min_size=1, max_size=6))
def test_a_text_looks_the_same_whether_or_not_others_have_to_be_quoted(texts: list[str]) -> None:
    column = np.array(texts, dtype=object)
    beside = np.array([*texts, None], dtype=object)  # a cell without a value: each text by itself
    alone = "".join(table_csv.lines({"word": column}))
    assert "".join(table_csv.lines({"word": beside})) == alone + "\n"
