"""Allocation strategies: which pool the next instance comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.policies.allocation import STRATEGIES, Ask, Demand, Offer, best_fit, best_fit_progressive
from batchsim.policies.allocation import best_fit_progressive_ordered as ordered
from batchsim.policies.allocation import spot_capacity_optimized as deepest
from batchsim.policies.allocation import spot_capacity_optimized_prioritized as prioritized
from batchsim.policies.allocation import spot_price_capacity_optimized as cheap_and_deep

GIB = 1024
ANY = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def offer(vcpus: int, gib: float, usd: float, **keys: Any) -> Offer:
    """A pool of a type of ``vcpus`` and ``gib`` GiB at ``usd`` an hour; position, zone and depth by keyword."""
    mib, price = round(gib * GIB), round(usd * 1e9)
    default = {"position": 0, "pool": 0, "type": 0, "zone": 0, "gpus": 0, "spot": False, "depth": 0}
    return Offer(
        **default | keys,
        vcpus=vcpus,
        memory_mib=mib,
        nominal_memory_mib=mib,
        price_nano_usd_per_h=price,
        on_demand_nano_usd_per_h=price,
    )


def line(*offers: Offer) -> tuple[Offer, ...]:
    """The offers at their positions, one pool each."""
    return tuple(one._replace(position=position, pool=position) for position, one in enumerate(offers))


def demand(jobs: int, vcpus: int = 1, gib: float = 1, **keys: Any) -> Demand:
    """Equal jobs that wait, where 256 more vCPUs are permitted; other asks and settings by keyword."""
    asks = keys.pop("asks", (Ask(vcpus, round(gib * GIB), 0, jobs),))
    return Demand(**{"asks": asks, "headroom_vcpus": 256, "may_exceed_max": True, "zone_vcpus": (0, 0, 0), **keys})


# -- one table on which all differ: vCPUs, GiB, $/h, depth, place in the list

TABLE = line(
    offer(4, 8, 0.34, depth=20, listed=4),  # $0.085 a vCPU: the cheapest, but three jobs leave one of four unused
    offer(2, 8, 0.20, depth=5, listed=5),  # $0.100 a vCPU, all used
    offer(2, 16, 0.30, depth=50, listed=3),  # $0.150 a vCPU, and the deepest pool of the size that three jobs fill
    offer(2, 16, 0.25, depth=30, listed=2),  # $0.125 a vCPU, and more than half as deep as that
    offer(8, 32, 1.10, depth=24, listed=0),  # first in the list; less than half as deep as the deepest, 50
    offer(8, 32, 1.20, depth=40, listed=1),  # second in the list, and of those at least 25 deep the first
)
CHOICE = {
    "BEST_FIT": 1,
    "BEST_FIT_PROGRESSIVE": 0,
    "BEST_FIT_PROGRESSIVE_ORDERED": 4,
    "SPOT_CAPACITY_OPTIMIZED": 2,
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED": 5,
    "SPOT_PRICE_CAPACITY_OPTIMIZED": 3,
}


@pytest.mark.parametrize(("name", "position"), CHOICE.items(), ids=CHOICE)
def test_the_strategies_differ(name: str, position: int) -> None:
    assert STRATEGIES[name](demand(3), TABLE) == TABLE[position]


def test_no_two_of_the_six_choose_the_same() -> None:
    assert len(set(CHOICE.values())) == len(CHOICE) == 6


def test_every_strategy_built_is_in_that_table() -> None:
    assert STRATEGIES.keys() == CHOICE.keys()


# -- which size

FAMILY = line(*(offer(vcpus, 4 * vcpus, 0.05 * vcpus) for vcpus in (2, 4, 8, 16)))
"""One family: its price is linear in its size."""


@ANY
@pytest.mark.parametrize(
    ("jobs", "vcpus"), [(1, 2), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (15, 8), (16, 16), (99, 16)]
)
def test_of_equal_prices_the_largest_size_that_the_demand_fills_is_launched(
    strategy: Any, jobs: int, vcpus: int
) -> None:
    assert strategy(demand(jobs), FAMILY).vcpus == vcpus


@ANY
def test_or_the_smallest_where_that_is_preferred(strategy: Any) -> None:
    assert strategy(demand(99, prefer_smallest=True), FAMILY).vcpus == 2


@ANY
def test_memory_fills_an_instance_as_vcpus_do_unless_demand_is_by_vcpu(strategy: Any) -> None:
    heavy = demand(4, vcpus=1, gib=8)
    assert strategy(heavy, FAMILY).vcpus == 8
    assert strategy(demand(4, vcpus=1, gib=8, by_memory=False), FAMILY).vcpus == 4


@ANY
def test_the_head_must_fit_even_if_a_smaller_size_would_do_for_the_rest(strategy: Any) -> None:
    asks = (Ask(8, GIB, 0, 1), Ask(1, GIB, 0, 3))
    assert strategy(demand(0, asks=asks), FAMILY).vcpus == 8


@ANY
@pytest.mark.parametrize("ask", [Ask(17, GIB, 0, 1), Ask(1, 65 * GIB, 0, 1), Ask(1, GIB, 1, 1)])
def test_a_head_that_no_type_holds_launches_nothing(strategy: Any, ask: Ask) -> None:
    assert strategy(demand(0, asks=(ask,)), FAMILY) is None


@ANY
def test_without_an_offer_there_is_no_choice(strategy: Any) -> None:
    assert strategy(demand(1), ()) is None


# -- maxvCpus


@ANY
def test_what_fits_below_maxvcpus_comes_first(strategy: Any) -> None:
    assert strategy(demand(99, headroom_vcpus=5), FAMILY).vcpus == 4


@ANY
def test_beyond_maxvcpus_only_the_smallest_and_only_where_it_may_be_exceeded(strategy: Any) -> None:
    wide = demand(99, vcpus=8, headroom_vcpus=5)
    assert strategy(wide, FAMILY).vcpus == 8
    assert strategy(demand(99, vcpus=8, headroom_vcpus=5, may_exceed_max=False), FAMILY) is None


def test_four_vcpu_instances_overshoot_ten_vcpus_by_one_instance() -> None:
    only = line(offer(4, 16, 0.2))
    assert best_fit_progressive(demand(9, headroom_vcpus=2), only) == only[0]
    assert best_fit(demand(9, headroom_vcpus=2, may_exceed_max=False), only) is None


# -- price


def test_best_fit_pays_for_what_the_jobs_leave_unused() -> None:
    whole, half = line(offer(4, 16, 0.30), offer(8, 32, 0.40))
    assert best_fit(demand(4), (whole, half)) == whole
    assert best_fit(demand(8), (whole, half)) == half


def test_best_fit_packs_the_waiting_jobs_in_dispatch_order() -> None:
    small, large = line(offer(4, 8, 0.20), offer(8, 64, 0.50))
    asks = (Ask(1, 8 * GIB, 0, 1), Ask(7, 7 * GIB, 0, 1))
    assert best_fit(demand(0, asks=asks), (small, large)) == large


def test_best_fit_progressive_pays_for_memory_where_the_head_needs_it() -> None:
    compute, memory = line(offer(4, 8, 0.170), offer(2, 16, 0.126))
    heavy = demand(2, vcpus=1, gib=7)
    assert best_fit_progressive(heavy, (compute, memory)) == memory
    assert best_fit_progressive(demand(2, vcpus=1, gib=7, by_memory=False), (compute, memory)) == compute


def test_prices_within_half_a_percent_are_one_price() -> None:
    rounded = line(offer(2, 4, 0.0850), offer(4, 8, 0.1704))
    dearer = line(offer(2, 4, 0.0850), offer(4, 8, 0.1720))
    assert best_fit_progressive(demand(8), rounded).vcpus == 4
    assert best_fit_progressive(demand(8), dearer).vcpus == 2


def test_best_fit_progressive_moves_on_when_a_type_is_held_back() -> None:
    cheap, dear = line(offer(2, 8, 0.08), offer(2, 8, 0.10))
    assert best_fit_progressive(demand(2), (cheap, dear)) == cheap
    assert best_fit_progressive(demand(2), (dear,)) == dear


def test_the_deepest_pool_is_taken_whatever_it_costs() -> None:
    pools = line(offer(2, 8, 0.01, depth=3), offer(2, 8, 9.99, depth=4))
    assert deepest(demand(2), pools) == pools[1]


@pytest.mark.parametrize("strategy", [deepest, cheap_and_deep])
def test_depth_does_not_decide_the_size(strategy: Any) -> None:
    pools = line(offer(2, 8, 0.1, depth=900), offer(8, 32, 0.4, depth=1))
    assert strategy(demand(8), pools) == pools[1]


@pytest.mark.parametrize(("depth", "position"), [(49, 1), (50, 0), (101, 0)])
def test_a_cheaper_pool_is_taken_from_half_the_greatest_depth_on(depth: int, position: int) -> None:
    pools = line(offer(2, 8, 0.10, depth=depth), offer(2, 8, 0.20, depth=100))
    assert cheap_and_deep(demand(2), pools) == pools[position]


def test_pools_equally_deep_go_by_price_as_the_jobs_can_use_it() -> None:
    compute, memory = line(offer(2, 4, 0.085, depth=9), offer(2, 16, 0.126, depth=9))
    assert cheap_and_deep(demand(2), (compute, memory)) == compute
    assert cheap_and_deep(demand(1, vcpus=1, gib=4), (compute, memory)) == memory
    assert cheap_and_deep(demand(1, vcpus=1, gib=4, by_memory=False), (compute, memory)) == compute


def test_of_pools_equally_cheap_the_deepest_is_taken_before_the_emptiest_zone() -> None:
    pools = line(offer(2, 8, 0.1, zone=0, depth=8), offer(2, 8, 0.1, zone=1, depth=9))
    assert cheap_and_deep(demand(2, zone_vcpus=(0, 64, 0)), pools) == pools[1]


# -- order of the list


def test_the_order_of_the_list_goes_before_price_and_size() -> None:
    big, small = line(offer(16, 64, 3.2, listed=0), offer(2, 8, 0.1, listed=1))
    assert ordered(demand(1), (big, small)) == big
    assert ordered(demand(99), (small._replace(listed=0), big._replace(listed=1))).vcpus == 2


def test_listed_types_that_are_too_small_are_skipped() -> None:
    tiny, large = line(offer(2, 8, 0.1, listed=0), offer(4, 16, 0.3, listed=1))
    assert ordered(demand(1, vcpus=4), (tiny, large)) == large


def test_within_a_listed_family_price_and_size_decide_as_in_best_fit_progressive() -> None:
    family = tuple(one._replace(listed=1) for one in FAMILY)
    assert ordered(demand(9), family) == best_fit_progressive(demand(9), family)


def test_a_listed_type_beyond_maxvcpus_gives_way_to_one_that_fits_below() -> None:
    big, small = line(offer(16, 64, 3.2, listed=0), offer(2, 8, 0.1, listed=1))
    assert ordered(demand(16, headroom_vcpus=8), (big, small)) == small
    assert ordered(demand(1, vcpus=9, headroom_vcpus=8), (big, small)) == big


@pytest.mark.parametrize(("depth", "position"), [(49, 1), (50, 0)])
def test_capacity_goes_before_the_list_and_the_list_before_the_rest(depth: int, position: int) -> None:
    first, deeper = line(offer(16, 64, 3.2, listed=0, depth=depth), offer(2, 8, 0.1, listed=1, depth=100))
    assert prioritized(demand(1), (first, deeper)).position == position


def test_of_one_family_equally_dear_the_deepest_pool_of_the_tier_is_taken() -> None:
    offers = line(*(offer(2, 8, 0.1, listed=0, depth=depth, zone=zone) for zone, depth in enumerate((60, 100, 80))))
    assert prioritized(demand(1), offers).position == 1


# -- size limit and hazards


@ANY
@pytest.mark.parametrize(("most", "vcpus"), [(8, 8), (7, 4), (1, 2)])
def test_no_larger_size_is_launched_than_the_limit_unless_the_head_needs_it(
    strategy: Any, most: int, vcpus: int
) -> None:
    assert strategy(demand(99, max_instance_vcpus=most), FAMILY).vcpus == vcpus
    assert strategy(demand(9, vcpus=16, max_instance_vcpus=most), FAMILY).vcpus == 16


def test_a_weight_makes_hazards_dearer_in_place_of_tiers() -> None:
    """$0.10 x (1 + 10 x 0.02) = $0.12 beside $0.11 x (1 + 10 x 0.005) = $0.1155 a vCPU; with k = 4 it turns round."""
    risky, calm = line(offer(2, 8, 0.2, depth=1, hazard_per_h=0.02), offer(2, 8, 0.22, depth=9, hazard_per_h=0.005))
    assert cheap_and_deep(demand(2, rate_weight=10), (risky, calm)) == calm
    assert cheap_and_deep(demand(2, rate_weight=4), (risky, calm)) == risky


def test_pools_that_have_nothing_left_go_by_price() -> None:
    pools = line(offer(2, 8, 0.2, depth=-1), offer(2, 8, 0.1, depth=-3))
    assert cheap_and_deep(demand(2), pools) == pools[1]


# -- ties


@ANY
def test_equal_pools_go_to_the_zone_with_fewest_vcpus_of_the_environment(strategy: Any) -> None:
    pools = line(*(offer(2, 8, 0.1, zone=zone, depth=7) for zone in range(3)))
    assert strategy(demand(2, zone_vcpus=(4, 2, 6)), pools).zone == 1


@ANY
def test_then_to_the_first_in_position_whatever_the_order_of_the_offers(strategy: Any) -> None:
    pools = line(*(offer(2, 8, 0.1, zone=zone, depth=7) for zone in (2, 0, 1)))
    assert strategy(demand(2, zone_vcpus=(4, 4, 4)), pools[::-1]).position == 0


# -- whatever is asked

offers_strategy = st.lists(
    st.builds(
        offer,
        st.sampled_from([1, 2, 4, 8, 16]),
        st.sampled_from([1, 4, 8, 64]),
        st.floats(0.01, 3),
        zone=st.integers(0, 2),
        depth=st.integers(0, 9),
        gpus=st.integers(0, 1),
        listed=st.integers(0, 3),
    ),
    max_size=8,
).map(lambda offers: line(*offers))
asks_strategy = st.lists(
    st.builds(Ask, st.integers(1, 9), st.integers(4, 20_000), st.integers(0, 1), st.integers(1, 50)),
    min_size=1,
    max_size=4,
).map(tuple)


@ANY
@given(
    offers=offers_strategy,
    asks=asks_strategy,
    headroom=st.integers(1, 20),
    may_exceed=st.booleans(),
    zones=st.tuples(*[st.integers(0, 9)] * 3),
    data=st.data(),
)
def test_a_choice_holds_the_head_and_keeps_to_maxvcpus_and_to_no_order_but_its_own(
    strategy: Any,
    offers: tuple[Offer, ...],
    asks: tuple[Ask, ...],
    headroom: int,
    may_exceed: bool,
    zones: tuple[int, ...],
    data: st.DataObject,
) -> None:
    asked = demand(0, asks=asks, headroom_vcpus=headroom, may_exceed_max=may_exceed, zone_vcpus=zones)
    chosen = strategy(asked, offers)
    holding = [one for one in offers if one.holds(asks[0])]
    below = [one for one in holding if one.vcpus <= headroom]
    allowed: Sequence[Offer] = below or (holding if may_exceed else [])
    assert (chosen is None) == (not allowed)
    assert chosen is None or chosen in allowed
    assert below or chosen is None or chosen.vcpus == min(one.vcpus for one in holding)
    assert strategy(asked, tuple(data.draw(st.permutations(offers)))) == chosen
