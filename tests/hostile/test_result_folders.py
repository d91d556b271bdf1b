"""Result folders that were damaged after the run, and hostile places to write one to."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import shutil
import signal
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scenario_builder import job, scenario

import batchsim
from batchsim.errors import OutputError
from batchsim.formats import result_folder

HUGE = "9" * 400
CELLS = ("", "nan", "inf", "-1", HUGE, "1e308", "abc", "=1+1", "true", "-0.000", "1,5", "\x00", "\u202e", "x" * 10_000)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run."""
    folder = tmp_path_factory.mktemp("sound") / "out"
    batchsim.run(scenario(job("a", "10s", count=3), job("b", at={"after": "a"})), seed=1).write(folder, costs=True)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(sound, tmp_path / "out"))


def answer(folder: Path) -> str:
    """What the checker says: "sound", the ids of violations, or "unreadable"; anything else fails the test."""
    try:
        return " ".join(violation.id for violation in batchsim.check(folder)) or "sound"
    except OutputError as error:
        told = str(error)
    assert told.startswith(str(folder))
    assert len(told.splitlines()) == 1
    return "unreadable"


def put(table: Path, column: str, cell: str) -> None:
    """Write another cell into the first row of a table."""
    header, row, *rest = table.read_text().splitlines()
    cells = row.split(",")
    cells[header.split(",").index(column)] = cell
    table.write_text("\n".join([header, ",".join(cells), *rest]) + "\n")


def test_the_folder_is_sound_before_it_is_damaged(folder: Path) -> None:
    assert answer(folder) == "sound"


@pytest.mark.parametrize("name", ["jobs.csv", "summary.json", "scenario.resolved.yaml", "costs.csv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 10_000, b"null", b"\x00" * 9, b'"', b"- a\n"])
def test_a_file_of_another_kind_is_told(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert answer(folder) != "sound"


@pytest.mark.parametrize("name", ["jobs.csv", "summary.json", "scenario.resolved.yaml"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert answer(folder) == "unreadable"


def test_line_ends_and_marks_of_other_editors_do_no_harm(folder: Path) -> None:
    table = folder / "jobs.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert answer(folder) == "sound"


@pytest.mark.parametrize("name", ["jobs", "attempts", "instances", "scaling"])
def test_a_table_cut_short_is_found(folder: Path, name: str) -> None:
    table = folder / f"{name}.csv"
    table.write_bytes(table.read_bytes()[:-20])
    assert answer(folder) != "sound"


def test_a_number_beyond_sixty_four_bits_is_a_violation(folder: Path) -> None:
    put(folder / "instances.csv", "cost_usd", HUGE)
    assert "F02" in answer(folder)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("scheduling_priority", "=1+1", "a whole number from 0, or empty"),
        ("attempts_allowed", "true", "a whole number from 0"),
        ("array_index", "-0.001", "a whole number from 0, or empty"),
        ("censored", "nan", "true or false"),
        ("state", "DONE", "one of NOT_SUBMITTED, SUBMITTED, PENDING"),
        ("created_at_s", "inf", "a number of seconds, or empty"),
        ("due_at_s", "9" * 23, "a number of seconds, or empty"),
        ("wait_s", "", "a number of seconds"),
        ("cost_usd", "abc", "an amount in dollars"),
    ],
)
@pytest.mark.parametrize("reader", ["by_arrow", "by_pandas"])
def test_a_cell_of_another_kind_is_told_with_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reader: str, column: str, cell: str, told: str
) -> None:
    monkeypatch.setattr("batchsim.analysis.read_csv.is_confined", lambda: reader == "by_pandas")
    put(folder / "jobs.csv", column, cell)
    [strange] = [violation for violation in batchsim.check(folder) if violation.id == "F02"]
    [place] = strange.rows.astype(str).to_dict("records")
    assert (place["table"], place["column"], place["row"]) == ("jobs", column, "row 2 (a@0)")
    assert place["should be"].startswith(told)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ended_by", {}),
        ("horizon_s", "long"),
        ("steady.declared", "no"),
        ("jobs.submit_calls", 1.5),
        ("metrics.jobs_failed", {"a": 1}),
        ("metrics.cost_per_month_usd", -1),
        ("metrics.useful_share.value", 1e308),
        ("metrics.turnaround_max_s.value", "x"),
        ("cost.useful_share", True),
    ],
)
def test_a_figure_of_another_kind_is_told_with_its_place(folder: Path, path: str, value: object) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    *sections, name = path.split(".")
    reduce(getitem, sections, summary)[name] = value
    (folder / "summary.json").write_text(json.dumps(summary))
    [strange] = [violation for violation in batchsim.check(folder) if violation.id == "F02"]
    assert path in list(strange.rows["column"])


@pytest.mark.parametrize("value", ["x", None, [], 5])
def test_figures_of_another_kind_are_told(folder: Path, value: object) -> None:
    file = folder / "summary.json"
    summary = json.loads(file.read_text())
    file.write_text(json.dumps({**summary, "cost": value}))
    assert answer(folder) == "unreadable"
    file.write_text(json.dumps({**summary, "cost": {**summary["cost"], "by_queue": value}}))
    assert answer(folder).startswith("F02")


@pytest.mark.parametrize("figure", ["1e99999999", "-1e-99999999"])
def test_a_figure_of_a_hundred_million_digits_is_refused_at_once(folder: Path, figure: str) -> None:
    file = folder / "summary.json"
    told = re.sub(r'("per_month_period_s": )[^,\n]*', rf"\g<1>{figure}", file.read_text())
    assert figure in told
    file.write_text(told)
    assert answer(folder) == "unreadable"


@pytest.fixture(scope="module")
def columnar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run's tables in Parquet."""
    folder = tmp_path_factory.mktemp("columnar") / "out"
    story = scenario(job("a", "10s", count=3), job("b", at={"after": "a"}))
    batchsim.run(story, seed=1).write(folder, costs=True, tables="parquet")
    return folder


STRANGE_COLUMNS: dict[str, list[Any]] = {
    "mappings": [{"a": 1}],
    "lists": [[1]],
    "bytes": [b"x"],
    "instants": [datetime(2026, 1, 1)],  # noqa: DTZ001 -- without a zone
    "amounts": [Decimal("1.5")],
}


@pytest.mark.parametrize("kind", STRANGE_COLUMNS)
def test_a_column_of_neither_text_nor_numbers_is_told(columnar: Path, tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(columnar, tmp_path / "out"))
    assert answer(folder) == "sound"
    table = pq.read_table(folder / "attempts.parquet")
    at = table.column_names.index("queue")
    strange = pa.array(STRANGE_COLUMNS[kind] * table.num_rows)
    pq.write_table(table.set_column(at, "queue", strange), folder / "attempts.parquet")
    assert answer(folder) == "unreadable"


def test_two_columns_of_one_name_are_told(columnar: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(columnar, tmp_path / "out"))
    table = pq.read_table(folder / "jobs.parquet")
    pq.write_table(table.append_column("job_id", table.column("job_id")), folder / "jobs.parquet")
    assert answer(folder) == "unreadable"


def test_a_table_of_very_many_cells_is_not_unpacked(columnar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchsim.analysis.folder.MOST_CELLS", 50)
    with pytest.raises(OutputError, match=r"jobs.parquet: E181: cannot read this table: 4 rows of [0-9]+ columns"):
        batchsim.check(columnar)


def damage_cell(text: str, dice: random.Random) -> str:
    rows = [line.split(",") for line in text.splitlines()]
    row = dice.choice(rows)
    row[dice.randrange(len(row))] = dice.choice(CELLS)
    return "\n".join(map(",".join, rows)) + "\n"


def lose_column(text: str, dice: random.Random) -> str:
    rows = [line.split(",") for line in text.splitlines()]
    column = dice.randrange(len(rows[0]))
    return "\n".join(",".join(row[:column] + row[column + 1 :]) for row in rows) + "\n"


def lose_lines(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[: dice.randrange(len(lines))] + lines[dice.randrange(len(lines)) :])


@pytest.mark.parametrize("damage", [damage_cell, lose_column, lose_lines])
def test_whatever_is_damaged_the_checker_gives_an_answer(
    folder: Path, damage: Callable[[str, random.Random], str]
) -> None:
    dice = random.Random(damage.__name__)  # noqa: S311 -- no secret
    for file in sorted(folder.glob("*.csv")):
        text = file.read_text()
        for _ in range(2):
            file.write_text(damage(text, dice))
            assert answer(folder)
        file.write_text(text)


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_replaced(folder: Path) -> None:
    (folder / "timeline.csv").unlink()
    (folder / "timeline.csv").mkdir()
    before = (folder / "jobs.csv").read_bytes()
    with pytest.raises(OutputError, match=r"timeline.csv in it is a folder"):
        batchsim.run(scenario(job("other")), seed=1).write(folder, force=True)
    assert (folder / "jobs.csv").read_bytes() == before


def test_who_writes_at_the_same_moment_is_kept_out(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="E191"):
        result_folder.write(tmp_path, {"summary.json": ["{}"]})
    os.close(held)
    result_folder.write(tmp_path, {"summary.json": ["{}"]})


def test_a_folder_filled_while_we_computed_stays_as_it_is(tmp_path: Path) -> None:
    def computed() -> None:
        with result_folder.reserved(tmp_path):
            (tmp_path / "summary.json").write_text("another run's")
            result_folder.write(tmp_path, {"summary.json": ["{}"]})

    with pytest.raises(OutputError, match="E180"):
        computed()
    assert (tmp_path / "summary.json").read_text() == "another run's"


def test_a_folder_made_a_link_while_we_computed_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()

    def computed() -> None:
        with result_folder.reserved(tmp_path / "out"):
            (tmp_path / "out").rename(tmp_path / "aside")
            (tmp_path / "out").symlink_to("victim")
            result_folder.write(tmp_path / "out", {"summary.json": ["{}"]})

    with pytest.raises(OutputError, match="symbolic link"):
        computed()
    assert list((tmp_path / "victim").iterdir()) == []


def test_a_signal_waits_until_all_files_are_in_their_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = os.rename

    def interrupted(*names: str, **folders: int) -> None:
        renamed(*names, **folders)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        batchsim.run(scenario(job("other")), seed=1).write(folder, force=True)
    assert (folder / "jobs.csv").read_text().splitlines()[1].startswith("other,")
    assert answer(folder) == "sound"
    assert not list(folder.glob(".batchsim*"))
