"""The firings of each entry: ``at`` made into instants, a client's rate, another entry's end, or a trace's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws import Millis
from batchsim.engine.randomness import Draws
from batchsim.engine.workload.arrivals import Calendar, HourlyRates, cron_firings_ms, poisson_firings_ms
from batchsim.engine.workload.cron import CronError
from batchsim.engine.workload.places import Place
from batchsim.errors import Path, ScenarioError
from batchsim.spec import After, At, Cron, Firing, Poisson, Rate, RatesByHour, SourceMap, Trace


class TraceAttempts(Protocol):
    """Recorded attempts; those of job j are ``first[j]`` to ``first[j] + number[j] - 1``."""

    @property
    def first(self) -> NDArray[np.int64]:
        """Shape (jobs,)."""

    @property
    def number(self) -> NDArray[np.int64]:
        """At least 1; shape (jobs,)."""

    @property
    def run_ms(self) -> NDArray[np.int64]:
        """At least 1; shape (attempts,)."""

    @property
    def exit_code(self) -> NDArray[np.int16]:
        """0 to 255; shape (attempts,)."""


class TraceTable(Protocol):
    """A trace as :mod:`batchsim.formats.trace_csv` reads it, in order of time; shape of each column: (rows,)."""

    @property
    def submitted_ms(self) -> NDArray[np.int64]:
        """Instants since the simulation's start."""

    @property
    def run_ms(self) -> NDArray[np.int64] | None:
        """Run times, at least 1."""

    @property
    def vcpus_milli(self) -> NDArray[np.int64] | None:
        """vCPUs asked for, in thousandths."""

    @property
    def memory_mib(self) -> NDArray[np.int64] | None:
        """Memory asked for."""

    @property
    def gpus(self) -> NDArray[np.int64] | None:
        """GPUs asked for."""

    @property
    def image(self) -> NDArray[np.int32] | None:
        """Codes into :attr:`images`."""

    @property
    def images(self) -> tuple[str, ...]:
        """The images named."""

    @property
    def exit_code(self) -> NDArray[np.int16] | None:
        """Exit codes, 0 to 255."""

    @property
    def attempts(self) -> TraceAttempts | None:
        """All attempts of the jobs, where the trace tells them."""


ReadTrace = Callable[[Trace, SourceMap | None], TraceTable]


@dataclass(frozen=True, slots=True, eq=False)
class Firings:
    """When an entry, or its whole workflow, fires. ``due_at_ms`` has shape (number,); it is empty with ``after``."""

    number: int
    due_at_ms: Millis
    after: tuple[int, int] | None = None
    """Position of the entry that is followed, and the delay in ms."""
    client_rate_per_s: Fraction | None = None
    trace: TraceTable | None = None
    """Its row k belongs to firing k."""

    def repeated(self, count: int) -> Firings:
        """Every firing ``count`` times over."""
        return replace(self, number=self.number * count, due_at_ms=np.repeat(self.due_at_ms, count))


@dataclass(frozen=True, slots=True)
class FiringPlanner:
    """Works out the firings of each entry or workflow once; one that follows another asks for the other's."""

    places: Mapping[str, Place]
    """By id."""
    draws: Draws
    calendar: Calendar
    end_ms: int
    """The end of cron and Poisson processes that name no duration; ``spec`` sees to it that the run ends there too."""
    read_trace: ReadTrace
    most: int
    """More firings of one entry are refused (E151) before they fill the memory."""
    _known: dict[Path, Firings] = field(default_factory=dict)

    def of(self, place: Place) -> Firings:
        """The firings of one entry. Raises :class:`ScenarioError`."""
        path = place.owner_path
        if path not in self._known:
            self._known[path] = self._resolve(place)
        return self._known[path]

    def _resolve(self, place: Place) -> Firings:
        workflow = place.workflow
        if workflow is None:
            return self._fire(place, place.entry.at or At(0))
        firings, count = self._fire(place, workflow.at), workflow.count or 1
        self._check_number(place, firings.number * count)
        return firings.repeated(count)

    def _fire(self, place: Place, at: Firing) -> Firings:
        match at:
            case At():
                return _instants(np.array([at.at_ms], dtype=np.int64))
            case Rate():
                return _client(place, at)
            case Cron():
                return self._cron(place, at)
            case Poisson() | RatesByHour():
                return self._by_chance(place, at)
            case After():
                return self._after(at)
            case _:
                return self._trace(place, at)

    def _cron(self, place: Place, at: Cron) -> Firings:
        end_ms = self.end_ms if at.for_ms is None else at.for_ms
        try:
            firings_ms = cron_firings_ms(at.expression, self.calendar, end_ms, self.most + 1)
        except CronError as error:
            raise place.error("E115", place.at_path, f"not a cron expression: {error}", at.expression) from None
        self._check_number(place, len(firings_ms))
        return _instants(firings_ms)

    def _by_chance(self, place: Place, at: Poisson | RatesByHour) -> Firings:
        """A workflow's arrivals are keyed by its first member."""
        end_ms = max(at.start_ms, self.end_ms if at.for_ms is None else at.start_ms + at.for_ms)
        first = place.entry if place.workflow is None else place.workflow.workflow[0]
        stream = self.draws.stream("arrivals", first.stream or first.id)
        if isinstance(at, Poisson):
            self._check_number(place, at.rate_per_s * (end_ms - at.start_ms) / 1000)
            return _instants(poisson_firings_ms(float(at.rate_per_s), at.start_ms, end_ms, stream))
        rates = HourlyRates.over(tuple(map(float, at.rates_per_s)), self.calendar, at.start_ms, end_ms)
        self._check_number(place, Fraction(rates.expected[-1]))
        return _instants(rates.firings_ms(stream))

    def _after(self, at: After) -> Firings:
        target = self.places[at.entry_id]
        number = self.of(target).number
        return Firings(number, np.empty(0, dtype=np.int64), after=(target.position, at.delay_ms))

    def _trace(self, place: Place, at: Trace) -> Firings:
        try:
            table = self.read_trace(at, place.source)
        except OSError as error:
            message = f"cannot read the trace: {error.strerror or error}"
            raise place.error("E100", (*place.at_path, "trace"), message, at.path) from None
        except ScenarioError as error:
            raise ScenarioError(place.located(problem, place.at_path) for problem in error.problems) from None
        return Firings(len(table.submitted_ms), table.submitted_ms, trace=table)

    def _check_number(self, place: Place, number: int | Fraction) -> None:
        if number > self.most:
            message = f"fires {float(number):,.0f} times"
            hint = "If they are meant, raise simulation.max_jobs"
            raise place.error("E151", place.at_path, message, allowed=f"at most {self.most:,}", hint=hint)


def _client(place: Place, at: Rate) -> Firings:
    """One firing: the instant at which the client begins."""
    if place.workflow is not None:
        hint = "Give each entry a rate of its own outside the workflow, or the workflow an instant, cron or Poisson"
        raise place.error("E117", place.at_path, "a workflow cannot be submitted at a rate", hint=hint)
    return Firings(1, np.array([at.start_ms], dtype=np.int64), client_rate_per_s=at.rate_per_s)


def _instants(due_at_ms: Millis) -> Firings:
    return Firings(len(due_at_ms), due_at_ms)
