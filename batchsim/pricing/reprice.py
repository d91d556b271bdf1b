"""The same run at other prices: copied price columns, Fargate's rates and commitments; nothing is simulated anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.prices import FargatePrices, FargateRates, Prices, Reserved, SavingsPlan
from batchsim.errors import ScenarioError
from batchsim.pricing import asked
from batchsim.pricing.asked import ByType, Change, Factor, fail
from batchsim.pricing.of_scenario import fargate_of
from batchsim.records.tables import Records
from batchsim.spec import Scenario
from batchsim.spec.facts import PriceList
from batchsim.spec.near import did_you_mean
from batchsim.units import format_usd

Lookup = Callable[[Scenario, Iterable[str]], PriceList]
"""The catalogue's prices of instance types in the region of a scenario's world."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What a run's bills are made of."""

    records: Records
    prices: Prices
    as_of: Mapping[str, str]
    region: str
    changes: tuple[str, ...]
    """What is not as it was in the run, for people."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to change, in the order in which it does."""

    region: str | None
    fallback: Fraction | None
    on_demand: tuple[Factor | ByType, ...]
    spot: tuple[Change, ...]
    savings_plan: Mapping[str, Any] | None
    reserved: Mapping[str, Any] | None


def asked_for(
    region: str | None,
    fallback: object,
    prices: Mapping[str, Mapping[str, asked.Price]] | None,
    changes: tuple[object, object],
    commitments: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None],
) -> Asked:
    """Read the arguments of ``Result.reprice``; ``changes`` are On-Demand's and Spot's, then plan and reservations."""
    on_demand, spot = asked.read_prices(prices)
    return Asked(
        region,
        asked.read_fallback(fallback),
        tuple(change for change in (on_demand, asked.read_on_demand(changes[0])) if change is not None),
        tuple(change for change in (spot, asked.read_spot(changes[1])) if change is not None),
        *commitments,
    )


def reprice(now: Priced, scenario: Scenario, lookup: Lookup | None, wanted: Asked) -> Priced:
    """Return the run at the prices that are wanted: first another region's, then given ones, then commitments."""
    for change in (*wanted.on_demand, *wanted.spot):
        if isinstance(change, ByType):
            _must_exist(change, now, scenario, lookup)
    if wanted.region is not None:
        now = _in_region(now, scenario, lookup, wanted, wanted.region)
    for listed in wanted.on_demand:
        now = _on_demand(now, listed)
    for market in wanted.spot:
        now = _spot(now, market)
    if wanted.reserved is not None:
        now = _reserve(now, scenario, lookup, wanted.reserved)
    return now if wanted.savings_plan is None else _commit(now, wanted.savings_plan)


# Another region ------------------------------------------------------------------------------------


def _in_region(now: Priced, scenario: Scenario, lookup: Lookup | None, wanted: Asked, region: str) -> Priced:
    there = _scenario_in(scenario, region)
    listed = _listed(lookup, there, _launched(now.records))
    instances = now.records.instances
    on_demand, price = instances.on_demand_nano_usd_per_h.copy(), instances.price_nano_usd_per_h.copy()
    missing = []
    for name, rows in _rows_by_type(now.records).items():
        found = listed.instances.get(name) or _given(name, wanted, Fraction(str(there.world.spot_factor)))
        if found is not None:
            on_demand[rows] = found[0]
            price[rows] = np.where(instances.spot[rows], found[1], found[0])
        elif wanted.fallback is not None:
            on_demand[rows] = _times(on_demand[rows], wanted.fallback)
            price[rows] = _times(price[rows], wanted.fallback)
        else:
            missing.append(name)
    if missing:
        message = f"no price of {', '.join(missing)} in {region} is known"
        fail("E148", ("region",), message, region, hint="Give prices={...}, or fallback=1.0 for those of the run")
    if now.records.submissions.windows.any() and ("windows", False) not in listed.fargate:
        fail("E148", ("region",), f"no price of Windows tasks in {region} is known", region)
    fargate = tuple(fargate_of(listed.fargate, kind) for kind in now.records.names.environment_kinds)
    return _changed(replace(now, as_of=listed.as_of, region=region), on_demand, price, fargate, f"prices of {region}")


def _scenario_in(scenario: Scenario, region: str) -> Scenario:
    """The scenario in another region, for the prices that it gives itself."""
    return scenario.model_copy(update={"world": scenario.world.model_copy(update={"region": region})})


def _listed(lookup: Lookup | None, there: Scenario, types: Iterable[str]) -> PriceList:
    """The region's prices; an unknown region is a problem of our argument, not of the scenario."""
    if lookup is None:
        fail("E155", ("region",), "this result has no catalogue to look prices up in")
    try:
        return lookup(there, types)
    except ScenarioError as error:
        raise ScenarioError(replace(each, path=("reprice", "region")) for each in error.problems) from None


def _listed_here(
    now: Priced, scenario: Scenario, lookup: Lookup | None, types: Iterable[str]
) -> Mapping[str, tuple[int, int]]:
    """Prices of the region whose prices the bills are, of types that the run did not use; none that nobody knows."""
    try:
        return lookup(_scenario_in(scenario, now.region), types).instances if lookup else {}
    except ScenarioError:  # a region of which the scenario gives all prices itself
        return {}


def _given(name: str, wanted: Asked, spot_factor: Fraction) -> tuple[int, int] | None:
    """A price that is given for a type which the region does not sell; Spot as in a run, where it is not given."""
    on_demand = _last_price(name, wanted.on_demand)
    if on_demand is None:
        return None
    spot = _last_price(name, wanted.spot)
    return on_demand, round(on_demand * spot_factor) if spot is None else spot


def _last_price(name: str, changes: Iterable[Change]) -> int | None:
    found = [change.prices[name] for change in changes if isinstance(change, ByType) and name in change.prices]
    return found[-1] if found else None


# Given prices --------------------------------------------------------------------------------------


def _on_demand(now: Priced, change: Factor | ByType) -> Priced:
    """Other On-Demand prices; those of Fargate follow a factor."""
    instances, fargate = now.records.instances, now.prices.fargate
    column: NDArray[np.integer]
    if isinstance(change, Factor):
        column = _times(instances.on_demand_nano_usd_per_h, change.times)
        fargate = tuple(offer and _fargate_on_demand(offer, change.times) for offer in fargate)
        told = f"On-Demand {change.told}"
    else:
        column, told = _set(now, instances.on_demand_nano_usd_per_h, change), _names("On-Demand", change)
    price = np.where(instances.spot, instances.price_nano_usd_per_h, column)
    return _changed(now, column, price, fargate, told) if told else now


def _spot(now: Priced, change: Change) -> Priced:
    """Other Spot prices; those of Fargate Spot follow a factor, or a share of On-Demand."""
    instances, fargate = now.records.instances, now.prices.fargate
    kinds = now.records.names.environment_kinds
    on_demand, column = instances.on_demand_nano_usd_per_h, instances.price_nano_usd_per_h
    if isinstance(change, ByType):
        spot, told = _set(now, column, change), _names("Spot", change)
    elif isinstance(change, Factor):
        spot, told = _times(column, change.times), f"Spot {change.told}"
        fargate = _fargate_spot(fargate, kinds, lambda offer: (offer.x86_64, offer.arm64), change.times)
    else:
        spot, told = _times(on_demand, change.share), f"Spot at {float(100 * change.share):g} % of On-Demand"
        fargate = _fargate_spot(
            fargate, kinds, lambda offer: (offer.x86_64_on_demand, offer.arm64_on_demand), change.share
        )
    return _changed(now, on_demand, np.where(instances.spot, spot, column), fargate, told) if told else now


def _set(now: Priced, column: NDArray[np.integer], change: ByType) -> NDArray[np.integer]:
    """The column with the given prices in the rows of their types."""
    column = column.copy()
    for name, rows in _rows_by_type(now.records).items():
        if name in change.prices:
            column[rows] = change.prices[name]
    return column


def _must_exist(change: ByType, now: Priced, scenario: Scenario, lookup: Lookup | None) -> None:
    """E156 for a type that neither this run nor the catalogue knows; any other may stand there without effect."""
    types = now.records.names.types
    strange = [name for name in change.prices if name not in types]
    listed = _listed_here(now, scenario, lookup, strange) if strange else {}
    for name in strange:
        if name not in listed:
            hint = did_you_mean(name, types)
            fail("E156", (change.argument, name), "no environment of this run has the type", name, hint=hint)


def _names(what: str, change: ByType) -> str:
    return f"{what} prices given for {', '.join(change.prices)}" if change.prices else ""


def _fargate_on_demand(offer: FargatePrices, times: Fraction) -> FargatePrices:
    """On-Demand rates times a factor; Spot rates stay."""
    x86_64, arm64 = (_scaled(rates, times) for rates in (offer.x86_64_on_demand, offer.arm64_on_demand))
    windows = offer.windows and _scaled(offer.windows, times)
    if offer.x86_64 == offer.x86_64_on_demand:
        return FargatePrices(x86_64, arm64, x86_64, arm64, windows)
    return replace(offer, x86_64_on_demand=x86_64, arm64_on_demand=arm64, windows=windows)


def _fargate_spot(
    offers: tuple[FargatePrices | None, ...],
    kinds: tuple[str, ...],
    of: Callable[[FargatePrices], tuple[FargateRates, FargateRates]],
    times: Fraction,
) -> tuple[FargatePrices | None, ...]:
    """Fargate Spot's rates as a multiple of others; storage has no Spot price of its own."""

    def repriced(offer: FargatePrices | None, kind: str) -> FargatePrices | None:
        if offer is None or kind != "FARGATE_SPOT":
            return offer
        x86_64, arm64 = (_scaled(rates, times, storage=False) for rates in of(offer))
        return replace(offer, x86_64=x86_64, arm64=arm64)

    return tuple(repriced(offer, kind) for offer, kind in zip(offers, kinds, strict=False))


def _scaled(rates: FargateRates, times: Fraction, *, storage: bool = True) -> FargateRates:
    rest = rates.storage_nano_usd_per_gib_h
    return FargateRates(
        round(rates.vcpu_nano_usd_per_h * times),
        round(rates.gib_nano_usd_per_h * times),
        round(rest * times) if storage else rest,
    )


# Commitments ---------------------------------------------------------------------------------------


def _commit(now: Priced, given: Mapping[str, Any]) -> Priced:
    """A Compute Savings Plan in place of the one that there may be."""
    path = ("savings_plan",)
    readers = {"commitment_usd_per_h": asked.read_price, "discount": asked.read_discount}
    commitment, discount = asked.read_keys(given, path, readers)
    for key, value in (("commitment_usd_per_h", commitment), ("discount", discount)):
        if value is None:
            fail("E111", (*path, key), "missing key", allowed=", ".join(readers))
    told = f"Savings Plan of {format_usd(commitment)}/h at {float(100 * discount):g} % below On-Demand"
    prices = replace(now.prices, savings_plan=SavingsPlan(commitment, discount))
    return replace(now, prices=prices, changes=(*now.changes, told))


def _reserve(now: Priced, scenario: Scenario, lookup: Lookup | None, given: Mapping[str, Mapping[str, Any]]) -> Priced:
    """Reserved instances in place of those that there may be."""
    common = given.get("discount")
    found = tuple(
        _reservation(now, scenario, lookup, str(name), _spelled_out(str(name), value, common))
        for name, value in given.items()
        if name != "discount"
    )
    families = {each.covers for each in found if "." not in each.covers}
    for each in found:
        if "." in each.covers and each.covers.partition(".")[0] in families:
            fail("E117", ("reserved", each.covers), "its family is reserved too", hint="Reserve one or the other")
    told = tuple(
        f"reserved: {each.units} {'x' if '.' in each.covers else 'vCPU of'} {each.covers} "
        f"at {format_usd(each.nano_usd_per_h)}/h each"
        for each in found
    )
    return replace(now, prices=replace(now.prices, reserved=found), changes=(*now.changes, *told))


def _spelled_out(covers: str, value: object, discount: object) -> object:
    """``{"m5.large": 10, "discount": 0.4}`` is short for ``{"m5.large": {"count": 10, "discount": 0.4}}``."""
    if isinstance(value, Mapping) or discount is None:
        return value
    return {"count" if "." in covers else "vcpus": value, "discount": discount}


def _reservation(now: Priced, scenario: Scenario, lookup: Lookup | None, covers: str, given: object) -> Reserved:
    path, unit = ("reserved", covers), "count" if "." in covers else "vcpus"
    readers = {unit: asked.read_count, "price": asked.read_price, "discount": asked.read_discount}
    units, price, discount = asked.read_keys(given, path, readers)
    if units is None or (price is None) == (discount is None):
        fail("E111", path, f"needs {unit}, and a price or a discount", allowed=f"{{{unit}: 10, discount: 0.4}}")
    if price is None:
        on_demand = _list_price(now, scenario, lookup, covers)
        if on_demand is None:
            fail("E148", path, f"no On-Demand price of {covers} is known", hint="Give its price in place of a discount")
        price = round(on_demand * (1 - discount))
    return Reserved(covers, units, price)


def _list_price(now: Priced, scenario: Scenario, lookup: Lookup | None, covers: str) -> Fraction | None:
    """The On-Demand price of a type, or of a vCPU of a family: of the cheapest of its types that ran."""
    instances, is_type = now.records.instances, "." in covers
    rates = [
        Fraction(int(instances.on_demand_nano_usd_per_h[row]), 1 if is_type else int(instances.vcpus[row]))
        for name, rows in _rows_by_type(now.records).items()
        for row in rows[:1]
        if covers in (name, name.partition(".")[0])
    ]
    if not rates and is_type:
        listed = _listed_here(now, scenario, lookup, (covers,))
        rates = [Fraction(listed[covers][0])] if covers in listed else []
    return min(rates, default=None)


# Columns -------------------------------------------------------------------------------------------


def _rows_by_type(records: Records) -> Mapping[str, NDArray[np.int64]]:
    """The rows of each instance type that was launched, in the order of the types."""
    codes = records.instances.type
    return {records.names.types[code]: np.flatnonzero(codes == code) for code in np.unique(codes).tolist()}


def _launched(records: Records) -> tuple[str, ...]:
    return tuple(_rows_by_type(records))


def _times(column: NDArray[np.integer], times: Fraction) -> NDArray[np.int64]:
    """A column times a fraction, each rounded half even."""
    distinct, position = np.unique(column, return_inverse=True)
    return np.array([round(int(value) * times) for value in distinct] or [0], np.int64)[position]


def _changed(
    now: Priced,
    on_demand: NDArray[np.integer],
    price: NDArray[np.integer],
    fargate: tuple[FargatePrices | None, ...],
    told: str,
) -> Priced:
    instances = now.records.instances
    kind = instances.price_nano_usd_per_h.dtype
    repriced = replace(
        instances, on_demand_nano_usd_per_h=on_demand.astype(kind), price_nano_usd_per_h=price.astype(kind)
    )
    records = replace(now.records, instances=repriced)
    return replace(now, records=records, prices=replace(now.prices, fargate=fargate), changes=(*now.changes, told))
