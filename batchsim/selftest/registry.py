"""All cases, in the order of the validation plan; each module of :mod:`batchsim.selftest.cases` adds its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from batchsim.errors import ExperimentError
from batchsim.selftest.by_recursion import by_recursion
from batchsim.selftest.case import Case
from batchsim.spec.near import did_you_mean

WHOLE_JOBS, MOST_JOBS = 250_000, 8_000_000
"""With more jobs a case goes by its recursion, if it has one; with more still, even that takes minutes."""
MODULES = (
    "queueing", "populations", "elastic", "traces",
    "retries", "spot", "makespan", "packing", "shares", "billing", "identities",
)  # fmt: skip
"""Of :mod:`batchsim.selftest.cases`, each with a function ``cases()``."""


@cache
def cases() -> tuple[Case, ...]:
    """Every case. Raises ``ValueError`` if two have one id, or one case has two quantities of one name."""
    found = [case for name in MODULES for case in import_module(f"batchsim.selftest.cases.{name}").cases()]
    found.sort(key=_place)
    for case in found:
        names = [quantity.name for quantity in case.quantities]
        if len(set(names)) < len(names):
            raise ValueError(f"{case.id} measures a quantity twice: {', '.join(names)}")
    if len({case.id for case in found}) < len(found):
        raise ValueError("two cases have one id")
    return tuple(found)


def family() -> int:
    """K: how many quantities of all cases are judged by intervals, whichever of them are run."""
    return sum(quantity.kind == "ci" for case in cases() for quantity in case.quantities)


def chosen(only: Sequence[str] = (), *, everything: bool = False) -> list[Case]:
    """The cases with these ids (``T9`` stands for all of ``T9.1``, ``T9.2``, ...), else all that do not take too long.

    Where neither ids nor ``everything`` ask for it whole, a long case goes by its recursion. Raises
    :class:`ExperimentError` for an id that no case has.
    """
    if only:
        wanted = [_named(id_) for id_ in only]
        return [case for case in cases() if any(case in group for group in wanted)]
    return list(cases()) if everything else [in_two_steps(case) for case in cases() if _is_quick(case)]


def in_two_steps(case: Case) -> Case:
    """The case by its recursion if it is long and has one, else itself."""
    is_long = case.recursion is not None and case.jobs * case.replications > WHOLE_JOBS
    return by_recursion(case) if is_long else case


def _is_quick(case: Case) -> bool:
    """Whether ``batchsim selftest`` runs it without being asked."""
    return not case.heavy or (case.recursion is not None and case.jobs * case.replications <= MOST_JOBS)


def _named(id_: str) -> list[Case]:
    found = [case for case in cases() if case.id.lower() == id_.lower() or case.id.split(".")[0].lower() == id_.lower()]
    if not found:
        hint = did_you_mean(id_, [case.id for case in cases()])
        raise ExperimentError(f"no case is called {id_!r}. {hint}".strip() + " batchsim selftest --list shows all")
    return found


def _place(case: Case) -> tuple[int, ...]:
    """By the numbers in the id: T2.1 before T10.1."""
    return tuple(int(number) for number in case.id.removeprefix("T").split("."))
