"""A run that can be asked about: any of its jobs, arrays and instances by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.analysis.explain.explanation import Explanation
from batchsim.analysis.explain.jobs import explain_job
from batchsim.analysis.explain.lines import Line
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.errors import UnknownNameError
from batchsim.spec.near import did_you_mean


class Story:
    """Explains what happened in one run; what answers share is worked out once."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """``tables``: the DataFrames of a run by name, ``summary`` and ``scenario`` as mappings."""
        self.run = RunTables(tables)
        self._lines: dict[tuple[str, str], Line] = {}

    def explain(self, name: str) -> Explanation:
        """Explain a job by its id. Raises :class:`~batchsim.errors.UnknownNameError`."""
        row = self.run.job_row(name)
        if row != NOBODY:
            return explain_job(self.run, row, self._lines)
        raise self._unknown(name)

    def _unknown(self, name: str) -> UnknownNameError:
        entries = [*dict.fromkeys(self.run.submissions.words("entry"))]
        return UnknownNameError(f"no job or instance {name!r} in this run. {did_you_mean(name, entries)}".rstrip())
