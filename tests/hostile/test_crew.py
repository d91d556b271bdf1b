"""Processes under watch: one that crashes, hangs or never comes up costs its own piece of work, and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hostile.accidents import PLAIN
from processes import by_proc, members

from batchsim.crew import Begin, Crew, Lost, Piece, Work
from batchsim.errors import ExperimentError


def alike(work: Work, _: int) -> Work:
    """The same in all processes."""
    return work


def accident(kind: str, number: int) -> int:
    """What one piece does."""
    accidents = {
        "exit": lambda: os._exit(7),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "hang": lambda: time.sleep(600),
        "raise": lambda: 1 // 0,
        "deaf": lambda: os.kill(os.getpid(), signal.SIGTERM),
    }
    if kind in accidents:
        accidents[kind]()
    return number * number


def answers(*kinds: str, limit_s: float | None = None) -> dict[int, Any]:
    with Crew(partial(alike, accident), 2, limit_s=limit_s) as crew:
        return dict(crew.answers([Piece((kind, number)) for number, kind in enumerate(kinds)]))


def test_a_crash_costs_its_own_piece() -> None:
    found = answers("none", "exit", "none", "kill", "segfault", "deaf")
    told = [found[at].why for at in (1, 3, 4) if isinstance(found[at], Lost)]
    ends = ("left with exit code 7", "was killed by SIGKILL, perhaps for want of memory", "was killed by SIGSEGV")
    assert told == [f"its process {end}" for end in ends]
    assert (found[0], found[2], found[5]) == (0, 4, 25)


@pytest.mark.slow
def test_one_that_hangs_is_ended() -> None:
    began = time.monotonic()
    found = answers("none", "hang", "none", limit_s=2.0)
    assert (found.pop(1).why, found) == ("it took longer than 2 s", {0: 0, 2: 4})
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_what_a_piece_raises_is_raised_here_with_its_place() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        answers("raise")
    assert "in accident" in "".join(caught.value.__notes__)


class OwnError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} {two}")


def raising(_: int) -> None:
    raise OwnError(1, 2)


@pytest.mark.slow
def test_an_error_that_cannot_travel_comes_as_its_words() -> None:
    with pytest.raises(ExperimentError, match="OwnError: 1 2"), Crew(partial(alike, raising), 1) as crew:
        list(crew.answers([Piece((0,))]))


def with_number(work: Work, number: int) -> Work:
    """Answers know in which process they were made."""
    return partial(_beside, work, number)


def _beside(work: Work, number: int, *arguments: Any) -> tuple[int, Any]:
    return number, work(*arguments)


def unless_first(failing: int, number: int) -> Work:
    """The first so many processes do not come up."""
    if number <= failing:
        os._exit(9)
    return _beside_number(number)


def _beside_number(number: int) -> Work:
    return partial(_beside, accident, number)


def forked(begin: Begin, workers: int = 1, **how: Any) -> Crew:
    """A crew off a fork server, whose processes come up at once."""
    return Crew(begin, workers, start="forkserver", preload=[__name__, "batchsim.crew"], **how)


def test_a_process_that_does_not_come_up_gives_its_piece_to_the_next() -> None:
    with forked(partial(unless_first, 2)) as crew:
        assert dict(crew.answers([Piece(("none", 3)), Piece(("none", 4))])) == {0: (3, 9), 1: (3, 16)}


def test_where_none_comes_up_the_reason_is_told() -> None:
    with forked(partial(unless_first, 99)) as crew, pytest.raises(ExperimentError, match="left with exit code 9 while"):
        list(crew.answers([Piece(("none", 3))]))


def test_pieces_are_taken_as_processes_get_free_and_processes_replaced_after_some() -> None:
    taken: list[int] = []

    def endless() -> Iterator[Piece]:
        for number in range(10**9):
            taken.append(number)
            yield Piece(("none", number))

    with forked(partial(with_number, accident), lives=2) as crew:
        found = [answer for _, (_, answer) in zip(range(5), crew.answers(endless()), strict=False)]
    assert found == [(1, 0), (1, 1), (2, 4), (2, 9), (3, 16)]
    assert len(taken) <= 6


def test_one_that_went_while_it_had_no_work_costs_nothing() -> None:
    with forked(partial(with_number, accident)) as crew:
        first = dict(crew.answers([Piece(("none", 1))]))
        (idle,) = crew._workers
        idle.process.kill()
        idle.process.join()
        assert (first, dict(crew.answers([Piece(("none", 2))]))) == ({0: (1, 1)}, {0: (2, 4)})


WAITS = """
import sys
sys.path.insert(0, {tests!r})
from functools import partial
from batchsim.crew import Crew, Piece
from hostile.test_crew import accident, alike
if __name__ == "__main__":
    with Crew(partial(alike, accident), 2) as crew:
        for number, _ in crew.answers([Piece(("none", 0)), Piece(("hang", 1)), Piece(("hang", 2))]):
            print(number, flush=True)
"""


@pytest.mark.slow
@by_proc
def test_nobody_outlives_a_parent_that_is_killed_even_one_that_hangs(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text(WAITS.format(tests=str(Path(__file__).parents[1])))
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=PLAIN, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    until = time.monotonic() + 30
    while members(process.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert members(process.pid) == []
