"""The terminal report: the summary laid out with rich, as readable in a file as on a screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from batchsim.report.sections import ORDER
from batchsim.report.sparklines import BLOCKS, PLAIN

PIPE_WIDTH = 100
LEAST_WIDTH = 60
"""A narrower terminal folds the lines itself: a figure that lost a digit would be worse than an ugly line."""

_ASCII = str.maketrans({**dict(zip(BLOCKS, PLAIN, strict=True)), **dict.fromkeys("▏▎▍▌▋▊▉", ""), "–": "-", "±": "+-"})

Parts = Iterable[Callable[[Mapping[str, Any]], RenderableType | None]]
"""The sections of a report, each a function of what it reports."""


def print_report(summary: Mapping[str, Any], parts: Parts = ORDER) -> None:
    """Print the report on stdout: as wide as a terminal and with its colours; plain, 100 wide, in a pipe or a file.

    A terminal whose encoding has no bars and blocks gets plain characters, without colours.
    """
    encoding, width = sys.stdout.encoding or "utf-8", PIPE_WIDTH
    if sys.stdout.isatty():
        console = Console(highlight=False, markup=False, emoji=False)
        console.width = width = max(console.width, LEAST_WIDTH)
        if encodable(BLOCKS, encoding) == BLOCKS:
            _print(console, summary, parts)
            return
    sys.stdout.write(encodable(report_text(summary, width, parts), encoding))


def report_text(summary: Mapping[str, Any], width: int = PIPE_WIDTH, parts: Parts = ORDER) -> str:
    """The report as plain text, at most ``width`` characters wide (but not below :data:`LEAST_WIDTH`)."""
    text = StringIO()
    width = max(width, LEAST_WIDTH)
    console = Console(file=text, width=width, highlight=False, markup=False, emoji=False, color_system=None)
    _print(console, summary, parts)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines()).lstrip("\n")


def write_plain(text: str) -> None:
    """Write finished text on stdout, in characters that it can show."""
    sys.stdout.write(encodable(text + "\n", sys.stdout.encoding or "utf-8"))


def encodable(text: str, encoding: str) -> str:
    """``text``, its bars and dashes in plain characters if the encoding has no others."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII)
    return text


def _print(console: Console, summary: Mapping[str, Any], parts: Parts) -> None:
    for part in parts:
        if (shown := part(summary)) is not None:
            console.print(shown)
