"""Rows of the table of behaviours: environments, lists of types, allocation strategies, launches and quotas."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from fidelity_rows import Row

from batchsim.catalog.pools import _pool as _real_pool
from batchsim.policies.allocation import STRATEGIES

T = "tests/behaviour"
STRATEGY, ENVIRONMENT = f"{T}/test_allocation_strategies.py::test_", f"{T}/test_compute_environments.py::test_"
UP, ERRORS, QUOTAS = (
    f"{T}/test_scale_up.py::test_",
    f"{T}/test_capacity_errors.py::test_",
    f"{T}/test_vcpu_quotas.py::test_",
)
COLD = f"{T}/test_cold_start.py"
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


def never(path: str, answer: Any) -> Any:
    """A mutation: a function has one answer to everything."""
    return lambda patch: patch.setattr(path, lambda *_, **__: answer)


def resolved(**changes: Any) -> Any:
    """A mutation: what an environment's resources say is read otherwise."""

    def breaks(patch: Patch) -> None:
        from batchsim.engine import compile as room

        real = room._environment

        def other(environment: Any, *rest: Any) -> Any:
            resources = environment.computeResources
            if resources is not None:
                resources = resources.model_copy(update=changes)
            return real(environment.model_copy(update={"computeResources": resources}), *rest)

        patch.setattr(room, "_environment", other)

    return breaks


def no_overshoot(patch: Patch) -> None:
    """Nobody may exceed maxvCpus."""
    patch.setattr("batchsim.engine.ec2.may_launch", lambda on, most, size, may: on + size <= most)
    patch.setattr("batchsim.policies.allocation.sizing.permitted", _below)
    for room in (
        "best_fit",
        "best_fit_progressive",
        "best_fit_progressive_ordered",
        "spot_capacity_optimized",
        "spot_capacity_optimized_prioritized",
        "spot_price_capacity_optimized",
    ):
        patch.setattr(sys.modules[f"batchsim.policies.allocation.{room}"], "permitted", _below)


def _below(demand: Any, offers: Any) -> Any:
    return tuple(offer for offer in offers if offer.holds(demand.head) and offer.vcpus <= demand.headroom_vcpus)


def unlisted(patch: Patch) -> None:
    """The order of the list is lost."""
    from batchsim.catalog import pools

    real = pools._listed
    patch.setattr(pools, "_listed", lambda words, shelf: dict.fromkeys(real(words, shelf), 0))


ROWS = [
    # -- kinds of environments
    Row(
        id="5.1a",
        rule="A managed EC2 environment launches On-Demand instances, a SPOT environment Spot instances",
        source='User Guide, "Managed compute environments"',
        where="batchsim/engine/compile.py _Offers",
        tests=ENVIRONMENT + "an_ec2_environment_launches_on_demand_and_a_spot_environment_spot",
        status="exact",
        breaks=resolved(type="EC2"),
    ),
    Row(
        id="5.1b",
        rule="Fargate environments have no instances, no types, no minimum or desired vCPUs and no strategy",
        source='User Guide, "AWS Fargate"',
        where="batchsim/spec/checks/capacity.py _fargate",
        tests=ENVIRONMENT + "a_fargate_environment_takes_neither_types_nor_a_minimum_nor_a_strategy",
        status="exact",
        breaks=never("batchsim.spec.checks.capacity._fargate", ()),
    ),
    Row(
        id="5.1c",
        rule="A DISABLED environment takes and launches nothing more, while what runs goes on",
        source="API, CreateComputeEnvironment: state",
        where="batchsim/engine/ec2.py Ec2Environment.takes",
        tests=f"{T}/test_scale_down.py::test_a_disabled_environment_lets_its_jobs_end_and_launches_nothing_more",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.ec2.Ec2Environment.enabled", property(lambda _: True, lambda *_: None), raising=False
        ),
    ),
    Row(
        id="5.1d",
        rule="ECS Managed Instances choose their types by themselves and count the jobs' vCPUs",
        source='User Guide, "ECS Managed Instances compute environments"',
        status="out of scope",
        note="managed instances",
    ),
    Row(
        id="5.1e",
        rule="Environments on EKS take Kubernetes nodes, and need a strategy other than BEST_FIT",
        source=API,
        status="out of scope",
        note="EKS",
    ),
    Row(
        id="5.1f",
        rule="The instances of an UNMANAGED environment are the user's own",
        source="API, CreateComputeEnvironment: type",
        status="out of scope",
        note="unmanaged, beyond the instances that world.fleets lists",
    ),
    # -- bounds
    Row(
        id="5.2a",
        rule="maxvCpus is required",
        source=API,
        where="batchsim/spec/environments.py ComputeResource.maxvCpus",
        tests=ENVIRONMENT + "maxvcpus_must_be_given",
        status="exact",
        breaks=never("batchsim.spec.problems._flaws_of", ()),
    ),
    Row(
        id="5.2b",
        rule="desiredvCpus lie between minvCpus and maxvCpus",
        source=API,
        where="batchsim/spec/checks/capacity.py _bounds",
        tests=ENVIRONMENT + "minimum_desired_and_maximum_must_fit_each_other",
        status="exact",
        breaks=never("batchsim.spec.checks.capacity._bounds", ()),
    ),
    Row(
        id="5.2c",
        rule="desiredvCpus are there at the start; then Batch moves them with demand, between minvCpus and maxvCpus",
        source=API,
        where="batchsim/engine/scale_up.py Scaler.fill",
        tests=ENVIRONMENT + "desired_vcpus_are_there_at_the_start_and_then_move_with_demand",
        status="exact",
        breaks=resolved(desiredvCpus=0),
    ),
    Row(
        id="5.2d",
        rule="All strategies but BEST_FIT on On-Demand may exceed maxvCpus, by one instance at most",
        source=f"{API}.maxvCpus",
        where="batchsim/policies/scaling.py may_launch",
        tests=(
            ENVIRONMENT + "every_strategy_exceeds_maxvcpus_by_one_instance_at_most_and_best_fit_on_demand_never",
            ENVIRONMENT + "best_fit_on_spot_may_exceed_maxvcpus",
        ),
        status="exact",
        breaks=no_overshoot,
    ),
    Row(
        id="5.2e",
        rule="The instance beyond maxvCpus is the smallest that holds the head, and only where none fits below",
        source="not documented",
        where=f"{POLICIES}/sizing.py permitted",
        tests=ENVIRONMENT + "the_instance_beyond_maxvcpus_is_the_smallest_that_will_do",
        status="modelled",
        note="AWS says by how much maxvCpus may be exceeded, not by which size.",
        breaks=lambda patch: patch.setattr("batchsim.policies.allocation.sizing.min", max, raising=False),
    ),
    Row(
        id="B24",
        rule="maxvCpus are exceeded by one instance at most, and never by BEST_FIT on On-Demand",
        source=f"{API}.maxvCpus",
        where="batchsim/policies/scaling.py may_launch",
        tests=ENVIRONMENT + "every_strategy_exceeds_maxvcpus_by_one_instance_at_most_and_best_fit_on_demand_never",
        status="exact",
        breaks=no_overshoot,
    ),
    Row(
        id="V8",
        rule="With maxvCpus 10 and instances of 4 vCPUs BEST_FIT_PROGRESSIVE runs three, BEST_FIT On-Demand two",
        source=f"{API}.maxvCpus",
        where="batchsim/policies/scaling.py may_launch",
        tests="tests/golden/test_golden_vectors.py::test_vector_8_only_best_fit_on_demand_stays_within_maxvcpus"
        "[BEST_FIT_PROGRESSIVE-3]",
        status="exact",
        breaks=no_overshoot,
    ),
    # -- lists of types
    Row(
        id="5.3a",
        rule="An item of instanceTypes is an exact type or a family, which stands for all its sizes",
        source=f"{API}.instanceTypes",
        where="batchsim/catalog/selection.py Shelf.members",
        tests=(ENVIRONMENT + "a_list_may_name_types_exactly", ENVIRONMENT + "a_family_stands_for_all_its_sizes"),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.catalog.pools._pool", _the_largest),
    ),
    Row(
        id="5.3b",
        rule="Bundles stand for families: default_x86_64 (and optimal) m6i, c6i, r6i, c7i; default_arm64 their ARM kin",
        source=f"{API}.instanceTypes",
        where="batchsim/catalog/instance_types.py bundles",
        tests=ENVIRONMENT + "a_bundle_stands_for_families",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.catalog.selection.bundles",
            lambda: {"optimal": ("c4", "m4", "r4"), "default_x86_64": ("m5", "c5"), "default_arm64": ("m7g",)},
        ),
    ),
    Row(
        id="5.3c",
        rule="A family does not include its bare-metal sizes, which must be named exactly",
        source='User Guide, "Compute environment parameters"',
        where="batchsim/catalog/selection.py Shelf.members",
        tests=ENVIRONMENT + "a_family_has_no_bare_metal",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.catalog.selection.Shelf.members",
            lambda shelf, word: tuple(kind for kind in shelf.families.get(word, ()) if kind.bare_metal),
        ),
    ),
    Row(
        id="5.3d",
        rule="x86_64 and ARM do not mix in one environment",
        source=f"{API}.instanceTypes",
        where="batchsim/catalog/pools.py _word_problems",
        tests=ENVIRONMENT + "architectures_do_not_mix",
        status="exact",
        breaks=never("batchsim.catalog.pools._word_problems", ()),
    ),
    # -- strategies
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
        where="batchsim/engine/ec2.py Ec2Environment.is_open",
        tests=(STRATEGY + "best_fit_waits_for_its_type_while_others_have_capacity",),
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.ec2.Ec2Environment._is_unrefused",
            lambda environment, offer: offer.position not in environment.backed_off,
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
            "batchsim.engine.ec2.Ec2Environment._is_unrefused", lambda environment, _: not environment.backed_off
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
    # -- launches
    Row(
        id="B22",
        rule="A scale-up decision follows RUNNABLE demand after a while",
        source="not documented",
        where="batchsim/engine/scale_up.py Scaler",
        tests={
            "default": f"{COLD}::test_each_stage_draws_what_its_law_says[scale_up_delay]",
            "100s": f"{COLD}::test_or_as_a_what_if_a_stage_takes_always_as_long[scale_up_delay]",
        },
        status="parameter",
        key="scale_up_delay",
    ),
    Row(
        id="B23",
        rule="A new instance boots in stages before it takes jobs, the agent's registration last",
        source='User Guide, "When to use Fargate" ("a few minutes")',
        where="batchsim/engine/launch.py Launcher",
        tests={
            "default": f"{COLD}::test_each_stage_draws_what_its_law_says[agent_register]",
            "100s": f"{COLD}::test_or_as_a_what_if_a_stage_takes_always_as_long[agent_register]",
        },
        status="parameter",
        key="agent_register",
    ),
    Row(
        id="B26",
        rule="A launch meets a capacity error with some probability; BEST_FIT then waits, others go on",
        source="not documented",
        where="batchsim/engine/capacity_errors.py CapacityErrors.strikes",
        tests={
            0.4: ERRORS + "a_launch_meets_a_capacity_error_with_the_probability_of_the_world",
            "default": ERRORS + "without_a_probability_nothing_is_refused",
        },
        status="parameter",
        key="ice_prob",
    ),
    Row(
        id="5.4u",
        rule="A pool that EC2 has emptied gives nothing, On-Demand too, and the queue goes on to its next environment",
        source='EC2 User Guide, "Troubleshoot launch issues" (InsufficientInstanceCapacity)',
        where="batchsim/engine/capacity_errors.py CapacityErrors.left",
        tests=(
            ERRORS + "a_pool_that_a_fault_emptied_gives_nothing_until_it_is_over_on_demand_too",
            ERRORS + "never_more_are_on_than_the_fault_leaves_and_one_that_ends_makes_room_for_another",
            ERRORS + "after_a_capacity_error_the_next_environment_of_the_queue_serves_the_head",
        ),
        status="modelled",
        note="A fault of kind capacity says when, where, and how many instances are left.",
        breaks=never("batchsim.engine.capacity_errors.CapacityErrors.left", None),
    ),
    Row(
        id="5.5k",
        rule="After a scale-in nothing is launched for a while",
        source="not documented; reports of 2020",
        where="batchsim/engine/scale_up.py Scaler",
        tests={
            "0s": f"{T}/test_scale_down.py::test_after_a_scale_in_nothing_is_launched_for_the_cooldown[0s-400]",
            "300s": f"{T}/test_scale_down.py::test_after_a_scale_in_nothing_is_launched_for_the_cooldown[300s-660]",
        },
        status="parameter",
        key="post_scale_in_cooldown",
    ),
    Row(
        id="5.5l",
        rule="What a decision counts as demand",
        source="not documented",
        where="batchsim/engine/demand.py DemandMeter",
        tests={
            "observed": UP + "or_as_observed_vcpus_on_spot_and_both_on_demand",
            "both": UP + "demand_counts_vcpus_and_memory",
            "vcpu": UP + "or_vcpus_alone",
        },
        status="parameter",
        key="demand_by",
    ),
    Row(
        id="5.5m",
        rule="A job runs on exactly one instance",
        source='User Guide, "Multi-node parallel jobs" (all others)',
        where="batchsim/policies/allocation/base.py Offer.holds",
        tests=UP + "a_job_runs_on_one_instance_however_many_there_are",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.policies.allocation.base.Offer.holds", lambda offer, ask: True),
    ),
    Row(
        id="5.5n",
        rule="State of minvCpus and desiredvCpus at the start of a run",
        source="not documented",
        where="batchsim/engine/scale_up.py Scaler.fill",
        tests={
            "ready": UP + "the_capacity_of_the_start_is_ready_or_boots[ready-0]",
            "booting": UP + "the_capacity_of_the_start_is_ready_or_boots[booting-60]",
        },
        status="parameter",
        key="initial_capacity",
    ),
    # -- quotas
    Row(
        id="B42",
        rule="EC2's vCPU quotas cap what runs, by purchase option and class; a new account has 5 Standard vCPUs",
        source='EC2 User Guide, "On-Demand Instances"',
        where="batchsim/engine/quota.py VcpuQuota; batchsim/spec/quotas.py NEW_ACCOUNT",
        tests={
            "unlimited": QUOTAS + "without_a_quota_maxvcpus_is_the_limit",
            "new_account": QUOTAS + "a_new_account_has_five_standard_vcpus_and_none_of_other_classes",
            "{on_demand: {standard: 3}}": QUOTAS + "no_more_vcpus_run_than_the_quota_and_the_rest_waits_for_it",
        },
        status="parameter",
        key="ec2_vcpu_quota",
    ),
    Row(
        id="5.5o",
        rule="On-Demand and Spot have quotas of their own",
        source='EC2 User Guide, "Spot Instance quotas"',
        where="batchsim/engine/quota.py VcpuQuota.class_of",
        tests=QUOTAS + "on_demand_and_spot_have_quotas_of_their_own",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.quota.VcpuQuota.class_of", lambda quota, offer: quota._class_of_pool[offer.pool]
        ),
    ),
    Row(
        id="5.5p",
        rule="At its quota Batch leaves jobs in RUNNABLE until instances of that class end, whatever their environment",
        source='User Guide, "Best practices"',
        where="batchsim/engine/quota.py VcpuQuota.permits",
        tests=(
            QUOTAS + "all_environments_count_in_one_quota",
            QUOTAS + "an_instance_that_ends_in_one_environment_opens_the_gate_of_another",
        ),
        status="exact",
        breaks=never("batchsim.engine.quota.VcpuQuota.permits", True),
    ),
    Row(
        id="5.5q",
        rule="At a quota a queue goes on to its next environment",
        source='User Guide, "Best practices" (more than one compute environment)',
        where="batchsim/engine/ec2_cover.py Ec2Cover.grow",
        tests=QUOTAS + "a_queue_at_the_quota_spills_over_to_its_next_environment",
        status="modelled",
        note="A quota is a gate like maxvCpus; which size is launched within it is chosen as within maxvCpus.",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2_cover.Ec2Cover._launch", _without_a_quota),
    ),
]


def _the_largest(kind: Any, resources: Any, zones: Any, shop: Any) -> Any:
    sizes = [each for each in shop.shelf.families[kind.family] if not each.bare_metal]
    return _real_pool(sizes[-1], resources, zones, shop)


def _first_word(words: Any, shelf: Any) -> Any:
    listed: dict[str, int] = {}
    for at, word in enumerate(words):
        for name in (*(kind.name for kind in shelf.members(word)), *([word] if word in shelf.types else ())):
            listed.setdefault(name, at)
    return listed


def _without_a_quota(cover: Any, offer: Any, instances: int) -> None:
    cover._headroom -= instances * offer.vcpus
    cover._coming.add(*offer.size, instances)
