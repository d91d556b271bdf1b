"""Break the rules of the table of behaviours one by one, and see that the test of each notices.

    python tests/fidelity/verify.py                 # every row: each test as it is, and under its mutation
    python tests/fidelity/verify.py B7 4.6          # these rows; a section stands for all its rules
    python tests/fidelity/verify.py --rows MY.py    # the rows of one file
    python tests/fidelity/verify.py --mutated       # only under the mutations: `make test` has each test as it is

A test must pass as it is, and under the mutation fail by an assertion: its own, or the invariant checker's. Each run
has a process of its own, forked from one that has imported everything. Exit 1 if a mutation survives.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import multiprocessing
import os
import pickle
import pkgutil
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a process with threads must not fork

import pytest
from cases import Case, cases_of
from fidelity_rows import PROJECT, Mutation, Row, all_rows, rows_of
from plain_engine import plainly
from topics import stem_of

STARTED = time.monotonic()
TIMEOUT_S = 60
"""CPU time of one run: a mutation may make it endless. On a busy machine it may take ten times as long."""
OPTIONS = ("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=no", "--strict-markers")

Verdict = Literal["passed", "failed", "crashed", "skipped", "hung", "missing"]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a test ended: ``failed`` by an assertion of a test or of the checker, ``crashed`` by anything else."""

    verdict: Verdict
    words: str = ""


# -- one run, in a process of its own


@dataclass(eq=False)
class Witness:
    """A pytest plugin that keeps how a test ended."""

    raised: list[pytest.ExceptionInfo[BaseException]] = field(default_factory=list)
    skipped: bool = False

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        """Something was raised, in the test or in a fixture."""
        if call.excinfo is not None:
            self.raised.append(call.excinfo)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of the test is over."""
        self.skipped |= report.skipped

    def ran(self) -> Ran:
        """What came of it."""
        if any(map(_is_assertion, self.raised)):
            return Ran("failed")
        if self.raised:
            return Ran("crashed", _words(self.raised[0]))
        return Ran("skipped" if self.skipped else "passed")


def _is_assertion(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether a test, or the checker for it, says that something is wrong; an assertion of the engine is a crash."""
    if not isinstance(raised.value, AssertionError | pytest.fail.Exception):
        return False
    last = Path(str(raised.traceback[-1].path))
    package = PROJECT / "batchsim"
    return not last.is_relative_to(package) or last.is_relative_to(package / "testing")


def _words(raised: pytest.ExceptionInfo[BaseException]) -> str:
    last = raised.traceback[-1]
    return f"{raised.typename}: {str(raised.value)[:300]} ({last.path}:{last.lineno + 1})"


def _once(items: Sequence[pytest.Item], breaks: Mutation | None) -> Ran:
    """Run a test, all its parameters, here and now; stop at the first assertion that fails."""
    patch = pytest.MonkeyPatch()
    if breaks is not None:
        try:
            plainly(patch)
            breaks(patch)
        except Exception:  # noqa: BLE001 # whatever a patch raises is told as its fault
            return Ran("crashed", f"the mutation cannot be made: {traceback.format_exc(limit=1, chain=False)}")
    seen = Ran("passed")
    for item in items:
        witness = Witness()
        item.config.pluginmanager.register(witness)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        item.config.pluginmanager.unregister(witness)
        ran = witness.ran()
        if ran.verdict == "failed":
            return ran
        seen = ran if ran.verdict != "passed" else seen
    return seen


def _apart(items: Sequence[pytest.Item], breaks: Mutation | None) -> Ran:
    """The same in a forked process, which writes nothing but what came of it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _run_and_leave(items, breaks, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if told:
        return pickle.loads(told)  # noqa: S301 # our own child wrote it
    return Ran("hung", f"after {TIMEOUT_S} s of CPU") if os.WIFSIGNALED(status) else Ran("crashed", "its process died")


def _run_and_leave(items: Sequence[pytest.Item], breaks: Mutation | None, writer: int) -> NoReturn:
    """The child's whole life: whatever happens, it never comes back into its parent's code."""
    try:
        _be_quiet()
        resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_S, TIMEOUT_S))
        signal.alarm(10 * TIMEOUT_S)
        try:
            ran = _once(items, breaks)
        except BaseException:  # noqa: BLE001 # pytest itself failed, or was told to stop
            ran = Ran("crashed", traceback.format_exc(limit=-3))
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(ran, pipe)
    finally:
        os._exit(0)


def _be_quiet() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


# -- one case


@dataclass(frozen=True, slots=True)
class Judged:
    """A case that was run: how often, and what is wrong with it."""

    case: str
    test: str
    runs: int
    fault: str = ""


def judge(case: Case, items: Sequence[pytest.Item], *, only_mutated: bool) -> Judged:
    """Run a test as it is, then under one mutation after the other until one is noticed."""
    if not items:
        return Judged(case.row, case.test, 0, "there is no such test")
    runs = int(not only_mutated)
    if runs and (ran := _apart(items, None)).verdict != "passed":
        return Judged(case.row, case.test, 1, f"without any mutation the test {ran.verdict}. {ran.words}".strip())
    told = []
    for words, breaks in case.mutations:
        ran, runs = _apart(items, breaks), runs + 1
        if ran.verdict == "failed":
            return Judged(case.row, case.test, runs)
        told.append(f"{words}: {_fate(ran)}")
    return Judged(case.row, case.test, runs, "\n    ".join(told) or "the row has no mutation")


def _fate(ran: Ran) -> str:
    fate = f"the test {ran.verdict}, not by an assertion. {ran.words}"
    return "SURVIVED, the test still passes" if ran.verdict == "passed" else fate.rstrip()


# -- all cases


class Loop:
    """A pytest plugin that takes the place of pytest's own loop over the tests that it collected."""

    def __init__(self, cases: Sequence[Case], workers: int, *, only_mutated: bool) -> None:
        """``workers`` processes share the cases."""
        self.cases, self.workers = cases, workers
        self._judge = partial(_judge, only_mutated=only_mutated)
        self.judged: list[Judged] = []
        self.broken: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of tests that cannot be read."""
        if report.failed:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge all cases, in the order of the rows."""
        global _CASES, _ITEMS  # what the forked workers find
        session.config.option.tbstyle = "native"  # nobody reads it, and pytest's own takes longer than the run
        _CASES, _ITEMS = self.cases, _by_test(session.items)
        _import_everything()
        gc.freeze()  # else a collection in a child touches, and so copies, all that was imported
        with ProcessPoolExecutor(self.workers, multiprocessing.get_context("fork")) as pool:
            for judged in pool.map(self._judge, range(len(self.cases))):
                self.judged.append(judged)
                _tell(judged)
                _show_progress(len(self.judged), len(self.cases))
        return True


_CASES: Sequence[Case] = ()
_ITEMS: Mapping[str, list[pytest.Item]] = {}


def _judge(number: int, *, only_mutated: bool) -> Judged:
    case = _CASES[number]
    return judge(case, _ITEMS.get(case.test, []), only_mutated=only_mutated)


def _by_test(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Tests by their id: without parameters, with the first of them, and with all: ``f``, ``f[a]`` and ``f[a-b]``."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        name, _, parameters = item.nodeid.partition("[")
        first = parameters.removesuffix("]").partition("-")[0]
        for each in {item.nodeid, name, f"{name}[{first}]"}:
            found.setdefault(each, []).append(item)
    return found


def _show_progress(done: int, of: int) -> None:
    """On a terminal only, on one line."""
    if sys.stderr.isatty():
        print(f"\r{done} of {of} tests", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _tell(judged: Judged) -> None:
    if judged.fault:
        print(f"{judged.case}  {judged.test}\n    {judged.fault}", flush=True)


def chosen(rows: Iterable[Row], names: Sequence[str]) -> list[Row]:
    """The rows of these ids, or sections; all without any."""
    return [row for row in rows if not names or row.id in names or stem_of(row.id) in names]


def main() -> int:
    """Judge the rows asked for; see the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="rows, or sections, in place of all")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="the rows of this file in place of the table's")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    parser.add_argument("--mutated", action="store_true", help="take for granted that each test passes as it is")
    parser.add_argument("--counts", type=Path, metavar="FILE", help="write how many cases and failures, as JSON")
    given = parser.parse_args()
    rows = chosen(rows_of(given.rows.resolve()) if given.rows else all_rows(), given.ids)
    cases = [case for row in rows for case in cases_of(row)]
    if not cases:
        parser.error(f"no row with a test is called {', '.join(given.ids)}")
    loop = _judged(cases, Loop(cases, given.workers, only_mutated=given.mutated))
    if given.counts:
        given.counts.write_text(json.dumps({"cases": len(loop.judged), "failures": len(_faults(loop))}))
    return _report(len(rows), loop)


def _judged(cases: Sequence[Case], loop: Loop) -> Loop:
    os.chdir(PROJECT)
    files = sorted({case.test.partition("::")[0] for case in cases})
    pytest.main([*OPTIONS, "-o", "addopts=--import-mode=importlib", *files], plugins=[loop])
    return loop


def _import_everything() -> None:
    """What a run imports when it needs it, once for all of them."""
    import pandas  # noqa: F401, ICN001 # functions import it where they need it
    import scipy.stats  # noqa: F401

    import batchsim

    for module in pkgutil.walk_packages(batchsim.__path__, "batchsim."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    batchsim.run(PROJECT / "scenarios" / "deterministic.yaml").check()  # what is read once: prices, types, sizes


def _faults(loop: Loop) -> list[str]:
    return [*loop.broken, *(judged.fault for judged in loop.judged if judged.fault)]


def _report(rows: int, loop: Loop) -> int:
    for each in loop.broken:
        print(each)
    runs, faults = sum(judged.runs for judged in loop.judged), len(_faults(loop))
    told = "every mutation was noticed" if not faults else f"{faults} are not held by their tests"
    print(f"{rows} rows, {len(loop.judged)} tests, {runs} runs in {time.monotonic() - STARTED:.0f} s: {told}")
    return int(bool(faults or len(loop.judged) < len(loop.cases)))


if __name__ == "__main__":
    sys.exit(main())
