"""A real Dask scheduler and its workers, as processes on loopback: bounded in load and time, ended with the test.

No dashboard, no nanny unless one is asked for, one thread a worker, no limit of memory to watch. A scheduler that
nobody uses ends by itself, and its workers after it, should the test be killed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 180.0
_MODEST = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_LOCAL = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1")


class Cluster:
    """A scheduler and the processes of its workers, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"dask://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._start("scheduler", "scheduler", "--port", str(self.port), "--idle-timeout", "10 minutes", *_LOCAL)
        _until(lambda: _listens(self.port), "the scheduler listens")

    def worker(
        self,
        name: str,
        *words: str,
        threads: int = 1,
        environment: Mapping[str, str] | None = None,
        nanny: bool = False,
    ) -> None:
        """Begin a worker; it is there when it has told its scheduler."""
        self._start(
            name, "worker", f"tcp://127.0.0.1:{self.port}", "--name", name, "--nthreads", str(threads),
            "--nanny" if nanny else "--no-nanny", "--memory-limit", "0", "--death-timeout", "30", "--local-directory",
            str(self.folder / name), *_LOCAL, *words, environment=environment or {},
        )  # fmt: skip
        _until(lambda: "Registered to" in self.said(name), f"{name} has told its scheduler")

    def kill(self, name: str) -> None:
        """SIGKILL to it, and to what it began."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait(PATIENCE_S)

    def send(self, name: str, number: signal.Signals) -> None:
        """A signal to it alone."""
        self.processes[name].send_signal(number)

    def said(self, name: str) -> str:
        """What it wrote."""
        return (self.folder / f"{name}.txt").read_text()

    def end(self) -> None:
        """Nothing of it is left."""
        for name in list(self.processes):
            self.kill(name)

    def _start(self, name: str, *words: str, environment: Mapping[str, str] | None = None) -> None:
        with (self.folder / f"{name}.txt").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *words], cwd=self.folder, stdout=log, stderr=log, stdin=-3,
                env=os.environ | _MODEST | dict(environment or {}), start_new_session=True,
            )  # fmt: skip


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A scheduler with so many workers."""
    folder.mkdir(exist_ok=True)
    made = Cluster(folder)
    try:
        for number in range(workers):
            made.worker(f"w{number}")
        yield made
    finally:
        made.end()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _until(holds: object, what: str) -> None:
    assert callable(holds)
    by = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < by, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.05)
