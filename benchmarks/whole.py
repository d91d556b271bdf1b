"""Whole processes: ``batchsim run`` from the shell, its events, many runs on two processes, and how soon it answers."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from measure import Spent, bare, median_running, records_of
from suite import scenario
from table import Row

import batchsim

JOBS = 100_000
BARE_EVENTS = 8_000_000
"""As long as they take, the whole command may take."""
YARD_EVENTS = 1_000_000
RUNS, WORKERS = 64, 2
EXAMPLE = Path(__file__).parents[1] / "scenarios" / "etl_10tb.yaml"
_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as where batchsim is installed, and not at each start."""
LOOPS = Path(__file__).with_name("loops.py")


@contextmanager
def burst_file(jobs: int) -> Iterator[Path]:
    """The burst with so many jobs as a file in a folder of its own."""
    with tempfile.TemporaryDirectory() as box:
        path = Path(box) / "burst.yaml"
        path.write_text(batchsim.dump(scenario("burst", jobs)), encoding="utf-8")
        yield path


def end_to_end(pairs: int) -> Iterator[Row]:
    """``batchsim run`` of 100,000 jobs with tables, summary and report, from start to exit."""
    with burst_file(JOBS) as path:
        runs, yards = _in_pairs(path, pairs)
    run_s, yard_s = _wall_s(runs), BARE_EVENTS * _wall_s(yards)
    by_cpu = BARE_EVENTS * _cpu_s(yards) / _cpu_s(runs)
    note = f"{run_s:.2f} s, {BARE_EVENTS:,} bare events {yard_s:.2f} s; by CPU {by_cpu:.3f}"
    yield Row("end to end", yard_s / run_s, 1.0, note)


def events(pairs: int) -> Iterator[Row]:
    """The same with ``--events``: the lines over the bare events in the time that the option adds, and in the whole."""
    with burst_file(JOBS) as path:
        plain, yards = _in_pairs(path, pairs)
        runs, more = _in_pairs(path, pairs, "--events")
        lines = sum(1 for _ in (path.parent / "out" / "events.jsonl").open("rb"))
    yard_s, run_s = _wall_s(yards + more), _wall_s(runs)
    added_s = run_s - _wall_s(plain)
    yield Row("events", lines * yard_s / added_s, 0.15, f"{lines:,} lines in {added_s:.2f} s more than without")
    yield Row("events, whole command", lines * yard_s / run_s, None, f"{lines:,} lines in {run_s:.2f} s")


def sweep(jobs: int) -> Iterator[Row]:
    """64 runs on two processes by ``batchsim.replicate``, against two loops of 32 runs side by side."""
    share = RUNS // WORKERS
    with burst_file(jobs) as path:
        together_s = _side_by_side([["together", path, RUNS, WORKERS]])
        apart_s = _side_by_side([["alone", path, each * share, share] for each in range(WORKERS)])
    yield Row("sweep", apart_s / together_s, 0.9, f"{together_s:.1f} s; two loops side by side {apart_s:.1f} s")


def start(pairs: int) -> Iterator[Row]:
    """How soon the command line answers, in seconds: the median."""
    for name, arguments, most_s in (("--help", ["--help"], 0.3), ("validate", ["validate", EXAMPLE], 0.6)):
        took_s = statistics.median(_command(*arguments).wall_s for _ in range(max(pairs, 5)))
        yield Row(f"start, {name}", took_s, most_s, at_most=True, unit=" s")


def _in_pairs(path: Path, pairs: int, *more: str) -> tuple[list[Spent], list[Spent]]:
    """``batchsim run`` and bare SimPy in turn."""
    pending = median_running(records_of(scenario("burst", JOBS)))
    runs, yards = [], []
    for _ in range(pairs):
        runs.append(_command("run", path, "--out", path.parent / "out", "--force", *more))
        yards.append(bare(YARD_EVENTS, pending))
    return runs, yards


def _command(*arguments: str | Path) -> Spent:
    """What ``batchsim`` takes from start to exit."""
    command = [sys.executable, "-m", "batchsim", *map(str, arguments)]
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_COMPILED)  # noqa: S603 (the project's own command)
    wall_s, after = time.perf_counter() - began, os.times()
    cpu_s = after.children_user - before.children_user + after.children_system - before.children_system
    return Spent(wall_s, cpu_s)


def _side_by_side(loops: Sequence[Sequence[str | int | Path]]) -> float:
    """The seconds until the last of these processes is done."""
    began = time.perf_counter()
    started = [subprocess.Popen([sys.executable, LOOPS, *map(str, loop)]) for loop in loops]  # noqa: S603 (ours)
    codes = [each.wait() for each in started]
    if any(codes):
        raise RuntimeError("a loop of runs failed")
    return time.perf_counter() - began


def _wall_s(spent: Sequence[Spent]) -> float:
    return statistics.median(each.wall_s for each in spent)


def _cpu_s(spent: Sequence[Spent]) -> float:
    return statistics.median(each.cpu_s for each in spent)
