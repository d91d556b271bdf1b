"""What would shorten a critical path, and what nearly limited a run, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.analysis.limits import NEARLY
from batchsim.report.words import count, duration, number, plain, share, words

_PARTS = {
    "arrival": "coming later",
    "throttled": "throttled submission",
    "dependency": "dependency (SUBMITTED, PENDING)",
    "retry_delay": "retry delay",
    "start_up": "start-up",
    "earlier_running": "earlier attempts",
    "last_running": "running",
}
_ADVICE = {
    "arrival": "submit it sooner",
    "throttled": "submit fewer calls, as arrays, or spread them out",
    "dependency": "look at what delays the evaluation of dependencies (world.dep_eval_delay, dep_fail_delay)",
    "wait_higher_queue": "give its queue a higher priority, or capacity of its own",
    "wait_nothing_fits": "add a type that holds it",
    "wait_over_max_resource": "raise maxvCpus to what it asks for",
    "wait_environment_disabled": "enable an environment of its queue",
    "wait_max_vcpus": "raise maxvCpus, or give it a queue and an environment of its own",
    "wait_fleet_full": "make the fleet larger",
    "wait_capacity_error": "allow more types and zones, or On-Demand behind Spot",
    "wait_scale_up_decision": "keep capacity warm with minvCpus",
    "wait_instance_booting": "keep capacity warm with minvCpus, or boot faster",
    "wait_launch_rate": "start fewer, longer tasks: launches have a rate",
    "wait_scheduler_cycle": "make fewer, longer jobs: each waits for a scheduling pass",
    "wait_client_backoff": "put a queue before the fleet, or make the fleet larger",
    "wait_vcpu_quota": "ask for a higher vCPU quota",
    "wait_bid": "raise bidPercentage, or put On-Demand behind it",
    "wait_consumable_resource": "raise the resource's totalQuantity",
    "wait_environment_invalid": "repair the INVALID environment",
    "wait_fair_share_turn": "lower its share's weightFactor, which gives it more",
    "wait_reservation": "lower computeReservation, or raise maxvCpus",
    "retry_delay": "see why the attempt before failed",
    "start_up": "make the image smaller, or keep hosts that have it",
    "earlier_running": "see why attempts failed; checkpoints would keep their work",
    "last_running": "make it run faster, or split it",
}


def part_words(part: str) -> str:
    """A part of a path in words."""
    return _PARTS.get(part) or f"wait: {words(part.removeprefix('wait_'))}"


def lever_sentence(workflow: Mapping[str, Any]) -> str:
    """The largest part of a workflow's path, whose it is, and what would shorten it."""
    lever = workflow["lever"]
    if lever is None:
        return "nothing to shorten: it took no time"
    part = lever["part"]
    told = f"{duration(lever['length_s'])} ({share(lever['share'])}) is {part_words(part)}"
    return f"{told}, most of it of {plain(lever['job_id'])}: {_ADVICE[part]}"


_LIMITS = {
    "environment_vcpus": "maxvCpus of",
    "ec2_vcpu_quota": "EC2 vCPU quota,",
    "fargate_vcpu_quota": "Fargate vCPU quota,",
    "fargate_launches": "burst of launches,",
    "capacity_fault": "capacity fault",
    "quota_fault": "quota fault",
    "consumable_resource": "consumable",
    "active_shares": "active shares of",
    "unreserved_vcpus": "unreserved vCPUs of",
    "submit_calls": "calls a second,",
    "submitted_jobs": "SUBMITTED jobs,",
    "array_size": "array size of",
    "dependencies": "dependencies of",
    "pool_vcpus": "pool",
    "environments_of_a_queue": "environments of",
}


def limit_words(what: str, where: str) -> str:
    """A limit in a few words."""
    return f"{_LIMITS.get(what, words(what))} {plain(where)}"


def limit_figures(limit: Mapping[str, Any]) -> str:
    """How much of it was used at the peak."""
    used = f"{number(limit['peak'])} of {number(limit['limit'])} {limit['unit']}"
    return used if limit["peak"] != limit["limit"] else f"all {count(limit['limit'])} {limit['unit']}"


def near(limits: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The limits that the report shows: those that change in time, or sizes of arrays, used to :data:`NEARLY`."""
    static = ("environments_of_a_queue", "queues", "environments")
    return [each for each in limits if each["share"] >= NEARLY and each["what"] not in static]
