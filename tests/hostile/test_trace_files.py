"""Which files a scenario may name as a trace, and what numbers may stand in one."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from scenario_builder import job, scenario_data

import batchsim
from batchsim.errors import Problem, ScenarioError
from batchsim.formats.yaml_writer import write_yaml

TRACE = "submit,run,cpus\n0,10,1\n"
COLUMNS = {"submission": "submit", "run_time": "run", "vcpus": "cpus"}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder for the scenario, with a trace beside the folder."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "outside.csv").write_text(TRACE)
    return tmp_path / "mine"


def write(desk: Path, trace: str, columns: dict[str, Any] | None = None) -> Path:
    entry = job("a", {"trace": "run_time"}, at={"trace": trace, "columns": columns or COLUMNS})
    file = desk / "scenario.yaml"
    file.write_text(write_yaml(scenario_data(entry)))
    return file


def told(file: Path, **options: Any) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(batchsim.load(file, **options), seed=1)
    return caught.value.problems[0]


@pytest.mark.parametrize("trace", ["../outside.csv", "{}/outside.csv", "link.csv", "/dev/zero", "folder/up.csv"])
def test_a_trace_outside_the_scenarios_folder_is_not_read(desk: Path, trace: str) -> None:
    (desk / "link.csv").symlink_to("../outside.csv")
    (desk / "folder").symlink_to("..")
    problem = told(write(desk, trace.format(desk.parent)))
    assert (problem.code, problem.path[-1], problem.line > 0) == ("E165", "at", True)
    assert "--allow-path" in problem.hint


def test_a_folder_that_the_user_allows_is_read(desk: Path) -> None:
    file = write(desk, "../outside.csv")
    scenario = batchsim.load(file, allow_paths=[desk.parent])
    assert len(batchsim.run(scenario, seed=1).jobs) == 1
    assert told(file, allow_paths=[desk]).code == "E165"


def test_a_path_within_the_folder_is_fine_however_it_is_written(desk: Path, monkeypatch) -> None:
    shutil.copy(desk.parent / "outside.csv", desk / "in.csv")
    monkeypatch.chdir(desk)
    for trace in ("in.csv", "./in.csv", "../mine/in.csv", str(desk / "in.csv")):
        assert len(batchsim.run(write(Path(), trace), seed=1).jobs) == 1


def test_pipes_devices_and_folders_are_not_opened(desk: Path) -> None:
    os.mkfifo(desk / "pipe.csv")
    assert told(write(desk, "pipe.csv")).code == "E166"
    assert told(write(desk, "/dev/zero"), allow_paths=["/dev"]).code == "E166"
    assert told(write(desk, ".")).code == "E100"
    assert told(write(desk, "a\0b")).code == "E165"


def test_a_loop_of_links_is_a_file_that_cannot_be_read(desk: Path) -> None:
    (desk / "loop.csv").symlink_to("loop.csv")
    assert told(write(desk, "loop.csv")).code == "E100"


def test_nothing_is_unpacked(desk: Path) -> None:
    (desk / "bomb.csv.gz").write_bytes(gzip.compress(b"\0" * 10_000_000))
    problem = told(write(desk, "bomb.csv.gz"))
    assert (problem.code, "gzip" in problem.message) == ("E160", True)


def test_a_trace_of_three_gigabytes_is_not_read(desk: Path) -> None:
    with (desk / "huge.csv").open("wb") as file:
        file.truncate(3 * 1024**3)
    assert told(write(desk, "huge.csv")).code == "E164"


@pytest.mark.parametrize(
    ("column", "cell", "unit"),
    [
        ("submission", "1e15", "d"),
        ("submission", "1e11", None),
        ("run_time", "36501", "d"),
        ("run_time", "1e300", "ms"),
        ("vcpus", "1000001", None),
        ("memory", "1000001", "GiB"),
    ],
)
def test_a_number_beyond_its_range_is_refused_not_wrapped_around(desk: Path, column, cell, unit) -> None:
    (desk / "t.csv").write_text(f"t,run,x\n0,10,1\n0,10,{cell}\n")
    mapping = {"submission": "t", "run_time": "run", column: {"column": "x", **({"unit": unit} if unit else {})}}
    problem = told(write(desk, "t.csv", mapping))
    assert (problem.code, problem.file, problem.line) == ("E161", str(desk / "t.csv"), 3)
