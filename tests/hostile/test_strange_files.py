"""Scenarios and traces that are no files: folders, links, pipes, sockets, devices, memory (B01, B56, B57, B60)."""

from __future__ import annotations

import os
import pickle
import socket
from pathlib import Path

import pytest
from hostile.rows.answer import ask, must_be_well_told
from hostile.rows.case import SMALL, changed, written

GOOD = "t,run,cpus\n0,10,1\n"


def scenario(folder: Path, named: str) -> Path:
    """A scenario whose trace is this file."""
    at = {"trace": named, "columns": {"submission": "t", "run_time": "run", "vcpus": "cpus"}}
    text = written(changed({"workload.0.at": at, "workload.0.run": {"trace": "run_time"}}))
    (folder / "s.yaml").write_text(text)
    return folder / "s.yaml"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with one of every strange thing in it."""
    desk = tmp_path / "mine"
    desk.mkdir()
    (tmp_path / "outside.csv").write_text(GOOD)
    (desk / "in.csv").write_text(GOOD)
    (desk / "folder").mkdir()
    os.mkfifo(desk / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(desk)  # a socket's path must be short
        server.bind("socket")
        os.chdir(here)
    for name, to in {
        "loop": "loop",
        "gone": "nothing",
        "out": "../outside.csv",
        "up": "..",
        "inside": "in.csv",
    }.items():
        (desk / name).symlink_to(to)
    (desk / "zero").symlink_to("/dev/zero")
    (desk / "chain").symlink_to("inside")
    return desk


@pytest.mark.parametrize(
    ("named", "code", "left_with"),
    [
        ("missing", "E100", 4),
        ("folder", "E100", 4),
        ("loop", "E100", 4),
        ("gone", "E100", 4),
        ("in.csv/x", "E100", 4),
        ("pipe", "E166", 2),
        ("socket", "E166", 2),
        ("zero", "E166", 2),
        ("x" * 300, "E100", 4),
    ],
)
def test_what_is_no_scenario_is_told_and_not_waited_for(desk: Path, named: str, code: str, left_with: int) -> None:
    told = ask("validate", desk / named)
    assert (told.code, told.codes, told.out) == (left_with, [code], "")
    must_be_well_told(told)


def test_memory_is_no_scenario() -> None:
    assert ask("validate", "/proc/self/mem").code == 4
    assert ask("validate", "/dev/stdin").code in (2, 4)
    assert ask("validate", "-").codes == ["E100"]


@pytest.mark.parametrize(
    ("named", "code", "left_with"),
    [
        ("folder", "E100", 4),
        ("loop", "E100", 4),
        ("gone", "E100", 4),
        ("pipe", "E166", 2),
        ("socket", "E166", 2),
        ("out", "E165", 2),
        ("up/outside.csv", "E165", 2),
        ("zero", "E165", 2),
    ],
)
def test_what_is_no_trace_is_told_and_not_waited_for(desk: Path, named: str, code: str, left_with: int) -> None:
    told = ask("validate", scenario(desk, named))
    assert (told.code, told.codes, told.out) == (left_with, [code], "")
    must_be_well_told(told)


@pytest.mark.parametrize("named", ["in.csv", "inside", "chain", "./folder/../in.csv"])
def test_links_within_the_folder_are_fine(desk: Path, named: str) -> None:
    assert ask("validate", scenario(desk, named)).code == 0


def test_an_unreadable_file_is_told(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "s.yaml").write_text(written(SMALL))
    plain = Path.open

    def refuse(path: Path, *how: object, **more: object) -> object:
        if path.name == "s.yaml":
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, *how, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    told = ask("validate", desk / "s.yaml")
    assert (told.code, "Permission denied" in told.err) == (4, True)


class Canary:
    """An object whose unpickling leaves a trace."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("canary",))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["t.csv", "t.pkl", "t.joblib"])
def test_no_pickle_is_opened(desk: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, name: str) -> None:
    monkeypatch.chdir(desk)
    (desk / name).write_bytes(pickle.dumps(Canary(), protocol))
    told = ask("validate", scenario(desk, name))
    assert (told.code, told.codes) == (2, ["E168"])
    assert not (desk / "canary").exists()


def test_no_tag_is_obeyed(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    for tag in (
        "!!python/object/apply:os.mkdir",
        "!!python/object/new:os.mkdir",
        "!<tag:yaml.org,2002:python/object/apply:os.mkdir>",
    ):
        (desk / "s.yaml").write_text(f"name: {tag} ['canary']\n")
        assert "E109" in ask("run", desk / "s.yaml").codes
    assert not (desk / "canary").exists()
