"""Pieces of work side by side: the same as one after the other, whatever they do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Barrier, current_thread
from typing import Any, NoReturn

import pytest

from batchsim.analysis import check
from batchsim.analysis.check import Examination, examine
from batchsim.analysis.side_by_side import side_by_side, usable_cpus
from tests.analysis.mutants import MUTANTS
from tests.analysis.mutants_sound_run import sound_run
from tests.analysis.planting import Mutant

WORKERS = (1, 2, 7)


@pytest.mark.parametrize("workers", WORKERS)
def test_what_is_found_stands_in_the_order_of_the_pieces(workers: int) -> None:
    assert side_by_side(str, range(50), workers) == [str(piece) for piece in range(50)]


def test_pieces_are_looked_at_at_the_same_time() -> None:
    both = Barrier(2, timeout=30)
    assert sorted(side_by_side(lambda _: both.wait(), range(2), 2)) == [0, 1]


@pytest.mark.parametrize("workers", WORKERS)
def test_the_first_piece_that_fails_is_heard_even_if_it_says_what_a_thread_would(workers: int) -> None:
    def fail_from_ten(piece: int) -> None:
        if piece >= 10:
            raise RuntimeError(piece)

    with pytest.raises(RuntimeError, match=r"^10$"):
        side_by_side(fail_from_ten, range(50), workers)


def test_where_no_thread_is_to_be_had_the_caller_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert set(side_by_side(lambda _: current_thread(), range(9), 4)) == {current_thread()}


def test_there_is_a_cpu() -> None:
    assert usable_cpus() >= 1


@pytest.mark.parametrize(("limit", "bound"), [("RLIMIT_AS", 8 << 30), ("RLIMIT_NPROC", 200)])
def test_a_bound_on_memory_or_threads_is_noticed(limit: str, bound: int) -> None:
    told = f"""
import resource
resource.setrlimit(resource.{limit}, ({bound}, resource.getrlimit(resource.{limit})[1]))
from batchsim.analysis.side_by_side import is_confined
print(is_confined())
"""
    assert subprocess.run([sys.executable, "-c", told], check=True, capture_output=True).stdout == b"True\n"


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    return sound_run()


@pytest.mark.parametrize("mutant", MUTANTS[::4], ids=str)
def test_the_checker_finds_the_same_side_by_side(mutant: Mutant, sound: dict[str, Any]) -> None:
    tables = deepcopy(sound)
    mutant.change(tables)
    alone, together = (examine(tables, workers=workers) for workers in (1, 4))
    assert _told(together) == _told(alone)


def test_a_column_that_several_miss_is_told_once_side_by_side(sound: dict[str, Any]) -> None:
    tables = {**sound, "attempts": sound["attempts"].drop(columns="starting_at_s"), "scenario": None}
    alone, together = (examine(tables, workers=workers) for workers in (1, 4))
    assert _told(together) == _told(alone)
    assert [each.id for each in together.violations] == ["F01"]


@pytest.mark.parametrize(("rows", "confined", "workers"), [(0, False, 3), (0, True, 1), (10**9, False, 1)])
def test_long_tables_get_a_thread_a_cpu_unless_memory_is_bounded(
    rows: int, confined: bool, workers: int, sound: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def seen(_: Any, pieces: Sequence[Any], workers: int) -> list[None]:
        asked.append(workers)
        return [None] * len(pieces)

    monkeypatch.setattr(check, "LONG", rows)
    monkeypatch.setattr(check, "is_confined", lambda: confined)
    monkeypatch.setattr(check, "usable_cpus", lambda: 3)
    monkeypatch.setattr(check, "side_by_side", seen)
    examine(sound)
    assert asked == [workers]


def _told(found: Examination) -> tuple[list[tuple[str, int, str]], dict[str, str]]:
    return [(each.id, each.count, each.rows.to_csv()) for each in found.violations], dict(found.untold)
