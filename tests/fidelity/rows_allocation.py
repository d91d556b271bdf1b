"""Rows of the table of behaviours: allocation strategies, pools and zones."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from fidelity_rows import Row

from batchsim.policies.allocation import STRATEGIES

T = "tests/behaviour"
STRATEGY, ENVIRONMENT = f"{T}/test_allocation_strategies.py::test_", f"{T}/test_compute_environments.py::test_"
UP, ERRORS, QUOTAS = (
    f"{T}/test_scale_up.py::test_",
    f"{T}/test_capacity_errors.py::test_",
    f"{T}/test_vcpu_quotas.py::test_",
)
POLICIES = "batchsim/policies/allocation"
ORDERED = f"{POLICIES}/best_fit_progressive_ordered.py best_fit_progressive_ordered"
API, GUIDE = "API, ComputeResource", 'User Guide, "Allocation strategies"'
Patch = pytest.MonkeyPatch


def instead(name: str, by: str) -> Any:
    """A mutation: one strategy does what another does."""
    return lambda patch: patch.setattr(
        "batchsim.policies.given.Policies.strategy_of", lambda _, asked: STRATEGIES[by if asked == name else asked]
    )


def in_strategy(module: str, name: str, value: Any) -> Any:
    """A mutation: something that one strategy uses, whose module has the name of its function."""
    return lambda patch: patch.setattr(sys.modules[f"{POLICIES.replace('/', '.')}.{module}"], name, value)


def unlisted(patch: Patch) -> None:
    """The order of the list is lost."""
    from batchsim.catalog import pools

    real = pools._listed
    patch.setattr(pools, "_listed", lambda words, shelf: dict.fromkeys(real(words, shelf), 0))


def _first_word(words: Any, shelf: Any) -> Any:
    listed: dict[str, int] = {}
    for at, word in enumerate(words):
        for name in (*(kind.name for kind in shelf.members(word)), *([word] if word in shelf.types else ())):
            listed.setdefault(name, at)
    return listed


ROWS = [
    Row(
        id="B25",
        rule="How SPOT_PRICE_CAPACITY_OPTIMIZED weighs price against the rate of interruptions",
        source="not documented",
        where=f"{POLICIES}/__init__.py STRATEGIES",
        tests={
            "default": STRATEGY + "a_weight_makes_pools_dearer_that_are_interrupted_more_often[None-c7i.large]",
            10: STRATEGY + "a_weight_makes_pools_dearer_that_are_interrupted_more_often[10-c5.large]",
        },
        status="parameter",
        key="spco_rate_weight",
    ),
    Row(
        id="5.4a",
        rule="Six strategies choose six different types from one list",
        source=GUIDE,
        where=f"{POLICIES}/__init__.py STRATEGIES",
        tests=STRATEGY + "no_two_of_the_six_strategies_launch_the_same_type",
        status="modelled",
        note="AWS says what each prefers, not by what formula: docs/model.md says which are used here.",
        breaks=lambda patch: patch.setattr(
            "batchsim.policies.given.Policies.strategy_of", lambda *_: STRATEGIES["BEST_FIT_PROGRESSIVE"]
        ),
    ),
    Row(
        id="5.4b",
        rule="BEST_FIT is the strategy where none is named",
        source=f"{API}.allocationStrategy",
        where="batchsim/engine/compile.py _environment",
        tests=STRATEGY + "best_fit_is_the_strategy_where_none_is_named",
        status="exact",
        breaks=instead("BEST_FIT", "BEST_FIT_PROGRESSIVE"),
    ),
    Row(
        id="5.4c",
        rule="BEST_FIT waits for the type that fits best while it is not to be had, and takes no other",
        source=GUIDE,
        where="batchsim/engine/ec2_offers.py Ec2Offers.is_open",
        tests=(STRATEGY + "best_fit_waits_for_its_type_while_others_have_capacity",),
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.ec2_offers.Ec2Offers._is_unrefused",
            lambda offers, offer: offer.position not in offers.backed_off,
        ),
    ),
    Row(
        id="5.4d",
        rule="BEST_FIT takes the type that hosts the waiting jobs at the lowest cost",
        source=GUIDE,
        where=f"{POLICIES}/best_fit.py best_fit",
        tests=STRATEGY + "no_two_of_the_six_strategies_launch_the_same_type[EC2-BEST_FIT]",
        status="modelled",
        note="What it minimises is not documented: here the price per vCPU that the jobs use of one instance.",
        breaks=instead("BEST_FIT", "BEST_FIT_PROGRESSIVE"),
    ),
    Row(
        id="5.4e",
        rule="BEST_FIT_PROGRESSIVE prefers the lowest cost per vCPU of the types that are large enough",
        source=GUIDE,
        where=f"{POLICIES}/best_fit_progressive.py best_fit_progressive",
        tests=STRATEGY + "no_two_of_the_six_strategies_launch_the_same_type[EC2-BEST_FIT_PROGRESSIVE]",
        status="modelled",
        note="A vCPU counts only as far as the type's memory serves what waits.",
        breaks=instead("BEST_FIT_PROGRESSIVE", "BEST_FIT"),
    ),
    Row(
        id="5.4f",
        rule="BEST_FIT_PROGRESSIVE goes on to another type when one is not to be had",
        source=GUIDE,
        where="batchsim/engine/scale_up.py Scaler",
        tests=STRATEGY + "best_fit_progressive_goes_on_to_the_next_type_at_once",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.ec2_offers.Ec2Offers._is_unrefused", lambda offers, _: not offers.backed_off
        ),
    ),
    Row(
        id="5.4g",
        rule="BEST_FIT_PROGRESSIVE_ORDERED takes the types in the order of the list",
        source=GUIDE,
        where=f"{ORDERED}; batchsim/catalog/pools.py _listed",
        tests=STRATEGY + "the_ordered_strategy_launches_the_first_type_of_the_list_whatever_its_size",
        status="exact",
        breaks=unlisted,
    ),
    Row(
        id="5.4h",
        rule="In it a family or bundle is one entry, within which BEST_FIT_PROGRESSIVE's logic decides",
        source=GUIDE,
        where=f"{POLICIES}/sizing.py first_listed",
        tests=(
            STRATEGY + "a_family_is_one_entry_in_which_price_and_size_decide",
            STRATEGY + "a_bundle_is_one_entry_too",
        ),
        status="exact",
        breaks=in_strategy(
            "best_fit_progressive_ordered",
            "first_listed",
            lambda offers: tuple(sorted(offers, key=lambda offer: (offer.listed, offer.position)))[:1],
        ),
    ),
    Row(
        id="5.4i",
        rule="A type that is listed by itself is taken out of its family's expansion",
        source=GUIDE,
        where="batchsim/catalog/pools.py _listed",
        tests=STRATEGY + "a_type_that_is_listed_by_itself_is_no_part_of_its_family",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.catalog.pools._listed", _first_word),
    ),
    Row(
        id="5.4j",
        rule="In it types too small for the job are skipped, and on a capacity error the next one is taken",
        source=GUIDE,
        where=ORDERED,
        tests=(
            STRATEGY + "types_too_small_for_the_job_are_skipped",
            STRATEGY + "on_a_capacity_error_the_next_of_the_list_is_launched",
        ),
        status="exact",
        breaks=unlisted,
    ),
    Row(
        id="5.4k",
        rule="Large types listed first over-provision small jobs",
        source=f"{API}.allocationStrategy",
        where=ORDERED,
        tests=STRATEGY + "large_types_first_pay_for_more_than_small_jobs_need",
        status="exact",
        breaks=instead("BEST_FIT_PROGRESSIVE_ORDERED", "BEST_FIT_PROGRESSIVE"),
    ),
    Row(
        id="5.4l",
        rule="Small types listed first can meet EC2's limits of instances before maxvCpus",
        source=f"{API}.allocationStrategy",
        where=ORDERED,
        tests=STRATEGY + "small_types_first_meet_limits_of_instances_before_maxvcpus",
        status="modelled",
        note="EC2's limits are in vCPUs today; a limit of instances is a fault of kind capacity.",
        breaks=instead("BEST_FIT_PROGRESSIVE_ORDERED", "BEST_FIT_PROGRESSIVE"),
    ),
    Row(
        id="5.4m",
        rule="SPOT_CAPACITY_OPTIMIZED prefers the pools least likely to be interrupted, whatever they cost",
        source=GUIDE,
        where=f"{POLICIES}/spot_capacity_optimized.py spot_capacity_optimized",
        tests=STRATEGY + "capacity_optimized_takes_the_deepest_pool_whatever_it_costs",
        status="modelled",
        note="The likelihood is taken from the pool's depth.",
        breaks=instead("SPOT_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE"),
    ),
    Row(
        id="5.4n",
        rule="SPOT_PRICE_CAPACITY_OPTIMIZED takes the cheapest of the pools least likely to be interrupted",
        source=GUIDE,
        where=f"{POLICIES}/spot_price_capacity_optimized.py spot_price_capacity_optimized",
        tests=STRATEGY + "price_capacity_optimized_takes_the_cheapest_of_the_pools_at_least_half_as_deep",
        status="modelled",
        note="Their weights are not documented: here the cheapest of the pools half as deep as the deepest and more.",
        breaks=instead("SPOT_PRICE_CAPACITY_OPTIMIZED", "SPOT_CAPACITY_OPTIMIZED"),
    ),
    Row(
        id="5.4o",
        rule="SPOT_CAPACITY_OPTIMIZED_PRIORITIZED honours the order of the list, after capacity",
        source=GUIDE,
        where=f"{POLICIES}/spot_capacity_optimized_prioritized.py spot_capacity_optimized_prioritized",
        tests=STRATEGY + "prioritized_takes_the_first_listed_of_the_pools_at_least_half_as_deep",
        status="modelled",
        note="Best effort is not defined: here the first listed of the pools at least half as deep as the deepest.",
        breaks=unlisted,
    ),
    Row(
        id="5.4p",
        rule="Which of several sizes of one price is launched",
        source="not documented",
        where=f"{POLICIES}/sizing.py sized",
        tests={
            "observed": UP + "or_as_observed_drawn_on_spot_and_the_largest_filled_on_demand",
            "largest_filled": UP + "the_largest_size_that_demand_fills_is_taken",
            "smallest": UP + "or_the_smallest",
        },
        status="parameter",
        key="prefer_size",
    ),
    Row(
        id="5.4q",
        rule="The largest instance that a decision launches where the head needs no larger one",
        source="not documented",
        where=f"{POLICIES}/sizing.py permitted",
        tests={
            "default": STRATEGY + "a_limit_on_the_size_launches_more_and_smaller_instances[None-types0]",
            4: STRATEGY + "a_limit_on_the_size_launches_more_and_smaller_instances[4-types1]",
            3: STRATEGY + "a_limit_on_the_size_launches_more_and_smaller_instances[3-types2]",
        },
        status="parameter",
        key="max_instance_vcpus_per_launch",
    ),
    Row(
        id="5.4r",
        rule="A pool is an instance type in an Availability Zone",
        source='EC2 User Guide, "Spot Instances"',
        where="batchsim/engine/compile.py _Offers",
        tests=ENVIRONMENT + "a_pool_is_a_type_in_a_zone",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.faults.targets._is_selected", lambda *_: True),
    ),
    Row(
        id="5.4s",
        rule="Instances lie in the zones of their environment's subnets",
        source=f"{API}.subnets",
        where="batchsim/catalog/zones.py zone_by_subnet",
        tests=(
            ENVIRONMENT + "instances_are_launched_in_the_zones_of_the_subnets",
            ENVIRONMENT + "subnets_of_which_nothing_is_said_get_the_regions_zones_in_order",
        ),
        status="modelled",
        note="AWS knows each subnet's zone; a scenario says it in world.zones, or gets the region's in order.",
        breaks=lambda patch: patch.setattr(
            "batchsim.catalog.resolve.zone_by_subnet",
            lambda subnets, given, zones: dict.fromkeys(subnets, zones[0]),
        ),
    ),
    Row(
        id="5.4t",
        rule="Equal pools are taken in turn: the zone with the fewest vCPUs of the environment comes next",
        source="not documented",
        where=f"{POLICIES}/sizing.py balanced",
        tests=ENVIRONMENT + "zones_are_balanced_by_vcpus_not_by_instances",
        status="modelled",
        note="Recorded runs show even parts in all zones, as an Auto Scaling group makes them.",
        breaks=in_strategy(
            "best_fit_progressive",
            "balanced",
            lambda _, offers: min(offers, key=lambda offer: offer.position, default=None),
        ),
    ),
]
