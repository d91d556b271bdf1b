"""A row of the table: a value, the floor that it must reach, and what else there is to say of it."""

from __future__ import annotations

from dataclasses import dataclass

FELL = 0.9
"""A value below so much of the baseline's is marked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. ``floor`` is a ceiling where ``at_most``; rows without one are there to be looked at."""

    name: str
    value: float
    floor: float | None
    note: str = ""
    at_most: bool = False
    unit: str = ""

    @property
    def passes(self) -> bool:
        """Whether it reaches its floor, or stays below its ceiling."""
        return self.floor is None or (self.value <= self.floor if self.at_most else self.value >= self.floor)

    @property
    def is_ratio(self) -> bool:
        """Whether it is much the same on any machine; seconds are not."""
        return self.unit == ""


def head() -> str:
    """The headings."""
    return f"{'row':<26}{'value':>9}{'':<3}{'floor':>9}{'':<6}{'baseline':>9}  notes"


def shown(row: Row, known: float | None) -> str:
    """One line of the table."""
    floor = "" if row.floor is None else f"{'<=' if row.at_most else ''}{_number(row.floor)}"
    verdict = "" if row.floor is None else "ok" if row.passes else "MISSED"
    before = "" if known is None else f"{_number(known)}{_mark(row, known)}"
    return f"{row.name:<26}{_number(row.value):>9}{row.unit:<3}{floor:>9} {verdict:<6}{before:>8}  {row.note}".rstrip()


def _mark(row: Row, known: float) -> str:
    worse = row.value > known / FELL if row.at_most else row.value < known * FELL
    return "!" if worse else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 20 else f"{value:.3f}"
