"""Sizes that the service limits whatever they hold: payloads, tags, how many queues and environments there are.

User Guide, "AWS Batch service quotas"; API SubmitJob, RegisterJobDefinition. ``strict_limits: false`` lifts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from batchsim.errors import Path
from batchsim.spec.base import Flaw, Model
from batchsim.spec.index import Index
from batchsim.spec.names import find_definition

KIB = 1024
MAX_PAYLOAD = 30 * KIB
"""Bytes of a SubmitJob request."""
MAX_DEFINITION = 24 * KIB
"""Bytes of a job definition."""
MAX_OVERRIDES = 8_192
"""Characters of a request's containerOverrides (AWS's message: "Container Overrides length must be at most 8192")."""
MAX_TAGS = 50
"""Tags of a resource, and of a job together with its definition."""
MAX_PER_REGION = 50
"""Job queues, and compute environments, of an account in a Region."""

_TAGGED = ("computeEnvironments", "jobQueues", "jobDefinitions", "schedulingPolicies", "consumableResources")
_NOT_REGISTERED = {"revision", "status", "jobDefinitionArn", "containerOrchestrationType"}
"""What a definition is described with, but not registered."""


def check_limits(index: Index) -> Iterator[Flaw]:
    """E150: what is larger, or more, than AWS Batch takes."""
    if not index.scenario.world.strict_limits:
        return
    for section in ("computeEnvironments", "jobQueues"):
        count = len(index.names[section])
        if count > MAX_PER_REGION:
            yield _over(f"too many {section} for one Region", (section,), count, f"at most {MAX_PER_REGION}")
    for section in _TAGGED:
        for path, item in index.items(section):
            yield from _tags((*path, "tags"), len(item.tags or ()))
    for path, definition in index.items("jobDefinitions"):
        yield from _bytes("the job definition", path, _compact(definition, _NOT_REGISTERED), MAX_DEFINITION)
    for placed in index.entries():
        yield from _request(index, (*placed.path, "submit"), placed.entry.submit)


def _request(index: Index, path: Path, submit: Any) -> Iterator[Flaw]:
    """A SubmitJob request: its payload, its overrides, and its tags with those of its definition."""
    yield from _bytes("the SubmitJob request", path, _compact(submit), MAX_PAYLOAD)
    if submit.containerOverrides is not None:
        length = len(_compact(submit.containerOverrides))
        if length > MAX_OVERRIDES:
            where, allowed = (*path, "containerOverrides"), f"at most {MAX_OVERRIDES} characters"
            yield _over("the container overrides are too long", where, f"{length} characters", allowed)
    definition = find_definition(index.scenario.jobDefinitions, submit.jobDefinition)
    inherited = (definition.tags or {}) if definition else {}
    yield from _tags((*path, "tags"), len({**inherited, **(submit.tags or {})}), " with those of its definition")


def _tags(path: Path, count: int, more: str = "") -> Iterator[Flaw]:
    if count > MAX_TAGS:
        yield _over(f"too many tags{more}", path, count, f"at most {MAX_TAGS}")


def _bytes(what: str, path: Path, text: str, most: int) -> Iterator[Flaw]:
    size = len(text.encode())
    if size > most:
        hint = "As JSON without white space; keep long parameters in a file that the job reads"
        yield _over(f"{what} is too large", path, f"{size} bytes", f"at most {most // KIB} KiB ({most} bytes)", hint)


def _over(message: str, path: Path, value: object, allowed: str, hint: str = "") -> Flaw:
    return Flaw("E150", message, path, value, allowed, hint)


def _compact(model: Model, leave_out: set[str] | None = None) -> str:
    """A request as the JSON that is sent: what the file gives, without white space."""
    given = model.model_dump(by_alias=True, exclude_unset=True, exclude_none=True, exclude=leave_out)
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))
