"""A real PostgreSQL server on 127.0.0.1 for the time of a test: bounded, and gone afterwards whatever happened."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_START_S = 60.0
_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql")


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database; skips where there is no server, or nobody may run one."""
    initdb, server = _program("initdb"), _program("postgres")
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="batchsim-pg-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, port = folder / "data", _free_port()
        _run([initdb, "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], user, folder)
        words = [server, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, **_as(user))
        _wait_for(port, process, folder / "log")
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            process.terminate()  # smart shutdown would wait for sessions that a test has left
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    versions = sorted(each for root in _FOLDERS for each in Path(root).glob(f"**/bin/{name}"))
    if not (found or versions):
        pytest.skip(f"no PostgreSQL server is installed: {name} is not found")
    return found or str(versions[-1])


def _unprivileged() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if user is None:
        return {"env": environment}
    return {"env": environment, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(words: Sequence[str], user: pwd.struct_passwd | None, folder: Path) -> None:
    done = subprocess.run(words, capture_output=True, cwd=folder, timeout=_START_S, check=False, **_as(user))
    if done.returncode:
        pytest.skip(f"{words[0]} does not work here: {done.stderr.decode()[-300:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        if b"ready to accept connections" in log.read_bytes():
            return
        time.sleep(0.05)
    pytest.skip(f"PostgreSQL does not start here on port {port}: {log.read_text()[-300:]}")
