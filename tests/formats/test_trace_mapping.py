"""Job histories as they come: attempts as rows, start and end, rows that do not count, time zones, empty cells."""

from __future__ import annotations

import pytest

from batchsim.errors import ScenarioError
from batchsim.formats.trace_csv import read_trace
from batchsim.spec.source import SourceMap
from batchsim.spec.workload import Trace, TraceColumn


@pytest.fixture
def history(tmp_path):
    """Write a trace beside a scenario and read it back; columns as names or (name, unit, format, empty)."""

    def read(text, *, where=None, zone=None, begins=None, **columns):
        (tmp_path / "history.csv").write_text(text)
        named = {
            name: TraceColumn(*((column,) if isinstance(column, str) else column)) for name, column in columns.items()
        }
        likes = {column: tuple(values) for column, values in (where or {}).items()}
        return read_trace(Trace("history.csv", named, begins, likes, zone), SourceMap(str(tmp_path / "night.yaml")))

    return read


def problems(history, text, **keys):
    with pytest.raises(ScenarioError) as error:
        history(text, **keys)
    return [(problem.code, problem.line, problem.col, problem.message) for problem in error.value.problems]


# -- rows that count

STATES = "state,at,run\nCOMPLETED,0,60\nCACHED,10,\nFAILED,20,30\n,30,1\n"


def test_only_rows_whose_cells_are_wanted_count(history):
    table = history(STATES, where={"state": ["COMPLETED", "FAILED"]}, submission="at", run_time="run")
    assert table.run_ms.tolist() == [60_000, 30_000]


@pytest.mark.parametrize(("like", "rows"), [("C*", 2), ("?*", 3), ("", 1), ("*", 4), ("FAILED", 1)])
def test_a_pattern_stands_for_many_words(like, rows, history):
    assert len(history(STATES, where={"state": [like]}, submission="at").submitted_ms) == rows


def test_cells_of_rows_that_do_not_count_are_not_read(history):
    assert history(STATES, where={"run": ["?*"]}, submission="at", run_time="run").run_ms.tolist() == [
        60_000,
        30_000,
        1_000,
    ]


def test_all_columns_of_where_must_agree(history):
    table = history(STATES, where={"state": ["FAILED", "CACHED"], "run": ["?*"]}, submission="at")
    assert len(table.submitted_ms) == 1


def test_no_row_left_is_an_error(history):
    ((code, _, _, message),) = problems(history, STATES, where={"state": ["DONE"]}, submission="at")
    assert (code, message) == ("E162", "none of 4 rows is as where wants it")


def test_a_column_of_where_must_be_there(history):
    ((code, line, _, message),) = problems(history, STATES, where={"status": ["FAILED"]}, submission="at")
    assert (code, line, message) == ("E160", 1, "column status is missing")


# -- times


def test_a_run_time_may_be_start_and_end(history):
    text = "sub,s,e\n2026-01-01T00:00:00Z,2026-01-01T00:05:00Z,2026-01-01T00:07:30Z\n"
    assert history(text, submission="sub", start="s", end="e").run_ms.tolist() == [150_000]


def test_an_end_before_its_start_is_told_with_its_place(history):
    ((code, line, col, message),) = problems(history, "a,s,e\n0,50,60\n0,70,60\n", submission="a", start="s", end="e")
    assert (code, line, col, message) == ("E161", 3, 6, "column e: not at or after its start")


@pytest.mark.parametrize(
    "columns", [{"start": "s"}, {"end": "e"}, {"start": "s", "end": "e", "run_time": "a"}, {"attempt": "a"}]
)
def test_columns_that_need_or_exclude_each_other(columns, history):
    ((code, *_),) = problems(history, "a,s,e\n0,1,2\n", submission="a", **columns)
    assert code == "E111"


def test_instants_without_a_zone_are_in_the_traces_time_zone(history):
    """Clocks in Berlin went from 2:00 to 3:00 on 29 March 2026."""
    text = "at\n2026-03-29 01:30:00\n2026-03-29 03:30:00\n"
    table = history(text, submission="at", zone="Europe/Berlin", begins="2026-03-29T00:00:00Z")
    assert table.submitted_ms.tolist() == [1_800_000, 5_400_000]
    assert history(text, submission="at").submitted_ms.tolist() == [0, 7_200_000]


@pytest.mark.parametrize(("column", "day"), [("at", "2026-03-29"), (("at", None, "%d.%m.%Y %H:%M:%S"), "29.03.2026")])
def test_a_local_time_that_clocks_leave_out_is_refused(column, day, history):
    """Clocks in Berlin went from 2:00 to 3:00 on 29 March 2026."""
    text = f"at\n{day} 01:59:00\n{day} 02:30:00\n{day} 03:00:00\n"
    ((code, line, _, message),) = problems(history, text, submission=column, zone="Europe/Berlin")
    assert (code, line) == ("E161", 3)
    assert "at a local time that Europe/Berlin has" in message
    assert len(history(text, submission=column).submitted_ms) == 3


def test_a_local_time_that_comes_twice_is_the_first(history):
    """Clocks in Berlin went from 3:00 back to 2:00 on 25 October 2026, at 1:00 in UTC."""
    table = history("at\n2026-10-25 02:30:00\n", submission="at", zone="Europe/Berlin", begins="2026-10-25T00:00:00Z")
    assert table.submitted_ms.tolist() == [1_800_000]


@pytest.mark.parametrize(
    ("unit", "cell", "ms"),
    [
        ("text", "1h 30m", 5_400_000),
        ("text", "95.5s", 95_500),
        ("clock", "01:02:03", 3_723_000),
        ("clock", "2-00:00:01.5", 172_801_500),
        ("clock", "10:30", 37_800_000),
    ],
)
def test_durations_as_people_and_schedulers_write_them(unit, cell, ms, history):
    assert history(f"at,run\n0,{cell}\n", submission="at", run_time=("run", unit)).run_ms.tolist() == [ms]


@pytest.mark.parametrize(("cell", "mib"), [("36 GB", 34_333), ("512MiB", 512), ("1.5 GiB", 1536)])
def test_memory_with_its_unit_in_the_cell(cell, mib, history):
    assert history(f"at,mem\n0,{cell}\n", submission="at", memory=("mem", "text")).memory_mib.tolist() == [mib]


@pytest.mark.parametrize(
    ("name", "unit", "cell"),
    [("run_time", "text", "90"), ("run_time", "clock", "1:75:00"), ("memory", "text", "4 potatoes")],
)
def test_what_is_no_such_quantity_is_told(name, unit, cell, history):
    ((code, line, col, _),) = problems(history, f"at,x\n0,{cell}\n", submission="at", **{name: ("x", unit)})
    assert (code, line, col) == ("E161", 2, 3)


# -- cells


def test_an_empty_cell_may_stand_for_something(history):
    """A container that the host took with it left no exit code."""
    table = history("at,exit\n0,\n1,0\n2, \n", submission="at", exit_code=("exit", None, None, "137"))
    assert table.exit_code.tolist() == [137, 0, 137]


def test_gpus_are_whole(history):
    assert history("at,g\n0,0\n1,4\n", submission="at", gpus="g").gpus.tolist() == [0, 4]
    assert problems(history, "at,g\n0,1.5\n", submission="at", gpus="g")[0][:3] == ("E161", 2, 3)


def test_a_bad_cell_is_found_behind_quoted_commas(history):
    text = 'name,at,run\n"a, ""b""",0,1\n"c, d",0,soon\n'
    assert problems(history, text, submission="at", run_time="run")[0][:3] == ("E161", 3, 10)


# -- attempts

ATTEMPTS = """id,try,at,run,exit,cpus
b,1,100,40,0,2
a,2,5,30,1,4
a,1,0,10,137,4
a,3,9,60,0,4
"""
MAPPED = {"job": "id", "attempt": "try", "submission": "at", "run_time": "run", "exit_code": "exit", "vcpus": "cpus"}


def script(table, job):
    first, number = int(table.attempts.first[job]), int(table.attempts.number[job])
    rows = slice(first, first + number)
    return list(zip(table.attempts.run_ms[rows].tolist(), table.attempts.exit_code[rows].tolist(), strict=True))


def test_rows_of_one_job_are_its_attempts_in_their_order(history):
    table = history(ATTEMPTS, **MAPPED)
    assert table.submitted_ms.tolist() == [0, 100_000]
    assert table.vcpus_milli.tolist() == [4000, 2000]
    assert script(table, 0) == [(10_000, 137), (30_000, 1), (60_000, 0)]
    assert script(table, 1) == [(40_000, 0)]


def test_without_attempt_they_are_in_order_of_submission(history):
    table = history(ATTEMPTS, **{name: column for name, column in MAPPED.items() if name != "attempt"})
    assert script(table, 0) == [(10_000, 137), (30_000, 1), (60_000, 0)]


def test_without_exit_codes_all_but_the_last_failed(history):
    table = history(ATTEMPTS, **{name: column for name, column in MAPPED.items() if name != "exit_code"})
    assert script(table, 0) == [(10_000, 1), (30_000, 1), (60_000, 0)]


def test_without_job_every_row_is_a_submission(history):
    assert len(history(ATTEMPTS, submission="at", run_time="run").submitted_ms) == 4


def test_an_attempt_that_stands_twice_is_told(history):
    assert problems(history, ATTEMPTS + "a,3,10,1,0,4\n", **MAPPED) == [
        ("E161", 6, 3, "column try: stands twice for one job")
    ]


def test_an_attempt_that_asks_for_something_else_is_another_job(history):
    ((code, line, col, message),) = problems(history, ATTEMPTS.replace("a,2,5,30,1,4", "a,2,5,30,1,8"), **MAPPED)
    assert (code, line, col) == ("E161", 3, 12)
    assert "a job of its own" in message


def test_attempts_need_a_run_time(history):
    assert problems(history, ATTEMPTS, submission="at", job="id")[0][0] == "E111"


# -- where the trace begins, and cells beyond all measure


@pytest.mark.parametrize("begins", ["yesterday", "2026-13-01T00:00:00Z"])
def test_a_trace_begins_at_an_instant(begins, history):
    assert problems(history, "at\n0\n", begins=begins, submission="at") == [
        ("E115", 0, 0, "not an instant (from)"),
    ]


def test_a_clock_time_of_more_than_a_century_is_none(history):
    found = problems(history, "at,ran\n0,40000-00:00:00\n", submission="at", run_time=("ran", "clock"))
    assert [(code, line, col) for code, line, col, _ in found] == [("E161", 2, 3)]


def test_a_cell_of_a_row_over_several_lines_is_told_by_the_lines_begin(history):
    found = problems(history, 'note,at\n"two\nlines",x\n', submission="at")
    assert [(code, col) for code, _, col, _ in found] == [("E161", 1)]
