"""A small run of a fair-share queue, and bugs planted in it that one invariant at least must notice.

The run is simulated: one slot, then 8 vCPUs of which some are reserved, shares with and without a prefix.
"""

from __future__ import annotations

from typing import Any

from batchsim import run
from batchsim.analysis.check import tables_of
from batchsim.spec import parse
from batchsim.testing.builders import Data, definition, environment, queue, submit
from tests.analysis.planting import Change, Mutant, Tables, figure, put

_POLICY = {
    "name": "fair",
    "fairsharePolicy": {
        "computeReservation": 50,
        "shareDistribution": [{"shareIdentifier": "a", "weightFactor": 0.5}, {"shareIdentifier": "team*"}],
    },
}


def _entry(name: str, share: str, at: str, run_time: str, priority: int = 0, vcpus: int = 1) -> Data:
    request = submit(name, "work", f"of-{vcpus}", shareIdentifier=share, schedulingPriorityOverride=priority)
    return {"id": name, "submit": request, "at": at, "run": run_time}


def sound_shares() -> dict[str, Any]:
    """The tables of the run; the caller may change them."""
    work = [
        _entry("first", "a", "0s", "100s"),
        _entry("second", "team1", "1s", "100s"),
        _entry("third", "a", "2s", "100s"),
        _entry("low", "team2", "3s", "60s", priority=1),
        _entry("high", "team2", "4s", "60s", priority=9),
        _entry("large", "a", "5s", "60s", vcpus=3),
        _entry("rival", "team1", "6s", "60s"),
    ]
    scenario = {
        "name": "shares",
        "computeEnvironments": [environment("hosts", most=4, instanceTypes=["my.box"], minvCpus=4)],
        "jobQueues": [queue("work", ["hosts"], schedulingPolicyArn="fair")],
        "schedulingPolicies": [_POLICY],
        "jobDefinitions": [definition("of-1"), definition("of-3", 3)],
        "workload": work,
        "world": {
            "spot_hazard": 0,
            "scale_up_delay": "10s",
            "spot_shocks_per_day": 0,
            "instanceTypes": {"my.box": {"vcpu": 4, "memory": "16GiB", "price": "$0.1/h"}},
        },
    }
    return dict(tables_of(run(parse(scenario), seed=1)))


def _swap_starts(one: str, other: str) -> Change:
    """Two jobs start in each other's place."""

    def change(tables: Tables) -> None:
        frame = tables["attempts"]
        rows = [frame.index[frame["job_id"] == name][0] for name in (one, other)]
        frame.loc[rows, "starting_at_s"] = frame.loc[rows[::-1], "starting_at_s"].to_numpy()

    return change


def _reserve(percent: int) -> Change:
    """The run is as it was, but its policy is not what it is said to be."""

    def change(tables: Tables) -> None:
        tables["scenario"]["schedulingPolicies"][0]["fairsharePolicy"]["computeReservation"] = percent

    return change


def _weigh(weight: float) -> Change:
    def change(tables: Tables) -> None:
        entry = tables["scenario"]["schedulingPolicies"][0]["fairsharePolicy"]["shareDistribution"][0]
        entry["weightFactor"] = weight

    return change


def _retell(before: str, after: str) -> Change:
    """The timeline gives one reason for another."""

    def change(tables: Tables) -> None:
        reasons = tables["timeline"]["reason"].astype(object)
        assert (reasons == before).any()
        tables["timeline"]["reason"] = reasons.where(reasons != before, after)

    return change


SHARE_MUTANTS = (
    Mutant("S04", "another share's weight decides", _weigh(20.0)),
    Mutant("S03", "a job starts on what is reserved", _reserve(80)),
    Mutant("S05", "the lower schedulingPriority goes first", _swap_starts("low", "high")),
    Mutant("S01", "a job of a fair-share queue has no share", put("jobs", "share", None, job_id="third")),
    Mutant("S01", "its schedulingPriority is lost", put("jobs", "scheduling_priority", None, job_id="third")),
    Mutant("S02", "a share's vCPU time is of another", figure(1.0, "shares", 0, "vcpu_s")),
    Mutant("S02", "a share's job is not counted", figure(1, "shares", 0, "jobs")),
    Mutant("T04", "a line is nobody's", put("timeline", "share", None, reason="fair_share_turn")),
    Mutant("T05", "waiting for a turn is told as waiting for room", _retell("fair_share_turn", "max_vcpus")),
)
