"""What ends a study before its end is told with how to go on: every finished run is in the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from batchsim.cli.exit_codes import INPUT_OUTPUT, INTERRUPTED
from batchsim.cli.guard import Replay, Terminated
from batchsim.errors import printable


@contextmanager
def resumable(store: Path, replay: Replay, stopped: type[Exception]) -> Iterator[None]:
    """Leave with 130, 143, 129 or 4 and one line, where somebody or a lost executor ends the block.

    ``stopped`` is what the study raises when its watch wanted it to end.
    """
    from batchsim.experiments.elsewhere import ExecutorError

    try:
        yield
    except stopped as wanted:
        _leave(str(wanted), store, replay, INTERRUPTED)
    except KeyboardInterrupt:
        _leave("interrupted at once", store, replay, INTERRUPTED)
    except Terminated as terminated:
        _leave("terminated", store, replay, terminated.exit_code)
    except ExecutorError as error:
        _leave(str(error), store, replay, INPUT_OUTPUT)


def _leave(how: str, store: Path, replay: Replay, code: int) -> NoReturn:
    """Say what is kept, and how to go on."""
    told = f"batchsim: {how}; every finished run is kept in {store}; go on with: {replay.command}"
    typer.echo(printable(told), err=True)
    raise typer.Exit(code)
