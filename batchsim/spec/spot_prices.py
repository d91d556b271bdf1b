"""``world.spot_prices``: how Spot prices change over a run, in steps; without them they are constant.

A price holds in all zones, from its instant to the next step. It is what an instance pays at each instant of its life,
and what ``bidPercentage`` is compared with.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from batchsim.spec.base import Flaw, FlawsError, Model, flawed
from batchsim.spec.kinds import DurationMs, Text, UsdPerH, number
from batchsim.units import format_duration

DEFAULT = "default"
"""The key of all types for which neither the type nor its family is given."""


class PriceStep(Model):
    """From ``at`` on: a price, or a share of the type's On-Demand price."""

    at_ms: DurationMs = Field(alias="at")
    price: UsdPerH | None = None
    share: Annotated[float, number("E148", 0, 10)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> PriceStep:
        if (self.price is None) == (self.share is None):
            raise flawed(
                "E111", "a step needs a price or a share", allowed="{at: 2h, price: $0.05/h}, {at: 2h, share: 0.8}"
            )
        return self


def _in_order(steps: tuple[PriceStep, ...]) -> tuple[PriceStep, ...]:
    """Each step later than the one before (E115)."""
    late = [
        Flaw("E115", "not later than the step before", (at, "at"), format_duration(step.at_ms))
        for at, step in enumerate(steps)
        if at and step.at_ms <= steps[at - 1].at_ms
    ]
    if late:
        raise FlawsError(*late)
    return steps


PriceSteps = Annotated[tuple[PriceStep, ...], AfterValidator(_in_order)]
SpotPrices = dict[Text, PriceSteps]
"""Steps by instance type, else family, else ``default``."""


def steps_of(prices: SpotPrices, type_: str, family: str) -> tuple[PriceStep, ...]:
    """The steps of one instance type; none where its price is constant."""
    return next((prices[word] for word in (type_, family, DEFAULT) if word in prices), ())
