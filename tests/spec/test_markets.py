"""What ``world.market`` stands for, and how a world replaces its figures one by one."""

from __future__ import annotations

import pytest

from batchsim.spec import parse
from batchsim.spec.markets import MARKETS, Market, market_of


@pytest.mark.parametrize("name", MARKETS)
def test_a_market_is_taken_by_its_name(name: str) -> None:
    assert market_of(parse({"world": {"market": name}}).world) == MARKETS[name]


def test_the_typical_market_is_the_default() -> None:
    assert market_of(parse({}).world) == Market(hazard_per_h=0.02, shocks_per_day=0.1, median_depth=200)


def test_a_figure_of_the_world_replaces_the_markets_and_zero_is_a_figure() -> None:
    world = parse({"world": {"market": "stormy", "spot_hazard": 0, "spot_depth": "unlimited"}}).world
    assert market_of(world) == Market(hazard_per_h=0, shocks_per_day=2.0, median_depth="unlimited")
