"""Rows of the table of behaviours: scale-down, the Spot market, its prices and bids."""

from __future__ import annotations

from typing import Any

import pytest
from fidelity_rows import Row

from batchsim.spec.spot_prices import PriceStep

T = "tests/behaviour"
DOWN, BIDS, SPOT = f"{T}/test_scale_down.py::test_", f"{T}/test_bids.py::test_", f"{T}/test_spot_market.py::test_"
POLICY, CREATE = "API, ComputeScalingPolicy", "API, CreateComputeEnvironment: state"
INTERRUPTIONS = 'EC2 User Guide, "Spot Instance interruptions"'
Patch = pytest.MonkeyPatch


def patience(rule: Any) -> Any:
    """A mutation: an idle instance stays for another time; ``rule(scale_in, environment, row)`` in ms."""
    return lambda patch: patch.setattr("batchsim.engine.scale_in.ScaleIn._patience_ms", rule)


def _no_delay(scale_in: Any, environment: Any, row: int) -> int:
    return 0 if row in environment.closed else scale_in._rules.scale_down_idle_ms


def _always_delay(scale_in: Any, environment: Any, _: int) -> int:
    return max(scale_in._rules.scale_down_idle_ms, environment.plan.min_scale_down_delay_ms)


def _only_delay(scale_in: Any, environment: Any, _: int) -> int:
    return environment.plan.min_scale_down_delay_ms or scale_in._rules.scale_down_idle_ms


def without_minimum(patch: Patch) -> None:
    """Scale-in knows no minvCpus."""
    from batchsim.engine.scale_in import ScaleIn

    def check(scale_in: Any, environment: Any) -> None:
        least, environment.min_vcpus = environment.min_vcpus, 0
        real(scale_in, environment)
        environment.min_vcpus = least

    real = ScaleIn._check
    patch.setattr(ScaleIn, "_check", check)


def without_bids(patch: Patch) -> None:
    """Whatever Spot costs is below the bid."""
    patch.setattr("batchsim.engine.spot_prices._bid", lambda environment, offer: 1 << 62)


ROWS = [
    # -- scale-down
    Row(
        id="B31",
        rule="An idle instance is removed after a delay that is not published",
        source="not documented; 300 s is an Auto Scaling group's default",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests={
            "300s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-60s-360]",
            "60s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[60s-60s-120]",
            "0s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[0s-60s-60]",
        },
        status="parameter",
        key="scale_down_idle",
    ),
    Row(
        id="5.6a",
        rule="How often idle instances are looked for",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests={
            "60s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-60s-360]",
            "0s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-0s-310]",
            "250s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-250s-500]",
        },
        status="parameter",
        key="scale_down_check",
    ),
    Row(
        id="5.6b",
        rule="minScaleDownDelayMinutes keeps an instance from the end of its last job on",
        source=POLICY,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=(
            DOWN + "the_delay_counts_from_the_end_of_the_instances_last_job[20-1260]",
            DOWN + "every_job_starts_it_anew_and_each_instance_has_its_own",
        ),
        status="exact",
        breaks=patience(_no_delay),
    ),
    Row(
        id="5.6c",
        rule="It is not for instances that never ran a job",
        source=POLICY,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "instances_that_never_ran_a_job_do_not_wait_for_it",
        status="exact",
        breaks=patience(_always_delay),
    ),
    Row(
        id="5.6d",
        rule="It does not keep Spot from taking an instance",
        source=POLICY,
        where="batchsim/engine/control.py CapacityControl.reclaim",
        tests=DOWN + "spot_takes_an_instance_whatever_the_delay",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.spot.SpotMarket._strike_now", lambda *_: None),
    ),
    Row(
        id="5.6e",
        rule="It is 0 for unset, or 20 to 10080 minutes",
        source=POLICY,
        where="batchsim/spec/checks/capacity.py _instances; batchsim/spec/environments.py ScalingPolicy",
        tests=DOWN + "a_delay_is_20_to_10080_minutes_or_0[19]",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.capacity._instances", lambda *_: ()),
    ),
    Row(
        id="5.6f",
        rule="The longer of that delay and the usual idle time counts",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "the_longer_of_idle_time_and_delay_counts",
        status="modelled",
        note="AWS says for how long an instance stays at least.",
        breaks=patience(_only_delay),
    ),
    Row(
        id="5.6g",
        rule="The idle time is billed",
        source=POLICY,
        where="batchsim/analysis/bills.py instance_bills",
        tests=DOWN + "the_idle_time_is_billed",
        status="exact",
        breaks=patience(_no_delay),
    ),
    Row(
        id="5.6h",
        rule="A new instance that gets no job is idle from the moment it is ready, for as long as any other",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn.watch",
        tests=DOWN + "a_new_instance_that_gets_no_job_has_the_same_time_from_the_moment_it_is_ready",
        status="modelled",
        note="The same timer is the simplest reading.",
        breaks=patience(
            lambda scale_in, environment, row: (
                scale_in._rules.scale_down_idle_ms * (environment.idle_since[row] > scale_in._instances.ready_at[row])
            )
        ),
    ),
    Row(
        id="5.6i",
        rule="Instances that run a job are never chosen",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "instances_with_a_job_are_never_chosen_so_half_empty_ones_stay",
        status="modelled",
        note="No run shows a job that a scale-in ended.",
        breaks=lambda patch: patch.setattr("batchsim.engine.scale_in.ScaleIn._due", _busy_ones_too),
    ),
    Row(
        id="5.6j",
        rule="Busy instances that an environment could do without are closed to jobs, and go after their last",
        source="not documented; recorded runs show it",
        where="batchsim/engine/drain.py Drain",
        tests={
            True: f"{T}/test_drain_surplus.py::"
            "test_an_instance_is_closed_when_it_was_surplus_for_as_long_as_an_idle_one_stays",
            False: f"{T}/test_drain_surplus.py::test_the_switch_is_off",
        },
        status="parameter",
        key="drain_surplus",
    ),
    Row(
        id="5.6k",
        rule="Scale-in goes to minvCpus in whole instances, and an instance is never swapped for a smaller one",
        source=CREATE,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "an_8xlarge_stays_for_minvcpus_of_4",
        status="exact",
        breaks=without_minimum,
    ),
    Row(
        id="5.6l",
        rule="minvCpus are kept even in a DISABLED environment, whose other instances go",
        source=CREATE,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "minvcpus_are_kept_even_in_a_disabled_environment",
        status="exact",
        breaks=without_minimum,
    ),
    Row(
        id="5.2f",
        rule="minvCpus are a warm pool that serves jobs at once, and cost money throughout",
        source='User Guide, "Managed compute environments"',
        where="batchsim/engine/scale_up.py Scaler.fill",
        tests=DOWN + "minvcpus_are_a_warm_pool_that_serves_jobs_at_once_and_costs_money_throughout",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scale_up.Scaler.fill", lambda *_: None),
    ),
    # -- Spot
    Row(
        id="B32",
        rule="How often Spot takes an instance",
        source="not documented; the Spot Advisor publishes buckets of a month",
        where="batchsim/spec/markets.py MARKETS; batchsim/engine/spot.py SpotMarket",
        tests={
            "calm": SPOT + "a_market_takes_its_part_of_the_instances[calm-0-5]",
            "typical": SPOT + "a_market_takes_its_part_of_the_instances[typical-50-140]",
            "stormy": SPOT + "a_market_takes_its_part_of_the_instances[stormy-350-900]",
        },
        status="parameter",
        key="market",
    ),
    Row(
        id="5.7a",
        rule="Reclaims per instance-hour, whatever the market",
        source="not documented",
        where="batchsim/engine/spot.py SpotMarket.launched",
        tests={
            "default": SPOT + "the_hazard_of_the_market_is_typical_by_default",
            0.5: SPOT + "or_what_the_world_says",
        },
        status="parameter",
        key="spot_hazard",
    ),
    Row(
        id="5.7b",
        rule="Reclaims come in batches that take part of a pool",
        source="not documented; observed by users",
        where="batchsim/engine/spot.py SpotMarket",
        tests={
            "default": SPOT + "shocks_take_half_of_a_pool_in_one_instant[None]",
            24: SPOT + "shocks_take_half_of_a_pool_in_one_instant[24]",
        },
        status="parameter",
        key="spot_shocks_per_day",
    ),
    Row(
        id="5.7c",
        rule="Types of a worse bucket of the Spot Advisor are interrupted more often",
        source='EC2, "Spot Instance Advisor"',
        where="batchsim/spec/markets.py BUCKET_FACTORS",
        tests=SPOT + "types_of_a_worse_bucket_of_the_spot_advisor_are_taken_more_often",
        status="modelled",
        note="The buckets are of a month; the factors between them are a choice.",
        breaks=lambda patch: patch.setattr("batchsim.engine.compile.BUCKET_FACTORS", (1.0,) * 5),
    ),
    Row(
        id="5.7d",
        rule="How many instances a Spot pool can give",
        source="not documented",
        where="batchsim/engine/spot.py Depth",
        tests={
            "default": SPOT + "the_depth_of_the_market_is_finite_by_default",
            "unlimited": SPOT + "or_as_the_world_says[unlimited-400-400]",
            10: SPOT + "or_as_the_world_says[10-1-60]",
            0: SPOT + "or_as_the_world_says[0-0-0]",
        },
        status="parameter",
        key="spot_depth",
    ),
    Row(
        id="5.7e",
        rule="EC2 gives a notice two minutes before it takes an instance",
        source='EC2 User Guide, "Spot Instance interruption notices"',
        where="batchsim/engine/spot.py SpotMarket",
        tests={
            "120s": SPOT + "a_notice_comes_so_long_before_the_loss[120s-480]",
            "15s": SPOT + "a_notice_comes_so_long_before_the_loss[15s-585]",
            "0s": SPOT + "a_notice_comes_so_long_before_the_loss[0s-600]",
        },
        status="parameter",
        key="notice",
    ),
    Row(
        id="5.7f",
        rule="What Batch does at the notice: nothing, or take no more jobs and send SIGTERM",
        source="not documented; the ECS agent's default is nothing",
        where="batchsim/engine/interruptions.py Interruptions",
        tests={
            False: SPOT + "without_draining_a_job_works_to_the_instant_of_loss_and_new_ones_still_come",
            True: SPOT + "with_draining_no_job_comes_after_the_notice",
        },
        status="parameter",
        key="spot_drain",
    ),
    Row(
        id="5.7g",
        rule="An application can look for the notice and save its work",
        source='EC2 User Guide, "Spot Instance interruption notices"',
        where="batchsim/engine/interruptions.py Interruptions",
        tests={
            True: SPOT + "an_application_may_look_for_the_notice_and_save_its_work[True-480]",
            False: SPOT + "an_application_may_look_for_the_notice_and_save_its_work[False-0]",
        },
        status="parameter",
        key="checkpoint_on_notice",
    ),
    Row(
        id="5.7h",
        rule="EC2 interrupts an instance when the price exceeds its maximum price",
        source=INTERRUPTIONS,
        where="batchsim/engine/spot_prices.py SpotPrices",
        tests=(
            BIDS + "ec2_interrupts_when_the_price_exceeds_the_bid_two_minutes_after_its_notice",
            BIDS + "at_the_bid_itself_nothing_is_interrupted[0.51-1]",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.spot.SpotMarket.interrupt", lambda *_: None),
    ),
    Row(
        id="5.7i",
        rule="Setting a maximum price makes interruptions more frequent",
        source=INTERRUPTIONS,
        where="batchsim/engine/spot_prices.py SpotPrices",
        tests=SPOT + "a_lower_bid_is_interrupted_more_often",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.spot.SpotMarket.interrupt", lambda *_: None),
    ),
    Row(
        id="5.7j",
        rule="EC2's rebalance recommendations are not used: what is lost is launched anew by demand",
        source="not documented",
        where="batchsim/engine/control.py CapacityControl.reclaim",
        tests=SPOT + "a_lost_instance_is_replaced_by_demand_not_by_rebalancing",
        status="modelled",
        note="Whether Batch uses them is not known; spot_drain shows what an early signal would do.",
        breaks=lambda patch: patch.setattr("batchsim.engine.spot.SpotMarket._strike_now", lambda *_: None),
    ),
    Row(
        id="5.7k",
        rule="Multi-node jobs are not allowed on Spot",
        source="API, ComputeResource",
        status="out of scope",
        note="multi-node",
    ),
    Row(
        id="B33",
        rule="What Spot costs where the catalogue has no price: a share of On-Demand",
        source="not documented; fitted on recorded prices",
        where="batchsim/catalog/quotes.py quote",
        tests={
            "default": SPOT + "where_no_spot_price_is_known_it_is_a_share_of_on_demand[None-0.47]",
            0.3: SPOT + "where_no_spot_price_is_known_it_is_a_share_of_on_demand[0.3-0.3]",
        },
        status="parameter",
        key="spot_factor",
    ),
    Row(
        id="5.7l",
        rule="How Spot prices change over time",
        source="not documented",
        where="batchsim/engine/spot_prices.py SpotPrices",
        tests={
            "default": BIDS + "without_steps_a_price_is_constant",
            "{default: [{at: 0s, share: 0.2}, {at: 1800s, share: 0.8}]}": BIDS + "the_bill_follows_the_price",
        },
        status="parameter",
        key="spot_prices",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.compile.steps_of", lambda *_: (PriceStep.model_validate({"at": "0s", "share": 0.9}),)
        ),
    ),
    Row(
        id="5.7p",
        rule="How Spot prices move by chance",
        source="not documented",
        where="batchsim/engine/spot_prices.py Walk",
        tests={
            0: BIDS + "without_steps_a_price_is_constant",
            0.3: BIDS + "prices_may_move_by_chance_around_the_usual_one",
        },
        status="parameter",
        key="spot_price_sigma",
    ),
    Row(
        id="5.7m",
        rule="bidPercentage: Spot instances are launched only below that share of On-Demand, 100 by default",
        source="API, ComputeResource.bidPercentage",
        where="batchsim/engine/spot_prices.py SpotPrices",
        tests=(
            BIDS + "an_environment_launches_only_below_its_bid[33-0]",
            BIDS + "a_price_equal_to_the_bid_is_not_below_it",
            BIDS + "without_a_bid_an_environment_pays_up_to_on_demand",
        ),
        status="exact",
        breaks=without_bids,
    ),
    Row(
        id="5.7n",
        rule="The market price is paid, whatever the bid",
        source="API, ComputeResource.bidPercentage",
        where="batchsim/engine/spot_prices.py with_paid_prices",
        tests=(BIDS + "the_market_price_is_paid_whatever_the_bid",),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.launch.Launcher._as_of_now", _at_the_bid),
    ),
    Row(
        id="5.7o",
        rule="While the price is above the bid a job waits, or goes to the next environment of its queue",
        source="not documented",
        where="batchsim/engine/ec2.py Ec2Environment.is_open",
        tests=(
            BIDS + "a_queue_goes_on_to_its_next_environment_while_the_price_is_above_the_bid",
            BIDS + "a_job_waits_for_the_price_to_fall",
        ),
        status="modelled",
        note="The bid is a gate, as a capacity error is one.",
        breaks=without_bids,
    ),
    Row(
        id="B34",
        rule="What EC2 interrupts within its first hour is not charged",
        source='EC2 User Guide, "Billing for interrupted Spot Instances"',
        where="batchsim/analysis/bills.py instance_bills",
        tests={
            True: SPOT + "what_ec2_takes_within_the_first_hour_is_free[True-0]",
            False: SPOT + "what_ec2_takes_within_the_first_hour_is_free[False-0.06]",
        },
        status="parameter",
        key="first_hour_free",
    ),
]


def _busy_ones_too(scale_in: Any, environment: Any) -> list[int]:
    now = scale_in._kernel.now_ms
    return [
        row
        for row in environment.ready
        if scale_in._instances.ready_at[row] + scale_in._rules.scale_down_idle_ms <= now
    ]


def _at_the_bid(launcher: Any, environment: Any, offer: Any) -> Any:
    most = offer.on_demand_nano_usd_per_h * environment.plan.bid_percent // 100
    return offer._replace(depth=launcher._market.depth(offer.pool), price_nano_usd_per_h=most)
