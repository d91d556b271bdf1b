"""From an entry's ``run`` and ``fails`` to the source of its works and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws import Constant as ConstantLaw
from batchsim.engine.laws import Millis, Sampler, law_of, whole_ms
from batchsim.engine.randomness import Draws
from batchsim.engine.workload.datasets import partition_bytes
from batchsim.engine.workload.failures import Failure, Failures
from batchsim.engine.workload.firings import TraceAttempts, TraceTable
from batchsim.engine.workload.out_of_memory import killed_for_memory
from batchsim.engine.workload.places import Place
from batchsim.engine.workload.work import DrawnWork, Outcome, RecordedWork, ScriptedWork, WorkSource
from batchsim.spec import Constant, Dataset, DatasetRun, Entry, Fail, LawSpec, Script, Scripts, Step, TraceRun


@dataclass(frozen=True, slots=True)
class Shape:
    """How many calls and jobs an entry has: firings x copies calls of ``size`` jobs each."""

    firings: int
    copies: int
    size: int
    is_array: bool

    @property
    def jobs(self) -> int:
        """Jobs in all."""
        return self.firings * self.copies * self.size


@dataclass(frozen=True, slots=True)
class SourceMaker:
    """Makes work sources; the partitions of each data set are cut once and shared by all who read it."""

    draws: Draws
    datasets: Mapping[str, Dataset]
    oom_prob: float = 0.0
    """Probability that an attempt is killed for its memory, unless a script or a trace says how attempts end."""
    _bytes: dict[str, Millis] = field(default_factory=dict)

    def shape(self, place: Place, array_size: int, firings: int) -> Shape:
        """The shape of an entry; a data set's partitions are the default of its count, or of an empty array's size."""
        run, submit = place.entry.run, place.entry.submit
        is_array = submit.arrayProperties is not None
        if not isinstance(run, DatasetRun):
            return Shape(firings, place.entry.count or 1, max(array_size, 1), is_array and array_size > 0)
        partitions = self.datasets[run.dataset].partitions
        size = array_size or (partitions if is_array else 1)
        return Shape(firings, place.entry.count or max(partitions // size, 1), size, is_array)

    def source(self, place: Place, shape: Shape, trace: TraceTable | None) -> WorkSource:
        """The works and outcomes of an entry's jobs. Raises :class:`ScenarioError`."""
        entry = place.entry
        if isinstance(entry.run, Script | Scripts):
            return _scripted(place, _scripts(place, entry.run, shape), shape.jobs)
        if trace is not None and trace.attempts is not None and isinstance(entry.run, TraceRun):
            return _recorded_attempts(place, trace.attempts, shape)
        reasons = _distinct("", *(fail.reason for fail in entry.fails))
        source = self._durations(place, shape, trace)
        exit_codes = _recorded_exit_codes(place, trace, shape.size)
        drawn = DrawnWork(shape.jobs, reasons, source, self._failures(place, reasons), exit_codes)
        if not self.oom_prob or exit_codes is not None:
            return drawn
        return killed_for_memory(drawn, self.oom_prob, self.draws.stream("oom", _key(entry)))

    def data_bytes(self, entry: Entry, shape: Shape) -> Millis | None:
        """Bytes of a data set that each call reads: int64, shape (calls,); None without a data set."""
        if not isinstance(entry.run, DatasetRun):
            return None
        by_call = self._partitions(entry.run.dataset).reshape(shape.copies, shape.size).sum(axis=1)
        return np.tile(by_call, shape.firings)

    def _durations(self, place: Place, shape: Shape, trace: TraceTable | None) -> Sampler | Millis:
        run, stream = place.entry.run, self.draws.stream("work", _key(place.entry))
        match run:
            case Constant(ms):
                return Sampler(ConstantLaw(ms, least_ms=1), stream)
            case LawSpec():
                return Sampler(law_of(run, least_ms=1), stream)
            case DatasetRun():
                return self._dataset_ms(place.entry, run, shape.jobs)
            case _:
                return _recorded_ms(trace, shape.size)

    def _dataset_ms(self, entry: Entry, run: DatasetRun, jobs: int) -> Millis:
        """``overhead + bytes / throughput`` of each job, rounded once."""
        dataset = self.datasets[run.dataset]
        overhead = law_of(dataset.overhead)
        reading_ms = self._partitions(run.dataset) * 1000.0 / dataset.throughput_bytes_per_s
        if isinstance(overhead, ConstantLaw):
            return whole_ms(reading_ms + overhead.ms, least_ms=1)
        u = self.draws.stream("overhead", _key(entry)).block(0, jobs)
        return whole_ms(np.resize(reading_ms, jobs) + overhead.quantile(u), least_ms=1)

    def _partitions(self, name: str) -> Millis:
        if name not in self._bytes:
            dataset = self.datasets[name]
            cv = dataset.skew.params["cv"] if dataset.skew else 0.0
            self._bytes[name] = partition_bytes(dataset.size_bytes, dataset.partitions, cv, name, self.draws)
        return self._bytes[name]

    def _failures(self, place: Place, reasons: tuple[str, ...]) -> Failures | None:
        fails = place.entry.fails
        if not fails:
            return None
        limits = tuple(accumulate(fail.probability for fail in fails))
        if limits[-1] > 1 + 1e-9:
            message = "the probabilities of an attempt's failures sum to more than 1"
            raise place.error("E144", (*place.path, "fails"), message, f"{limits[-1]:g}")
        ways = tuple(self._failure(place.entry, number, fail, reasons) for number, fail in enumerate(fails))
        return Failures(limits, ways, self.draws.stream("fails", _key(place.entry)))

    def _failure(self, entry: Entry, number: int, fail: Fail, reasons: tuple[str, ...]) -> Failure:
        after: float | Sampler | None = None
        if isinstance(fail.after, LawSpec):
            stream = self.draws.stream(f"fails[{number}].after", _key(entry))
            after = Sampler(law_of(fail.after, least_ms=1), stream)
        elif isinstance(fail.after, Fraction):
            after = float(fail.after)
        return Failure(fail.exit_code, reasons.index(fail.reason), after)


def _scripts(place: Place, run: Script | Scripts, shape: Shape) -> tuple[Script, ...]:
    """Return the one script of all jobs, or as many as a firing has jobs."""
    if isinstance(run, Script):
        return (run,)
    jobs = shape.copies * shape.size
    if len(run.scripts) != jobs:
        message = f"{len(run.scripts)} scripts for {shape.copies} calls of {shape.size} jobs"
        raise place.error("E143", (*place.path, "run"), message, hint=f"Write {jobs}, or one for all: script")
    return run.scripts


def _scripted(place: Place, scripts: tuple[Script, ...], jobs: int) -> ScriptedWork:
    if place.entry.fails:
        hint = "Write the failures as steps of the script"
        raise place.error("E111", (*place.path, "fails"), "a script says itself how attempts end", hint=hint)
    reasons = _distinct("", *(step.reason for script in scripts for step in script.steps))
    return ScriptedWork(jobs, reasons, tuple(tuple(map(_outcome, script.steps)) for script in scripts))


def _outcome(step: Step) -> Outcome:
    return Outcome(max(step.run_ms, 1), step.exit_code, step.reason)


def _recorded_attempts(place: Place, attempts: TraceAttempts, shape: Shape) -> RecordedWork:
    """Scripts of outcomes, one a row of the trace."""
    if place.entry.fails:
        hint = "Leave out fails, or the job column"
        raise place.error("E111", (*place.path, "fails"), "the trace records how its attempts end", hint=hint)
    return RecordedWork(
        shape.jobs, ("",), shape.size, attempts.first, attempts.number, attempts.run_ms, attempts.exit_code
    )


def _recorded_ms(trace: TraceTable | None, size: int) -> Millis:
    """Run times of a trace's rows, one call a row, repeated over an array's children."""
    assert trace is not None, "spec lets nobody else take run times from a trace"
    assert trace.run_ms is not None, "nor from one that has none"
    return np.repeat(trace.run_ms, size)


def _recorded_exit_codes(place: Place, trace: TraceTable | None, size: int) -> NDArray[np.int16] | None:
    if trace is None or trace.exit_code is None:
        return None
    if place.entry.fails:
        message = "the trace records how its jobs exit"
        raise place.error("E111", (*place.path, "fails"), message, hint="Leave out fails, or the exit_code column")
    return np.repeat(trace.exit_code, size)


def _key(entry: Entry) -> str:
    return entry.stream or entry.id


def _distinct(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
