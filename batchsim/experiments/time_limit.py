"""A limit on the time that a call may take, in any thread: a run that hangs in a process which is not ours to end.

Signals reach main threads alone, and engines make calls in others. CPython can raise an exception in any thread,
between two steps of Python code; what hangs in a library's own code is not reached by it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_NEVER_S = threading.TIMEOUT_MAX

T = TypeVar("T")


class Overdue(BaseException):
    """The call took longer than it may. No ``Exception``, so that no handler of a run's own takes it."""


class _Alarm:
    """Raises :class:`Overdue` in the thread that made it, once, unless the call ended before."""

    def __init__(self, limit_s: float) -> None:
        self._lock = threading.Lock()
        self._thread = threading.get_ident()
        self._ended = self._rang = False
        self._timer = threading.Timer(min(limit_s, _NEVER_S), self._ring)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def settle(self) -> None:
        """The call has ended; if the time was up first, what was raised comes here, and not later."""
        with self._lock:
            self._ended = True
        while self._rang:
            time.sleep(0.001)

    def stop(self) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if not self._ended:
                self._rang = True
                _raise_in(ctypes.c_ulong(self._thread), ctypes.py_object(Overdue))


def within(limit_s: float | None, call: Callable[[], T]) -> T:
    """What the call answers. Raises :class:`Overdue` if it took longer than so many seconds; None: it may."""
    if limit_s is None:
        return call()
    alarm = _Alarm(limit_s)
    try:
        alarm.start()
        answer = call()
        alarm.settle()
    except Overdue:
        raise
    except BaseException:
        alarm.settle()
        raise
    else:
        return answer
    finally:
        alarm.stop()
