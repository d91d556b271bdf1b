"""The summary's occurrences, recomputed from jobs and submissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, sums, take
from batchsim.analysis.invariants.exact import Figure, differing, nano
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.typed import MISSING, Int64s


@invariant("N54e")
def occurrences_are_right(book: Book) -> pd.DataFrame:
    """The summary's occurrences of what recurs, their times until ready and their cost are those of the tables."""
    if not isinstance(told := book.summary.get("occurrences"), list):
        raise CannotTellError("the summary has no occurrences")
    return differing(figure for each in told for figure in _figures(book, each))


def _figures(book: Book, told: Mapping[str, Any]) -> Iterator[Figure]:
    path, ready, cost = f"occurrences.{told['entry']}", told["ready_after_s"], told["cost_loaded_usd"]
    number = book.submissions.number("workflow_occurrence")
    firings = np.unique(number[book.submissions.among("entry", *told["entries"])])
    mine = np.flatnonzero(book.jobs.among("entry", *told["entries"]))
    firing = np.searchsorted(firings, take(number, book.call)[mine])
    after_ms = _ready_after_ms(book, mine, firing, len(firings))
    costs = sums(firing, book.jobs.nano("cost_loaded_usd")[mine], len(firings)).tolist()
    yield f"{path}.occurrences", told["occurrences"], len(firings)
    yield f"{path}.ready", told["ready"], len(after_ms)
    yield f"{path}.ready_after_s.n", ready["n"], len(after_ms)
    yield f"{path}.ready_after_s.max", _ms(ready["max"]), max(after_ms.tolist(), default=None)
    yield f"{path}.cost_loaded_usd.max", nano(cost["max"]), max(costs, default=None)
    yield f"{path}.total_usd", nano(told["total_usd"]), sum(costs)


def _ready_after_ms(book: Book, mine: Int64s, firing: Int64s, size: int) -> Int64s:
    """From due to the last end, of each firing of which all jobs succeeded."""
    due, ended = book.jobs.ms("due_at_s")[mine], book.jobs.ms("ended_at_s")[mine]
    good = book.jobs.among("state", "SUCCEEDED")[mine]
    first, last = np.full(size, FAR), np.full(size, MISSING)
    np.minimum.at(first, firing, np.where(due == MISSING, FAR, due))
    np.maximum.at(last, firing, ended)
    jobs, succeeded = np.bincount(firing, minlength=size), np.bincount(firing[good], minlength=size)
    return np.asarray((last - first)[(jobs > 0) & (jobs == succeeded)])


def _ms(value: Any) -> int | None:
    return None if value is None else round(value * 1000)


INVARIANTS = (occurrences_are_right,)
