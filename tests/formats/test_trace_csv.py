"""Job histories in CSV: units, order, and the file and line of everything that is wrong."""

from __future__ import annotations

import os
from time import process_time

import numpy as np
import pytest
from effort import patience
from hypothesis import given
from hypothesis import strategies as st

from batchsim.errors import ScenarioError
from batchsim.formats.trace_csv import read_trace
from batchsim.spec.source import SourceMap
from batchsim.spec.workload import Trace, TraceColumn

HISTORY = """submit,seconds,cpus,mem,container,exit
2026-01-01T00:00:10Z,70.5,1,6144,samtools,0
2026-01-01T00:00:00Z,100,0.25,512.2,"python:3,9",1
2026-01-01T00:00:10Z,0,16,12288,samtools,137
"""
COLUMNS = {
    "submission": "submit",
    "run_time": "seconds",
    "vcpus": "cpus",
    "memory": "mem",
    "image": "container",
    "exit_code": "exit",
}


@pytest.fixture
def history(tmp_path):
    """Write a trace beside a scenario and read it back, the mapping given as columns, units and formats."""

    def read(text, start=None, **columns):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "history.csv").write_bytes(data)
        named = {
            name: TraceColumn(*((column,) if isinstance(column, str) else column)) for name, column in columns.items()
        }
        return read_trace(Trace("history.csv", named, start), SourceMap(str(tmp_path / "night.yaml")))

    return read


def places_of(history, text, start=None, **columns):
    """Line, code and message of each problem."""
    with pytest.raises(ScenarioError) as error:
        history(text, start, **columns)
    assert all(problem.file.endswith("history.csv") for problem in error.value.problems if problem.line)
    return [(problem.line, problem.code, str(problem)) for problem in error.value.problems]


def test_rows_come_in_order_of_time_and_equal_instants_in_file_order(history):
    table = history(HISTORY, **COLUMNS)
    assert table.submitted_ms.tolist() == [0, 10_000, 10_000]
    assert table.exit_code.tolist() == [1, 0, 137]


def test_every_column_has_its_unit(history):
    table = history(HISTORY, **COLUMNS)
    assert table.run_ms.tolist() == [100_000, 70_500, 1]
    assert table.vcpus_milli.tolist() == [250, 1000, 16_000]
    assert table.memory_mib.tolist() == [513, 6144, 12_288]
    assert [table.images[code] for code in table.image] == ["python:3,9", "samtools", "samtools"]


def test_columns_that_are_not_mapped_are_none(history):
    table = history(HISTORY, submission="submit")
    assert (table.run_ms, table.vcpus_milli, table.memory_mib, table.image, table.exit_code) == (None,) * 5
    assert table.images == ()


@pytest.mark.parametrize(("unit", "factor"), [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)])
def test_a_run_time_may_be_given_in(unit, factor, history):
    table = history("at,run\n0,2.5\n", submission="at", run_time=("run", unit))
    assert table.run_ms.tolist() == [max(round(2.5 * factor), 1)]


@pytest.mark.parametrize(("unit", "mib"), [("MiB", 4), ("GiB", 4096), ("GB", 3815), ("MB", 4), ("KiB", 1), ("B", 1)])
def test_memory_is_rounded_up_to_whole_mib(unit, mib, history):
    assert history("at,mem\n0,4\n", submission="at", memory=("mem", unit)).memory_mib.tolist() == [mib]


def test_a_whole_number_of_mib_in_decimal_units_is_not_rounded_up(history):
    assert history("at,mem\n0,1048.576\n", submission="at", memory=("mem", "MB")).memory_mib.tolist() == [1000]


@pytest.mark.parametrize(
    ("cells", "column", "expected_ms"),
    [
        (("1758200000.25", "1758200001"), "at", 750),
        (("2026-01-01 00:00:00", "2026-01-01T01:30:00+01:00"), "at", 1_800_000),
        (("90000", "91500"), ("at", "ms"), 1_500),
        (("31/12/2025 23:59", "01/01/2026 00:01"), ("at", None, "%d/%m/%Y %H:%M"), 120_000),
    ],
)
def test_an_instant_may_be_seconds_iso_a_unit_or_a_format(cells, column, expected_ms, history):
    table = history("at\n" + "\n".join(cells) + "\n", submission=column)
    assert table.submitted_ms.tolist() == [0, expected_ms]


def test_from_gives_the_instant_that_is_zero(history):
    table = history(HISTORY, "2025-12-31T23:59:00Z", submission="submit")
    assert table.submitted_ms.tolist() == [60_000, 70_000, 70_000]


def test_a_row_before_from_is_an_error(history):
    assert [
        (line, code) for line, code, _ in places_of(history, HISTORY, "2026-01-01T00:00:05Z", submission="submit")
    ] == [(3, "E161")]


def test_a_missing_column_names_the_near_one_and_the_header(history):
    ((line, code, text),) = places_of(history, HISTORY, submission="submitt")
    assert (line, code) == (1, "E160")
    assert "column submitt is missing" in text
    assert "Did you mean submit?" in text
    assert "submit, seconds, cpus" in text


def test_a_column_that_stands_twice_is_an_error(history):
    ((_, code, text),) = places_of(history, "at,at\n0,1\n", submission="at")
    assert (code, "twice" in text) == ("E160", True)


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_wrong_delimiter_is_guessed(mark, word, history):
    ((line, code, text),) = places_of(history, HISTORY.replace(",", mark), submission="submit")
    assert (line, code, word in text) == (1, "E160", True)


def test_ragged_rows_are_all_named(history):
    found = places_of(history, "at,run\n0,1\n1\n2,3,4\n5,6\n", submission="at")
    assert [(line, code) for line, code, _ in found] == [(3, "E160"), (4, "E160")]


@pytest.mark.parametrize("cell", ["", " ", "nan", "inf", "-1", "1e300", "soon", "1,5", "1_0", "\u0663"])
@pytest.mark.parametrize("name", ["submission", "run_time", "vcpus", "memory", "exit_code"])
def test_a_bad_cell_is_named_with_its_line_and_column(cell, name, history):
    columns = {"submission": "at"} | {name: "x"}
    ((line, code, text),) = places_of(history, f'at,x\n0,1\n0,"{cell}"\n', **columns)
    assert (line, code) == (3, "E161")
    assert "column x: not" in text


@pytest.mark.parametrize("cell", ["9999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "1969-12-31", "0001-01-01"])
def test_an_instant_is_of_a_year_that_a_scenario_may_have(cell, history):
    assert [code for _, code, _ in places_of(history, f"at\n2026-01-01\n{cell}\n", submission="at")] == ["E161"]


@pytest.mark.parametrize(
    ("name", "cell"), [("vcpus", "0"), ("memory", "0"), ("exit_code", "256"), ("exit_code", "0.5"), ("image", "")]
)
def test_values_out_of_range_are_refused(name, cell, history):
    ((line, code, _),) = places_of(history, f'at,x\n0,"{cell}"\n', submission="at", **{name: "x"})
    assert (line, code) == (2, "E161")


@pytest.mark.parametrize(
    ("name", "column", "cell", "allowed"),
    [
        ("memory", "x", "1e30", "a number of MiB above 0 and at most 1000000000"),
        ("memory", ("x", "GiB"), "976563", "a number of GiB above 0 and at most 976562"),
        ("memory", ("x", "text"), "9PiB", "above 0 and at most 1000000000MiB"),
        ("vcpus", "x", "9007199254740993", "a number of vCPUs above 0 and at most 1000000"),
        ("gpus", "x", "1001", "a whole number of GPUs from 0 to 1000"),
        ("submission", "x", "1772413200000", "or seconds from 0 to 10000000000 (for milliseconds, unit: ms)"),
        ("submission", ("x", "ms"), "1e14", "a number of ms from 0 to 10000000000000"),
        ("submission", "x", "0001-01-01T00:00:00Z", "ISO 8601 (2026-01-01T00:00:00Z) of the years 1970 to 2199"),
    ],
)
def test_a_cell_beyond_its_range_is_told_the_whole_range(name, column, cell, allowed, history):
    ((_, code, text),) = places_of(history, f"at,x\n0,{cell}\n", **({"submission": "at"} | {name: column}))
    assert code == "E161"
    assert allowed in text


def test_all_bad_cells_of_a_column_come_at_once_and_lines_count_quoted_ones(history):
    found = places_of(history, 'note,run\n"two\nlines",1\nx,bad\ny,worse\n', submission="run")
    assert [line for line, _, _ in found] == [4, 5]


@pytest.mark.parametrize("text", ["", "at,run\n", "at,run\n\n\n"])
def test_an_empty_trace_is_e162(text, history):
    assert [code for _, code, _ in places_of(history, text, submission="at")] == ["E162"]


@pytest.mark.parametrize("text", ["\ufeffat\r\n0\r\n\r\n5\r\n", "at\n0\n5", " at \n 0\n5 \n"])
def test_byte_order_marks_crlf_blank_lines_and_blanks_are_fine(text, history):
    assert history(text, submission="at").submitted_ms.tolist() == [0, 5_000]


@pytest.mark.parametrize("data", [b"at\n\xff\xfe\n", b"at\n\0\n", b'at\n"open\n', "at\n0\n".encode("utf-16")])
def test_what_is_no_table_is_e16x(data, history):
    assert {code for _, code, _ in places_of(history, data, submission="at")} <= {"E160", "E161"}


def test_an_unknown_unit_or_a_misplaced_format_is_a_problem_of_the_scenario(history):
    columns = {"submission": "at", "run_time": ("run", "sec"), "vcpus": ("run", None, "%d")}
    assert [(line, code) for line, code, _ in places_of(history, "at,run\n0,1\n", **columns)] == [
        (0, "E146"),
        (0, "E106"),
    ]


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_cannot_be_read_is_an_os_error(name, tmp_path):
    with pytest.raises(OSError, match=r"No such file|Is a directory"):
        read_trace(Trace(name, {}), SourceMap(str(tmp_path / "night.yaml")))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ScenarioError, match="E166"):
        read_trace(Trace("pipe.csv", {}), SourceMap(str(tmp_path / "night.yaml")))


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)), min_size=1, max_size=30))
def test_a_written_history_is_read_back(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("trace")
    lines = [f"{submitted / 1000},{run}" for submitted, run in rows]
    (folder / "h.csv").write_text("\n".join(["submission,run", *lines]))
    table = read_trace(Trace("h.csv", {"run_time": TraceColumn("run", "ms")}), SourceMap(str(folder / "s.yaml")))
    first = min(submitted for submitted, _ in rows)
    expected = sorted(((submitted - first, run) for submitted, run in rows), key=lambda row: row[0])
    assert list(zip(table.submitted_ms.tolist(), table.run_ms.tolist(), strict=True)) == expected


@given(st.binary(max_size=200))
def test_no_bytes_make_it_stumble(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("trace")
    (folder / "h.csv").write_bytes(b"at,run\n" + data)
    history = Trace("h.csv", {"submission": TraceColumn("at"), "run_time": TraceColumn("run")})
    codes = set()
    try:
        read_trace(history, SourceMap(str(folder / "s.yaml")))
    except ScenarioError as error:
        codes = {problem.code for problem in error.problems}
    assert codes <= {"E160", "E161", "E162"}


def test_a_hundred_thousand_rows_take_a_moment(history):
    text = "at,run\n" + "".join(f"2026-01-01T00:{n // 60 % 60:02d}:{n % 60:02d}Z,{n % 997}.5\n" for n in range(100_000))
    started = process_time()
    table = history(text, submission="at", run_time="run")
    assert process_time() - started < patience(3)  # 0.3 s on a quiet machine
    assert np.all(np.diff(table.submitted_ms) >= 0)
