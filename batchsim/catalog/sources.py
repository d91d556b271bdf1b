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
    source: str
    note: str


@cache
def sources() -> tuple[Source, ...]:
    """Every source of the catalogue's tables."""
    return tuple(Source(**row) for row in rows("sources"))


def as_of(region: str, facts: Iterable[str]) -> Mapping[str, str]:
    """The date of each of ``facts`` that the catalogue holds for ``region``, by fact."""
    wanted = frozenset(facts)
    return {found.fact: found.as_of for found in sources() if found.fact in wanted and found.region in ("", region)}
