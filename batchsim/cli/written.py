"""Where a command left what it wrote, told so that no name of a folder steers the terminal."""

from __future__ import annotations

from pathlib import Path

import typer

from batchsim.errors import one_line

PAGE = "report.html"


def tell(what: str, out: Path | None, page: str | None) -> None:
    """Name the folder of the tables, if there is one, and in it the page, if there is one: "The report", say."""
    if out is None:
        return
    typer.echo("\n" + one_line(f"Tables, {what}: {out}"))
    if page is not None:
        typer.echo(one_line(f"{page}, for a browser: {out / PAGE}"))
