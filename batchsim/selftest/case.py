"""A case: scenarios as plain data, what is measured in their results, and what a formula says that it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from batchsim.analysis.exact import Int64s
from batchsim.prepared import Prepared, prepare
from batchsim.result import Result
from batchsim.selftest.recursions import Recorded
from batchsim.simulation import Simulation
from batchsim.spec import parse

Data = dict[str, Any]
"""A scenario, or a part of one, as its file holds it."""
Kind = Literal["exact", "bound", "ci"]
"""Equal to the formula; within bounds on every run; or within the interval of independent replications."""

REPLICATIONS = 30
PRECISION = 0.03
"""The 95 % half-width that is asked for, as a part of the expected value."""
PRECISION_HEAVY = 0.05
"""The same at loads of 0.9 and more."""
PRECISION_PROBABILITY = 0.01
"""The same for a probability, absolute."""


class Bounded(NamedTuple):
    """A measured value and the bounds that the same run gives it, both included."""

    low: float
    value: float
    high: float


Value = Any
"""What is measured: a number, a tuple of numbers, a Decimal, a text; or :class:`Bounded`."""
Measured = Mapping[str, Value]
"""By the name of the quantity, of one replication."""
Recursion = Callable[[Recorded], Int64s]
"""The start of each job, in ms."""
Scenarios = Callable[[float], tuple[Data, ...]]
"""The scenarios of a case, ``scale`` times as long as usual."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number that a case measures."""

    name: str
    """As theory writes it: ``E[Wq]``."""
    unit: str
    """Empty for a pure number."""
    theta: Value
    """What the formula gives; None where bounds come from each run."""
    kind: Kind
    half_width: float = PRECISION
    """A wider 95 % half-width than this is inconclusive."""
    is_absolute: bool = False
    """Whether ``half_width`` is in the quantity's unit; else it is a part of ``theta``."""

    @property
    def allowed(self) -> float:
        """The widest 95 % half-width that lets the quantity be judged, in its unit."""
        return self.half_width if self.is_absolute else self.half_width * abs(float(self.theta))


@dataclass(frozen=True, slots=True)
class Case:
    """One simulation of which theory knows the answer.

    All functions stand at the top of a module (or are partials of such), so that a case can be sent to another process.
    """

    id: str
    """As in the validation plan: ``T1.2``."""
    title: str
    """The configuration, in one line."""
    source: str
    """The formula, and where it comes from."""
    quantities: tuple[Quantity, ...]
    scenarios: Scenarios
    measure: Callable[..., Measured]
    """Takes the :class:`Result` of each scenario, in order; where there is a recursion, or its jobs and starts."""
    replications: int = REPLICATIONS
    first_replication: int = 0
    heavy: bool = False
    """Whether it is too long for ``batchsim selftest`` without ``--all``."""
    recursion: Recursion | None = None
    """Of a queue: what every job's start must be, from the arrivals and run times alone."""
    scale: float = 1.0
    """How much longer it runs than usual."""
    jobs: int = 0
    """About how many jobs a replication simulates, for those who share the work out."""

    @property
    def kind(self) -> Kind:
        """``ci`` if any quantity needs replications, else ``bound`` if any has bounds, else ``exact``."""
        kinds = {quantity.kind for quantity in self.quantities}
        return "ci" if "ci" in kinds else "bound" if "bound" in kinds else "exact"

    def data(self) -> tuple[Data, ...]:
        """The scenarios as plain data."""
        return self.scenarios(self.scale)

    def prepare(self) -> tuple[Prepared, ...]:
        """The scenarios, checked: what all replications share."""
        return tuple(prepare(parse(data)) for data in self.data())

    def simulate(self, seed: int, replication: int = 0, ready: tuple[Prepared, ...] | None = None) -> Measured:
        """What one replication measures; ``ready`` is what :meth:`prepare` gave, if it was called."""
        return self.measure(*self.results(seed, replication, ready))

    def results(self, seed: int, replication: int = 0, ready: tuple[Prepared, ...] | None = None) -> list[Result]:
        """The result of each scenario, of one replication."""
        scenarios = self.prepare() if ready is None else ready
        return [Simulation(each, seed=seed, replication=replication).finish() for each in scenarios]

    def longer(self, times: float) -> Case:
        """The same case, run so much longer."""
        return replace(self, scale=self.scale * times, jobs=round(self.jobs * times))

    def coarser(self, times: float) -> Case:
        """The same case with half-widths so much wider, for which it need run only the square of that as short."""
        wider = tuple(replace(each, half_width=each.half_width * times) for each in self.quantities)
        return replace(self.longer(times**-2), quantities=wider)


def exact(name: str, theta: Value, unit: str = "") -> Quantity:
    """A quantity that every run must meet exactly: equal, or (a float) to a part in 10^9."""
    return Quantity(name, unit, theta, "exact")


def bound(name: str, unit: str = "") -> Quantity:
    """A quantity that every run gives with bounds of its own: a :class:`Bounded`."""
    return Quantity(name, unit, None, "bound")


def mean(name: str, theta: float, unit: str = "s", half_width: float = PRECISION) -> Quantity:
    """A quantity that the mean of the replications estimates; ``half_width`` is a part of ``theta``."""
    return Quantity(name, unit, theta, "ci", half_width)


def probability(name: str, theta: float, half_width: float = PRECISION_PROBABILITY) -> Quantity:
    """A probability, which is estimated to ``half_width``."""
    return Quantity(name, "", theta, "ci", half_width, is_absolute=True)
