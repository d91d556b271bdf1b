"""The simulator's half of a scenario: what is submitted when, how long it runs, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from batchsim.spec.laws import LawSpec


@dataclass(frozen=True, slots=True)
class At:
    """One instant, in ms from the start of the simulation."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Cron:
    """EventBridge's six fields, without ``cron`` and its brackets; for ``for_ms``, or to the end of the run."""

    expression: str
    for_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent arrivals from ``start_ms``, for ``for_ms`` or to the end of the run."""

    rate_per_s: Fraction
    for_ms: int | None = None
    start_ms: int = 0


@dataclass(frozen=True, slots=True)
class RatesByHour:
    """Independent arrivals at 24 rates, by hour of the day in ``simulation.time_zone``, or 168, from Monday 0:00 on.

    From ``start_ms``, for ``for_ms`` or to the end of the run.
    """

    rates_per_s: tuple[Fraction, ...]
    for_ms: int | None = None
    start_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """A client that submits one after the other, at most ``rate_per_s``; how many is the entry's ``count``."""

    rate_per_s: Fraction
    start_ms: int = 0


@dataclass(frozen=True, slots=True)
class After:
    """``delay_ms`` after each call of another entry has ended."""

    entry_id: str
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class TraceColumn:
    """One column of a trace: its heading, and what its cells are written in, where that is not the default."""

    column: str
    unit: str | None = None
    format: str | None = None
    empty: str | None = None
    """What an empty cell stands for."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Submissions from a CSV file, its ``path`` relative to the scenario's."""

    path: str
    columns: Mapping[str, TraceColumn] = field(default_factory=dict)
    start: str | None = None
    """The instant of t = 0, ISO; None: of the first submission."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which rows count: those whose cells are like one of the patterns (``*``, ``?``) of each of these columns."""
    time_zone: str | None = None
    """Of instants that name none; None: UTC."""


Firing = At | Cron | Poisson | RatesByHour | Rate | After | Trace
"""What makes an entry's calls happen."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Every job works ``ms``."""

    ms: int


@dataclass(frozen=True, slots=True)
class DatasetRun:
    """Job i works through partition i of a data set."""

    dataset: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one attempt of a script does: it runs ``run_ms`` and exits so."""

    run_ms: int
    exit_code: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """The outcome of attempt k is step k; the last one repeats."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Scripts:
    """A script for each job of a firing: job i, counted over its calls and their children, follows script i."""

    scripts: tuple[Script, ...]


@dataclass(frozen=True, slots=True)
class TraceRun:
    """Run times from a column of the entry's trace."""

    column: str = "run_time"


Run = Constant | LawSpec | DatasetRun | Script | Scripts | TraceRun
"""What gives a job its work."""
