"""Rows of the table of behaviours: compute environments, their bounds and lists of types."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from fidelity_rows import Row
from mutations import never

from batchsim.catalog.pools import _pool as _real_pool

T = "tests/behaviour"
STRATEGY, ENVIRONMENT = f"{T}/test_allocation_strategies.py::test_", f"{T}/test_compute_environments.py::test_"
POLICIES = "batchsim/policies/allocation"
API, GUIDE = "API, ComputeResource", 'User Guide, "Allocation strategies"'
Patch = pytest.MonkeyPatch


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


def _the_largest(kind: Any, resources: Any, zones: Any, shop: Any) -> Any:
    sizes = [each for each in shop.shelf.families[kind.family] if not each.bare_metal]
    return _real_pool(sizes[-1], resources, zones, shop)


ROWS = [
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
]
