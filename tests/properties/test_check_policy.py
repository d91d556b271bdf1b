"""``testing.check_policy``: AWS's own rules keep their contracts, and each way of breaking one is found."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from batchsim import PolicyError, policies
from batchsim.testing import check_policy
from tests.properties.own_policies import odd, same_as_aws

OWN = {
    **{f"allocation {name}": ("allocation", strategy) for name, strategy in policies.STRATEGIES.items()},
    **{f"packing {name}": ("packing", packing) for name, packing in policies.PACKINGS.items()},
    **{
        f"ordering {order} {retried}": ("ordering", policies.fifo(order, retried))
        for order in ("submitted", "runnable")
        for retried in ("front", "original", "back")
    },
    "ordering of queues": ("ordering of queues", policies.by_priority),
    "scaling": ("scaling", policies.as_needed),
    "retry": ("retry", policies.evaluate_on_exit),
}


def asked(kind: str, policy: Callable[..., Any], examples: int) -> int:
    """How often a policy was asked while its contract was checked."""
    calls = itertools.count()

    def counted(*view: Any) -> Any:
        next(calls)
        return policy(*view)

    check_policy(kind, counted, examples=examples)
    return next(calls)


@pytest.mark.parametrize("name", OWN)
def test_awss_own_rules_keep_their_contracts(name: str) -> None:
    assert asked(*OWN[name], examples=30) >= 2 * 30


@pytest.mark.parametrize("made", [same_as_aws({}), odd(1)], ids=["anew", "odd"])
def test_so_do_the_policies_of_the_random_scenarios(made: dict[str, Any]) -> None:
    given = {**made, "ordering": made["ordering"]["jobs"], "ordering of queues": made["ordering"]["queues"]}
    strategies = given.pop("allocation")
    rules = [("allocation", each) for each in (strategies.values() if isinstance(strategies, dict) else [strategies])]
    for kind, policy in (*rules, *given.items()):
        assert asked(kind, policy, examples=25) >= 2 * 25, kind


BROKEN: dict[str, tuple[str, Callable[..., Any], type[BaseException], str]] = {
    "not total: no offer": ("allocation", lambda _, offers: offers[0].gpus or None, IndexError, "out of range"),
    "not total: no exit code": ("retry", lambda ended: ended.exit_code > 1, TypeError, "not supported"),
    "not total: no head": ("ordering of queues", lambda q: sorted(q, key=lambda each: each.head.vcpus), AttributeError,
                           "vcpus"),
    "not total: no timeout": ("ordering", lambda job: -job.timeout_s, TypeError, "bad operand"),
    "too small": ("allocation", lambda _, offers: offers[-1] if offers else None, PolicyError, "does not hold"),
    "too large": ("allocation", lambda demand, offers: next((o for o in offers if o.holds(demand.head)), None),
                  PolicyError, "more vCPUs are permitted"),
    "no room": ("packing", lambda job, rooms: next((r for r in rooms if r.vcpus > job.vcpus), None), PolicyError,
                "returned None"),
    "a queue lost": ("ordering of queues", lambda q: [each for each in q if each.head], PolicyError, "each queue once"),
    "beyond": ("scaling", lambda need: need.vcpus, PolicyError, "return whole vCPUs"),
    "a fraction": ("scaling", lambda need: need.headroom_vcpus / 2, PolicyError, "return whole vCPUs"),
    "no number": ("ordering", lambda job: (job.queue, job.created_at_ms), PolicyError, "return a number"),
    "dice": ("packing", lambda _, rooms: random.choice(rooms), AssertionError, "answer"),  # noqa: S311
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_contract_is_found(fault: str) -> None:
    kind, policy, error, said = BROKEN[fault]
    with pytest.raises(error, match=said):
        check_policy(kind, policy)


def test_state_is_found() -> None:
    asked = itertools.count()
    with pytest.raises(AssertionError, match="answer"):
        check_policy("ordering", lambda job: (job.created_at_ms, next(asked)))


def test_the_smallest_view_is_shown() -> None:
    with pytest.raises(PolicyError) as caught:
        check_policy("scaling", lambda need: min(need.headroom_vcpus, 3) + (need.vcpus > 7))
    shown = "\n".join(caught.value.__notes__)
    assert "asked_about(" in shown
    assert "asks=(Ask(" in shown


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(PolicyError, match="Did you mean packing"):
        check_policy("packng", min)
