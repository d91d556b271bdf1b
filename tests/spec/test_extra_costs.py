"""``world.extra_costs``: what a file may say, and what it is told when it says something else."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.errors import ScenarioError
from batchsim.spec import parse, to_data


def world(**extra: Any) -> Any:
    return parse({"world": {"extra_costs": extra}}).world


def test_money_is_kept_in_nano_dollars_and_an_absent_rate_is_nothing() -> None:
    given = dict(
        world(requests={"per_attempt": "$0.0000004"}, nat={"per_h": "$0.045/h", "per_gb": 0}).extra_costs.given()
    )
    assert list(given) == ["nat", "requests"], "in the order of the kinds"
    assert (given["nat"].per_h, given["nat"].per_gb, given["nat"].per_job) == (45_000_000, 0, None)
    assert given["requests"].per_attempt == 400


def test_they_are_written_as_they_were_read() -> None:
    rates = {"logs": {"per_job": "$0.001", "per_attempt": "$0.50"}}
    data = to_data(parse({"world": {"extra_costs": rates}}))
    assert data["world"]["extra_costs"] == rates
    assert parse(data).world.extra_costs == world(**rates).extra_costs


def test_one_rate_is_set_by_its_path() -> None:
    changed = parse({}).with_("world.extra_costs.nat.per_h", "$0.045/h").with_("nat.per_gb", "$0.045")
    assert str(changed.world.extra_costs) == "nat: per_h $0.045/h, per_gb $0.045"


@pytest.mark.parametrize(
    ("extra", "code", "told"),
    [
        ({"nta": {"per_h": "$1/h"}}, "E106", "Did you mean nat?"),
        ({"nat": {"per_hour": "$1/h"}}, "E106", "per_h"),
        ({"nat": {"per_h": "$1"}}, "E148", "$0.05/h"),
        ({"logs": {"per_gb": "0.5"}}, "E148", "as in $0.08"),
        ({"logs": {"per_job": "$1001"}}, "E148", "more than $1,000"),
        ({"logs": "$0.50/GB"}, "E112", "not a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(extra: Any, code: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        world(**extra)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path[:2]) == (code, ("world", "extra_costs"))
    assert told in str(problem)
