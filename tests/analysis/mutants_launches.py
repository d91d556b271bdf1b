"""Planted bugs about launches: quotas, bids, emptied pools, pauses, and the delay before a scale-in."""

from __future__ import annotations

from typing import Any

from tests.analysis.planting import Change, Mutant, Tables, both, put, resources, world
from tests.analysis.sound_facts import S1


def fault(**fault: Any) -> Change:
    """The run is as it was, but something is said to have gone wrong."""

    def change(tables: Tables) -> None:
        tables["scenario"]["faults"] = [fault]

    return change


DRY = {"kind": "capacity", "at": "100s", "for": "60s"}
SHOCK = {"kind": "price_shock", "for": "60s", "factor": 2}
MUTANTS = (
    Mutant("N55", "a launch beyond the quota", world("ec2_vcpu_quota", {"spot": {"standard": 3}})),
    Mutant("N56", "a launch in a pool that is empty", fault(**DRY, capacity=0, select={"type": "m5.*"})),
    Mutant("N56", "a launch beyond what a fault leaves", fault(**DRY, capacity=1, select={"spot": True})),
    Mutant("N56", "a launch beyond a quota of vCPUs", fault(kind="quota", at="100s", vcpus=3, select={"spot": True})),
    Mutant("X12", "launches faster than a throttle lets through", fault(kind="api_throttle", at="0s", tps=0.001)),
    Mutant("N57", "a launch at more than the bid", resources("spot", "bidPercentage", 47)),
    Mutant("N57", "a launch at a step above On-Demand", world("spot_prices", {"m5": [{"at": "0s", "share": 1.1}]})),
    Mutant("N57b", "an instance stays on above its bid", world("spot_prices", {"m5": [{"at": "5m", "share": 1.1}]})),
    Mutant("I22e", "a bill at another price", world("spot_prices", {"m5": [{"at": "0s", "price": "$0.05/h"}]})),
    Mutant("I22e", "a bill that misses a step", world("spot_prices", {"m5.large": [
        {"at": "0s", "price": "$0.045123457/h"}, {"at": "590s", "price": "$0.05/h"}]})),
    Mutant("X13", "a shock that some paid and others did not", fault(**SHOCK, at="580s")),
    Mutant("X14", "a shock without its line", fault(**SHOCK, at="100s")),
    Mutant("N58", "a launch right after a scale-in", both(
        world("post_scale_in_cooldown", "60s"), put("instances", "launched_at_s", 650.0, instance=S1))),
    Mutant("I21c", "a scale-in before its delay", resources("spot", "scalingPolicy", {"minScaleDownDelayMinutes": 20})),
)  # fmt: skip
