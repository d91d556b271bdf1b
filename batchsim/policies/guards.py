"""Guards around policies of the user's own: each lets an allowed answer through and refuses any other by name.

So a broken policy stops the run with a sentence; it cannot break what every run promises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from batchsim.errors import PolicyError
from batchsim.policies.allocation.base import Demand, Offer, Strategy
from batchsim.policies.ordering import JobOrder, QueueOrder, WaitingJob, WaitingQueue
from batchsim.policies.packing import Job, Packing, Room
from batchsim.policies.retry import EndedAttempt, Retry
from batchsim.policies.scaling import Need, Scaling

P = ParamSpec("P")
T = TypeVar("T")
MOST_SHOWN = 200
"""So many characters of an answer are shown."""


def name_of(policy: Callable[..., Any]) -> str:
    """A function's own name, else its type's: what messages and reports call a policy."""
    return str(getattr(policy, "__name__", type(policy).__name__))


def guard_allocation(told: str, policy: Strategy) -> Strategy:
    """An allocation strategy: one of the offers that holds the head and keeps to maxvCpus, or None."""

    def choose(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
        chosen: object = _ask(told, policy, demand, offers)
        if chosen is None:
            return None
        if not isinstance(chosen, Offer) or chosen not in offers:
            raise _refused(told, chosen, "that was not offered: return one of the offers as it was given, or None")
        if not chosen.holds(demand.head):
            raise _refused(told, chosen, f"an empty instance of it does not hold the head {demand.head}")
        if chosen.vcpus > demand.headroom_vcpus and not demand.may_exceed_max:
            raise _refused(told, chosen, f"only {demand.headroom_vcpus} more vCPUs are permitted")
        return chosen

    return choose


def guard_packing(told: str, policy: Packing) -> Packing:
    """A packing: one of the rooms."""

    def choose(job: Job, rooms: tuple[Room, ...]) -> Room:
        chosen: object = _ask(told, policy, job, rooms)
        if not isinstance(chosen, Room) or chosen not in rooms:
            wanted = f"return one of the {len(rooms)} rooms that it was given, each of which holds {job}"
            raise _refused(told, chosen, wanted)
        return chosen

    return choose


def guard_job_order(told: str, policy: JobOrder) -> Callable[[WaitingJob], tuple[float, ...]]:
    """An order of jobs: a number, or a tuple of numbers; one form comes out, so that any two keys compare."""

    def place(job: WaitingJob) -> tuple[float, ...]:
        key: object = _ask(told, policy, job)
        parts = key if isinstance(key, tuple) else (key,)
        if not all(map(_is_number, parts)):
            raise _refused(told, key, f"return a number, or a tuple of numbers, as the key of {job.entry}")
        return parts

    return place


def guard_queue_order(told: str, policy: QueueOrder) -> QueueOrder:
    """An order of queues: each queue once."""

    def order(queues: tuple[WaitingQueue, ...]) -> Sequence[WaitingQueue]:
        served = _ask(told, policy, queues)
        try:
            positions = sorted(queue.position for queue in served)
        except (AttributeError, TypeError):
            raise _refused(told, served, "return the queues that it was given, in their new order") from None
        given = {queue.position: queue for queue in queues}
        if positions != sorted(given):
            names = ", ".join(queue.name for queue in queues)
            raise _refused(told, served, f"return each queue once: {names}")
        return [given[queue.position] for queue in served]

    return order


def guard_scaling(told: str, policy: Scaling) -> Scaling:
    """A scaling policy: a whole number of vCPUs within the headroom."""

    def most(need: Need) -> int:
        vcpus: object = _ask(told, policy, need)
        if isinstance(vcpus, bool) or not isinstance(vcpus, int) or not 0 <= vcpus <= need.headroom_vcpus:
            wanted = f"return whole vCPUs, 0 to {need.headroom_vcpus}, which maxvCpus {need.max_vcpus} leaves"
            raise _refused(told, vcpus, f"{wanted} to {need.environment}")
        return vcpus

    return most


def guard_retry(told: str, policy: Retry) -> Retry:
    """A retry policy: True or False."""

    def tries_again(ended: EndedAttempt) -> bool:
        answer: object = _ask(told, policy, ended)
        if not isinstance(answer, bool):
            raise _refused(told, answer, "return True or False")
        return answer

    return tries_again


def _ask(told: str, policy: Callable[P, T], *view: P.args, **named: P.kwargs) -> T:
    """Ask; what the policy itself raises comes through as it is, with the policy's name and what it was asked."""
    try:
        return policy(*view, **named)
    except Exception as error:
        error.add_note(f"raised by {told}, which was asked about {_shown(view[0])}")
        raise


def _is_number(part: object) -> bool:
    return isinstance(part, int | float) and not math.isnan(part)


def _refused(told: str, answer: object, why: str) -> PolicyError:
    return PolicyError(f"{told} returned {_shown(answer)}: {why}")


def _shown(value: object) -> str:
    if isinstance(value, Offer):
        size = f"{value.vcpus} vCPU, {value.memory_mib} MiB, {value.gpus} GPU"
        return f"the offer of {value.type_name or 'a type'} at position {value.position} ({size})"
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
