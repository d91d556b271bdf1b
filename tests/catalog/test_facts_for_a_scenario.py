"""From the instance types, subnets and prices of a scenario to pools, or to problems that say what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.catalog import facts_for, families, market
from batchsim.errors import Problem, ScenarioError
from batchsim.spec.facts import PoolFacts
from batchsim.spec.scenario import Scenario


def environment(name: str, types: list[str], kind: str = "EC2", subnets: tuple[str, ...] = ()) -> dict[str, Any]:
    resources = {"type": kind, "maxvCpus": 16, "instanceTypes": types, "subnets": list(subnets)}
    return {"computeEnvironmentName": name, "type": "MANAGED", "computeResources": resources}


def scenario(*environments: dict[str, Any], **world: Any) -> Scenario:
    return Scenario.model_validate({"computeEnvironments": list(environments), "world": world})


def pools(*types: str, kind: str = "EC2", subnets: tuple[str, ...] = (), **world: Any) -> tuple[PoolFacts, ...]:
    return facts_for(scenario(environment("ce", list(types), kind, subnets), **world)).pools["ce"]


def names(*types: str, kind: str = "EC2", **world: Any) -> list[str]:
    return [pool.type.name for pool in pools(*types, kind=kind, **world)]


def problems(*types: str, kind: str = "EC2", **world: Any) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        pools(*types, kind=kind, **world)
    return caught.value.problems


def test_a_family_expands_without_bare_metal() -> None:
    found = names("c5")
    assert found[0] == "c5.large"
    assert len(found) == 8
    assert "c5.metal" not in found


def test_bare_metal_is_used_when_it_is_named() -> None:
    assert names("c5", "c5.metal")[-2:] == ["c5.metal", "c5.24xlarge"]


@pytest.mark.parametrize(
    ("bundle", "expected"),
    [
        ("optimal", {"m6i", "c6i", "r6i", "c7i"}),
        ("default_x86_64", {"m6i", "c6i", "r6i", "c7i"}),
        ("default_arm64", {"m6g", "c6g", "r6g", "c7g"}),
    ],
)
def test_bundles_expand_to_their_families(bundle: str, expected: set[str]) -> None:
    found = names(bundle)
    everything = {kind.name for family in expected for kind in families()[family].types if not kind.bare_metal}
    assert set(found) == everything


def test_a_type_is_one_pool_however_often_it_is_named() -> None:
    assert names("c5.large", "c5", "c5.large").count("c5.large") == 1


def test_pools_come_by_vcpus_then_memory_then_place_in_the_catalogue() -> None:
    assert names("m5.xlarge", "r5.large", "m6i.large", "c5.large", "m5.large") == [
        "c5.large",
        "m5.large",
        "m6i.large",
        "r5.large",
        "m5.xlarge",
    ]


def test_a_pool_has_usable_memory_prices_bucket_and_zones() -> None:
    (pool,) = pools("m5.large", kind="SPOT", region="eu-west-1")
    assert (pool.usable_memory_mib, pool.on_demand_nano_usd_per_h) == (7647, 107_000_000)
    assert (pool.spot_nano_usd_per_h, pool.interruption_bucket) == (46_010_000, 1)
    assert pool.zones == ("eu-west-1a", "eu-west-1b", "eu-west-1c")


@pytest.mark.parametrize(("model", "usable"), [("nitro_fit", 7647), ("ratio", 7618), ("exact", 8192)])
def test_the_memory_model_decides_what_is_usable(model: str, usable: int) -> None:
    assert pools("m5.large", mem_model=model)[0].usable_memory_mib == usable


def test_a_scenario_adds_a_type() -> None:
    own = {"vcpu": 2, "memory": "4GiB", "gpu": 1, "arch": "arm64", "price": "$0.1/h", "usable_memory": "3GiB"}
    (pool,) = pools("my.large", instanceTypes={"my.large": own})
    assert (pool.type.vcpus, pool.type.memory_mib, pool.type.gpus, pool.type.architecture) == (2, 4096, 1, "arm64")
    assert (pool.usable_memory_mib, pool.on_demand_nano_usd_per_h) == (3072, 100_000_000)
    assert pool.spot_nano_usd_per_h == 47_000_000, "spot_factor, for want of a Spot price"


def test_a_scenario_overrides_a_type_and_keeps_the_rest() -> None:
    (pool,) = pools("m5.large", instanceTypes={"m5.large": {"memory": "16GiB", "spot_price": "$0.01/h"}})
    assert (pool.type.vcpus, pool.type.memory_mib, pool.usable_memory_mib) == (2, 16384, 15655)
    assert (pool.on_demand_nano_usd_per_h, pool.spot_nano_usd_per_h) == (96_000_000, 10_000_000)


def test_a_types_own_family_can_be_named() -> None:
    own = {f"my.{size}": {"vcpu": vcpu, "memory": "4GiB", "price": "$1/h"} for size, vcpu in (("b", 4), ("a", 2))}
    assert names("my", instanceTypes=own) == ["my.a", "my.b"]


def test_prices_of_the_world_come_first() -> None:
    own = {"m5.large": {"price": "$0.2/h", "spot_price": "$0.1/h"}}
    (pool,) = pools("m5.large", instanceTypes=own, prices={"m5.large": {"on_demand": "$0.3/h", "spot": 0}})
    assert (pool.on_demand_nano_usd_per_h, pool.spot_nano_usd_per_h) == (300_000_000, 0)


def test_spot_costs_what_the_catalogue_says_whatever_the_factor() -> None:
    assert (
        pools("m5.large", spot_factor=0.1)[0].spot_nano_usd_per_h
        == market("us-east-1").offers["m5.large"].spot_nano_usd_per_h
    )
    assert (
        pools("m9g.large", spot_factor=0.1)[0].spot_nano_usd_per_h * 10
        == pools("m9g.large")[0].on_demand_nano_usd_per_h
    )


def test_subnets_lie_where_the_world_says_and_else_in_the_regions_zones_in_turn() -> None:
    found = pools("m5.large", subnets=("s1", "s2", "s3"), zones={"s2": "us-east-1f"})
    assert found[0].zones == ("us-east-1a", "us-east-1f", "us-east-1b")


def test_a_subnet_has_one_zone_whatever_environments_share_it() -> None:
    both = scenario(
        environment("x", ["c5"], subnets=("s1", "s2")), environment("y", ["c5"], subnets=("s2", "s1", "s2"))
    )
    found = facts_for(both).pools
    assert found["x"][0].zones == ("us-east-1a", "us-east-1b")
    assert found["y"][0].zones == ("us-east-1b", "us-east-1a")


def test_a_zone_that_lacks_a_type_is_none_of_its_pools() -> None:
    assert pools("c5.large")[0].zones == tuple(f"us-east-1{letter}" for letter in "abcdf")
    (problem,) = problems("c5.large", zones={"s": "us-east-1e"}, subnets=("s",))
    assert (problem.code, problem.value) == ("E158", "c5.large")
    assert "world.zones" in problem.hint


def test_a_misspelt_type_gets_its_place_and_the_near_match() -> None:
    misspelt, missing = problems("m5.large", "m5.lrge", "zz9")
    assert (misspelt.code, misspelt.path) == (
        "E156",
        ("computeEnvironments", 0, "computeResources", "instanceTypes", 1),
    )
    assert misspelt.hint == "Did you mean m5.large?"
    assert "world.instanceTypes" in missing.hint


def test_a_named_type_without_a_price_is_a_problem_and_world_prices_the_cure() -> None:
    (problem,) = problems("m8a.large", region="eu-west-1")
    assert problem.code == "E148"
    assert "world.prices" in problem.hint
    assert names("m8a.large", region="eu-west-1", prices={"m8a.large": {"on_demand": "$0.1/h"}}) == ["m8a.large"]


def test_a_familys_types_without_a_price_are_left_out_but_not_all_of_them() -> None:
    assert set(names("m5", "m8a", region="eu-west-1")) == set(names("m5", region="eu-west-1"))
    (problem,) = problems("m8a", region="eu-west-1")
    assert (problem.code, problem.value) == ("E148", "m8a")


def test_architectures_do_not_mix() -> None:
    (problem,) = problems("optimal", "m6g")
    assert (problem.code, problem.value) == ("E157", "m6i.large is x86_64, m6g.medium is arm64")


@pytest.mark.parametrize(
    ("word", "kind", "why"),
    [
        ("t2.nano", "SPOT", "does not sell t2.nano as Spot"),
        ("hpc7a", "SPOT", "no type is left"),
        ("mac2.metal", "EC2", "Mac host"),
        ("mac2", "EC2", "only bare metal"),
    ],
)
def test_what_batch_cannot_launch_is_said(word: str, kind: str, why: str) -> None:
    (problem,) = problems(word, kind=kind)
    assert why in problem.message


def test_an_environment_without_types_is_told_of_optimal() -> None:
    (problem,) = problems()
    assert "optimal" in problem.hint


SIX = "us-east-1, us-east-2, us-west-2, eu-west-1, eu-central-1, ap-northeast-1"


def test_an_unknown_region_lists_the_known_ones() -> None:
    (problem,) = problems("c5", "m5.large", region="us-east-9")
    assert (problem.code, problem.path, problem.allowed) == ("E155", ("world", "region"), SIX)


def test_an_unknown_region_will_do_when_every_price_is_given() -> None:
    prices = {"m5.large": {"on_demand": "$0.1/h"}}
    (pool,) = pools("m5.large", subnets=("s1", "s2"), region="us-east-9", prices=prices)
    assert (pool.zones, pool.spot_nano_usd_per_h) == (("us-east-9a", "us-east-9b"), 47_000_000)


def test_fargate_needs_a_known_region() -> None:
    fargate = environment("f", [], "FARGATE")
    assert set(facts_for(scenario(fargate)).fargate) == {
        ("x86_64", False),
        ("arm64", False),
        ("x86_64", True),
        ("arm64", True),
        ("windows", False),
    }
    with pytest.raises(ScenarioError, match=SIX):
        facts_for(scenario(fargate, region="us-east-9"))


@pytest.mark.parametrize(
    ("world", "path"),
    [
        ({"zones": {"s": "us-east-1z"}}, ("world", "zones", "s")),
        ({"prices": {"m5.larg": {"spot": "$1/h"}}}, ("world", "prices", "m5.larg")),
        ({"instanceTypes": {"m5.larg": {"vcpu": 4}}}, ("world", "instanceTypes", "m5.larg")),
        (
            {"instanceTypes": {"m5.large": {"usable_memory": "9GiB"}}},
            ("world", "instanceTypes", "m5.large", "usable_memory"),
        ),
    ],
)
def test_a_wrong_key_of_the_world_is_found(world: dict[str, Any], path: tuple[str, ...]) -> None:
    (problem,) = problems("m5.large", **world)
    assert problem.path == path


def test_a_new_type_without_a_size_is_said_where_it_stands_and_where_it_is_used() -> None:
    found = problems("my.large", instanceTypes={"my.large": {"vcpu": 2}})
    assert [problem.path[0] for problem in found] == ["world", "computeEnvironments"]
    assert "vcpu and memory" in found[0].message


def test_all_problems_are_reported_at_once() -> None:
    wrong = scenario(environment("x", ["m5.lrge"]), environment("y", ["m8a.large", "c55"]), region="eu-west-1")
    with pytest.raises(ScenarioError) as caught:
        facts_for(wrong)
    assert [problem.value for problem in caught.value.problems] == ["m5.lrge", "c55", "m8a.large"]


def test_unmanaged_environments_have_no_pools() -> None:
    unmanaged = {"computeEnvironmentName": "mine", "type": "UNMANAGED"}
    assert list(facts_for(scenario(unmanaged, environment("x", ["c5"]))).pools) == ["x"]


def test_the_dates_are_those_of_the_facts_used() -> None:
    on_demand = facts_for(scenario(environment("x", ["c5"]))).as_of
    assert list(on_demand) == ["instance_types", "zones", "on_demand"]
    assert "spot" in facts_for(scenario(environment("x", ["c5"], "SPOT"))).as_of
    assert list(facts_for(scenario(environment("f", [], "FARGATE"))).as_of) == ["fargate"]


def test_the_dates_are_those_of_the_region_and_say_what_is_not_verified() -> None:
    there = facts_for(scenario(environment("x", ["c5"]), region="ap-northeast-1")).as_of
    here = facts_for(scenario(environment("x", ["c5"]), region="us-east-1")).as_of
    assert there["on_demand"] < here["on_demand"]
    tasks = environment("f", [], "FARGATE")
    assert "not verified" in facts_for(scenario(tasks, region="eu-central-1")).as_of["fargate"]
    assert "not verified" not in facts_for(scenario(tasks, region="us-east-1")).as_of["fargate"]


@pytest.mark.parametrize("region", SIX.split(", "))
def test_the_usual_families_run_on_demand_and_on_spot_in_every_region(region: str) -> None:
    for kind in ("EC2", "SPOT"):
        found = pools("optimal", "c5", "m5", "r5", kind=kind, region=region, subnets=("s1", "s2"))
        assert len(found) >= 60
        assert all(pool.zones and pool.zones[0].startswith(region) for pool in found)
        assert all(pool.spot_nano_usd_per_h <= pool.on_demand_nano_usd_per_h for pool in found)
