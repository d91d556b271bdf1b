"""Policies of the user's own that raise, answer the impossible, or never answer (B84)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scenario_builder import environment, job, scenario

import batchsim
from batchsim.errors import PolicyError


def run(**policies: Any) -> Any:
    """Six jobs, of which the later come at 30 s, on instances that are launched for them."""
    work = [job("first", "10s"), job("later", "10s", at="30s", count=5, attempts=2, fails=[{"probability": 0.5}])]
    given = scenario(*work, environments=[environment(types=["box.1", "box.2", "box.4"])])
    return batchsim.run(given, seed=3, policies=policies)


def raising(*_: Any) -> Any:
    raise LookupError("no plan for this")


KINDS = ("allocation", "ordering", "packing", "scaling", "retry")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_policy_raises_comes_with_its_name_the_instant_and_what_it_was_asked(kind: str) -> None:
    with pytest.raises(LookupError, match="no plan for this") as caught:
        run(**{kind: raising})
    notes = " ".join(caught.value.__notes__)
    assert "raised by the policy raising" in notes
    assert "which was asked about" in notes
    assert " s of the run, seed 3" in notes


IMPOSSIBLE: tuple[Any, ...] = (-1, 10**9, 2.5, float("nan"), "all", [], {}, object(), True)


@pytest.mark.parametrize("kind", ["allocation", "packing", "scaling"])
@pytest.mark.parametrize("answer", IMPOSSIBLE, ids=lambda answer: type(answer).__name__ + repr(answer)[:6])
def test_an_impossible_answer_is_refused_by_name_with_the_instant(kind: str, answer: Any) -> None:
    def stubborn(*_: Any) -> Any:
        return answer

    with pytest.raises(PolicyError, match="the policy stubborn") as caught:
        run(**{kind: stubborn})
    assert caught.value.code == "E196"
    assert " s of the run, seed 3" in " ".join(caught.value.__notes__)


def late(answer: Any) -> Callable[[Any], Any]:
    """An order of jobs that is fine for the first, and answers so for the others."""
    return lambda waiting: 0 if waiting.entry == "first" else answer


@pytest.mark.parametrize("answer", [None, "soon", float("nan"), [1], (1, None), {}, object()])
def test_the_instant_is_that_of_the_answer(answer: Any) -> None:
    with pytest.raises(PolicyError, match="lambda") as caught:
        run(ordering=late(answer))
    assert "at 30 s of the run, seed 3" in caught.value.__notes__


@pytest.mark.parametrize("answer", [None, 1, 0, "yes", [], float("nan")])
def test_a_retry_is_true_or_false(answer: Any) -> None:
    with pytest.raises(PolicyError, match="return True or False"):
        run(retry=lambda _: answer)


def test_a_policy_that_always_retries_ends_where_attempts_end() -> None:
    result = run(retry=lambda _: True)
    assert result.attempts.groupby("job_id").size().max() <= 2
