"""A random world: how fast, how reliable and how peculiar the cloud is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.testing.builders import Data
from batchsim.testing.swarm.capacity import GPU_TYPE, TYPES
from batchsim.testing.swarm.choices import some
from batchsim.testing.swarm.features import Draft
from batchsim.testing.swarm.laws import DELAYS, draw_law

_LAWS = ("scale_up_delay", "instance_pending", "instance_boot", "agent_register", "warm_start", "new_image")
_RANDOM: tuple[Data, ...] = (
    {"uniform": {"min": "1s", "max": "20s"}},
    {"exponential": {"mean": "15s"}},
    {"lognormal": {"p50": "8s", "p95": "40s"}},
)
_MORE_LAWS = ("slow_pull", "fargate_provision", "timeout_lag")


def draw_world(draft: Draft) -> Data:
    """The keys of ``world`` that differ from their defaults."""
    types = {**TYPES, **GPU_TYPE} if draft.has("gpu") else dict(TYPES)
    world: Data = {"instanceTypes": types, "scheduler_cycle": draft.pick("1s", "0s", "7s")}
    for part in (_delays, _spot, _fargate, _failures, _what_ifs, _throttling, _interruptions, _speeds):
        world.update(part(draft))
    return world


def _delays(draft: Draft) -> Data:
    """Exact, so that instants collide; long, as by default; else short."""
    if draft.has("long_delays"):
        return {}
    exact = draft.has("exact_delays")
    delays: Data = {name: _delay(draft, exact) for name in (*_LAWS, *_MORE_LAWS)}
    delays |= {"user_data": draft.pick("0s", "5s"), "pull_overhead": draft.pick("2s", "0s")}
    # Mostly short: an instance is closed to jobs only when it was surplus for as long as an idle one stays.
    delays["scale_down_idle"] = draft.pick("0s", "60s", "10s", "0s", "5m", "0s")
    delays["scale_down_check"] = draft.pick("10s", "60s", "0s", "10s")
    return {**delays, "slow_pull_probability": draft.pick(0.1, 0, 0.5), "ce_backoff": draft.pick("60s", "10s", "3m")}


def _delay(draft: Draft, exact: bool) -> Any:
    if exact:
        return draft.pick("0s", "5s", "20s")
    if draft.has("more_laws", 50):
        return draw_law(draft, DELAYS)
    return draft.one_of(_RANDOM)


def _spot(draft: Draft) -> Data:
    spot: Data = {"market": draft.pick("calm", "typical", "stormy"), "notice": draft.pick("120s", "0s", "15s")}
    spot["spot_hazard"] = draft.pick(20, 6, 60) if draft.has("reclaims") else 0
    if draft.has("shocks"):
        spot["spot_shocks_per_day"] = draft.pick(24, 100, 400)
    if draft.has("shallow_pools"):
        spot["spot_depth"] = draft.pick(1, 2, 0, 1)
    elif draft.chance(50):
        spot["spot_depth"] = "unlimited"
    return spot


def _fargate(draft: Draft) -> Data:
    if not draft.has("fargate", 90):
        return {}
    return {"fargate_burst": draft.integer(1, 3), "fargate_rate": draft.pick("20/s", "6/min", "2/min")}


def _failures(draft: Draft) -> Data:
    """Containers that do not start."""
    if not draft.has("start_failures"):
        return {}
    return {"start_failure": draft.pick(0.1, 0.4), "count_start_failures": draft.pick(True, False)}


def _what_ifs(draft: Draft) -> Data:
    """Switches of behaviours that AWS does not document."""
    if not draft.has("what_ifs"):
        return {}
    return {
        "fifo_order": draft.pick("submitted", "runnable"),
        "retry_position": draft.pick("front", "original", "back"),
        "retry_delay": draft.pick("0s", "5s", "90s"),
        "packing": draft.pick("best_fit", "first_fit", "worst_fit"),
        "initial_capacity": draft.pick("ready", "booting"),
        "demand_by": draft.pick("observed", "both", "vcpu"),
        "prefer_size": draft.pick("observed", "largest_filled", "smallest"),
        "drain_surplus": draft.pick(True, True, False),
        "mem_model": draft.pick("nitro_fit", "ratio", "exact"),
        "bill_from": draft.pick("running", "launch", "ready"),
        "first_hour_free": draft.pick(True, False),
        "cancel_pending_wait": draft.pick(True, False),
        "root_gb": draft.pick(30, 0, 100),
    }


def _throttling(draft: Draft) -> Data:
    if not draft.has("throttling"):
        return {}
    return {
        "enforce_submit_tps": True,
        "submit_tps": draft.integer(1, 2),
        "submit_backoff_base": draft.pick("1s", "3s"),
    }


def _interruptions(draft: Draft) -> Data:
    """Who tells containers of a Spot notice."""
    if not draft.has("notices"):
        return {}
    return {
        "spot_hazard": draft.pick(6, 2, 15),
        **({} if draft.has("shallow_pools", 60) else {"spot_depth": "unlimited"}),
        "notice": draft.pick("15s", "8s", "25s", "120s"),
        "spot_drain": draft.chance(35),
        "checkpoint_on_notice": not draft.chance(8),
        "stop_timeout": draft.pick("30s", "5s", "0s"),
    }


def _speeds(draft: Draft) -> Data:
    """Faster and slower types, families and architectures."""
    if not draft.has("speeds"):
        return {}
    speeds = {
        "t.large": draft.pick(1.5, 0.7, 3),
        "t": draft.pick(0.9, 1.25),
        "arm64": 1.1,
        "x86_64": draft.pick(1, 0.333),
    }
    return {"speed": {name: speeds[name] for name in some(draft.choices, list(speeds))}}


_EXTRA: Mapping[str, tuple[Data, ...]] = {
    "data_transfer": ({"per_gb": "$0.09"}, {"per_gb": "$0.02", "per_job": "$0.000000001"}),
    "nat": ({"per_h": "$0.045/h", "per_gb": "$0.045"}, {"per_h": "$0.33/h"}),
    "requests": ({"per_attempt": "$0.0000004"}, {"per_job": "$0.005", "per_attempt": 0}),
    "logs": ({"per_attempt": "$0.001"}, {"per_job": "$0.000123457"}),
    "other": ({"per_h": "$0.005/h", "per_attempt": "$0.0007"}, {"per_job": "$1"}),
}


def draw_extra_costs(draft: Draft) -> Data:
    """Some kinds of extra cost, each by what it grows with."""
    if not draft.has("extra_costs"):
        return {}
    chosen = some(draft.choices, tuple(_EXTRA))
    return {"extra_costs": {kind: draft.one_of(_EXTRA[kind]) for kind in chosen}}


def draw_small_what_ifs(draft: Draft) -> Data:
    """Small delays, and other readings of retry rules."""
    if not draft.has("small_what_ifs"):
        return {}
    return {
        "retry_rule_order": draft.pick("first", "last"),
        "no_exit_code_matches": draft.pick(True, False),
        "dep_eval_delay": draft.pick("0s", "0s", "2s"),
        "dep_fail_delay": draft.pick("0s", "7s"),
        "cache_hit": draft.pick("0s", "1s"),
        "status_summary_lag": draft.pick("0s", "3s"),
    }
