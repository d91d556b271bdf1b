"""What is compared: names, files, mappings, and ``NAME: PATH=VALUE`` with commas in values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from experiments.small import night

from batchsim import ExperimentError, ScenarioError
from batchsim.experiments.variants import parse_variant, variants_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("big: spot.maxvCpus=512", [("spot.maxvCpus", 512)]),
        ("big:spot.maxvCpus=512,world.market=stormy", [("spot.maxvCpus", 512), ("world.market", "stormy")]),
        (
            "big: spot.instanceTypes=[m5.large, c5.large], market=calm",
            [("spot.instanceTypes", ["m5.large", "c5.large"]), ("market", "calm")],
        ),
        ("big: run={lognormal: {mean: 5m, cv: 0.4}}", [("run", {"lognormal": {"mean": "5m", "cv": 0.4}})]),
        ("big: at=cron(0 2 * * ? *)", [("at", "cron(0 2 * * ? *)")]),
        ("big: description=a night, a day, market=calm", [("description", "a night, a day"), ("market", "calm")]),
        ("big: description='x=1, y=2'", [("description", "x=1, y=2")]),
        ("big: transform:2.attempts=3", [("transform:2.attempts", 3)]),
    ],
)  # fmt: skip
def test_settings_are_told_apart(text: str, wanted: list[tuple[str, Any]]) -> None:
    assert parse_variant(text) == ("big", wanted)


@pytest.mark.parametrize("text", ["", "big", "big:", ": a=1", "spot.maxvCpus=512", "big: spot.maxvCpus", "big: =3"])
def test_what_is_no_variant_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="PATH=VALUE, as in"):
        parse_variant(text)


def test_names_are_the_mappings_the_files_or_the_scenarios_own(scenarios: Path) -> None:
    first, second = night(name="one"), night(name="two")
    assert [each.name for each in variants_of([first, second])] == ["one", "two"]
    assert [each.name for each in variants_of([{"a": first, "b": second}])] == ["a", "b"]
    files = variants_of([scenarios / "etl_10tb.yaml", scenarios / "hello_fargate.yaml"])
    assert [each.name for each in files] == ["etl_10tb", "hello_fargate"]


def test_a_name_that_comes_again_is_numbered() -> None:
    assert [each.name for each in variants_of([night(), night(), night()])] == ["night", "night (2)", "night (3)"]


def test_a_single_scenario_with_variants_is_the_baseline() -> None:
    found = variants_of([night()], {"big": {"spot.maxvCpus": 512, "world.market": "calm"}})
    assert [each.name for each in found] == ["baseline", "big"]
    assert found[1].scenario == night(market="calm").with_("spot.maxvCpus", 512)
    assert found[0].scenario == night()


def test_one_scenario_alone_is_no_comparison() -> None:
    with pytest.raises(ExperimentError, match="needs two scenarios"):
        variants_of([night()])


def test_what_is_wrong_in_a_variant_is_told_of_the_variant() -> None:
    with pytest.raises(ScenarioError, match=r"variant big: .*unknown path.*Did you mean spot.maxvCpus"):
        variants_of([night()], {"big": {"spot.maxvCpu": 512}})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("market", "calm"), ("market", "stormy")], "market: given twice"),
        ([("market", "calm"), ("world.market", "stormy")], "world.market: given already as market: both are"),
        ([("market", "calm"), ("world", {"market": "stormy"})], "world: given already with market: world.market is a"),
    ],
)
def test_a_value_that_a_later_one_takes_the_place_of_is_told(changes: list[tuple[str, Any]], told: str) -> None:
    with pytest.raises(ScenarioError, match=rf"variant a: {told}.*E123"):
        variants_of([night()], {"a": changes})


def test_a_later_value_may_be_a_part_of_an_earlier_one() -> None:
    found = variants_of([night()], {"a": [("world", {"market": "stormy"}), ("world.market", "calm")]})
    assert found[1].scenario.world.market == "calm"


def test_all_files_problems_are_told_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("nmae: x\n")
    with pytest.raises(ScenarioError, match=r"(?s)a\.yaml:1:1.*b\.yaml:1:1"):
        variants_of([tmp_path / "a.yaml", tmp_path / "b.yaml"])
