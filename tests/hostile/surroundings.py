"""The command line in a process, in surroundings that a test makes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from hostile.accidents import PLAIN

from batchsim.cli.init import starter

COMMAND = [sys.executable, "-m", "batchsim"]


def desk_of(folder: Path) -> Path:
    """The folder, with the starter scenario in it."""
    (folder / "s.yaml").write_text(starter())
    return folder


def shell(desk: Path, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, where ``batchsim`` is the command, in an environment of nothing but ``variables``."""
    line = line.replace("batchsim", shlex.join(COMMAND))
    return subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=desk,
        env={**PLAIN, **variables},
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=300,
        check=False,
    )


def code_of(done: subprocess.CompletedProcess[str]) -> int:
    """The exit code; a traceback or a bug of ours fails the test."""
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode != 70, done.stderr
    return done.returncode


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}
