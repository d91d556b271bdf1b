"""Environments: whom they may serve, how large they may grow, what they launch, what the scaling table says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book
from batchsim.analysis.invariants.bounds import enabled, valid, vcpu_bound
from batchsim.analysis.invariants.names import agree
from batchsim.analysis.invariants.prices import spot_prices_move
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import levels, value_at
from batchsim.analysis.typed import MISSING, Bools, Int64s

BUNDLES = {
    "optimal": ("m6i", "c6i", "r6i", "c7i"),
    "default_x86_64": ("m6i", "c6i", "r6i", "c7i"),
    "default_arm64": ("m6g", "c6g", "r6g", "c7g"),
}
"""What AWS Batch's names for bundles of families stand for (API ComputeResource.instanceTypes)."""


@invariant("N34")
def queues_use_their_environments(book: Book) -> pd.DataFrame:
    """An attempt runs only in an environment of its queue, of the kind that the environment is."""
    attempts, settings = book.attempts, book.settings
    wrong = ~agree(attempts, "queue", book.jobs, "queue", book.job)
    for queue, environment in pairs_seen(attempts.codes("queue"), attempts.codes("environment")):
        name = attempts.words("environment")[environment]
        if name not in settings.served_by(attempts.words("queue")[queue]):
            wrong |= (attempts.codes("queue") == queue) & (attempts.codes("environment") == environment)
    for environment, kind in pairs_seen(attempts.codes("environment"), attempts.codes("environment_kind")):
        name = attempts.words("environment")[environment]
        if settings.resources(name).get("type") != attempts.words("environment_kind")[kind]:
            wrong |= (attempts.codes("environment") == environment) & (attempts.codes("environment_kind") == kind)
    return attempts.rows(wrong & (book.job >= 0))


def pairs_seen(high: Int64s, low: Int64s) -> list[tuple[int, int]]:
    """The distinct pairs of two columns of small codes."""
    span = int(low.max(initial=0)) + 1
    return [divmod(pair, span) for pair in np.flatnonzero(np.bincount(high * span + low)).tolist()]


@invariant("N33")
def launches_respect_the_maximum(book: Book) -> pd.DataFrame:
    """No instance is launched when its environment has maxvCpus already; BEST_FIT On-Demand never exceeds them.

    A fleet that is listed has the instances that it lists.
    """
    instances = book.instances
    wrong = np.zeros(len(instances), np.bool_)
    for code, name in enumerate(instances.words("environment")):
        if book.settings.fleet(name):
            continue
        rows = np.flatnonzero(instances.codes("environment") == code)
        before = _before_launch(book, rows)
        # The initial capacity stands before the actions of the first instant.
        given = int(book.settings.resources(name).get("maxvCpus") or 0)
        initial = instances.among("why_launched", "initial_capacity", "fleet")[rows]
        bound, at = vcpu_bound(book, name, "maxvCpus"), instances.ms("launched_at_s")[rows]
        most = np.where(initial, given, bound.at(at))
        asked = instances.among("why_launched", "desiredvCpus")[rows]  # launched amid the actions of an instant
        most[asked] = bound.greatest_at(at[asked])
        added = np.where(_may_overshoot(book, name, rows), 1, instances.number("vcpus")[rows])
        wrong[rows] = (before + added > most) & ~instances.among("why_launched", "replacement")[rows]
    return instances.rows(wrong)


def _before_launch(book: Book, rows: Int64s) -> Int64s:
    """vCPUs on and booting in an environment just before each launch; what ends in its instant is gone already."""
    instances = book.instances
    ended, launched = instances.ms("ended_at_s")[rows], instances.ms("launched_at_s")[rows]
    gone = np.flatnonzero(ended != MISSING)
    vcpus = instances.number("vcpus")[rows]
    at = np.concatenate((ended[gone], launched))
    rank = np.repeat((0, 1), (len(gone), len(rows)))
    total = levels(np.zeros(len(at), np.int64), at, rank, np.concatenate((-vcpus[gone], vcpus)))
    before = np.empty(len(at), np.int64)
    before[total.row] = total.before()
    return before[len(gone) :]


def _may_overshoot(book: Book, environment: str, rows: Int64s) -> Bools:
    """Every strategy may exceed maxvCpus by part of one instance, but BEST_FIT On-Demand (API ComputeResource)."""
    resources = book.settings.resources(environment)
    strict = resources.get("type") == "EC2" and (resources.get("allocationStrategy") or "BEST_FIT") == "BEST_FIT"
    return ~book.instances.among("why_launched", "demand")[rows] if strict else np.ones(len(rows), np.bool_)


@invariant("N33b")
def fargate_stays_within_maximum(book: Book) -> pd.DataFrame:
    """The vCPUs of a Fargate environment's attempts never exceed its maxvCpus when one starts."""
    attempts = book.attempts
    fargate = attempts.among("environment_kind", *FARGATE)
    wrong = np.zeros(len(attempts), np.bool_)
    for code in np.unique(attempts.codes("environment")[fargate]).tolist():
        rows = np.flatnonzero(fargate & (attempts.codes("environment") == code))
        starts, milli = attempts.ms("starting_at_s")[rows], attempts.milli("vcpus")[rows]
        at, rank = np.concatenate((book.end_ms[rows], starts)), np.repeat((0, 1), len(rows))
        total = levels(np.zeros(len(at), np.int64), at, rank, np.concatenate((-milli, milli)))
        after = np.empty(len(at), np.int64)
        after[total.row] = total.level
        most = vcpu_bound(book, attempts.words("environment")[code], "maxvCpus").at(starts)
        wrong[rows] = after[len(rows) :] > most * 1000
    return attempts.rows(wrong)


@invariant("N32")
def minimum_is_kept(book: Book) -> pd.DataFrame:
    """Scale-in never takes an environment below its minvCpus, unless they grew after an instance was closed to jobs."""
    instances = book.instances
    scaled_in = instances.among("why_ended", "scale_in") & (instances.ms("closed_at_s") == MISSING)
    wrong = np.zeros(len(instances), np.bool_)
    for code in np.unique(instances.codes("environment")[scaled_in]).tolist():
        rows = np.flatnonzero(instances.codes("environment") == code)
        mine = rows[scaled_in[rows]]
        at = instances.ms("ended_at_s")[mine]
        least = vcpu_bound(book, instances.words("environment")[code], "minvCpus").at(at)
        wrong[mine] = on_after(book, rows, at) < least
    return instances.rows(wrong)


@invariant("N41c")
def closing_keeps_the_minimum(book: Book) -> pd.DataFrame:
    """What is open to jobs when an instance is closed, without it, is minvCpus at least."""
    instances = book.instances
    closed = instances.ms("closed_at_s")
    wrong = np.zeros(len(instances), np.bool_)
    for code in np.unique(instances.codes("environment")[closed != MISSING]).tolist():
        rows = np.flatnonzero(instances.codes("environment") == code)
        mine = rows[closed[rows] != MISSING]
        at = closed[mine]
        order = np.argsort(at, kind="stable")
        shut = value_at(at[order], np.cumsum(instances.number("vcpus")[mine][order]), at)
        gone = _gone_after(book, mine, at)
        least = vcpu_bound(book, instances.words("environment")[code], "minvCpus").at(at)
        wrong[mine] = on_after(book, rows, at) - (shut - gone) < least
    return instances.rows(wrong)


def _gone_after(book: Book, rows: Int64s, at_ms: Int64s) -> Int64s:
    """vCPUs of these instances that have ended by each instant."""
    ended = np.where(book.instances.ms("ended_at_s")[rows] == MISSING, FAR, book.instances.ms("ended_at_s")[rows])
    order = np.argsort(ended, kind="stable")
    return value_at(ended[order], np.cumsum(book.instances.number("vcpus")[rows][order]), at_ms)


def on_after(book: Book, rows: Int64s, at_ms: Int64s) -> Int64s:
    """vCPUs on and booting of these instances after each instant."""
    instances = book.instances
    launched, vcpus = instances.ms("launched_at_s")[rows], instances.number("vcpus")[rows]
    ended = np.where(instances.ms("ended_at_s")[rows] == MISSING, FAR, instances.ms("ended_at_s")[rows])
    up, down = np.argsort(launched, kind="stable"), np.argsort(ended, kind="stable")
    came = value_at(launched[up], np.cumsum(vcpus[up]), at_ms)
    return came - value_at(ended[down], np.cumsum(vcpus[down]), at_ms)


@invariant("N32b")
def initial_capacity_is_there(book: Book) -> pd.DataFrame:
    """At t = 0 an environment has instances for max(minvCpus, desiredvCpus), capacity errors aside; a fleet stands.

    One that is INVALID has none.
    """
    book.must_follow_aws("allocation")
    scaling, missing = book.scaling, []
    for name in book.settings.environments:
        resources = book.settings.resources(name)
        if resources.get("type") not in ("EC2", "SPOT") or book.settings.fleet(name):
            continue
        if book.settings.environments[name].get("status") == "INVALID":
            continue
        rows = np.flatnonzero(book.instances.among("environment", name))
        errors = scaling.number("capacity_errors")[scaling.among("environment", name) & (scaling.ms("at_s") == 0)]
        wanted = max(int(resources.get("minvCpus") or 0), int(resources.get("desiredvCpus") or 0))
        wanted = book.settings.standing_vcpus(name) if book.settings.stands(name) else wanted
        ever = book.instances.number("vcpus")[rows][book.instances.ms("launched_at_s")[rows] == 0].sum()
        if ever < wanted and not errors.sum() and not _may_stay_short(book, name):
            missing.append({"environment": name, "wanted_vcpus": wanted, "launched_vcpus": int(ever)})
    return pd.DataFrame(missing)


def _may_stay_short(book: Book, name: str) -> bool:
    """Whether quotas or a bid may keep capacity back.

    Or BEST_FIT On-Demand, which stays within maxvCpus, so that a remainder smaller than an instance stays unfilled.
    """
    resources = book.settings.resources(name)
    if book.settings.world("ec2_vcpu_quota") not in ("unlimited", {}) or _may_be_outbid(book, resources):
        return True
    return resources.get("type") == "EC2" and (resources.get("allocationStrategy") or "BEST_FIT") == "BEST_FIT"


def _may_be_outbid(book: Book, resources: Mapping[str, Any]) -> bool:
    """Whether a Spot price may not be below the bid: it is bid less than On-Demand, or the scenario sets the prices."""
    if resources.get("type") != "SPOT":
        return False
    bids_less = int(resources.get("bidPercentage") or 100) < 100
    priced = (*book.settings.world("prices").values(), *book.settings.world("instanceTypes").values())
    own = any("spot" in each or "spot_price" in each for each in priced)
    return bids_less or own or spot_prices_move(book) or book.settings.world("spot_factor") >= 1


@invariant("N35")
def fargate_sizes_are_valid(book: Book) -> pd.DataFrame:
    """A Fargate attempt has one of the 77 valid sizes and no GPU."""
    attempts = book.attempts
    fargate = attempts.among("environment_kind", *FARGATE)
    size = (attempts.milli("vcpus") << 20) + attempts.number("memory_mib")
    valid = np.array([(vcpus << 20) + mib for vcpus, sizes in FARGATE_SIZES.items() for mib in sizes], np.int64)
    return attempts.rows(fargate & (~np.isin(size, valid) | (attempts.number("gpus") > 0)))


FARGATE_SIZES = {
    250: (512, 1024, 2048),
    500: range(1024, 4097, 1024),
    1000: range(2048, 8193, 1024),
    2000: range(4096, 16385, 1024),
    4000: range(8192, 30721, 1024),
    8000: range(16384, 61441, 4096),
    16000: range(32768, 122881, 8192),
    32000: (61440, 122880, 249856),
}
"""MiB that Fargate offers with each size in thousandths of a vCPU (ECS, "Fargate task sizes")."""


@invariant("N34b")
def shut_environments_take_nothing(book: Book) -> pd.DataFrame:
    """While an environment is DISABLED or INVALID no attempt starts there."""
    attempts = book.attempts
    wrong = np.zeros(len(attempts), np.bool_)
    for code, name in enumerate(attempts.words("environment")):
        rows = np.flatnonzero(attempts.codes("environment") == code)
        at = attempts.ms("starting_at_s")[rows]
        wrong[rows] = (enabled(book, name).at(at) == 0) | (valid(book, name).at(at) == 0)
    return attempts.rows(wrong)


@invariant("N34c")
def shut_environments_launch_nothing(book: Book) -> pd.DataFrame:
    """While an environment is DISABLED or INVALID it launches nothing for jobs.

    One that is INVALID from the start has no initial capacity.
    """
    instances = book.instances
    wrong = np.zeros(len(instances), np.bool_)
    for code, name in enumerate(instances.words("environment")):
        rows = np.flatnonzero(instances.codes("environment") == code)
        at = instances.ms("launched_at_s")[rows]
        scaled = instances.among("why_launched", "demand", "minvCpus")[rows]
        wrong[rows] = scaled & ((enabled(book, name).at(at) == 0) | (valid(book, name).at(at) == 0))
        if book.settings.environments.get(name, {}).get("status") == "INVALID":
            wrong[rows] |= instances.among("why_launched", "initial_capacity")[rows]
    return instances.rows(wrong)


@invariant("N39")
def launched_types_are_listed(book: Book) -> pd.DataFrame:
    """Every launched type is one that its environment lists."""
    instances = book.instances
    environments, types = instances.codes("environment"), instances.codes("type")
    wrong = np.zeros(len(instances), np.bool_)
    for environment, type_ in pairs_seen(environments, types):
        listed = book.settings.resources(instances.words("environment")[environment]).get("instanceTypes") or ()
        if not _is_listed(instances.words("type")[type_], listed):
            wrong |= (environments == environment) & (types == type_)
    return instances.rows(wrong)


def _is_listed(type_: str, listed: Sequence[str]) -> bool:
    family = type_.partition(".")[0]
    allowed = {name for item in listed for name in BUNDLES.get(item, (item,))}
    return type_ in allowed or family in allowed


@invariant("N39b")
def launches_serve_a_waiting_job(book: Book) -> pd.DataFrame:
    """Every instance launched for demand is large enough for a job that waits then in a queue of its environment."""
    instances = book.instances
    demand = instances.among("why_launched", "demand")
    environments, types = instances.codes("environment"), instances.codes("type")
    wrong = np.zeros(len(instances), np.bool_)
    for environment, type_ in pairs_seen(environments[demand], types[demand]):
        rows = np.flatnonzero(demand & (environments == environment) & (types == type_))
        wrong[rows] = ~_someone_waits(book, environment, int(rows[0]), instances.ms("launched_at_s")[rows])
    return instances.rows(wrong)


def _someone_waits(book: Book, environment: int, sample: int, at_ms: Int64s) -> Bools:
    """Whether a job that fits the sample instance waits at each instant in a queue of the environment."""
    name = book.instances.words("environment")[environment]
    served = [name in book.settings.served_by(queue) for queue in book.jobs.words("queue")]
    mine = (_fits(book, sample) & np.array([*served, False], np.bool_)[book.jobs.codes("queue")])[book.waits.job]
    begin, end = np.sort(book.waits.begin_ms[mine]), np.sort(book.waits.end_ms[mine])
    return np.searchsorted(begin, at_ms, side="right") > np.searchsorted(end, at_ms, side="left")


def _fits(book: Book, host: int) -> Bools:
    """Jobs that an empty instance like this one could hold."""
    instances, jobs = book.instances, book.jobs
    fits = jobs.milli("vcpus") <= instances.number("vcpus")[host] * 1000
    fits &= jobs.number("memory_mib") <= instances.number("memory_mib")[host]
    return np.asarray(fits & (jobs.number("gpus") <= instances.number("gpus")[host]))


@invariant("C01")
def scaling_agrees_with_instances(book: Book) -> pd.DataFrame:
    """The scaling table counts exactly the instances that were launched and ended, and the vCPUs left."""
    scaling, instances = book.scaling, book.instances
    wrong = np.zeros(len(scaling), np.bool_)
    for name in sorted({*scaling.words("environment"), *instances.words("environment")}):
        rows = np.flatnonzero(scaling.among("environment", name))
        mine = np.flatnonzero(instances.among("environment", name))
        if not len(rows):
            if len(mine):
                return instances.rows(mine)
            continue
        at = scaling.ms("at_s")[rows]
        wrong[rows] = (np.append(at[1:], MISSING) != at) & (
            on_after(book, mine, at) != scaling.number("desired_vcpus")[rows]
        )
        wrong[rows] |= np.append(at[1:] < at[:-1], False)
        told, counted = scaling.number("instances")[rows].cumsum()[-1], _alive(book, mine)
        wrong[rows[-1]] |= bool(told != counted)
    return scaling.rows(wrong)


def _alive(book: Book, rows: Int64s) -> int:
    return int((book.instances.ms("ended_at_s")[rows] == MISSING).sum())


INVARIANTS = (
    queues_use_their_environments,
    shut_environments_take_nothing,
    shut_environments_launch_nothing,
    launches_respect_the_maximum,
    fargate_stays_within_maximum,
    minimum_is_kept,
    closing_keeps_the_minimum,
    initial_capacity_is_there,
    fargate_sizes_are_valid,
    launched_types_are_listed,
    launches_serve_a_waiting_job,
    scaling_agrees_with_instances,
)
