"""The fast lines against their plain twin, and against the shape that AWS documents, on runs of all kinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from effort import effort

import batchsim
from batchsim.formats.event_lines import fast_lines
from batchsim.formats.events_jsonl import Facts, events, line
from batchsim.result import Result
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario
from tests.formats.event_shape import wrongs

SEEDS = range(1, 1 + effort(fast=15, verify=500, long=5_000))


def result_of(seed: int) -> Result:
    return batchsim.run(parse(draw_scenario(Dice(seed))))


def test_the_fast_lines_are_the_plain_ones_byte_for_byte(cases: Callable[[int], None]) -> None:
    cases(len(SEEDS))
    for seed in SEEDS:
        result = result_of(seed)
        facts = Facts.of(result.records, result.scenario, result.seed)
        plain = [line(event) for event in events(result.records, result.scenario, result.seed)]
        assert list(fast_lines(facts)) == plain, f"scenario {seed}"


def test_every_event_has_awss_shape(cases: Callable[[int], None]) -> None:
    cases(len(SEEDS))
    seen: set[str] = set()
    for seed in SEEDS:
        result = result_of(seed)
        for each in fast_lines(Facts.of(result.records, result.scenario, result.seed)):
            event = json.loads(each)
            assert wrongs(event) == [], f"scenario {seed}: {each}"
            seen |= kinds(event["detail"])
    assert seen >= {"single", "child", "parent", "retried", "FAILED", "SUCCEEDED", "FARGATE", "depends", "no container"}


def kinds(detail: dict[str, Any]) -> set[str]:
    array = detail.get("arrayProperties")
    found = {detail["status"], *detail["platformCapabilities"]}
    found.add("single" if array is None else "child" if "index" in array else "parent")
    found |= {"retried"} if len(detail["attempts"]) > 1 else set()
    found |= {"depends"} if detail["dependsOn"] else set()
    found |= {"no container"} if any("exitCode" not in each["container"] for each in detail["attempts"]) else set()
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("source",), "batch"),
        (("detail", "createdAt"), "2026-01-01T00:00:00Z"),
        (("detail", "createdAt"), 1_767_225_600),
        (("detail", "status"), "DONE"),
        (("detail", "container", "resourceRequirements", 0, "value"), 1),
        (("detail", "attempts"), [{"exitCode": 1}]),
        (("detail", "surprise"), 1),
        (("resources",), []),
    ],
)
def test_the_shape_notices_what_is_not_awss(path: tuple[Any, ...], value: Any) -> None:
    result = result_of(1)
    event = json.loads(next(fast_lines(Facts.of(result.records, result.scenario, result.seed))))
    place = event
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert wrongs(event)
