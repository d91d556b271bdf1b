"""One-line errors planted in batchsim: each must make it differ from the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from itertools import count
from types import SimpleNamespace

import pytest
from plain_engine import plainly

from batchsim.analysis import bills
from batchsim.engine import attempts, dependencies, ec2, fleet, images, launch, lifecycle, scale_in, scale_up, scheduler
from batchsim.engine.kernel import Kernel, Rank
from batchsim.policies import given
from batchsim.policies.allocation import STRATEGIES, sizing
from batchsim.policies.packing import PACKINGS
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import Outcome

Plant = Callable[[pytest.MonkeyPatch], None]
MOST_EVENTS = 100_000
"""More than any of the scenarios has; simulated time ends at their ``max_time``."""


class EndlessError(Exception):
    """A run under a planted error went on and on, perhaps within one instant."""


def in_place_of(owner: object, name: str, value: object) -> Plant:
    """Another value under a name."""
    return lambda patch: patch.setattr(owner, name, value)


def around(owner: object, name: str, change: Callable[..., object]) -> Plant:
    """A function that is given the original one first."""
    original = getattr(owner, name)
    return in_place_of(owner, name, lambda *given, **named: change(original, *given, **named))


def bounded(original, kernel, before_ms, halted, awaited):
    """A run that is given up after so many events."""
    events = count()

    def is_halted():
        if next(events) > MOST_EVENTS:
            raise EndlessError
        return halted()

    return original(kernel, before_ms, is_halted, awaited)


def plant(error: str, patch: pytest.MonkeyPatch) -> None:
    """Make batchsim wrong, with a bound on what the error may make of a run."""
    around(Kernel, "advance", bounded)(patch)
    plainly(patch)
    ERRORS[error](patch)


def strategy(name: str, wrong: Callable[..., object]) -> Plant:
    """Another allocation strategy under AWS's name, that is given the original one first."""
    original = STRATEGIES[name]

    def chosen(demand, offers):
        return wrong(original, demand, offers)

    def replaced(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(STRATEGIES, name, chosen)
        patch.setitem(given.AWS.strategies, name, chosen)

    return replaced


def second_best(original, demand, offers):
    best = original(demand, offers)
    others = tuple(offer for offer in offers if best is not None and offer.type != best.type)
    return original(demand, others) or best


def all_vcpus(offers, _):
    return [offer.vcpus for offer in offers]


def least_deep(original, demand, offers):
    deepest = max((offer.depth for offer in offers), default=0)
    return original(demand, tuple(offer._replace(depth=deepest - offer.depth + 1) for offer in offers))


def youngest(_, rooms):
    return rooms[-1]


def always_pulls(cache, image, _, key, pull, now):
    return now + (pull.ec2_ms if pull else cache._drawn_ms(image, key.environment, key.ordinal))


def without_code(original, attempts, row):
    attempts.table.exit_code[row] = NEVER
    original(attempts, row)


def retried_after_timeout(original, jobs, row):
    table = jobs._attempts
    if table.outcome[row] == Outcome.TIMED_OUT:
        table.outcome[row] = Outcome.FAILED
    original(jobs, row)


def of_the_first_child(original, waiting, job):
    submission = waiting._jobs.submission[job]
    left, first = waiting._submissions.left, waiting._submissions.first_job[submission]
    kept, left[submission] = left[submission], 0 if job == first else 1
    original(waiting, job)
    left[submission] = kept


def one_step_late(original, at_ms, grid_ms):
    return original(at_ms, grid_ms) + (grid_ms or 1000)


def only_first_beyond(original, scaler, growth, demand, *given, **named):
    """Each decision launches what it may first, so that no decision is due again at once for the same jobs."""
    may_exceed = demand.may_exceed_max and not growth.tally.instances
    return original(scaler, growth, replace(demand, may_exceed_max=may_exceed), *given, **named)


def always_beyond(original, *given, **named):
    return replace(original(*given, **named), may_exceed_max=True)


def the_deepest(offers):
    return tuple(offer for offer in offers if offer.depth == max(each.depth for each in offers))


def ten_seconds_more(original, launcher, environment, offer):
    rules = launcher._plan.rules
    launcher._plan = replace(launcher._plan, rules=replace(rules, backoff_ms=rules.backoff_ms + 10_000))
    original(launcher, environment, offer)
    launcher._plan = replace(launcher._plan, rules=rules)


PROGRESSIVE, PRIORITIZED = (
    import_module(f"batchsim.policies.allocation.{name}")
    for name in ("best_fit_progressive", "spot_capacity_optimized_prioritized")
)
"""Modules that the package hides behind the functions of their names."""
LATE_ENDS = SimpleNamespace(**dict(Rank.__members__) | {"EXIT": Rank.TIME_LIMIT, "TIMEOUT": Rank.TIME_LIMIT})
"""As if what ends in an instant made room for those who are served in the next."""

ERRORS: dict[str, Plant] = {
    "jobs stand by row": in_place_of(lifecycle, "fifo_key", lambda *key: (0, 0, key[-1])),
    "retried jobs keep their place": in_place_of(lifecycle, "retry_key", lambda *of: (of[0] == "front", of[1])),
    "queues are served as in the file": in_place_of(scheduler, "serving_order", lambda all_: range(len(all_))),
    "the lowest priority is served first": around(
        scheduler, "serving_order", lambda order, all_: list(reversed(order(all_)))
    ),
    "ends come after the pass of their instant": in_place_of(attempts, "Rank", LATE_ENDS),
    "a timeout is a millisecond early": around(
        attempts.Attempts,
        "_timeout_ms",
        lambda timeout, *of: timeout(*of) if timeout(*of) == NEVER else timeout(*of) - 1,
    ),
    "a timeout is retried": around(lifecycle.Lifecycle, "settle_attempt", retried_after_timeout),
    "exit codes are lost": around(attempts.Attempts, "_close", without_code),
    "a dependency looks at the first child alone": around(dependencies.Dependencies, "job_ended", of_the_first_child),
    "every start pulls its image": in_place_of(images.ImageCache, "ready_at", always_pulls),
    "first fit takes the youngest": in_place_of(fleet, "PACKINGS", dict.fromkeys(PACKINGS, youngest)),
    "a minute is not the least": in_place_of(bills, "MINIMUM_S", 1),
    "the free hour has a minute": in_place_of(bills, "FIRST_HOUR_MS", 60_000),
    "the first hour of Spot is billed": in_place_of(bills, "FIRST_HOUR_MS", 0),
    "idle instances stay a minute longer": around(
        scale_in.ScaleIn, "_patience_ms", lambda patience, *of: patience(*of) + 60_000
    ),
    "idle checks are one step of the grid off": around(scale_in, "_on_grid", one_step_late),
    "the shortest idle goes first": around(scale_in.ScaleIn, "_due", lambda due, *of: due(*of)[::-1]),
    "BEST_FIT counts on more than maxvCpus": in_place_of(ec2, "may_launch", lambda on, most, *_: on < most),
    "BEST_FIT launches more than maxvCpus": around(scale_up.Scaler, "_demand", always_beyond),
    "only a decision's first launch goes beyond maxvCpus": around(scale_up.Scaler, "_launch_one", only_first_beyond),
    "BEST_FIT takes the second best": strategy("BEST_FIT", second_best),
    "BEST_FIT_PROGRESSIVE takes the second best": strategy("BEST_FIT_PROGRESSIVE", second_best),
    "BEST_FIT_PROGRESSIVE looks at vCPUs alone": in_place_of(PROGRESSIVE, "usable_vcpus", all_vcpus),
    "half a percent makes a difference": in_place_of(sizing, "EQUAL_PRICE", 0.0),
    "the least deep pool is taken": strategy("SPOT_CAPACITY_OPTIMIZED", least_deep),
    "half as deep is not deep enough": in_place_of(PRIORITIZED, "deep_enough", the_deepest),
    "a pool is tried again ten seconds late": around(launch.Launcher, "back_off", ten_seconds_more),
}
