"""``batchsim init``: a commented scenario that runs, to start from."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

import typer

from batchsim.cli.guard import guarded
from batchsim.errors import OutputError, one_line


def starter() -> str:
    """The text of the starter scenario."""
    return files("batchsim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")


def write_starter(file: Path, *, force: bool) -> None:
    """Write the starter scenario to ``file``; an existing file stays unless ``force``."""
    with guarded():
        try:
            with file.open("w" if force else "x", encoding="utf-8", newline="\n") as out:
                out.write(starter())
        except FileExistsError:
            if file.is_dir():
                raise OutputError(f"{file}: E182: this is a folder; name a file in it") from None
            raise OutputError(f"{file}: E182: there is such a file already; choose another name, or --force") from None
        typer.echo(one_line(f"Wrote {file}. Next: batchsim run {shlex.quote(str(file))}"))
