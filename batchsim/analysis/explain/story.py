"""A run that can be asked about: its jobs, arrays and instances by id, its queues, its slowest jobs, the whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from batchsim.analysis.explain.digest import Digest, digest, slow_jobs
from batchsim.analysis.explain.explanation import Explanation, lasted
from batchsim.analysis.explain.instances import InstanceLife
from batchsim.analysis.explain.jobs import explain_job
from batchsim.analysis.explain.lines import Line
from batchsim.analysis.explain.queues import QueueWaits, queue_waits
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.explain.verdict import Judge
from batchsim.analysis.explain.words import plural, quoted
from batchsim.analysis.typed import MISSING
from batchsim.errors import UnknownNameError, cut
from batchsim.spec.near import did_you_mean

NEAR = 10_000
"""So many ids are looked at for the one that was meant."""


class Story:
    """Explains what happened in one run; what answers share is worked out once."""

    def __init__(self, tables: Mapping[str, Any], judge: Judge | None = None) -> None:
        """``tables``: the DataFrames of a run by name, ``summary`` and ``scenario`` as mappings."""
        self.run = RunTables(tables)
        self._judge = cache(judge) if judge is not None else None  # jobs of an entry ask for the same
        self._lines: dict[tuple[str, str], Line] = {}

    def explain(self, name: str) -> Explanation:
        """Explain a job, an array or an instance by its id. Raises :class:`~batchsim.errors.UnknownNameError`."""
        if (row := self.run.job_row(name)) != NOBODY:
            return explain_job(self.run, row, self._lines, self._judge)
        if (row := self.run.call_row(name)) != NOBODY:
            return self._array(name, row)
        if (row := self.run.instance_row(name)) != NOBODY:
            return InstanceLife(self.run, row).explanation()
        raise self.unknown(name)

    def digest(self) -> Digest:
        """The run in one page."""
        return digest(self.run)

    def slowest(self, number: int) -> list[Explanation]:
        """The jobs that took longest, each explained."""
        return [self.explain(each.job) for each in slow_jobs(self.run, number)]

    def queue(self, name: str) -> QueueWaits:
        """A queue's waits over time. Raises :class:`~batchsim.errors.UnknownNameError`."""
        known = list(self.run.settings.queues)
        if name not in known:
            raise UnknownNameError(_told(f"no job queue {_shown(name)} in this run", name, known))
        return queue_waits(self.run, name)

    def unknown(self, name: str) -> UnknownNameError:
        """What is said of an id that nothing has."""
        said = f"no job or instance {_shown(name)} in this run"
        call = self.run.call_row(name.rpartition(":")[0])
        if call != NOBODY:
            size = self.run.number("submissions", "size", call)
            is_array = self.run.submissions.flag("is_array")[call]
            have = (
                f"the array has the indices 0 to {size - 1}" if is_array else f"{name.rpartition(':')[0]} is no array"
            )
            return UnknownNameError(f"{said}; {have}")
        calls = self.run.submissions.text_of("job_id", np.arange(min(NEAR, len(self.run.submissions)))).tolist()
        known = [*dict.fromkeys((*self.run.submissions.words("entry"), *calls))]
        repeated = self.run.submissions.among("entry", name)
        if repeated.any():
            first = self.run.text("submissions", "job_id", int(repeated.argmax()))
            return UnknownNameError(f"{said}; it was submitted {int(repeated.sum())} times: {first} is the first")
        return UnknownNameError(_told(said, name, known))

    def _array(self, name: str, call: int) -> Explanation:
        """An array by the child that took longest: that one is what it waited for."""
        children = self.run.children(call)
        if not len(children):
            reason = self.run.text("submissions", "reason", call)
            headline = f"{quoted(name)} was never accepted" + (f": {reason}" if reason else "")
            return Explanation(name, headline, (), kind="array", started_at=self.run.settings.started_at)
        ends = self.run.by_horizon(self.run.jobs.ms("ended_at_s")[children])
        last = self.explain(self.run.ids(children[[int(ends.argmax())]])[0])
        states = self.run.jobs.text_of("state", children)
        told = [f"{(states == word).sum():,} {word or 'NOT_SUBMITTED'}" for word in dict.fromkeys(states.tolist())]
        headline = f"{quoted(name)}, an array of {plural(len(children), 'job')} ({', '.join(told)}){self._took(call)}"
        return Explanation(
            job=name,
            headline=f"{headline}; the last of them: {last.headline}",
            steps=last.steps,
            remedy=last.remedy,
            notes=last.notes,
            kind="array",
            started_at=last.started_at,
        )

    def _took(self, call: int) -> str:
        due, ended = (self.run.ms("submissions", column, call) for column in ("due_at_s", "ended_at_s"))
        return "" if MISSING in (due, ended) else f" was over {lasted((ended - due) / 1000)} after it was due"


def _shown(name: str) -> str:
    return repr(cut(name, 100))


def _told(said: str, name: str, known: list[str]) -> str:
    return f"{said}. {did_you_mean(name, known)}" if did_you_mean(name, known) else said
