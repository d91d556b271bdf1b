"""What a test asks of a finished run: every byte that it would write, and everything that is wrong with it."""

from __future__ import annotations

from batchsim.analysis.check import check_tables, tables_of
from batchsim.analysis.run import Analysis
from batchsim.result import Result


def files_of(result: Result) -> dict[str, str]:
    """Return the whole text of every file of the result folder by name, with events and costs."""
    files = result.files(events=True, costs=True)
    return {name: text.decode() if isinstance(text, bytes) else "".join(text) for name, text in files.items()}


def violations_in(result: Result) -> list[str]:
    """Return every invariant that the run breaks, and every sum of time or money that is not exact; none is good."""
    sums = Analysis(result.records, result.prices, result.rules).check_sums()
    return [*map(str, check_tables(tables_of(result))), *sums]


def check(result: Result) -> None:
    """Raise ``AssertionError`` with everything that :func:`violations_in` finds."""
    violations = violations_in(result)
    if violations:
        raise AssertionError("\n".join(violations))
