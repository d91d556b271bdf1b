"""A Dask cluster as an executor: connected when it is first needed, asked for its size, silent when it goes.

Only here is ``distributed`` known (the extra ``dask``).
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from batchsim.crew import Begin
from batchsim.errors import ExperimentError, printable
from batchsim.experiments.elsewhere import Elsewhere, ExecutorError, Say

CONNECT_S = 10.0
"""A scheduler that has not answered by then is not there."""
_ASK_S = 30.0
"""... nor is one that has stopped answering."""
_SIZE_FOR_S = 2.0
"""So long a size is taken to hold."""
_CLOSE_S = 2.0
_HOW = "dask://HOST:PORT, as in dask://10.0.0.7:8786"


def address_of(url: str) -> str:
    """``dask://HOST:PORT`` as Dask says it. Raises :class:`ExperimentError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ExperimentError(f"executor {printable(url)!r}: {error}; it is {_HOW}") from None
    rest = parts.username or parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "dask" or not host or not port or rest:
        raise ExperimentError(f"executor {printable(url)!r} is not {_HOW}")
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def says_lost(error: BaseException) -> bool:
    """Whether Dask gave up a call because the workers that had it were lost, more often than its scheduler allows.

    Or gave up an answer: if its worker is lost between the answer and the look at its state, the bridge from Dask's
    futures to ours (``distributed.cfexecutor``) takes the answer for an error, and falls over it.
    """
    dask = sys.modules.get("distributed")
    if dask is None:
        return False
    frames = traceback.extract_tb(error.__traceback__)
    fell_over = isinstance(error, ValueError) and bool(frames) and frames[-1].name == "_cascade_future"
    return fell_over or isinstance(error, dask.KilledWorker)


class Cluster:
    """The place at a scheduler's address; a context manager, at whose end the connection is closed."""

    is_elsewhere = True

    def __init__(self, url: str, address: str, most: int | None, limit_s: float | None, say: Say) -> None:
        """``most``: calls at once, however many threads the workers have."""
        self._url, self._address, self._most, self._limit_s, self._say = url, address, most, limit_s, say
        self._client: Any = None
        self._asked_s = 0.0
        self._threads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._client is not None:
            with _silence(), suppress(Exception):
                self._client.close(timeout=_CLOSE_S)

    @property
    def at_once(self) -> int:
        """Threads of all workers."""
        return max(1, self._size())

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Elsewhere]:
        """Hands for one work. Raises :class:`ExecutorError` (E194) if the scheduler cannot be reached."""
        return self._silent(begin, alone)

    @contextmanager
    def _silent(self, begin: Begin, alone: bool) -> Iterator[Elsewhere]:
        client = self._connected()
        with _silence():
            executor = client.get_executor(pure=False)
            size = (lambda: min(1, self._size())) if alone else self._size
            with Elsewhere(
                begin, executor, size, limit_s=self._limit_s, is_lost=says_lost, told=self._url, say=self._say
            ) as hands:
                yield hands

    def _size(self) -> int:
        """How many calls the cluster makes at once; asked anew now and then, as workers come and go."""
        now_s = time.monotonic()
        if not self._asked_s or now_s - self._asked_s > _SIZE_FOR_S:
            client = self._connected()
            try:
                with _silence():
                    found = client.nthreads(callback_timeout=_ASK_S)
            except OSError as error:  # TimeoutError and Dask's CommClosedError are of it
                raise ExecutorError(f"{self._url}: the scheduler does not answer any more [E194]") from error
            self._threads, self._asked_s = sum(found.values()), now_s
        return min(self._threads, self._most or self._threads)

    def _connected(self) -> Any:
        """The client, connected the first time."""
        if self._client is None:
            dask = _distributed()
            try:
                with _silence(), warnings.catch_warnings():
                    warnings.simplefilter("ignore", dask.versions.VersionMismatchWarning)  # ours are compared by us
                    self._client = dask.Client(self._address, timeout=CONNECT_S, set_as_default=False)
            except (OSError, ValueError, ImportError) as error:
                told = " ".join(str(error).split())[:200]
                raise ExecutorError(f"{self._url}: the Dask scheduler cannot be reached ({told}) [E194]") from error
        return self._client


def _distributed() -> Any:
    try:
        import distributed
        import distributed.versions
    except ImportError as error:
        told = f"a Dask cluster needs the extra dask: pip install 'batchsim[dask]' ({error})"
        raise ExperimentError(told) from None
    for name in ("asyncio", "tornado.application"):
        logging.getLogger(name).addFilter(is_no_lost_connection)
    return distributed


def is_no_lost_connection(record: logging.LogRecord) -> bool:
    """Whether a record is about something else than a connection of Dask's that is closed while it reads.

    The loops that read tell it with a traceback, whenever that is: perhaps long after ours has ended (Ctrl-C).
    """
    comm, error = sys.modules.get("distributed.comm"), record.exc_info[1] if record.exc_info else None
    return comm is None or not isinstance(error, comm.CommClosedError)


@contextmanager
def _silence() -> Iterator[None]:
    """What Dask logs of a connection that is lost, we say in one line."""
    named = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    loud = [logger for logger in map(logging.getLogger, named) if not logger.disabled]
    for logger in loud:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in loud:
            logger.disabled = False
