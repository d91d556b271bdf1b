"""Bounded time and memory: bombs, towers and huge files cost a second and some megabytes (B08, B13, B46, B55)."""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from effort import patience
from hostile.accidents import PLAIN
from hostile.rows import files
from hostile.rows.answer import ask
from hostile.rows.case import changed, written
from hostile.rows.traces import trace

PROBE = """
import resource, sys
from typer.testing import CliRunner
from batchsim.cli.app import app
CliRunner().invoke(app, ["validate", sys.argv[1]])
def used():
    both = resource.getrusage(resource.RUSAGE_SELF)
    return both.ru_maxrss, both.ru_utime + both.ru_stime
rss, cpu = used()
done = CliRunner().invoke(app, ["validate", sys.argv[2]])
after_rss, after_cpu = used()
print(done.exit_code, (after_rss - rss) // 1024, round(after_cpu - cpu, 2), done.stderr[-8:].strip())
"""
"""Validate a sound file, then the other: exit code, MiB and seconds more, and the code."""


def cost_of(file: Path) -> tuple[int, int, float, str]:
    (file.parent / "sound.yaml").write_text(files.SOUND)
    command = [sys.executable, "-c", PROBE, str(file.parent / "sound.yaml"), str(file)]
    limits = (4 * 1024**3, 4 * 1024**3)
    done = subprocess.run(
        command,
        env=PLAIN,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits),
    )
    code, mib, cpu_s, told = done.stdout.split()
    return int(code), int(mib), float(cpu_s), told


def place(folder: Path, kind: str) -> Path:
    file = folder / "s.yaml"
    if kind in ("lists", "nested anchors", "wide anchors", "anchors in merge keys", "ten thousand and one aliases"):
        file.write_bytes(next(case for case in files.BOMBS if case.what == kind).file())
    elif kind == "65 MiB":
        with file.open("wb") as target:
            target.truncate(65 * 1024**2)
    elif kind == "a gzip bomb":
        case = trace("B55", kind, "E160", gzip.compress(b"\0" * 50_000_000, 9))
        (folder / "t.csv").write_bytes(case.beside["t.csv"])  # type: ignore[arg-type]
        file.write_bytes(case.file())
    elif kind == "a sparse trace of 3 GiB":
        file.write_bytes(trace("B55", kind, "E164", "").file())
        with (folder / "t.csv").open("wb") as target:
            target.truncate(3 * 1024**3)
    return file


KINDS = {
    "nested anchors": "E107",
    "wide anchors": "E107",
    "anchors in merge keys": "E107",
    "ten thousand and one aliases": "E107",
    "lists": "E108",
    "65 MiB": "E110",
    "a gzip bomb": "E160",
    "a sparse trace of 3 GiB": "E164",
}
FAST = ("nested anchors",)


@pytest.mark.parametrize(
    ("kind", "code"),
    [pytest.param(*pair, id=pair[0], marks=() if pair[0] in FAST else pytest.mark.slow) for pair in KINDS.items()],
)
def test_it_costs_a_second_and_some_megabytes(tmp_path: Path, kind: str, code: str) -> None:
    left_with, mib, cpu_s, told = cost_of(place(tmp_path, kind))
    assert (left_with, told) == (2, f"[{code}]")
    assert mib < 200
    assert cpu_s < patience(1)


def test_more_offered_than_can_be_served_runs_and_the_report_warns(
    tmp_path: Path,
) -> None:
    arrivals = {"poisson": "20/min", "for": "3h"}
    change = {"workload.0.at": arrivals, "computeEnvironments.0.computeResources.maxvCpus": 2, "simulation.until": "2h"}
    (tmp_path / "s.yaml").write_text(written(changed(change)))
    told = ask("run", tmp_path / "s.yaml")
    assert told.code == 0
    assert "unfinished" in told.out.lower() or "still" in told.out.lower()
