"""A process that tries mutants one by one: with limits on its memory and time, and a diary for when it dies."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from batchsim.fuzz.bases import Base
from batchsim.fuzz.files import Files, write_files
from batchsim.fuzz.judge import Asked, Limits, Seen, Verdict, failed, judge
from batchsim.fuzz.mutants import Mutant, make_mutant

Trial = Callable[[Path, Asked], Seen]
"""Shows a scenario file to batchsim as a user would; runs in a process of its own, in the file's folder."""

MAKER_FAILED = "the fuzzer itself: "


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant to be tried: by its number, or as files that were made of it."""

    kind: str
    number: int
    files: Files | None = None
    """In place of the mutant's own."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all workers of a campaign share; it travels to them once."""

    bases: Sequence[Base]
    trial: Trial
    limits: Limits = field(default_factory=Limits)
    twice_every: int = 5
    """Numbers that it divides are run twice."""


def begin(setup: Setup, folder: Path, number: int) -> Callable[[Task], Verdict]:
    """Make this process the worker of this number; what answers its tasks."""
    own = folder_of(folder, number)
    own.mkdir()
    diary = (own / "diary").open("w")  # open to the end of the process, which may come at any instant
    _confine(setup.limits, diary)

    def answer(task: Task) -> Verdict:
        _spend_at_most(setup.limits.cpu_s)
        return _answer(task, setup, own / "files")

    return answer


def folder_of(folder: Path, number: int) -> Path:
    """Where the worker of this number writes, below the folder of all."""
    return folder / f"worker-{number}"


def mutant_of(task: Task, bases: Sequence[Base]) -> Mutant:
    """The mutant that a task is about."""
    if task.files is None:
        return make_mutant(task.kind, task.number, bases)
    return Mutant(task.kind, task.number, None, task.files)


def _answer(task: Task, setup: Setup, folder: Path) -> Verdict:
    """Make the mutant, show it, judge it."""
    began = time.process_time()
    try:
        mutant = mutant_of(task, setup.bases)
    except Exception:  # noqa: BLE001 -- a bug of the maker's own must be told with its number
        sign = f"{MAKER_FAILED}{traceback.format_exc().splitlines()[-1]}"
        return failed(task.kind, task.number, sign, traceback.format_exc())
    folder = _emptied(folder)
    os.chdir(folder)
    file = write_files(folder, mutant.files).relative_to(folder)
    try:
        seen = setup.trial(file, _asked(mutant, setup))
    except Exception as error:  # noqa: BLE001 -- what a command lets escape, a user would see
        told, where = traceback.format_exc(), traceback.extract_tb(error.__traceback__)[-1]
        sign = f"escaped: {type(error).__name__} in {where.name} ({Path(where.filename).name})"
        return failed(task.kind, task.number, sign, told, time.process_time() - began)
    return judge(mutant, seen, time.process_time() - began)


def _asked(mutant: Mutant, setup: Setup) -> Asked:
    base = mutant.base.scenario if mutant.base is not None and mutant.is_as_its_base else None
    chosen = mutant.number % setup.twice_every == 0
    return Asked(
        setup.limits,
        base=None if mutant.must_be_valid else base,
        twice=chosen,
        report=chosen or not mutant.must_be_valid,
        measure=mutant.kind == "faults",
    )


def _emptied(folder: Path) -> Path:
    """The folder without the files of the mutant before; folders may stay."""
    folder.mkdir(exist_ok=True)
    for path in folder.rglob("*"):
        if not path.is_dir():
            path.unlink()
    return folder


def _confine(limits: Limits, diary: IO[str]) -> None:
    """Bound the memory, leave no core, and write down where the process was when it is killed for its time."""
    _lower(resource.RLIMIT_AS, limits.memory_mib * 1024**2)
    _lower(resource.RLIMIT_CORE, 0)
    faulthandler.enable(diary)
    faulthandler.register(signal.SIGXCPU, diary, all_threads=False, chain=True)


def _spend_at_most(cpu_s: int) -> None:
    """From now on, SIGXCPU after so much CPU time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + cpu_s + 1)


def _lower(what: int, soft: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
