"""Rows of the table of behaviours: launches, capacity errors, demand and quotas."""

from __future__ import annotations

from typing import Any

from fidelity_rows import Row
from mutations import never

T = "tests/behaviour"
UP, ERRORS, QUOTAS = (
    f"{T}/test_scale_up.py::test_",
    f"{T}/test_capacity_errors.py::test_",
    f"{T}/test_vcpu_quotas.py::test_",
)
COLD = f"{T}/test_cold_start.py"


def _without_a_quota(cover: Any, offer: Any, instances: int) -> None:
    cover._headroom -= instances * offer.vcpus
    cover._coming.add(*offer.size, instances)


ROWS = [
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
