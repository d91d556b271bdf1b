"""How one part of a scenario refers to another: by name, by ``name:revision`` or by an ARN that ends in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchsim.spec.jobs import JobDefinition


def short_name(reference: str) -> str:
    """The name in a reference: what follows the first ``/`` of an ARN, or the reference itself."""
    return reference.partition("/")[2] if reference.startswith("arn:") and "/" in reference else reference


def find_definition(definitions: Iterable[JobDefinition], reference: str) -> JobDefinition | None:
    """``name:revision`` is exact; a bare name is the newest ACTIVE revision (SubmitJobRequest.jobDefinition)."""
    name, colon, revision = short_name(reference).partition(":")
    same = [definition for definition in definitions if definition.jobDefinitionName == name]
    if colon:
        return next((definition for definition in same if str(definition.revision) == revision), None)
    active = [definition for definition in same if definition.status == "ACTIVE"]
    return max(active, key=lambda definition: definition.revision, default=None)


def definition_references(definitions: Sequence[JobDefinition]) -> tuple[str, ...]:
    """Every reference that would be found: bare names first, then exact ones where a name has several revisions."""
    names = list(dict.fromkeys(definition.jobDefinitionName for definition in definitions))
    many = [d for d in definitions if sum(d.jobDefinitionName == other.jobDefinitionName for other in definitions) > 1]
    return (*names, *(f"{d.jobDefinitionName}:{d.revision}" for d in many))
