"""SubmitJob calls that the service refused: HTTP 429, after which they come again, and those refused for good."""

from __future__ import annotations

from batchsim.engine.columns import column, frozen
from batchsim.engine.submission_table import SubmissionTable
from batchsim.engine.vocabulary import Vocabulary
from batchsim.records.tables import Rejections

TOO_MANY_REQUESTS = "Too Many Requests"
"""The reason of HTTP 429."""


class RejectionLog:
    """Grows by one row a refused call; a run without any pays nothing for it."""

    def __init__(self, submissions: SubmissionTable, reasons: Vocabulary) -> None:
        self._submissions = submissions
        self._reasons = reasons
        self._rows = {name: column("q") for name in ("submission", "call", "at_ms", "reason")}

    def write(self, submission: int, at_ms: int, why: str) -> None:
        """Note that the call which a submission has just made is refused."""
        row = (submission, self._submissions.calls[submission], at_ms, self._reasons.code(why))
        for values, value in zip(self._rows.values(), row, strict=True):
            values.append(value)

    def freeze(self) -> Rejections:
        """Return the frozen record."""
        return Rejections(**{name: frozen(values) for name, values in self._rows.items()})
