"""Samples from CSV files: units, empty cells, and errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchsim.errors import MAX_PROBLEMS, Problem, ScenarioError
from batchsim.formats.sample_csv import read_sample
from batchsim.spec import SampleFile, SourceMap


def read(folder: Path, text: str, **keys: str) -> list[int]:
    (folder / "runs.csv").write_text(text, encoding="utf-8")
    file = SampleFile("runs.csv", keys.get("column", "run"), keys.get("unit", "s"))
    return list(read_sample(file, SourceMap(str(folder / "night.yaml"))).values_ms)


def problem(folder: Path, text: str, **keys: str) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        read(folder, text, **keys)
    return caught.value.problems[0]


def test_a_column_of_seconds_becomes_milliseconds(tmp_path: Path) -> None:
    assert read(tmp_path, "job,run\na,1.5\nb,60\nc,0.0004\n") == [1500, 60_000, 0]


@pytest.mark.parametrize(("unit", "ms"), [("ms", 2), ("s", 2_000), ("m", 120_000), ("min", 120_000), ("h", 7_200_000)])
def test_it_has_a_unit(tmp_path: Path, unit: str, ms: int) -> None:
    assert read(tmp_path, "run\n2\n", unit=unit) == [ms]


def test_empty_cells_are_no_observations(tmp_path: Path) -> None:
    assert read(tmp_path, "run,exit\n1,0\n,1\n\n 3 ,0\n") == [1_000, 3_000]


def test_a_column_without_a_name_is_none_to_choose(tmp_path: Path) -> None:
    assert problem(tmp_path, "job,,runs, \na,1\n").allowed == "job, runs"


def test_a_missing_column_has_a_near_match(tmp_path: Path) -> None:
    found = problem(tmp_path, "job,runs\na,1\n")
    assert (found.code, found.line, found.hint) == ("E160", 1, "Did you mean runs?")


@pytest.mark.parametrize("cell", ["five", "-1", "nan", "inf", "1e300", "1_0", "\u0663"])
def test_a_cell_that_is_no_duration_is_named_by_its_line(tmp_path: Path, cell: str) -> None:
    found = problem(tmp_path, f"run\n1\n{cell}\n")
    assert (found.code, found.line, found.value) == ("E161", 3, cell)


@pytest.mark.parametrize("text", ["", "run\n", "run\n\n"])
def test_a_sample_needs_durations(tmp_path: Path, text: str) -> None:
    assert problem(tmp_path, text).code == ("E162" if text else "E160")


def test_a_file_that_is_not_there_and_one_outside_the_folder_are_refused(tmp_path: Path) -> None:
    source = SourceMap(str(tmp_path / "night.yaml"))
    for path, code in (("nothing.csv", "E100"), ("../outside.csv", "E165")):
        with pytest.raises(ScenarioError) as caught:
            read_sample(SampleFile(path, "run"), source)
        assert caught.value.problems[0].code == code


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_bytes(b"run\n\xff\n")
    with pytest.raises(ScenarioError) as caught:
        read_sample(SampleFile("runs.csv", "run"), SourceMap(str(tmp_path / "night.yaml")))
    assert caught.value.problems[0].code == "E160"


def test_a_sample_that_is_wrong_throughout_is_told_so_far_and_no_further(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, "run\n" + "x\n" * 1000)
    assert [each.line for each in caught.value.problems] == list(range(2, MAX_PROBLEMS + 2))


def test_a_quote_that_never_ends_is_told_by_its_line(tmp_path: Path) -> None:
    found = problem(tmp_path, 'run\n1\n"2\n3\n')
    assert (found.code, found.message) == ("E160", "unexpected end of data")
