"""Job ids and the rows they name: ``entry``, ``entry@N`` for the N-th call, ``:i`` for an array child."""

from __future__ import annotations

import re

from batchsim.engine.tables import Tables
from batchsim.records.identifiers import job_id

_ID = re.compile(r"(?P<entry>.*?)(?:@(?P<call>[0-9]{1,18}))?(?::(?P<index>[0-9]{1,18}))?", re.DOTALL)
"""Longer numbers are part of a name that no entry has."""


class JobIds:
    """Looks ids up among the entries; entries from outside are found as well."""

    def __init__(self, tables: Tables) -> None:
        self._entries, self._submissions = tables.entries, tables.submissions

    def rows(self, text: str) -> range | None:
        """Return the job rows that an id names (an entry without ``@N``: all its calls); None for an unknown entry.

        Empty where the entry has no such call: how many there are may hang on the seed.
        """
        calls = self.calls(text)
        match = _ID.fullmatch(text)
        if calls is None or match is None:
            return None
        if not calls:
            return range(0)
        first = self._submissions.jobs_of(calls.start)
        last = self._submissions.jobs_of(calls.stop - 1)
        if match["index"] is None or self._is_entry(text):
            return range(first.start, last.stop)
        index = int(match["index"])
        is_child = self._submissions.is_array[calls.start] and index < len(first)
        return range(first.start + index, first.start + index + 1) if is_child and len(calls) == 1 else None

    def calls(self, text: str) -> range | None:
        """Return the submissions that an id names, empty where there is no such call; None for an unknown entry."""
        match = _ID.fullmatch(text)
        assert match is not None
        name = text if self._is_entry(text) else match["entry"]
        entry = next((entry for entry in self._entries if entry.name == name), None)
        if entry is None:
            return None
        if name == text or match["call"] is None:
            return range(entry.first_submission, entry.first_submission + entry.calls)
        at = entry.first_submission + int(match["call"])
        return range(at, min(at + 1, entry.first_submission + entry.calls))

    def text(self, submission: int, array_index: int = -1) -> str:
        """Return the id of a call, or of one child of an array."""
        entry = self._entries[self._submissions.entry[submission]]
        return job_id(entry.name, self._submissions.occurrence[submission], entry.calls > 1, array_index)

    def names(self) -> list[str]:
        """Return the entries' names, in file order."""
        return [entry.name for entry in self._entries]

    def _is_entry(self, text: str) -> bool:
        """Whether a text is an entry's whole name, even if it looks like a longer id."""
        return any(entry.name == text for entry in self._entries)
