"""Processes of our own: Ctrl-C, which reaches every process of a terminal, is the parent's alone; they end with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.resource_tracker import ensure_running
from threading import Thread


@contextmanager
def born_deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started in the block inherit one on SIGINT; whoever started them ends them.

    Without it they would tell of an interrupt while they still load. One that comes meanwhile is not lost: the parent
    hears of it at the end of the block.
    """
    ensure_running()  # the tracker of multiprocessing, whose start would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_interrupts() -> None:
    """For a process that was started later, in another's place."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def leave_signals_to_parent() -> None:
    """For a process that its parent watches, and ends: SIGINT and SIGTERM, which may reach both, are the parent's.

    They are ignored, not blocked: threads of libraries, which are there already, would take what the main one blocks.
    """
    ignore_interrupts()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def end_with_parent() -> None:
    """If the parent were killed, one that waits for it, or hangs, would stay for ever."""
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
