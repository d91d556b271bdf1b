"""Hypothesis strategies for small whole scenarios; a failing one is shrunk to the fewest features that still fail."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from batchsim.spec import Scenario, parse
from batchsim.testing.builders import Data
from batchsim.testing.swarm import draw_scenario

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


class _Drawn:
    """Choices that Hypothesis makes, records and shrinks."""

    def __init__(self, draw: DrawFn, strategies: ModuleType) -> None:
        self._draw = draw
        self._strategies = strategies

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return int(self._draw(self._strategies.integers(low, high)))


def scenario_data() -> SearchStrategy[Data]:
    """Strategy of valid scenarios in their file form (what YAML would hold), small enough to run in milliseconds.

    Raises ``ImportError`` with a hint where Hypothesis is missing.
    """
    strategies = _hypothesis()

    def whole(draw: DrawFn) -> Data:
        return draw_scenario(_Drawn(draw, strategies))

    made: Any = strategies.composite(whole)()
    return made  # type: ignore[no-any-return]


def scenarios() -> SearchStrategy[Scenario]:
    """Strategy of small, valid scenarios with a seed; see :func:`scenario_data`."""
    return scenario_data().map(parse)


def _hypothesis() -> ModuleType:
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise ImportError("random scenarios as a strategy need Hypothesis: pip install hypothesis") from error
    return strategies
