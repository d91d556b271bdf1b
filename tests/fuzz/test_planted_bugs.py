"""The power of the fuzzer: bugs that are planted in batchsim are found, shrunk to what shows them, and repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fuzz import planted

from batchsim.fuzz import Base, Campaign, Failure, Limits
from batchsim.fuzz.watch import Watch
from batchsim.fuzz.worker import Setup, Task, Trial

Fuzz = Callable[..., Campaign]


def only_failure(done: Campaign) -> Failure:
    assert len(done.failures) == 1, list(done.failures)
    return next(iter(done.failures.values()))


def test_a_reader_that_falls_over_one_value_is_found_and_shrunk_to_that_value(fuzz: Fuzz, simple) -> None:
    failure = only_failure(fuzz(simple, "structure", 60, trial=planted.reader_raises, shrink_tries=300))
    assert failure.sign == "exit 70: KeyError in read (planted.py)"
    assert len(failure.scenario) < 100 < failure.size
    assert re.search(rb"[0-9]{10}", failure.scenario)


def test_a_failure_is_repeated_by_its_kind_and_number(fuzz: Fuzz, simple) -> None:
    kind, number = only_failure(fuzz(simple, "structure", 60, trial=planted.reader_raises, shrink_tries=300)).numbers[0]
    again = only_failure(fuzz(simple, kind, 1, seed=number, trial=planted.reader_raises, shrink_tries=0))
    assert (again.sign, again.numbers) == ("exit 70: KeyError in read (planted.py)", [(kind, number)])


def test_attempts_that_are_not_counted_break_an_invariant(fuzz: Fuzz, simple) -> None:
    failures = fuzz(simple, "random", 4, trial=planted.attempts_are_not_counted, shrink_tries=25).failures
    assert failures
    assert all(sign.startswith("breaks ") for sign in failures)
    assert any(len(failure.scenario) < failure.size * 0.8 for failure in failures.values())


def test_messages_without_a_code_are_found(fuzz: Fuzz, simple) -> None:
    failures = fuzz(simple, "tokens", 8, trial=planted.says_nothing_of_where, shrink_tries=0).failures
    assert "a line on stderr of no documented form" in failures


def test_escapes_that_reach_the_terminal_are_found(fuzz: Fuzz, simple) -> None:
    failures = fuzz(simple, "structure", 60, trial=planted.prints_escapes, shrink_tries=0).failures
    assert any(sign.startswith("unprintable characters") for sign in failures)


def test_results_that_hang_on_the_clock_are_found(fuzz: Fuzz, simple) -> None:
    assert only_failure(fuzz(simple, "random", 1, trial=planted.tells_the_time, shrink_tries=0)).sign == (
        "two runs differ in made.txt"
    )


SHORT = Limits(cpu_s=2, wall_s=20)


@pytest.mark.parametrize(
    ("trial", "sign", "told"),
    [
        (planted.exits, "died: exit code 3", "exit code 3"),
        (planted.crashes, "died: SIGSEGV", "in crashes"),
        (planted.hogs, "not enough memory", "not enough memory"),
        (planted.hangs, "hung", "in hangs"),
        pytest.param(planted.sleeps, "hung", "in sleeps", marks=pytest.mark.slow),
        (planted.lets_escape, "escaped: LookupError in lets_escape (planted.py)", "nobody catches it"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_worker_that_is_lost_fails_its_mutant_and_the_next_is_tried(
    trial: Trial, sign: str, told: str, simple: tuple[Base, ...], tmp_path: Path
) -> None:
    sound = simple[0].files
    (name,) = sound
    files = {name: sound[name] + b"\n# max_time"}
    with Watch(Setup(simple, trial, SHORT), 1, tmp_path) as watch:
        lost, next_one = watch.verdicts(tasks(files, sound))
    assert (lost.state, lost.sign) == ("failed", sign)
    assert told in lost.message
    assert next_one.state == "ran"


def tasks(*many: dict[str, bytes]) -> Iterator[Task]:
    return (Task("bytes", number, files) for number, files in enumerate(many))


@pytest.mark.slow
def test_even_what_kills_its_worker_is_shrunk(fuzz: Fuzz, bases) -> None:
    rich = bases[-1:]
    failure = only_failure(fuzz(rich, "tokens", 1, trial=planted.exits, shrink_tries=200))
    assert failure.sign == "died: exit code 3"
    assert len(failure.scenario) < 40
