"""One line of a function of the product exchanged for another, wherever the function is looked up."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from batchsim import Scenario

Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    """A one-line bug, a scenario that reaches it, and the invariant that must catch it."""

    caught_by: str
    name: str
    """What a maintainer would have got wrong, as a sentence."""
    scenario: Callable[[], Scenario]
    breaks: Break

    def __str__(self) -> str:
        return f"{self.caught_by}: {self.name}"


def line(target: str, old: str, new: str) -> Break:
    """``MODULE:NAME`` or ``MODULE:CLASS.NAME``, below ``batchsim``: its one occurrence of ``old`` becomes ``new``."""
    module_name, _, path = target.partition(":")

    def breaks(patch: pytest.MonkeyPatch) -> None:
        module = import_module(f"batchsim.{module_name}")
        *owners, name = path.split(".")
        owner: Any = getattr(module, owners[0]) if owners else module
        known = inspect.getattr_static(owner, name)
        made = _compiled(known, old, new, name, module)
        places = [owner] if owners else [each for each in _modules() if getattr(each, name, None) is known]
        for place in places:
            patch.setattr(place, name, made)

    return breaks


def _compiled(known: Any, old: str, new: str, name: str, module: Any) -> Any:
    source = textwrap.dedent(inspect.getsource(known.fget if isinstance(known, property) else known))
    assert source.count(old) == 1, f"{name}: {source.count(old)} times {old!r} in\n{source}"
    code = compile(f"from __future__ import annotations\n{source.replace(old, new)}", f"{name} with a bug", "exec")
    namespace = dict(vars(module))
    exec(code, namespace)  # noqa: S102 (the product's own source, but for one line)
    return namespace[name]


def _modules() -> list[Any]:
    return [module for name, module in sorted(sys.modules.items()) if name.startswith("batchsim")]
