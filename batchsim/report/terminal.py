"""The terminal report: the summary laid out with rich, as readable in a file as on a screen."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import StringIO
from typing import Any

from rich.console import Console

from batchsim.report.sections import ORDER

PIPE_WIDTH = 100
LEAST_WIDTH = 60
"""A narrower terminal folds the lines itself: a figure that lost a digit would be worse than an ugly line."""

_ASCII = str.maketrans({"█": "#", **dict.fromkeys("▏▎▍▌▋▊▉", ""), "–": "-"})


def print_report(summary: Mapping[str, Any]) -> None:
    """Print the report on stdout: as wide as a terminal and with its colours; plain, 100 wide, in a pipe or a file."""
    if sys.stdout.isatty():
        console = Console(highlight=False, markup=False, emoji=False)
        console.width = max(console.width, LEAST_WIDTH)
        _print(console, summary)
    else:
        sys.stdout.write(encodable(report_text(summary), sys.stdout.encoding))


def report_text(summary: Mapping[str, Any], width: int = PIPE_WIDTH) -> str:
    """The report as plain text, at most ``width`` characters wide (but not below :data:`LEAST_WIDTH`)."""
    text = StringIO()
    width = max(width, LEAST_WIDTH)
    _print(Console(file=text, width=width, highlight=False, markup=False, emoji=False, color_system=None), summary)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines()).lstrip("\n")


def encodable(text: str, encoding: str) -> str:
    """``text``, its bars and dashes in plain characters if the encoding has no others."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII)
    return text


def _print(console: Console, summary: Mapping[str, Any]) -> None:
    for part in ORDER:
        if (shown := part(summary)) is not None:
            console.print(shown)
