"""A call that is made in another process of somebody else's, as an executor sends it, and what comes back of it.

The process may be on another machine, and be of another batchsim: what is sent are plain values, the code is compared
before anything of ours is unpacked, and the work, which may be large, goes to each process once: a process that has not
got it says so.
"""

from __future__ import annotations

import os
import pickle
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from batchsim.crew import Begin, Work, that_travels
from batchsim.experiments.code_version import code_version
from batchsim.experiments.time_limit import Overdue, within

_KEPT = 4
"""Works that a process keeps: those of studies which run at the same time."""

Kind = Literal["done", "raised", "overdue", "absent", "refused"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a process needs before it can make a call, by its digest."""

    digest: str
    content: bytes

    @classmethod
    def of(cls, begin: Begin) -> Parcel:
        """``begin`` is pickled: it is called in each thread that makes calls."""
        content = pickle.dumps(begin)
        return cls(sha256(content).hexdigest(), content)


class Works:
    """What this process has been sent: parcels by digest, the newest few, and each thread's own work made of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parcels: OrderedDict[str, bytes] = OrderedDict()
        self._own = threading.local()

    def work(self, digest: str, content: bytes | None) -> Work | None:
        """The work of this thread; None if the parcel is not here and ``content`` is not sent along."""
        made: dict[str, Work] = self._own.__dict__.setdefault("made", {})
        if digest not in made:
            found = self._parcel(digest, content)
            if found is None:
                return None
            while len(made) >= _KEPT:
                made.pop(next(iter(made)))
            made[digest] = pickle.loads(found)(0)  # noqa: S301 -- the study's own; its code was compared
        return made[digest]

    def _parcel(self, digest: str, content: bytes | None) -> bytes | None:
        with self._lock:
            if content is not None:
                self._parcels[digest] = content
            if digest in self._parcels:
                self._parcels.move_to_end(digest)
            while len(self._parcels) > _KEPT:
                self._parcels.popitem(last=False)
            return self._parcels.get(digest)


_WORKS = Works()
"""Of this process: an executor gives a call no other place for what outlives it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A call whose unpickling makes it: ``pickle.loads`` is a function that every process has.

    Sent as a function of ours, it would be looked up where a message is read, and a Dask worker without batchsim ends
    at that without a word to who asked.
    """

    code: str
    digest: str
    content: bytes | None
    """The parcel; None: the process may have it."""
    arguments: tuple[Any, ...]
    limit_s: float | None

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return perform, (self.code, self.digest, self.content, pickle.dumps(self.arguments), self.limit_s)


def perform(code: str, digest: str, content: bytes | None, arguments: bytes, limit_s: float | None) -> tuple[Kind, Any]:
    """Make the call that the pickled ``arguments`` say, within so many seconds.

    ``done``: seconds taken, and the answer. ``raised``: the error. ``overdue``: where. ``absent``: send the parcel
    along. ``refused``: where, and the code that is there.
    """
    if code_version() != code:
        return "refused", (here(), code_version())
    try:
        work = _WORKS.work(digest, content)
        if work is None:
            return "absent", None
        began_s = time.monotonic()
        answer = within(limit_s, partial(work, *pickle.loads(arguments)))  # noqa: S301 -- as above
        return "done", (time.monotonic() - began_s, answer)
    except Overdue:
        return "overdue", here()
    except Exception as error:  # noqa: BLE001 -- who asked raises it
        return "raised", that_travels(error)


def here() -> str:
    """Which process this is, for people: ``process 4711 on node-3``."""
    return f"process {os.getpid()} on {socket.gethostname()}"
