"""Policies for random scenarios: AWS's rules written anew from its documents, and odd ones that are allowed too.

The first say what the engine says and must not be told from it; the second say anything else that a contract permits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from batchsim.policies import (
    STRATEGIES,
    Demand,
    EndedAttempt,
    Job,
    Need,
    Offer,
    Room,
    Rule,
    WaitingJob,
    WaitingQueue,
)

Data = dict[str, Any]


# -- AWS's own, written anew


def same_as_aws(data: Data) -> dict[str, Any]:
    """Every decision of a scenario by functions from outside the engine."""
    world = data.get("world", {})
    return {
        "allocation": {name: _through(strategy) for name, strategy in STRATEGIES.items()},
        "ordering": {
            "jobs": _in_line(world.get("fifo_order", "submitted"), world.get("retry_position", "front")),
            "queues": _served,
        },
        "packing": PACKINGS[world.get("packing", "best_fit")],
        "scaling": lambda need: need.max_vcpus - need.running_vcpus - need.booting_vcpus,
        "retry": _tries_again,
    }


def _through(strategy: Callable[..., Offer | None]) -> Callable[..., Offer | None]:
    """A strategy is a pure function already: what is tested is the way of a user's own through the engine."""

    def choose(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
        return strategy(demand, offers)

    return choose


def _in_line(order: str, retried: str) -> Callable[[WaitingJob], tuple[int, ...]]:
    def key(job: WaitingJob) -> tuple[int, ...]:
        again = job.attempts > 0
        if again and retried == "back":
            return (1, job.runnable_at_ms, job.runnable_at_ms)
        group = 0 if again and retried == "front" else 1
        if order == "runnable":
            return (group, job.first_runnable_at_ms, job.created_at_ms)
        return (group, job.created_at_ms, 0)

    return key


def _served(queues: tuple[WaitingQueue, ...]) -> Sequence[WaitingQueue]:
    left, order = list(queues), []
    while left:
        order.append(max(left, key=lambda queue: (queue.priority, -queue.position)))
        left.remove(order[-1])
    return order


PACKINGS: dict[str, Callable[[Job, tuple[Room, ...]], Room]] = {
    "best_fit": lambda _, rooms: min(rooms, key=lambda room: (room.vcpus, room.memory_mib, room.age)),
    "worst_fit": lambda _, rooms: max(rooms, key=lambda room: (room.vcpus, room.memory_mib, -room.age)),
    "first_fit": lambda _, rooms: rooms[0],
}


def _tries_again(ended: EndedAttempt) -> bool:
    matching = (rule for rule in ended.rules if _matches(rule, ended))
    return next(matching, Rule(True, None, None, None)).retry


def _matches(rule: Rule, ended: EndedAttempt) -> bool:
    """By shell patterns, with everything but a last ``*`` taken literally."""
    code = "" if ended.exit_code is None else f"{ended.exit_code}"
    given = (rule.on_status_reason, rule.on_reason, rule.on_exit_code)
    texts = (ended.status_reason, ended.reason, code)
    return all(p is None or fnmatchcase(text, _literal(p)) for p, text in zip(given, texts, strict=True))


def _literal(pattern: str) -> str:
    body, star = (pattern[:-1], "*") if pattern.endswith("*") else (pattern, "")
    return "".join(f"[{char}]" if char in "*?[" else char for char in body) + star


# -- odd ones


def odd(number: int) -> dict[str, Any]:
    """Allowed answers that AWS Batch would not give; another mixture for each number."""
    return {
        "allocation": _last_that_is_allowed,
        "ordering": {"jobs": _latest_and_largest_first, "queues": lambda queues: queues[::-1]},
        "packing": lambda job, rooms: rooms[(job.vcpus + job.memory_mib + len(rooms)) % len(rooms)],
        "scaling": lambda need: _by_and_by(need, number),
        "retry": lambda ended: (ended.attempt + number) % 3 > 0,
    }


def _last_that_is_allowed(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """The last one, however it exceeds maxvCpus; no deep Spot pools, now and then."""
    allowed = [
        offer
        for offer in offers
        if offer.holds(demand.head) and (demand.may_exceed_max or offer.vcpus <= demand.headroom_vcpus)
    ]
    return allowed[-1] if allowed and demand.vcpus % 5 else None


def _latest_and_largest_first(job: WaitingJob) -> tuple[float, ...]:
    return (job.attempts % 2, -job.created_at_ms, -job.vcpus) if job.gpus else (1, -job.runnable_at_ms)


def _by_and_by(need: Need, number: int) -> int:
    return 0 if (need.vcpus + number) % 4 == 0 else min(3, need.headroom_vcpus)
