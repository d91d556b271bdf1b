"""The few shapes that the terminal report is made of: a heading, a line of figures, a table, a bar chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchsim.report.words import plain

_INDENT = (0, 0, 0, 2)
BLANK = Text(" ")
"""A line between two parts of a section."""

_ENDLESS = 10_000
_STYLES = {"ok": "green", "FAILED": "bold red"}


def section(title: str, *parts: RenderableType | None) -> RenderableType:
    """A heading, and its parts below it, indented."""
    shown = [Padding(part, _INDENT, expand=False) for part in parts if part is not None]
    return Group(BLANK, Text(title, style="bold"), *shown)


def facts(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    """Two columns: what, and its figure."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for what, figure in pairs:
        table.add_row(Text(what), Text(figure))
    return table


def rows(headers: Sequence[str], lines: Iterable[Sequence[str]], *, words: int = 1) -> RenderableType:
    """A table without rules; the first ``words`` columns are text, the others figures, aligned right."""
    return _Rows(headers, [[plain(cell) for cell in line] for line in lines], words)


class _Rows:
    """A table whose columns move together where the terminal is narrow, so that figures keep all their digits."""

    def __init__(self, headers: Sequence[str], lines: list[list[str]], words: int) -> None:
        self._headers, self._lines, self._words = headers, lines, words

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        wide = self._table(2)
        fits = Measurement.get(console, options.update(width=_ENDLESS), wide).maximum <= options.max_width
        yield wide if fits else self._table(1)

    def _table(self, gap: int) -> Table:
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
        for position, header in enumerate(self._headers):
            is_text = position < self._words
            side: Literal["left", "right"] = "left" if is_text else "right"
            table.add_column(Text(header), justify=side, no_wrap=not is_text, overflow="fold")
        for line in self._lines:
            table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in line))
        return table


def bars(headers: Sequence[str], lines: Iterable[Sequence[str]], width: int) -> RenderableType:
    """A bar chart: a name, its figures aligned right, and at the end of each line a drawn bar, ``width`` at most."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    for position, header in enumerate(headers):
        is_text = position == 0
        table.add_column(Text(header), justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold")
    table.add_column("", no_wrap=True, min_width=width)
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def points(sentences: Iterable[str]) -> RenderableType:
    """A list of sentences."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for sentence in sentences:
        table.add_row(Text("-"), Text(plain(sentence)))
    return table
