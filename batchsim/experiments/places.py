"""Where the runs of a study are made: in this process, in processes of our own, or by an executor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from batchsim.crew import Begin, Crew, Piece
from batchsim.errors import ExperimentError
from batchsim.experiments.elsewhere import Elsewhere, Say

GivenExecutor = str | Executor | None
"""``dask://HOST:PORT``, any executor, or None: processes of our own."""


class Hands(Protocol):
    """Those who answer."""

    def answers(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, Any]]:
        """Number and answer of each piece, or :class:`~batchsim.crew.Lost`, as they come."""


class Place(Protocol):
    """Where calls are made."""

    @property
    def at_once(self) -> int:
        """How many calls are made at once there, at this moment; at least 1."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it may be another machine, with other files."""

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Hands]:
        """Hands for one work; ``alone``: calls of which each may be the one that ends its process."""


class Here:
    """This process: nobody watches it."""

    at_once = 1
    is_elsewhere = False

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Hands]:
        """Hands for one work."""
        del alone
        return nullcontext(_Own(begin))


class _Own:
    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def answers(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, Any]]:
        work = self._begin(0)
        for number, piece in enumerate(pieces):
            yield number, work(*piece.arguments)


class Processes:
    """Processes of our own, under watch; each makes one call at a time, so that all are alone."""

    is_elsewhere = False

    def __init__(self, workers: int, limit_s: float | None) -> None:
        self.at_once, self._limit_s = workers, limit_s

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Hands]:
        """Hands for one work."""
        del alone
        return Crew(begin, self.at_once, limit_s=self._limit_s)


class Standing:
    """Hands that stay for one work after the other, all begun alike, at a place of this machine."""

    is_elsewhere = False

    def __init__(self, hands: Hands, at_once: int) -> None:
        self._hands, self.at_once = hands, at_once

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Hands]:
        """The same hands."""
        del begin, alone
        return nullcontext(self._hands)


class OnExecutor:
    """An executor of the caller's, which stays open."""

    is_elsewhere = True

    def __init__(self, executor: Executor, workers: int | None, limit_s: float | None) -> None:
        """``workers``: calls at once, where it is not as many as the executor makes."""
        self._executor, self._limit_s = executor, limit_s
        told = getattr(executor, "_max_workers", None)  # those of the standard library, and their kin
        self.at_once: int = workers or (told if isinstance(told, int) else os.cpu_count() or 1)

    def hands(self, begin: Begin, *, alone: bool = False) -> AbstractContextManager[Hands]:
        """Hands for one work."""
        from batchsim.experiments.dask_cluster import says_lost

        size = 1 if alone else self.at_once
        told = f"the executor {type(self._executor).__name__}"
        return Elsewhere(begin, self._executor, lambda: size, limit_s=self._limit_s, is_lost=says_lost, told=told)


@contextmanager
def opened(
    executor: GivenExecutor, workers: int | None, limit_s: float | None, say: Say = lambda _: None
) -> Iterator[Place]:
    """The place for as long as the block runs.

    ``workers``: processes of our own, 1 unless said; of an executor, the most calls at once. ``say`` takes what a
    person wants to know. Raises
    :class:`ExperimentError` for what is no executor; a cluster that cannot be reached is told when it is first needed.
    """
    if isinstance(executor, str):
        from batchsim.experiments.dask_cluster import Cluster, address_of

        with Cluster(executor, address_of(executor), workers, limit_s, say) as cluster:
            yield cluster
    elif executor is not None:
        yield OnExecutor(_checked(executor), workers, limit_s)
    elif (workers or 1) == 1 and limit_s is None:
        yield Here()
    else:
        yield Processes(workers or 1, limit_s)


def _checked(executor: Any) -> Executor:
    if not callable(getattr(executor, "submit", None)):
        raise ExperimentError(
            f"executor must be an Executor of concurrent.futures, or 'dask://HOST:PORT', not {executor!r}"
        )
    found: Executor = executor
    return found
