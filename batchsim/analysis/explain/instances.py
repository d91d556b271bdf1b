"""An instance explained: why it was launched, what it ran, when it was idle, why it ended, what it cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from batchsim.analysis.explain.explanation import Explanation, Step, lasted
from batchsim.analysis.explain.tables import RunTables, rows_of
from batchsim.analysis.explain.words import plural, quoted, some
from batchsim.analysis.typed import MISSING, Int64s
from batchsim.units import format_usd

_LAUNCHED = {
    "demand": "for jobs that waited",
    "initial_capacity": "as the capacity that the environment starts with",
    "minvCpus": "because minvCpus asks for it",
    "replacement": "in place of one that was lost",
    "fleet": "as world.fleets lists it",
    "desiredvCpus": "because desiredvCpus asks for it",
}
_ENDED = {
    "end_of_run": "it still ran as the run ended",
    "scale_in": "scale-in ended it: it had been idle",
    "spot_reclaim": "Spot took it back",
    "instance_failure": "it failed (a fault of the scenario)",
    "zone_outage": "its zone failed (a fault of the scenario)",
    "boot_failure": "it never took jobs: its boot failed (a fault of the scenario)",
}
SHOWN = 5


class InstanceLife:
    """The life of one instance."""

    def __init__(self, run: RunTables, row: int) -> None:
        self.run, self.row = run, row
        self.id, self.type = self._text("instance"), self._text("type")
        self.launched_ms, self.ready_ms = self._ms("launched_at_s"), self._ms("ready_at_s")
        ended = self._ms("ended_at_s")
        self.end_ms = run.horizon_ms if ended == MISSING else ended

    def explanation(self) -> Explanation:
        """The whole of it."""
        return Explanation(
            job=self.id,
            headline=self._headline(),
            steps=tuple(self._steps()),
            notes=tuple(self._notes()),
            kind="instance",
            started_at=self.run.settings.started_at,
        )

    def _headline(self) -> str:
        why = _LAUNCHED.get(self._text("why_launched"), self._text("why_launched"))
        ended = _ENDED.get(self._text("why_ended"), self._text("why_ended"))
        bought = "Spot" if self.run.instances.flag("spot")[self.row] else "On-Demand"
        what = f"{self.id}, {self.type} ({bought}) of {quoted(self._text('environment'))} in {self._text('zone')}"
        return f"{what}, was launched {why}{self._decision()}, and lasted {self._lasted()}: {ended}"

    def _lasted(self) -> str:
        return lasted((self.end_ms - self.launched_ms) / 1000)

    def _decision(self) -> str:
        """What the scaler saw when it launched the instance."""
        scaling = self.run.scaling
        if self._text("why_launched") != "demand" or not len(scaling):
            return ""
        same = scaling.among("environment", self._text("environment")) & (scaling.ms("at_s") == self.launched_ms)
        rows = np.flatnonzero(same & (scaling.number("instances") > 0))
        if not len(rows):
            return ""
        uncovered = int(scaling.number("uncovered_vcpus")[rows[0]])
        number = int(scaling.number("instances")[rows[0]])
        return f" ({uncovered:,} vCPU were not covered; one of {plural(number, 'instance')} launched together)"

    def _steps(self) -> Iterator[Step]:
        ready = self.end_ms if self.ready_ms == MISSING else min(self.ready_ms, self.end_ms)
        until = "it took jobs" if ready < self.end_ms else ""
        if self.launched_ms < ready:
            text = "it starts, boots and registers; nothing can run on it"
            yield Step(self.launched_ms / 1000, ready / 1000, "BOOTING", self._text("why_launched"), text, until=until)
        yield from self._use(ready)

    def _use(self, ready_ms: int) -> Iterator[Step]:
        """From when it takes jobs: busy and idle, in turns."""
        at_ms = ready_ms
        for start, end, rows in self._busy():
            if at_ms < start:
                yield Step(at_ms / 1000, start / 1000, "IDLE", "idle", "no job was on it")
            if start < end:
                yield Step(start / 1000, end / 1000, "BUSY", "busy", self._ran(rows))
            at_ms = max(at_ms, end)
        if at_ms < self.end_ms:
            yield Step(at_ms / 1000, self.end_ms / 1000, "IDLE", self._text("why_ended"), "no job was on it any more")

    def _busy(self) -> Iterator[tuple[int, int, Int64s]]:
        """Stretches in which some job was on it, with the attempts of each, in order of their start."""
        rows, starts, ends = self._attempts()
        if not len(rows):
            return
        reach = np.maximum.accumulate(ends)
        first = np.flatnonzero(np.append(True, starts[1:] > reach[:-1]))
        for low, high in zip(first.tolist(), [*first.tolist()[1:], len(rows)], strict=True):
            yield int(starts[low]), int(reach[high - 1]), rows[low:high]

    def _attempts(self) -> tuple[Int64s, Int64s, Int64s]:
        attempts = self.run.attempts
        rows = rows_of(attempts, "instance", self.id) if len(attempts) else np.zeros(0, np.int64)
        if not len(rows):
            return rows, rows, rows
        starts, ends = attempts.ms("starting_at_s")[rows], self.run.by_horizon(attempts.ms("ended_at_s"))[rows]
        order = np.lexsort((ends, starts))
        return rows[order], starts[order], ends[order]

    def _ran(self, rows: Int64s) -> str:
        names = [str(name) for name in self.run.attempts.text_of("job_id", rows[:SHOWN])]
        outcomes = self.run.attempts.text_of("outcome", rows)
        told = [f"{(outcomes == word).sum():,} {word.replace('_', ' ')}" for word in dict.fromkeys(outcomes.tolist())]
        more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        return f"{plural(len(rows), 'attempt')} ({', '.join(told)}): {some(names, SHOWN)}{more}"

    def _notes(self) -> Iterator[str]:
        instances, row = self.run.instances, self.row
        billed, nano = int(instances.number("billed_s")[row]), int(instances.nano("cost_usd")[row])
        attempts, busy = int(instances.number("attempts")[row]), int(instances.ms("busy_s")[row])
        ran = f"It ran {plural(attempts, 'attempt')} in {lasted(busy / 1000)}"
        yield f"{ran}; {billed:,} s are billed: {format_usd(nano)}."
        waived = int(instances.nano("waived_usd")[row])
        if waived > 0:
            yield f"{format_usd(waived)} of it were waived: Spot took it within its first hour."
        notice, closed = self._ms("notice_at_s"), self._ms("closed_at_s")
        if notice != MISSING:
            yield f"Its interruption notice came {lasted((self.end_ms - notice) / 1000)} before its end."
        if closed != MISSING:
            yield f"It was closed to further jobs {lasted((self.end_ms - closed) / 1000)} before its end."
        yield from self._causes()

    def _causes(self) -> Iterator[str]:
        """What its bill was for, where the folder has the table of costs."""
        costs = self.run.costs
        if not len(costs):
            return
        rows = rows_of(costs, "instance", self.id)
        causes, nano = costs.text_of("cause", rows), costs.nano("cost_usd")[rows]
        sums = {cause: int(nano[causes == cause].sum()) for cause in dict.fromkeys(causes.tolist())}
        told = sorted((cause for cause in sums if sums[cause]), key=lambda cause: -sums[cause])
        if told:
            yield (
                "Of that: " + ", ".join(f"{cause.replace('_', ' ')} {format_usd(sums[cause])}" for cause in told) + "."
            )

    def _text(self, column: str) -> str:
        return self.run.text("instances", column, self.row)

    def _ms(self, column: str) -> int:
        return self.run.ms("instances", column, self.row)
