"""What can go wrong for a user, as values: a problem with its place, and the exceptions that carry problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_PROBLEMS = 50
"""So many problems of one file are shown; the rest are counted."""

Path = tuple[str | int, ...]
"""Where a value sits in a scenario: keys and list positions from the top."""

_NO_LINE = 1 << 62


class BatchsimError(Exception):
    """The root of every error that batchsim raises on purpose."""


class SimulationError(BatchsimError):
    """A driven simulation was used in a way that it cannot follow (an unknown job, a time in the past)."""


class PolicyError(BatchsimError):
    """A policy of the user's own is of no known kind, or answered what it may not; says which, and what it returned.

    A note says when in the run. What a policy raises itself comes as it is, with the same notes.
    """

    code = "E196"


class ExperimentError(BatchsimError, ValueError):
    """An experiment was asked for that cannot be made: one scenario to compare, an unknown metric or baseline."""


class UnknownNameError(BatchsimError, KeyError):
    """A run was asked about a job, an instance or a queue that it does not have (exit code 2)."""

    def __str__(self) -> str:
        return str(self.args[0])


class OutputError(BatchsimError, OSError):
    """A result could not be written (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in an input, where it stands, and what would be right.

    ``code`` is stable (``E106``); ``value`` is what was given, as text; ``line`` and ``col`` count from 1, 0 = unknown.
    """

    code: str
    path: Path
    message: str
    value: str = ""
    allowed: str = ""
    hint: str = ""
    file: str = ""
    line: int = 0
    col: int = 0

    def __str__(self) -> str:
        """``file:line:col: path: message (got VALUE); allowed: ALLOWED. HINT`` on one line, safe for a terminal."""
        got = f" (got {cut(self.value, 100)})" if self.value else ""
        allowed = f"; allowed: {cut(self.allowed)}" if self.allowed else ""
        hint = f". {cut(self.hint)}" if self.hint else ""
        where = "".join(f"{part}: " for part in (cut(self.place), cut(show_path(self.path), 200)) if part)
        return one_line(f"{where}{cut(self.message)}{got}{allowed}{hint} [{self.code}]")

    @property
    def place(self) -> str:
        """``file:line:col``, as far as known."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.col}" if self.file else f"{self.line}:{self.col}"

    @property
    def order(self) -> tuple[int, int]:
        """Sort key: by place in the file, unknown places last."""
        return (self.line or _NO_LINE, self.col)


class ScenarioError(BatchsimError, ValueError):
    """The user's input is wrong: every problem found, in the order of the file (exit code 2; 4 if unreadable, E100).

    ``found`` holds all of them, ``problems`` the first :data:`MAX_PROBLEMS`, which are shown; ``more`` counts the rest.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.found: tuple[Problem, ...] = tuple(sorted(problems, key=lambda problem: problem.order))
        self.problems = self.found[:MAX_PROBLEMS]
        self.more = len(self.found) - len(self.problems)
        super().__init__(self.found)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        return "\n".join(lines + ([f"... and {self.more} more"] if self.more else []))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        return (ScenarioError, (self.found,))


def show_path(path: Path) -> str:
    """``("jobQueues", 0, "priority")`` as ``jobQueues[0].priority``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def cut(text: str, most: int = 1_000) -> str:
    """The beginning of a text that is too long for a line: names and values of any length come from files."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def printable(text: str) -> str:
    """Each line of ``text`` safe for a terminal: what comes from a file may hold escapes that steer it."""
    return "\n".join(map(one_line, text.split("\n")))


def one_line(text: str) -> str:
    """Control characters, line ends and direction marks escaped: names come from files."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
