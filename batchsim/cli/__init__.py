"""The command line: thin commands over the Python API, with the exit codes that scripts rely on."""

from __future__ import annotations


def main() -> None:
    """Entry point of ``batchsim`` and ``python -m batchsim``; never returns."""
    import os
    import sys
    from contextlib import suppress

    from batchsim.cli.exit_codes import INPUT_OUTPUT, INTERRUPTED

    try:
        _main()
    except KeyboardInterrupt:  # while modules are imported; commands guard themselves
        _end_undisturbed()
        sys.exit(INTERRUPTED)
    except SystemExit as done:
        _end_undisturbed()
        if done.code != INPUT_OUTPUT:
            raise
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):
            stream.flush()
    os._exit(INPUT_OUTPUT)  # libraries that found no memory while they were loaded can crash or hang in their teardown


def _end_undisturbed() -> None:
    """The interpreter restores the default while it ends, whatever was set: a second Ctrl-C would kill it there."""
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _main() -> None:
    import os
    import sys
    from io import TextIOWrapper

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads would take address space that nothing here uses
    from batchsim.cli.app import app
    from batchsim.cli.exit_codes import INPUT_OUTPUT

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (``>&-``): what we say goes nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 -- until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode gets escapes, not a crash
    try:
        app(prog_name="batchsim")
    except OSError as error:  # of printing help; commands guard themselves
        print(f"batchsim: {error.strerror}", file=sys.stderr)  # noqa: T201 -- typer itself failed to print
        sys.stdout = None  # the interpreter must not try again at exit
        sys.exit(INPUT_OUTPUT)
