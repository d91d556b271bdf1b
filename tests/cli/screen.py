"""A command on a terminal of its own (a pty), and the little of a terminal that shows what is left on its screen."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = """
import sys
from batchsim.cli import live, main
live.PATIENCE_S, live._EVERY_S = {patience}, 0.01
sys.exit(main())
"""
"""The command line, with a view that comes soon or late."""
_PIECES = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")
_MOST_S = 120.0


@dataclass
class Screen:
    """Lines of text with a cursor; knows the few sequences that rich sends."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    cursor_shown: bool = True

    def feed(self, text: str) -> Screen:
        for numbers, letter, back, down, plain in _PIECES.findall(text):
            if back:
                self.column = 0
            elif down:
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif plain:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + plain + line[self.column + len(plain) :]
                self.column += len(plain)
            else:
                self._obey(numbers, letter)
        return self

    def _obey(self, numbers: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif letter == "K":
            self.lines[self.row] = ""
        elif letter in "hl" and numbers == "?25":
            self.cursor_shown = letter == "h"

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


@dataclass(frozen=True)
class Done:
    """What came of a command on a terminal."""

    code: int
    stream: str
    """All that was sent to the terminal."""
    stdout: str
    """Where that is not the terminal."""
    is_restored: bool
    """Whether the terminal's settings are as they were."""

    @property
    def screen(self) -> Screen:
        return Screen().feed(self.stream)


def on_a_terminal(
    *arguments: object, patience: float = 0.0, interrupt_at: str = "", to: Path | None = None, **environment: str
) -> Done:
    """Run ``batchsim ARGUMENTS`` with stdout and stderr (``to``: stderr alone) on a terminal.

    ``interrupt_at`` sends Ctrl-C's signal once this text was shown.
    """
    ours, its = pty.openpty()
    before = termios.tcgetattr(its)
    command = [sys.executable, "-c", COMMAND.format(patience=patience), *map(str, arguments)]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment}
    out = to.open("w") if to else None
    try:
        process = subprocess.Popen(command, stdin=its, stdout=out or its, stderr=its, env=whole)
        stream = _read(ours, process, interrupt_at)
        return Done(process.wait(), stream, to.read_text() if to else "", termios.tcgetattr(its) == before)
    finally:
        for descriptor in (ours, its):
            os.close(descriptor)
        if out:
            out.close()


def _read(terminal: int, process: subprocess.Popen[bytes], interrupt_at: str) -> str:
    """All that the terminal gets until the process is over."""
    found, until, sent = b"", time.monotonic() + _MOST_S, False
    while time.monotonic() < until:
        is_over = process.poll() is not None
        if select.select([terminal], [], [], 0.0 if is_over else 0.05)[0]:
            found += os.read(terminal, 65536)
            if interrupt_at and not sent and interrupt_at.encode() in found:
                process.send_signal(signal.SIGINT)
                sent = True
        elif is_over:
            break
    else:
        process.kill()
    return found.decode()
