"""``check_policy``: whether a policy of one's own keeps its contract, asked about views that Hypothesis draws.

A policy is *total* (it answers whatever it is asked), *allowed* (in what it answers), *repeatable* (equal views get
equal answers, whatever was asked before: no state, no clock, no dice) and *harmless* (it changes nothing it is given).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from batchsim.errors import PolicyError
from batchsim.policies import guards
from batchsim.policies.given import KINDS
from batchsim.spec.near import did_you_mean

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

View = tuple[Any, ...]
"""What a policy is given: the arguments of one call."""

_GUARDS: Mapping[str, tuple[str, Callable[[str, Any], Callable[..., Any]]]] = {
    "allocation": ("allocation", guards.guard_allocation),
    "ordering": ("ordering of jobs", guards.guard_job_order),
    "ordering of queues": ("ordering of queues", guards.guard_queue_order),
    "packing": ("packing", guards.guard_packing),
    "scaling": ("scaling", guards.guard_scaling),
    "retry": ("retry", guards.guard_retry),
}


def check_policy(kind: str, policy: Callable[..., Any], *, examples: int = 200) -> None:
    """Ask a policy about random views of its kind, small and smaller, and raise what is wrong with an answer.

    ``kind`` is ``allocation``, ``ordering``, ``ordering of queues``, ``packing``, ``scaling`` or ``retry``;
    ``examples`` is how many sets of views are drawn. Raises :class:`~batchsim.PolicyError` for an answer that its
    contract does not allow, ``AssertionError`` for one that depends on more than the view, and whatever the policy
    itself raises; each with the smallest view that Hypothesis finds. ``ImportError`` where Hypothesis is missing.
    """
    if kind not in _GUARDS:
        hint = did_you_mean(kind, (*_GUARDS, *KINDS))
        raise PolicyError(f"unknown kind of policy {kind!r}; known: {', '.join(_GUARDS)}. {hint}".rstrip())
    what, guard = _GUARDS[kind]
    guarded = guard(f"the policy {guards.name_of(policy)} (for {what})", policy)

    def asked_about(views: list[View]) -> None:
        _hold(guarded, views)

    _drive(asked_about, kind, examples)


def _hold(ask: Callable[..., Any], views: list[View]) -> None:
    """Ask about each view, then about copies in the opposite order: the answers are the same, the views as before."""
    kept = copy.deepcopy(views)
    first = [ask(*view) for view in views]
    if views != kept:
        raise AssertionError("the policy changed what it was given")
    again = [ask(*view) for view in reversed(kept)][::-1]
    for view, one, other in zip(kept, first, again, strict=True):
        if one != other:
            shown = ", ".join(map(repr, view))
            raise AssertionError(f"asked twice about {shown}\nthe policy answered {one!r}\nand then {other!r}")


def _drive(test: Callable[[list[View]], None], kind: str, examples: int) -> None:
    """Let Hypothesis look for views that fail; the same ones each time."""
    try:
        from hypothesis import HealthCheck, Phase, given, settings
    except ImportError as error:
        raise ImportError("check_policy needs Hypothesis: pip install hypothesis") from error
    from hypothesis import strategies as st
    from hypothesis.errors import Flaky

    from batchsim.testing.views import views_of

    views: SearchStrategy[list[View]] = st.lists(views_of(kind), min_size=1, max_size=3)
    phases = (Phase.explicit, Phase.generate, Phase.shrink)
    calm = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        calm(given(views)(test))()
    except Flaky as error:
        raise AssertionError(
            "the policy answers the same views differently each time: it has state, or dice"
        ) from error
