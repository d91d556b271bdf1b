"""Rows of the table of behaviours: the Spot market, its prices and bids."""

from __future__ import annotations

from typing import Any

import pytest
from fidelity_rows import Row

from batchsim.spec.spot_prices import PriceStep

T = "tests/behaviour"
DOWN, BIDS, SPOT = f"{T}/test_scale_down.py::test_", f"{T}/test_bids.py::test_", f"{T}/test_spot_market.py::test_"
INTERRUPTIONS = 'EC2 User Guide, "Spot Instance interruptions"'
Patch = pytest.MonkeyPatch


def without_bids(patch: Patch) -> None:
    """Whatever Spot costs is below the bid."""
    patch.setattr("batchsim.engine.spot_prices._bid", lambda environment, offer: 1 << 62)


def _at_the_bid(launcher: Any, environment: Any, offer: Any) -> Any:
    most = offer.on_demand_nano_usd_per_h * environment.plan.bid_percent // 100
    return offer._replace(depth=launcher._market.depth(offer.pool), price_nano_usd_per_h=most)


ROWS = [
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
        where="batchsim/engine/ec2_offers.py Ec2Offers.is_open",
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
