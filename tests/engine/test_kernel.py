"""What the kernel adds to SimPy: ranks within an instant, events in the background, and a clock that halts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpy.events import NORMAL, URGENT

from batchsim.engine.kernel import Kernel, Rank


def test_within_an_instant_the_rank_decides_then_the_order_of_the_calls() -> None:
    kernel, seen = Kernel(), []
    for rank in sorted(Rank, reverse=True):
        for name in ("a", "b"):
            kernel.call_at(1, rank, seen.append, (rank, name))
    kernel.run()
    assert seen == [(rank, name) for rank in Rank for name in ("a", "b")]


def test_the_documented_order_of_an_instant() -> None:
    words = "exit start_failure timeout notice reclaim ready gate action expiry submit settle pass"
    assert " ".join(rank.name.lower() for rank in sorted(Rank)) == f"{words} time_limit scale_up scale_in"


def test_an_event_of_an_earlier_rank_is_not_too_late_in_its_instant() -> None:
    kernel, seen = Kernel(), []
    kernel.call_at(1, Rank.SCALE_UP, lambda _: kernel.call_at(1, Rank.EXIT, seen.append, "exit"))
    kernel.call_at(1, Rank.SCALE_IN, seen.append, "scale-in")
    kernel.run()
    assert seen == ["exit", "scale-in"]


def test_simpys_own_events_come_before_all_ranks() -> None:
    kernel, seen = Kernel(), []
    kernel.call_at(1, Rank.EXIT, seen.append, "exit")
    kernel.timeout(1).callbacks.append(lambda _: seen.append("timeout"))
    kernel.schedule(urgent := kernel.event(), priority=URGENT, delay=1)
    urgent._ok, urgent._value = True, None
    urgent.callbacks.append(lambda _: seen.append("urgent"))
    kernel.run()
    assert seen == ["urgent", "timeout", "exit"]


def test_a_process_can_wait_for_the_place_of_a_rank() -> None:
    kernel, seen = Kernel(), []

    def wait() -> Iterator[Any]:
        yield kernel.until(5, Rank.SCALE_UP)
        seen.append(("scale-up", kernel.now_ms))

    kernel.process(wait())
    kernel.call_at(5, Rank.SCALE_IN, seen.append, "scale-in")
    kernel.call_at(5, Rank.PASS, seen.append, "pass")
    kernel.run()
    assert seen == ["pass", ("scale-up", 5), "scale-in"]


def test_the_clock_is_an_integer() -> None:
    kernel = Kernel()
    kernel.call_at(7, Rank.EXIT, lambda _: None)
    kernel.run()
    assert (kernel.now_ms, type(kernel.now_ms), type(kernel.now)) == (7, int, int)


def never() -> bool:
    return False


def test_background_events_come_in_their_time_but_hold_nobody() -> None:
    kernel, seen = Kernel(), []
    kernel.call_in_background(1, Rank.RECLAIM, seen.append, "before")
    kernel.call_at(2, Rank.EXIT, seen.append, "work")
    kernel.call_in_background(3, Rank.RECLAIM, seen.append, "after")
    kernel.advance(10, never, never)
    assert (seen, kernel.now_ms, kernel.exhausted) == (["before", "work"], 2, True)


def test_background_events_go_on_as_long_as_they_are_awaited() -> None:
    kernel, seen = Kernel(), []
    for at_ms in (1, 2, 3):
        kernel.call_in_background(at_ms, Rank.RECLAIM, seen.append, at_ms)
    kernel.advance(10, never, lambda: len(seen) < 2)
    assert (seen, kernel.background) == ([1, 2], 1)


def test_a_process_in_the_background_holds_nobody_either() -> None:
    kernel, seen = Kernel(), []

    def shocks() -> Iterator[Any]:
        while True:
            yield kernel.until(kernel.now_ms + 10, Rank.NOTICE, background=True)
            seen.append(kernel.now_ms)

    kernel.process(shocks())
    kernel.call_at(25, Rank.EXIT, lambda _: None)
    kernel.advance(1_000, never, never)
    assert (seen, kernel.now_ms, kernel.background) == ([10, 20], 25, 1)


def test_an_advance_stops_before_its_instant_and_can_be_taken_up() -> None:
    kernel, seen = Kernel(), []
    for at_ms in (1, 2, 2, 3):
        kernel.call_at(at_ms, Rank.EXIT, seen.append, at_ms)
    kernel.advance(2, never, never)
    assert (seen, kernel.now_ms) == ([1], 1)
    kernel.advance(3, never, never)
    assert (seen, kernel.now_ms) == ([1, 2, 2], 2)


def test_an_advance_halts_after_the_event_that_asks_for_it() -> None:
    kernel, seen = Kernel(), []
    for at_ms in (1, 2, 3):
        kernel.call_at(at_ms, Rank.EXIT, seen.append, at_ms)
    kernel.advance(10, lambda: seen == [1, 2], never)
    assert seen == [1, 2]


def test_an_advance_processes_simpys_events_as_well() -> None:
    kernel, seen = Kernel(), []

    def process() -> Iterator[Any]:
        for _ in range(2):
            yield kernel.timeout(3)
            seen.append(kernel.now)

    kernel.process(process())
    kernel.call_at(4, NORMAL, seen.append, "light")
    kernel.advance(100, never, never)
    assert seen == [3, "light", 6]
