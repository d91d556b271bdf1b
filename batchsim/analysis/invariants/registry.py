"""What an invariant is: an id, a sentence true of every run, and a function that finds the rows that break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from batchsim.analysis.invariants.book import Book

Finder = Callable[[Book], pd.DataFrame]
"""Returns the rows that break the invariant; none where it holds."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One predicate over the tables of a run."""

    id: str
    """``I..`` and ``N..`` as in the validation plan, a letter behind for parts of one; ``W`` waits, ``T`` the heads'
    timeline, ``B`` bills and their splits, ``C`` scaling and its clocks, ``V`` liveness, ``E`` events and
    notifications, ``G`` images, ``H`` blocked heads, ``L`` platforms, ``S`` shares, ``P`` progress of work, ``R``
    consumable resources, ``K`` cancel and terminate, ``J`` job definitions, ``Q`` quotas, rates and limits, ``F``
    files."""
    sentence: str
    find: Finder


def invariant(id_: str) -> Callable[[Finder], Invariant]:
    """Make the decorated function an :class:`Invariant` whose sentence is the function's docstring."""
    return lambda find: Invariant(id_, _sentence(find), find)


def _sentence(find: Finder) -> str:
    """The docstring as one line; the function's own name where docstrings were stripped (``python -OO``)."""
    return " ".join((find.__doc__ or find.__name__.replace("_", " ")).split())
