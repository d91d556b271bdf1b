"""Which processes live: what a test that starts some, and ends their parent, has to know."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

by_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="counts processes by /proc")


def members(session: int) -> list[int]:
    """The processes of a session that live; it has the number of the one that began it (``start_new_session``)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def hears_hangups() -> None:
    """For ``preexec_fn``: tests that run under nohup ignore SIGHUP, and what they start would inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
