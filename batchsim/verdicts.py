"""Could a job ever run, and which one change of the scenario, or of what it asks for, would let it: tried, not guessed.

Each change that is told was made to the scenario and judged again by the rules of :mod:`batchsim.unplaceable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice, product
from typing import Any, NamedTuple

from batchsim import catalog
from batchsim.analysis.explain.verdict import Change, Verdict
from batchsim.analysis.explain.words import Asked
from batchsim.errors import ScenarioError
from batchsim.spec import CatalogueFacts, Entry, Scenario, Workflow
from batchsim.spec.effective import EffectiveJob, effective_job
from batchsim.spec.facts import PoolFacts
from batchsim.spec.paths import with_values
from batchsim.spec.shortage import later_totals
from batchsim.unplaceable import Place, own_places, places_of, shortfalls

SMALL = 0.25
"""A job that asks for so much too much at most is told to ask for less before an environment is told to offer more."""
SHOWN = 3
_ROOM = 40
"""Types that are tried, the smallest first."""
_TRIES = 120


class _Setting(NamedTuple):
    """A value to set, and the change in words."""

    path: str
    value: Any
    text: str
    vcpus: int = 0
    """What maxvCpus is raised to, or how large the type is that is added."""


def judge(scenario: Scenario, entry_id: str, asked: Asked) -> Verdict | None:
    """Judge a job of an entry by what it asked for; None where the scenario has no such entry."""
    entry = _entry(scenario, entry_id)
    if entry is None:
        return None
    wide = scenario.model_copy(update={"allow_unplaceable": True})
    job = effective_job(wide, entry.submit)
    job = replace(job, vcpus_milli=asked.vcpus_milli, memory_mib=asked.memory_mib, gpus=asked.gpus)
    facts = catalog.facts_for(wide)
    own = own_places(wide, job.queue, places_of(wide, facts))
    short = list(_short_of_resources(wide, job))
    if any(place.holds(job) for place in own):
        return Verdict(not short, tuple(short), tuple(_more_resources(wide, job)))
    found = sorted(_changes(wide, facts, job, own), key=lambda change: not _is_small(change, job))
    return Verdict(False, (*shortfalls(job, own), *short), tuple(found[:SHOWN]))


def _entry(scenario: Scenario, entry_id: str) -> Entry | None:
    flat = (entry for item in scenario.workload for entry in (item.workflow if isinstance(item, Workflow) else (item,)))
    return next((entry for entry in flat if entry.id == entry_id), None)


def _changes(scenario: Scenario, facts: CatalogueFacts, job: EffectiveJob, own: list[Place]) -> Iterator[Change]:
    """Every single change that would do, those of the first environments first."""
    for place in own:
        change = _first_that_does(scenario, facts, job, place)
        if change is not None:
            yield change
    yield from _less(job, own)


def _first_that_does(scenario: Scenario, facts: CatalogueFacts, job: EffectiveJob, place: Place) -> Change | None:
    """One setting or one more type for an environment; where no one does, a setting and a type together."""
    types = list(_larger_types(scenario, facts, place, job))
    singles = [(each,) for each in (*_settings(facts, place, job), *types)]
    with_room = _settings(facts, place, job, {each.vcpus for each in types})
    pairs = (pair for pair in product(with_room, types) if _belong_together(*pair, job))
    tried: Iterator[tuple[_Setting, ...]] = chain(singles, pairs)
    return next((_change(each) for each in islice(tried, _TRIES) if _would_run(scenario, each, job)), None)


def _belong_together(setting: _Setting, type_: _Setting, job: EffectiveJob) -> bool:
    """Whether a setting is worth a try with a type: maxvCpus as far as the job asks for, or as the type is large."""
    return setting.vcpus in (0, _least_vcpus(job), type_.vcpus)


def _least_vcpus(job: EffectiveJob) -> int:
    return -(-job.vcpus_milli // 1000)


def _change(settings: tuple[_Setting, ...]) -> Change:
    return Change(" and ".join(each.text for each in settings), tuple((each.path, each.value) for each in settings))


def _is_small(change: Change, job: EffectiveJob) -> bool:
    """Whether a change is a setting, or asks for a little less."""
    if change.settings:
        return not any(path.endswith("instanceTypes") for path, _ in change.settings)
    given = {"memory_mib": job.memory_mib, "vcpus_milli": job.vcpus_milli, "gpus": job.gpus}
    return all(given[name] - value <= SMALL * given[name] for name, value in change.asks.items())


def _settings(facts: CatalogueFacts, place: Place, job: EffectiveJob, sizes: Iterable[int] = ()) -> Iterator[_Setting]:
    """Settings of an environment that might do; maxvCpus also as large as types of these ``sizes``."""
    base = f"computeEnvironments.{place.name}"
    if "DISABLED" in place.shut:
        yield _Setting(f"{base}.state", "ENABLED", f"enable `{place.name}` (state: ENABLED)")
    if "INVALID" in place.shut:
        yield _Setting(f"{base}.status", "VALID", f"repair `{place.name}` (status: VALID)")
    least = _least_vcpus(job)
    for vcpus in sorted({least, *sizes, *(pool.type.vcpus for pool in facts.pools.get(place.name, ()))}):
        if vcpus > place.most_vcpus and vcpus >= least:
            text = f"raise maxvCpus of `{place.name}` to {vcpus} ({vcpus - place.most_vcpus} more)"
            yield _Setting(f"{base}.computeResources.maxvCpus", vcpus, text, vcpus)
    if place.barred:
        yield _Setting(f"{base}.computeResources.bidPercentage", 100, f"raise bidPercentage of `{place.name}` to 100")
        yield _Setting("world.ec2_vcpu_quota", "unlimited", "ask for a higher vCPU quota (world.ec2_vcpu_quota)")
        yield _Setting(
            "world.fargate_vcpu_quota", "unlimited", "ask for a higher vCPU quota (world.fargate_vcpu_quota)"
        )


def _larger_types(scenario: Scenario, facts: CatalogueFacts, place: Place, job: EffectiveJob) -> Iterator[_Setting]:
    """Environments with one more type: of the families that are named there first, the smallest first."""
    if place.is_fargate or place.name not in facts.pools or scenario.world.fleets.get(place.name):
        return
    given = next(each for each in scenario.computeEnvironments if each.computeEnvironmentName == place.name)
    listed = list(given.computeResources.instanceTypes) if given.computeResources else []
    families = {pool.type.family for pool in facts.pools[place.name]}
    known = {pool.type.architecture for pool in facts.pools[place.name]}
    fitting = [
        each
        for each in catalog.instance_types().values()
        if each.vcpus * 1000 >= job.vcpus_milli and each.memory_mib >= job.memory_mib and each.gpus >= job.gpus
        if each.architecture in known and bool(each.gpus) == bool(job.gpus) and not each.bare_metal
    ]
    fitting.sort(key=lambda each: (each.family not in families, each.vcpus, each.memory_mib, each.name))
    path = f"computeEnvironments.{place.name}.computeResources.instanceTypes"
    for each in fitting[:_ROOM]:
        size = f"{each.vcpus} vCPU, {each.memory_mib} MiB nominal"
        text = f"add {each.name} ({size}) to instanceTypes of `{place.name}`"
        yield _Setting(path, [*listed, each.name], text, each.vcpus)


def _would_run(scenario: Scenario, settings: tuple[_Setting, ...], job: EffectiveJob) -> bool:
    """Whether an environment of the job's queue could hold it after a change."""
    try:
        changed = with_values(scenario, [(each.path, each.value) for each in settings])
        places = places_of(changed, catalog.facts_for(changed))
    except ScenarioError:
        return False
    return any(place.holds(job) for place in own_places(changed, job.queue, places))


def _less(job: EffectiveJob, own: list[Place]) -> Iterator[Change]:
    """The least that the job must ask for less, to fit a type that there is."""
    found = [(change, cost) for place in own for change, cost in _less_for(job, place)]
    if found:
        yield min(found, key=lambda each: each[1])[0]


def _less_for(job: EffectiveJob, place: Place) -> Iterator[tuple[Change, float]]:
    """A smaller job for each type, with how much smaller it is: the sum of the shares."""
    if place.shut or place.is_fargate:
        return
    for pool in place.pools:
        asks = _asks(job, pool, place.most_vcpus)
        smaller = _smaller(job, asks)
        if asks and smaller.vcpus_milli >= 1000 and place.holds(smaller):
            parts = [_less_words(name, getattr(job, name), value) for name, value in asks.items()]
            cost = sum((getattr(job, name) - value) / getattr(job, name) for name, value in asks.items())
            yield Change(f"ask for {' and '.join(parts)}: {_why(pool, asks)}", asks=asks), cost


def _asks(job: EffectiveJob, pool: PoolFacts, most_vcpus: int) -> dict[str, int]:
    limits = {
        "vcpus_milli": 1000 * min(pool.type.vcpus, most_vcpus),
        "memory_mib": pool.usable_memory_mib,
        "gpus": pool.type.gpus,
    }
    return {name: limit for name, limit in limits.items() if getattr(job, name) > limit}


def _smaller(job: EffectiveJob, asks: Mapping[str, int]) -> EffectiveJob:
    sizes = {name: asks.get(name, getattr(job, name)) for name in ("vcpus_milli", "memory_mib", "gpus")}
    return replace(job, vcpus_milli=sizes["vcpus_milli"], memory_mib=sizes["memory_mib"], gpus=sizes["gpus"])


def _less_words(name: str, given: int, value: int) -> str:
    """``at most 15774 MiB of memory (610 MiB less)``."""
    unit, scale = {"memory_mib": (" MiB of memory", 1), "vcpus_milli": (" vCPU", 1000), "gpus": (" GPU", 1)}[name]
    return f"at most {value / scale:g}{unit} ({(given - value) / scale:g}{unit.split(' of ')[0]} less)"


def _why(pool: PoolFacts, asks: dict[str, int]) -> str:
    """What the type has; of memory the usable and the nominal."""
    if "memory_mib" in asks:
        usable, nominal = pool.usable_memory_mib, pool.type.memory_mib
        return f"of {pool.type.name}'s {nominal} MiB jobs can use {usable}"
    return f"{pool.type.name} has {pool.type.vcpus} vCPU, {pool.type.gpus} GPU"


def _short_of_resources(scenario: Scenario, job: EffectiveJob) -> Iterator[str]:
    for name, quantity, total in _needs(scenario, job):
        yield f"it needs {quantity} of `{name}`, and there are {total}: {quantity - total} short"


def _more_resources(scenario: Scenario, job: EffectiveJob) -> Iterator[Change]:
    for name, quantity, total in _needs(scenario, job):
        text = f"raise totalQuantity of `{name}` to {quantity} ({quantity - total} more)"
        yield Change(text, ((f"consumableResources.{name}.totalQuantity", quantity),))


def _needs(scenario: Scenario, job: EffectiveJob) -> Iterator[tuple[str, int, int]]:
    """Each consumable resource of which the job needs more than there will ever be: name, need, total at best."""
    most = {item.consumableResourceName: item.totalQuantity for item in scenario.consumableResources}
    for name, total in later_totals(scenario):
        most[name] = max(most[name], total)
    yield from ((name, quantity, most[name]) for name, quantity in job.consumables if quantity > most.get(name, 0))
