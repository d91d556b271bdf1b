"""Where each kind of fact is from, and of what date: what a report says about the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from batchsim.catalog.tables import rows


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of fact of one region (an empty ``region`` stands for all) and the date of which it holds."""

    fact: str
    region: str
    as_of: str
    verified: bool
    """Whether the fact is AWS's own as published, and not one that a second hand wrote down from memory."""
    source: str
    note: str

    @property
    def told(self) -> str:
        """The date as a report says it."""
        return self.as_of if self.verified else f"{self.as_of} (not verified)"


@cache
def sources() -> tuple[Source, ...]:
    """Every source of the catalogue's tables."""
    return tuple(_source(row) for row in rows("sources"))


def as_of(region: str, facts: Iterable[str]) -> Mapping[str, str]:
    """The date of each of ``facts`` that the catalogue holds for ``region``, by fact; it says what is not verified."""
    wanted = frozenset(facts)
    return {found.fact: found.told for found in sources() if found.fact in wanted and found.region in ("", region)}


def _source(row: Mapping[str, str]) -> Source:
    return Source(row["fact"], row["region"], row["as_of"], row["verified"] == "yes", row["source"], row["note"])
