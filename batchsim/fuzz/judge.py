"""What a user would see of one mutant, and whether that is as it should be.

A mutant is *refused* with exit code 2 (4 where a file that it names cannot be read), each line on stderr of the
documented form, or it is *run* and breaks no invariant. A bug's exit code, a traceback, anything else on stderr,
characters that steer a terminal, a second run with other bytes, no end, no memory: a failure, named so that the same
one is known again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from batchsim.fuzz.mutants import Mutant
from batchsim.spec import Scenario

MOST_LINE = 5_000
MOST_SHOWN = 2_000
MOST_TOLD = 400
_REFUSALS = (2, 4)
_BUG = 70
_PROBLEM = re.compile(r".*\S \[(E\d{3})\]", re.DOTALL)
_MORE = re.compile(r"\.\.\. and \d+ more")
_WITHOUT_LINE = frozenset({"E100", "E103", "E110", "E160", "E161", "E162", "E164", "E165", "E166"})
"""Codes of files as a whole, which have no line."""
_CONFESSION = re.compile(r"not in your scenario: (?P<error>\w+).* \(in (?P<where>\S+), (?:.*/)?(?P<file>\w+\.py):\d+\)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one mutant may take: of the machine, and in the simulated world."""

    cpu_s: int = 30
    """Seconds of CPU time."""
    wall_s: float = 300.0
    """Seconds by the clock, for what hangs without computing; long, as the machine may be busy."""
    memory_mib: int = 2_048
    """Address space of the process."""
    max_jobs: int = 600
    max_time_ms: int = 4 * 86_400_000


@dataclass(frozen=True, slots=True)
class Asked:
    """How one mutant is to be tried."""

    limits: Limits = Limits()
    base: Scenario | None = None
    """A scenario that need not be run again if the mutant is equal to it."""
    twice: bool = False
    """Whether to run a second time and compare every byte."""
    report: bool = True
    """Whether to print the report, which costs as much as the run."""
    measure: bool = False
    """Whether to tell makespan, cost and failed jobs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a user would see of ``validate`` and, where that is content, of ``run --check``."""

    code: int
    out: str
    err: str
    ran: bool = False
    """Whether it came to a run."""
    unchanged: bool = False
    """Whether it is the base's scenario still, and so was not run."""
    violations: tuple[str, ...] = ()
    """Ids of broken invariants."""
    differing: tuple[str, ...] = ()
    """Files of which a second run made other bytes."""
    metrics: Mapping[str, float] = field(default_factory=dict)


class State(StrEnum):
    """What became of a mutant."""

    REFUSED = "refused"
    UNCHANGED = "unchanged"
    RAN = "ran"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant, and why."""

    kind: str
    number: int
    state: State
    codes: Mapping[str, int] = field(default_factory=dict)
    """How often each code was told, of a refused one."""
    sign: str = ""
    """What failed, without what changes from one mutant to the next."""
    message: str = ""
    """What could be seen of the failure, or the beginning of the refusal."""
    cpu_s: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)


def judge(mutant: Mutant, seen: Seen, cpu_s: float = 0.0) -> Verdict:
    """What is to be thought of what was seen."""
    sign = _sign(mutant, seen)
    if sign:
        return failed(mutant.kind, mutant.number, sign, f"exit code {seen.code}\n{seen.err or seen.out}", cpu_s)
    if seen.code in _REFUSALS:
        told = seen.err[:MOST_TOLD].strip()
        return Verdict(mutant.kind, mutant.number, State.REFUSED, codes_in(seen.err), message=told, cpu_s=cpu_s)
    state = State.UNCHANGED if seen.unchanged else State.RAN
    return Verdict(mutant.kind, mutant.number, state, cpu_s=cpu_s, metrics=seen.metrics)


def failed(kind: str, number: int, sign: str, message: str, cpu_s: float = 0.0) -> Verdict:
    """A failure."""
    return Verdict(kind, number, State.FAILED, {}, sign, message[:MOST_SHOWN].strip(), cpu_s)


def codes_in(err: str) -> Counter[str]:
    """How often each code stands at the end of a line."""
    return Counter(found[1] for line in err.splitlines() if (found := _PROBLEM.fullmatch(line)))


def _sign(mutant: Mutant, seen: Seen) -> str:
    """What is wrong, or nothing."""
    return _wrong_in_any(seen) or (_wrong_refusal(mutant, seen) if seen.code in _REFUSALS else _wrong_end(seen))


def _wrong_in_any(seen: Seen) -> str:
    """What neither a refusal nor a run may show."""
    if seen.code == _BUG:
        found = _CONFESSION.search(seen.err)
        return f"exit 70: {found['error']} in {found['where']} ({found['file']})" if found else "exit 70"
    if "Traceback (most recent call last)" in seen.out + seen.err:
        return "a traceback"
    odd = _steering(seen.out + seen.err)
    return f"unprintable characters: {odd}" if odd else ""


def _wrong_end(seen: Seen) -> str:
    """What is wrong with a run."""
    if seen.violations:
        return f"breaks {', '.join(seen.violations)}"
    if seen.differing:
        return f"two runs differ in {', '.join(seen.differing)}"
    return "" if seen.code == 0 else f"exit code {seen.code}"


def _wrong_refusal(mutant: Mutant, seen: Seen) -> str:
    """What is wrong with how a mutant was refused."""
    if seen.ran:
        return "refused by run, though validate was content"
    if mutant.must_be_valid:
        return f"refused, though valid: {', '.join(sorted(codes_in(seen.err)))}"
    lines = seen.err.splitlines()
    if not lines:
        return "refused without a word"
    if any("not enough memory" in line for line in lines):
        return "not enough memory"
    return next((sign for line in lines if (sign := _line(line, mutant.files))), "")


def _line(line: str, names: Iterable[str]) -> str:
    """What is wrong with a line on stderr."""
    if _MORE.fullmatch(line):
        return ""
    found = _PROBLEM.fullmatch(line)
    if found is None:
        return "a line on stderr of no documented form"
    if len(line) > MOST_LINE:
        return f"a line of more than {MOST_LINE} characters: {found[1]}"
    if not any(line.startswith(f"{name}:") for name in names):
        return f"a line that names no file: {found[1]}"
    placed = any(re.match(rf"{re.escape(name)}:\d+", line) for name in names)
    return "" if placed or found[1] in _WITHOUT_LINE else f"a line without a line number: {found[1]}"


def _steering(text: str) -> str:
    """Characters that no terminal should be sent."""
    odd = sorted({char for char in text if not char.isprintable() and char != "\n"})
    return " ".join(f"U+{ord(char):04X}" for char in odd[:5])
