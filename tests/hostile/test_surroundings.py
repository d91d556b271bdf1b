"""The command line without home, network, descriptors, optimisation, or a place to write (B67, B80)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile.surroundings import code_of, desk_of, shell

SOUND = (0, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return desk_of(tmp_path)


FAST = {"no network", "stdin, stdout and stderr closed", "many descriptors taken"}
SURROUNDINGS = {
    "asserts off": "python=-O; PYTHONOPTIMIZE=1 batchsim run s.yaml --out out --check",
    "docstrings off": "PYTHONOPTIMIZE=2 batchsim compare s.yaml s.yaml --replications 2 --out out",
    "no home": "unset HOME; batchsim run s.yaml --out out",
    "a home that cannot be written": "HOME=/proc/self batchsim run s.yaml --out out",
    "a dumb terminal of one column": "TERM=dumb COLUMNS=1 LINES=1 batchsim run s.yaml --out out",
    "a terminal without width": "COLUMNS=0 batchsim run s.yaml --out out",
    "a width that is none": "COLUMNS=wide batchsim run s.yaml --out out",
    "plain ASCII": "LC_ALL=C LANG=C PYTHONIOENCODING=ascii batchsim run s.yaml --out 'Zürich'",
    "an encoding of its own": "PYTHONIOENCODING=latin-1 batchsim run s.yaml --out out",
    "no network": "unshare -rn true 2>/dev/null && exec unshare -rn batchsim run s.yaml --out out"
    " || batchsim run s.yaml --out out",
    "stdin, stdout and stderr closed": "batchsim run s.yaml --out out <&- >&- 2>&-",
    "stdout closed": "batchsim compare s.yaml s.yaml --replications 2 --out out >&-",
    "many descriptors taken": "ulimit -n 20; batchsim run s.yaml --out out --events --costs",
    "core files off and stack small": "ulimit -c 0; ulimit -s 512; batchsim run s.yaml --out out",
    "a reader of one line": "batchsim run s.yaml --out out | head -1; exit ${PIPESTATUS[0]}",
    "a reader who is gone": "batchsim run s.yaml --out out | true; exit ${PIPESTATUS[0]}",
    "a reader of one line of JSON": "batchsim run s.yaml --out out --format json | head -1; exit ${PIPESTATUS[0]}",
    "bytecode nowhere": "PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX=/proc batchsim run s.yaml --out out",
    "warnings as errors": "PYTHONWARNINGS=error batchsim run s.yaml --out out",
}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=what, marks=() if what in FAST else pytest.mark.slow)
        for what, line in SURROUNDINGS.items()
    ],
)
def test_it_runs_all_the_same(desk: Path, line: str) -> None:
    done = shell(desk, line)
    assert code_of(done) in SOUND, done.stderr
    (folder,) = (path for path in desk.iterdir() if path.is_dir())
    assert {"summary.json", "jobs.csv"} <= {path.name for path in folder.iterdir()} or (folder / "table.csv").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def place(desk: Path, kind: str) -> str:
    """A place where no folder of results can be."""
    if kind == "a file":
        (desk / "out").write_text("mine")
    elif kind == "a link to a folder":
        (desk / "mine").mkdir()
        (desk / "out").symlink_to("mine")
    elif kind == "a link to nothing":
        (desk / "out").symlink_to("nothing")
    elif kind == "a loop":
        (desk / "out").symlink_to("out")
    elif kind == "a pipe":
        os.mkfifo(desk / "out")
    elif kind == "a folder in use":
        (desk / "out").mkdir()
        (desk / "out" / "mine.txt").write_text("mine")
    return {
        "a parent that is missing": "none/out",
        "a parent that is a file": "s.yaml/out",
        "what cannot be written": "/proc/out",
        "a device": "/dev/null",
        "a name too long": "x" * 300,
        "a NUL": "out",
        "nothing": "''",
    }.get(kind, "out")


PLACES = (
    "a file", "a link to a folder", "a link to nothing", "a loop", "a pipe", "a folder in use",
    "a parent that is missing", "a parent that is a file", "what cannot be written", "a device", "a name too long",
)  # fmt: skip


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("command", ["run s.yaml", "compare s.yaml s.yaml"])
def test_a_place_that_takes_no_results_is_told_before_the_run(
    desk: Path, monkeypatch: pytest.MonkeyPatch, kind: str, command: str
) -> None:
    from hostile.rows.answer import ask

    out = place(desk, kind)
    before = {path.name for path in desk.rglob("*")}
    monkeypatch.chdir(desk)
    monkeypatch.setattr("batchsim.engine.engine.Engine.close", lambda _: 1 // 0)
    told = ask(*command.split(), "--out", out)
    assert (told.code, told.out) == (4, ""), told.err
    assert told.err.count("\n") == 1
    assert told.err.startswith(f"{out}: ")
    assert {path.name for path in desk.rglob("*")} == before
