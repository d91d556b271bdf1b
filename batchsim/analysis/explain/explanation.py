"""An explanation as a value: one sentence, then what happened interval by interval, then what would help."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import Any

from batchsim.errors import printable
from batchsim.units import format_duration

WIDTH = 80
MOST_STEPS = 24
"""More are told in part: the first and the last half of so many."""
_INDENT = " " * 6


@dataclass(frozen=True, slots=True)
class Step:
    """One interval ``[start_s, end_s)`` of a job's turnaround, or of an instance's life."""

    start_s: float
    """Seconds since the run's start."""
    end_s: float
    state: str
    """AWS Batch's job state; of an instance, what it was doing."""
    reason: str
    """AWS's code where there is one (``CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY``), else the model's word for it."""
    text: str
    """The same in plain words, with figures; names are data, as the scenario has them, not safe for a terminal."""
    part: str = ""
    """The column of ``jobs`` that the interval counts in, without its unit: ``wait_max_vcpus``."""
    is_behind: bool = False
    """Whether the job stood behind the head of its line, whose reason this is."""
    environment: str = ""
    """Of a wait, the compute environment that the reason is about."""
    until: str = ""
    """What ended the interval, where something did that can be named."""

    @property
    def length_s(self) -> float:
        """How long it took."""
        return round(1000 * (self.end_s - self.start_s)) / 1000


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job, or an instance, took as long as it did. ``str()`` of it is what the terminal prints."""

    job: str
    """The id of the job; of the instance, where ``kind`` says so."""
    headline: str
    """One sentence with the reason that took longest."""
    steps: tuple[Step, ...]
    """The intervals; those of a job tile its turnaround."""
    remedy: str = ""
    """The smallest change that would help; empty where nothing is known to."""
    notes: tuple[str, ...] = ()
    """What else there is to know, a sentence each."""
    kind: str = "job"
    """``job``, ``array`` or ``instance``."""
    started_at: str = "1970-01-01T00:00:00+00:00"
    """When the run started, UTC."""

    def __str__(self) -> str:
        lines = [*_wrapped(self.headline, ""), ""]
        first, left_out, last = _folded(self.steps)
        for step in first:
            lines += self._step_lines(step)
        lines += _wrapped(_all_of(left_out), "  ") if left_out else []
        for step in last:
            lines += self._step_lines(step)
        lines += [""] * bool(self.steps and (self.notes or self.remedy))
        for note in self.notes:
            lines += _wrapped(note, "")
        lines += _wrapped(f"What would help: {self.remedy}", "") if self.remedy else []
        return "\n".join(lines).rstrip()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def _step_lines(self, step: Step) -> list[str]:
        clock = Clock(self.started_at, max((each.end_s for each in self.steps), default=0.0))
        span = f"  {clock.at(step.start_s)} – {clock.at(step.end_s)}  {lasted(step.length_s)}"
        first = f"{span}  {step.state}  {step.reason}" if step.reason else f"{span}  {step.state}"
        if len(first) > WIDTH:
            first = f"{span}  {step.state}\n{_INDENT}{step.reason}"
        until = f"; {clock.at(step.end_s)} {step.until}" if step.until else ""
        return [printable(first), *_wrapped(step.text + until, _INDENT)]


def _folded(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...], tuple[Step, ...]]:
    """The first steps, those that are not told one by one, and the last."""
    if len(steps) <= MOST_STEPS:
        return steps, (), ()
    return steps[: MOST_STEPS // 2], steps[MOST_STEPS // 2 : -(MOST_STEPS // 2)], steps[-(MOST_STEPS // 2) :]


def _all_of(steps: tuple[Step, ...]) -> str:
    """Steps in one sentence: for what, how long, the longest first."""
    spent: dict[str, float] = {}
    for step in steps:
        spent[step.reason or step.state] = spent.get(step.reason or step.state, 0.0) + step.length_s
    parts = [f"{lasted(length_s)} {reason}" for reason, length_s in sorted(spent.items(), key=lambda each: -each[1])]
    return f"... {len(steps)} more intervals (--format json has them): {', '.join(parts)} ..."


class Clock:
    """Instants of a run as a clock shows them, with the day where the run goes on beyond its first."""

    def __init__(self, started_at: str, end_s: float) -> None:
        self._start = instant(started_at)
        last = self._start + _seconds(end_s)
        self._form = "%H:%M:%S" if last.date() == self._start.date() else "%m-%d %H:%M:%S"

    def at(self, at_s: float) -> str:
        """``12:00:05``, ``12:00:05.250``, ``01-16 12:00:05``."""
        moment = self._start + _seconds(at_s)
        thousandths = moment.microsecond // 1000
        return f"{moment:{self._form}}" + (f".{thousandths:03}" if thousandths else "")


def instant(text: str) -> datetime:
    """An instant in UTC; one without a zone is taken for that."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def lasted(length_s: float) -> str:
    """A length of time, exact to the millisecond: ``1h20m``, ``4.250s``."""
    return format_duration(round(1000 * length_s))


def _seconds(length_s: float) -> timedelta:
    return timedelta(milliseconds=round(1000 * length_s))


def _wrapped(text: str, indent: str) -> list[str]:
    """Lines of at most :data:`WIDTH`, safe for a terminal."""
    lines = wrap(printable(text), WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return lines or [""]
