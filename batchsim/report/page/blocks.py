"""What a page is made of: sections, each with a sentence, charts, tables, bars; plain values for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.models import Plot


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure to take away, and the value of ``summary.json`` that it shows."""

    name: str
    told: str
    note: str
    path: str
    """Where the value stands in ``summary.json``: its keys, with dots between them."""
    value: float | str | None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend."""

    name: str
    colour: str
    form: str = "fill"
    """``fill``, ``pale`` (the same colour, paler), ``hatched``, ``line``, ``dashes``, ``cross`` or ``dot``."""


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A Bokeh plot with its legend, and a sentence that says what is drawn, and of how much."""

    plot: Plot
    keys: tuple[Key, ...]
    shown: str = ""
    title: str = ""
    kind: str = "chart"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts; the first ``words`` columns are names, the others figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    title: str = ""
    more: str = ""
    """What is left out."""
    marks: Sequence[str] = ()
    """Of each row: ``good``, ``bad`` or nothing."""
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar."""

    share: float
    """Of the longest bar, 0 to 1."""
    colour: str
    told: str = ""
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A name, the pieces of its bar, its figure, and a smaller one."""

    name: str
    parts: Sequence[Part]
    told: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below one another, with what their colours stand for."""

    title: str
    bars: Sequence[Bar]
    keys: Sequence[Key] = ()
    more: str = ""
    kind: str = "bars"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with what there is to say of each."""

    facts: Sequence[tuple[str, str]]
    title: str = ""
    kind: str = "facts"


@dataclass(frozen=True, slots=True)
class Points:
    """Sentences."""

    points: Sequence[str]
    title: str = ""
    kind: str = "points"


@dataclass(frozen=True, slots=True)
class Story:
    """A job, a sentence about it, and its intervals."""

    name: str
    headline: str
    facts: str
    steps: Sequence[Sequence[str]]
    """When, in which state, why: in words."""
    remedy: str = ""
    kind: str = "story"


Block = Chart | Table | Bars | Facts | Points | Story


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A heading, the finding below it, and what shows it."""

    slug: str
    title: str
    lead: str = ""
    blocks: Sequence[Block] = ()
    alarm: bool = False

    @property
    def charts(self) -> list[tuple[str, Chart]]:
        """Its charts by the id of their place in the page."""
        return [(f"{self.slug}-{at}", block) for at, block in enumerate(self.blocks) if isinstance(block, Chart)]
