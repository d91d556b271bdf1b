"""What is wrong with an optimisation, or with a wish for precision, is told in a line; and how far one goes."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import ScenarioError
from batchsim.spec.optimise import parse_optimise
from batchsim.spec.precision import Precision, parse_precision

OVER = {"over": {"a": [1, 2]}}
METRICS = ["cost_usd", "wait_mean_s", "wait_p95_s", "ready_at_s", "makespan_s"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([1], "a study is a mapping"),
        ({"minimise": "cost_usd"}, "over: nothing to choose from"),
        (OVER, "minimise: nothing to minimise or maximise"),
        ({**OVER, "minimise": {"cost": 1}}, "minimise: not a text, and not a list of texts"),
        ({**OVER, "minimise": METRICS}, "minimise: too many objectives (got 5); allowed: at most 4"),
    ],
)
def test_what_is_wrong_with_an_optimisation_is_told(data: Any, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_optimise(data)
    assert told in str(caught.value)


def test_a_wish_for_precision_is_a_mapping() -> None:
    with pytest.raises(ScenarioError, match="a precision is a mapping"):
        parse_precision([0.02])  # type: ignore[arg-type]


def test_a_precision_that_is_one_stays_it_and_asks_for_a_quarter_more_at_a_time() -> None:
    wanted = parse_precision({"metric": "cost_usd", "max_replications": 24})
    assert isinstance(wanted, Precision)
    assert parse_precision(wanted) is wanted
    assert [wanted.after(number) for number in (5, 7, 9, 20, 24)] == [7, 9, 12, 24, 24]
