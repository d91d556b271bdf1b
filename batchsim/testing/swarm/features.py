"""The features that a random scenario has or has not, and how often; rare outcomes get the chance that they need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from batchsim.spec.near import did_you_mean
from batchsim.testing.swarm.choices import Choices, chance, pick

T = TypeVar("T")

_FIRST: Mapping[str, int] = {
    "spot": 72,
    "fargate": 62,
    "several_queues": 80,
    "shared_environments": 80,
    "equal_priorities": 30,
    "second_environment": 50,
    "initial_capacity": 35,
    "minimum": 45,
    "tight_maximum": 50,
    "gpu": 18,
    "disabled_queue": 20,
    "disabled_environment": 28,
    "stuck_jobs": 66,
    "retries": 65,
    "rules": 35,
    "timeouts": 50,
    "failures": 45,
    "scripts": 30,
    "arrays": 70,
    "dependencies": 55,
    "arrivals": 40,
    "followers": 25,
    "datasets": 20,
    "more_laws": 40,
    "images": 75,
    "start_failures": 35,
    "reclaims": 70,
    "faults": 65,
    "shocks": 20,
    "shallow_pools": 60,
    "throttling": 22,
    "what_ifs": 50,
    "exact_delays": 25,
    "long_delays": 15,
    "actions": 70,
    "horizon": 32,
    "short_limit": 25,
    "notifications": 30,
    "checkpoints": 55,
    "notices": 75,
    "speeds": 30,
    "always_on": 13,
    "no_queue": 18,
    "fleets": 18,
}
_LAST: Mapping[str, int] = {
    "extra_costs": 40,
    "listed_order": 25,
    "bids": 25,
    "quotas": 27,
    "capacity_errors": 20,
    "scale_down_delay": 15,
    "cooldown": 20,
    "size_rules": 20,
    "surplus": 20,
    "quick_detection": 70,
    "time_limits": 50,
    "broken_environments": 80,
    "fargate_quota": 75,
    "fargate_limit": 80,
    "spot_outages": 50,
    "dispatch_rate": 14,
    "out_of_memory": 30,
    "submitted_limit": 40,
    "consumables": 20,
    "impatience": 18,
    "stops": 55,
    "overtaking": 45,
    "invalid_environment": 15,
    "fair_share": 45,
    "small_what_ifs": 40,
    "windows": 25,
    "changes": 30,
}
"""Drawn when all else is, so that they change nothing of the scenarios that are known by their number."""

_FAULTS: Mapping[str, int] = {
    "host_failures": 14,
    "zone_outages": 13,
    "spot_crunches": 13,
    "boot_failures": 30,
    "slow_hosts": 12,
    "stalls": 13,
    "bad_exits": 12,
    "bad_pulls": 15,
}
"""Drawn behind those."""
_ACCOUNT_FAULTS: Mapping[str, int] = {
    "quota_cuts": 12,
    "api_throttles": 14,
}
"""Drawn behind those."""
_MARKET_FAULTS: Mapping[str, int] = {
    "price_shocks": 20,
}
"""Drawn last of all."""

FEATURES: Mapping[str, int] = {**_FIRST, **_LAST, **_FAULTS, **_ACCOUNT_FAULTS, **_MARKET_FAULTS}
"""By feature, in how many percent of all scenarios it is on."""


class Draft:
    """The choices of one scenario, with the features that it has; the drawing functions share it."""

    def __init__(self, choices: Choices, features: Collection[str] = (), without: Collection[str] = ()) -> None:
        """Draw the features first. ``features`` are on and those of ``without`` off, however the choices fall.

        Raises ``ValueError`` for an unknown feature, and for one that is to be both.
        """
        _known((*features, *without))
        if both := sorted(set(features) & set(without)):
            raise ValueError(f"{', '.join(both)}: cannot be both on and off")
        self.choices = choices
        self._on, self._off = frozenset(features), frozenset(without)
        self.features = self._drawn(_FIRST)

    def draw_last(self) -> None:
        """Draw the features that come last."""
        self.features += self._drawn(_LAST)

    def _drawn(self, chances: Mapping[str, int]) -> tuple[str, ...]:
        """Each feature has its choice even where it is settled: so a setting changes none of the others."""
        fell = [name for name, percent in chances.items() if chance(self.choices, percent)]
        return tuple(name for name in chances if name in self._on or (name in fell and name not in self._off))

    def draw_faults(self) -> None:
        """Draw the features of the plan of faults."""
        self.features += self._drawn(_FAULTS)

    def draw_account_faults(self) -> None:
        """Draw the features of what the account's own limits do."""
        self.features += self._drawn(_ACCOUNT_FAULTS)

    def draw_market_faults(self) -> None:
        """Draw the features of what strikes Spot prices."""
        self.features += self._drawn(_MARKET_FAULTS)

    def has(self, feature: str, percent: int = 100) -> bool:
        """Whether the scenario has a feature and, of ``percent`` chances, uses it here."""
        if feature not in FEATURES:
            raise KeyError(feature)
        return feature in self.features and (percent == 100 or chance(self.choices, percent))

    def chance(self, percent: int) -> bool:
        """Return True in ``percent`` of all cases."""
        return chance(self.choices, percent)

    def pick(self, *options: T) -> T:
        """Return one of the options."""
        return pick(self.choices, options)

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of a sequence of options."""
        return pick(self.choices, options)

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return self.choices.integer(low, high)


def _known(names: Sequence[str]) -> None:
    for name in names:
        if name not in FEATURES:
            raise ValueError(f"unknown feature {name!r}. {did_you_mean(name, FEATURES)}".strip())
