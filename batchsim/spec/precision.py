"""``precision``: run until a metric is known well enough, instead of so many times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ValidationError

from batchsim.errors import ScenarioError
from batchsim.spec.base import FileForm, Flaw, Model, flawed
from batchsim.spec.kinds import Text, number, whole
from batchsim.spec.parsing import plain_data
from batchsim.spec.problems import problem_of, problems_of
from batchsim.spec.source import SourceMap

FIRST = 10
"""Replications before precision is judged for the first time."""
_PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*%")
_LOWEST, _HIGHEST = 1e-6, 1.0


def _check_rel(value: object) -> float:
    """``0.02`` or ``2%`` (E114)."""
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    part = float(percent[1]) / 100 if percent else value
    if isinstance(part, bool) or not isinstance(part, int | float) or not _LOWEST <= part <= _HIGHEST:
        raise flawed("E114", "not a relative precision", value, allowed="0.02 or 2%: above 0, at most 1")
    return float(part)


class Precision(Model):
    """When to stop: the half of ``metric``'s interval of level ``conf`` is ``rel`` of its mean at most.

    Ten replications run first, then a quarter more at a time, ``max_replications`` at most (A. M. Law, *Simulation
    Modeling and Analysis*, ch. 9.4).
    """

    metric: Text
    rel: Annotated[float, FileForm(_check_rel, {"type": ["number", "string"]})] = 0.02
    conf: Annotated[float, number("E114", 0.5, 0.9999)] = 0.95
    max_replications: Annotated[int, whole("E114", FIRST, 1_000_000)] = 500

    def after(self, replications: int) -> int:
        """How many replications come after so many: a quarter more, up to the most."""
        return min(self.max_replications, replications + -(-replications // 4))


def parse_precision(data: Precision | Mapping[str, Any], told: str = "precision") -> Precision:
    """A precision from its file form. Raises :class:`ScenarioError` with all that is wrong, told of ``told``."""
    if isinstance(data, Precision):
        return data
    source, plain = SourceMap(told), plain_data(data)
    if not isinstance(plain, dict):
        raise ScenarioError([problem_of(Flaw("E104", "a precision is a mapping", value=plain), source)])
    try:
        return Precision.model_validate(plain)
    except ValidationError as error:
        raise ScenarioError(problems_of(error, Precision, source)) from None
