"""Same scenario and seed, same bytes of every file of the result folder: whatever surrounds the process.

Nothing is left out of the comparison: no file holds a wall clock, a path or a host's name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from effort import LEVEL, effort

import batchsim
from batchsim import testing
from tests.determinism.digests import Digests, digests

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("digests.py")
NAMES = ("rich", str(ROOT / "scenarios" / "hello_fargate.yaml"),
         *map(str, range(effort(fast=3, verify=3, long=250))))  # fmt: skip

APART: dict[str, dict[str, str]] = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed random": {"PYTHONHASHSEED": "random"},
    "a zone of quarters of an hour": {"TZ": "Asia/Kathmandu"},
    "a zone behind, with summer time": {"TZ": "America/St_Johns"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "no locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another working directory": {"cwd": "elsewhere"},
    "a home that cannot be written": {"HOME": "read-only"},
    "without asserts": {"args": "-O"},
    "without collecting garbage": {"then": "--gc off"},
    "collecting garbage all the time": {"then": "--gc tiny"},
    "in odd steps": {"then": "--pieces 1"},
    "by the folder on disk": {"then": "--write out"},
}
"""One thing at a time: under ``verify``. ``cwd``, ``args`` and ``then`` are for the test, the rest for the process."""

TOGETHER: dict[str, dict[str, str]] = {
    "hash seed 1, Kathmandu, Turkish, elsewhere, no garbage collected": {
        "PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "cwd": "elsewhere", "then": "--gc off",
    },
    "hash seed random, St John's, no home, no asserts, to disk, in odd steps": {
        "PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "C", "HOME": "read-only", "args": "-O",
        "then": "--write out --pieces 1",
    },
}  # fmt: skip
"""Many things at once: on each change."""


@cache
def expected() -> Digests:
    """In this very process, whose hash seed, zone and locale are whatever they are."""
    return digests(list(NAMES))


def elsewhere(surroundings: dict[str, str], folder: Path) -> Digests:
    """What another process finds. A locale that the machine lacks falls back to C, and is still what variables say."""
    given = {key: value for key, value in surroundings.items() if key.isupper()}
    if given.get("HOME") == "read-only":
        home = folder / "home"
        home.mkdir(mode=0o500)
        given["HOME"] = str(home)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **given}
    command = [sys.executable, *surroundings.get("args", "").split(), str(PROGRAM), *NAMES]
    command += [word.replace("out", str(folder / "out")) for word in surroundings.get("then", "").split()]
    where = folder if "cwd" in surroundings else ROOT
    done = subprocess.run(command, env=environment, cwd=where, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: Digests = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", TOGETHER if LEVEL == "fast" else {**TOGETHER, **APART})
def test_the_bytes_do_not_hang_on(name: str, tmp_path: Path, cases) -> None:
    cases(len(NAMES))
    (tmp_path / "out").mkdir()
    found = elsewhere({**APART, **TOGETHER}[name], tmp_path)
    wrong = [
        f"{scenario}: {file}" for scenario, files in expected().items() for file, digest in files.items()
        if found[scenario].get(file) != digest
    ]  # fmt: skip
    assert not wrong, f"under {name} these files differ:\n" + "\n".join(wrong)
    assert {name: set(files) for name, files in found.items()} == {
        name: set(files) for name, files in expected().items()
    }


def test_the_rich_scenario_is_rich() -> None:
    scenario = the_scenario("rich")
    marks = testing.marks_of(batchsim.run(scenario))
    seen = {mark.split(":")[0] for mark in marks}
    assert seen >= {"job", "array", "outcome", "wait", "cause", "charge", "launched", "ended", "scaling"}
    assert len(marks) > 50


def the_scenario(name: str) -> batchsim.Scenario:
    from tests.determinism.digests import scenario_named

    found: batchsim.Scenario = scenario_named(name)
    return found


def test_the_number_of_worker_processes_changes_no_figure(cases) -> None:
    workers = effort(fast=(1, 3), verify=(1, 2, 4), long=(1, 2, 3, 4, 8))
    cases(len(workers))
    given = the_scenario("rich").with_("simulation.seed", 11)
    files = []
    for count in workers:
        compared = batchsim.compare(
            given, variants={"slow": {"world.scheduler_cycle": "9s"}}, replications=4, workers=count
        )
        files.append({name: "".join(text) for name, text in compared.files().items()})
    assert all(each == files[0] for each in files)
