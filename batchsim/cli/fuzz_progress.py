"""How far a campaign is, on stderr: a bar while a person watches, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from batchsim.fuzz import Campaign, Told

_EVERY_S = 10.0


@contextmanager
def progress(campaign: Campaign) -> Iterator[Told]:
    """What to call after each mutant."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import Progress

    total = None if campaign.number is None else campaign.number * len(campaign.kinds)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=total)
        yield lambda now: bar.update(task, completed=now.cases, description=_said(now))


def _lines() -> Callable[[Campaign], None]:
    last = began = time.monotonic()

    def tell(campaign: Campaign) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= _EVERY_S:
            last = now
            typer.echo(f"{now - began:.0f} s: {_said(campaign)}", err=True)

    return tell


def _said(campaign: Campaign) -> str:
    return f"{campaign.cases:,} mutants, {campaign.failed:,} failed"
