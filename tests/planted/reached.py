"""Which tests reach a line of engine or policies, from one run of them under coverage: no other test can notice it."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.planted.mutations import PLACES, ROOT, Mutation

FOLDERS = ("tests/behaviour", "tests/engine", "tests/policies", "tests/golden", "tests/analysis")
SETTINGS = "[run]\nsource = batchsim.engine,batchsim.policies\nrelative_files = true\ndata_file = {}\n"
REMEMBERS = re.compile(r"@(functools\.)?(lru_)?cache\b|scope=\"(module|session|package)\"")
"""A file of tests that share a run: coverage sees it in the first of them alone."""


def fingerprint() -> str:
    """A name for the lines as they are."""
    files = sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def command(data: Path) -> list[str]:
    """What pytest is told, behind its usual options, to write ``data`` and the times and verdicts beside it."""
    settings = data.with_suffix(".ini")
    settings.write_text(SETTINGS.format(data), encoding="utf-8")
    how = ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report="]
    return [*how, f"--junitxml={data.with_suffix('.xml')}", "-o", "junit_family=xunit1", *FOLDERS]


class Reached:
    """The tests by line, and how long each takes."""

    def __init__(self, data: Path) -> None:
        from coverage import CoverageData

        self._data = CoverageData(str(data))
        self._data.read()
        self._seconds, self.red = _times(data.with_suffix(".xml"))
        self._by_file: dict[str, set[str]] = defaultdict(set)
        for test in self._seconds:
            self._by_file[test.partition("::")[0]].add(test)

    def tests(self, mutation: Mutation) -> list[str]:
        """Those that reach the line, and those that share a run with one of these: the quickest first.

        A line that only an import reaches (a constant, a default) concerns every test that enters its file.
        """
        lines = self._data.contexts_by_lineno(str(mutation.path.relative_to(ROOT)))
        found = _tests(lines.get(mutation.line, []))
        found = found or {test for contexts in lines.values() for test in _tests(contexts)}
        for file in {test.partition("::")[0] for test in found}:
            if REMEMBERS.search((ROOT / file).read_text(encoding="utf-8")):
                found |= self._by_file[file]
        return sorted(found - self.red, key=lambda test: (self._seconds.get(test, 0.0), test))

    def seconds(self, tests: list[str]) -> float:
        """How long they took together, under coverage."""
        return sum(self._seconds.get(test, 1.0) for test in tests)


def _tests(contexts: list[str]) -> set[str]:
    return {context.rpartition("|")[0] for context in contexts if "::" in context}


def _times(report: Path) -> tuple[dict[str, float], set[str]]:
    """Seconds by test, and the tests that are red without any mutation."""
    seconds, red = dict[str, float](), set[str]()
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 (our own file)
        test = f"{case.get('file')}::{case.get('name')}"
        seconds[test] = float(case.get("time", 0))
        if case.find("failure") is not None or case.find("error") is not None:
            red.add(test)
    return seconds, red
