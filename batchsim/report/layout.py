"""The few shapes that the terminal report is made of: a heading, a line of figures, a table, a bar chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchsim.report.words import plain

_INDENT = (0, 0, 0, 2)
BLANK = Text(" ")
"""A line between two parts of a section."""

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
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    for position, header in enumerate(headers):
        is_text = position < words
        side: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(Text(header), justify=side, no_wrap=not is_text, overflow="fold")
    for line in lines:
        table.add_row(*(Text(plain(cell), style=_STYLES.get(cell, "")) for cell in line))
    return table


def points(sentences: Iterable[str]) -> RenderableType:
    """A list of sentences."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for sentence in sentences:
        table.add_row(Text("-"), Text(plain(sentence)))
    return table
