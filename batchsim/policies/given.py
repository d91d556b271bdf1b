"""The policies of one run: AWS's rules, and in their place what the user gives to ``run`` or ``Simulation``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchsim.errors import PolicyError
from batchsim.policies import guards
from batchsim.policies.allocation import STRATEGIES, Strategy
from batchsim.policies.ordering import QueueOrder, WaitingJob
from batchsim.policies.packing import Packing
from batchsim.policies.retry import Retry, evaluate_on_exit
from batchsim.policies.scaling import Scaling
from batchsim.spec.near import did_you_mean

KINDS = ("allocation", "ordering", "packing", "scaling", "retry")
ORDERINGS = ("jobs", "queues")


@dataclass(frozen=True, slots=True)
class Policies:
    """What decides in a run; each function is guarded, None stands for the engine's own rule."""

    strategies: Mapping[str, Strategy] = field(default_factory=lambda: dict(STRATEGIES))
    """By name, AWS's and the user's."""
    strategy: Strategy | None = None
    """In place of every environment's strategy."""
    job_order: Callable[[WaitingJob], tuple[float, ...]] | None = None
    queue_order: QueueOrder | None = None
    packing: Packing | None = None
    scaling: Scaling | None = None
    retry: Retry = evaluate_on_exit
    replaced: Mapping[str, str] = field(default_factory=dict)
    """By what was replaced (``packing``, ``ordering of jobs``, ``allocation CHEAPEST``), the function's name."""

    def strategy_of(self, name: str) -> Strategy:
        """The strategy of an environment whose ``allocationStrategy`` is ``name``."""
        return self.strategy or self.strategies[name]

    def is_own_strategy(self, name: str) -> bool:
        """Whether that strategy is the user's."""
        return self.strategy is not None or self.strategies[name] is not STRATEGIES.get(name)


AWS = Policies()
"""AWS's own rules in everything."""


def policies_of(given: Mapping[str, Any] | None) -> Policies:
    """Read what the user gave: functions by kind; see ``docs/policies.md``.

    ``{"allocation": f}`` replaces the strategy of all environments, ``{"allocation": {"NAME": f}}`` that of those whose
    ``allocationStrategy`` is NAME; ``{"ordering": f}`` orders jobs, ``{"ordering": {"jobs": f, "queues": g}}`` both.
    Raises :class:`PolicyError` for an unknown kind, or for what is not callable.
    """
    if not given:
        return AWS
    if not isinstance(given, Mapping):
        raise PolicyError(f"policies are a mapping, as in {{'packing': my_packing}}, not {type(given).__name__}")
    _known("kind of policy", given, KINDS)
    read: dict[str, Any] = {}
    replaced: dict[str, str] = {}
    for kind in KINDS:
        if kind in given:
            _READERS[kind](given[kind], read, replaced)
    return Policies(**read, replaced=replaced)


def _read_allocation(given: Any, read: dict[str, Any], replaced: dict[str, str]) -> None:
    if not isinstance(given, Mapping):
        read["strategy"] = guards.guard_allocation(_note("allocation", given, replaced), given)
        return
    own = {
        str(name): guards.guard_allocation(_note(f"allocation {name}", function, replaced), function)
        for name, function in given.items()
    }
    read["strategies"] = {**STRATEGIES, **own}


def _read_ordering(given: Any, read: dict[str, Any], replaced: dict[str, str]) -> None:
    both = given if isinstance(given, Mapping) else {"jobs": given}
    _known("ordering", both, ORDERINGS)
    if "jobs" in both:
        read["job_order"] = guards.guard_job_order(_note("ordering of jobs", both["jobs"], replaced), both["jobs"])
    if "queues" in both:
        told = _note("ordering of queues", both["queues"], replaced)
        read["queue_order"] = guards.guard_queue_order(told, both["queues"])


def _read_plain(kind: str, guard: Callable[[str, Any], Any]) -> Callable[[Any, dict[str, Any], dict[str, str]], None]:
    def reader(given: Any, read: dict[str, Any], replaced: dict[str, str]) -> None:
        read[kind] = guard(_note(kind, given, replaced), given)

    return reader


_READERS: Mapping[str, Callable[[Any, dict[str, Any], dict[str, str]], None]] = {
    "allocation": _read_allocation,
    "ordering": _read_ordering,
    "packing": _read_plain("packing", guards.guard_packing),
    "scaling": _read_plain("scaling", guards.guard_scaling),
    "retry": _read_plain("retry", guards.guard_retry),
}


def _note(what: str, function: Any, replaced: dict[str, str]) -> str:
    """Note what is replaced by which function, and return what messages call it."""
    if not callable(function):
        raise PolicyError(f"the policy for {what} is {function!r}, which cannot be called: give a function")
    replaced[what] = guards.name_of(function)
    return f"the policy {replaced[what]} (for {what})"


def _known(what: str, given: Iterable[Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise PolicyError(
                f"unknown {what} {name!r}; known: {', '.join(known)}. {did_you_mean(name, known)}".rstrip()
            )
