"""Whether what is registered, and deregistered, while a simulation runs will do for the entries that take it."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.checks.consumables import listed
from batchsim.spec.definitions import changed_by, ever_defined, in_time
from batchsim.spec.effective import EffectiveJob, resolve
from batchsim.spec.index import Index, PlacedEntry
from batchsim.spec.jobs import JobDefinition
from batchsim.spec.names import definition_references, find_definition, short_name
from batchsim.spec.near import did_you_mean


def check_revisions(index: Index) -> Iterator[Flaw]:
    """E115, E122: what is deregistered is a revision that exists; what is registered will do for its entries."""
    for path, action in index.items("actions"):
        if action.definition is not None:
            place = (*path, "register", "consumableResourceProperties")
            yield from listed(index, place, action.definition.consumableResourceProperties)
        if action.deregister is not None:
            yield from _deregistered(index, (*path, "deregister"), action.deregister)
    if index.is_whole("jobDefinitions") and index.is_whole("jobQueues"):
        for _, job in later_jobs(index):
            yield from job.flaws if isinstance(job, FlawsError) else ()


def _deregistered(index: Index, path: Path, reference: str) -> Iterator[Flaw]:
    known = ever_defined(index.scenario)
    if not reference.partition(":")[2]:
        yield Flaw("E115", "not a revision of a job definition", path, reference, "NAME:REVISION")
    elif find_definition(known, reference) is None and index.is_whole("jobDefinitions"):
        hint = did_you_mean(reference, [f"{each.jobDefinitionName}:{each.revision}" for each in known])
        yield Flaw("E122", "unknown job definition", path, reference, ", ".join(definition_references(known)), hint)


def later_jobs(index: Index) -> Iterator[tuple[Path, EffectiveJob | FlawsError]]:
    """What entries become by each registration, or why that cannot be, and where the registration stands."""
    definitions = index.scenario.jobDefinitions
    for number, action in in_time(index.scenario):
        definitions = changed_by(definitions, action)
        if action.definition is None:
            continue
        now = index.scenario.model_copy(update={"jobDefinitions": definitions})
        for placed in _taking(index, definitions[-1]):
            path: Path = ("actions", number, "register")
            try:
                yield path, resolve(now, placed.entry.submit)
            except FlawsError as error:
                yield path, FlawsError(*(_for(placed, path, flaw) for flaw in error.flaws))


def _taking(index: Index, definition: JobDefinition) -> Iterator[PlacedEntry]:
    """The entries whose calls take a revision from its registration on."""
    names = (definition.jobDefinitionName, f"{definition.jobDefinitionName}:{definition.revision}")
    return (placed for placed in index.entries() if short_name(placed.entry.submit.jobDefinition) in names)


def _for(placed: PlacedEntry, path: Path, flaw: Flaw) -> Flaw:
    hint = f"It is what {placed.entry.id} would take from then on. {flaw.hint}".strip()
    return Flaw(flaw.code, flaw.message, path, flaw.value, flaw.allowed, hint)
