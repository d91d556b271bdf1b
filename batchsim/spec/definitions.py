"""Job definitions over time: what timed actions register and deregister, as pure functions."""

from __future__ import annotations

from batchsim.spec.jobs import JobDefinition
from batchsim.spec.names import find_definition
from batchsim.spec.scenario import Scenario
from batchsim.spec.settings import Action

Definitions = tuple[JobDefinition, ...]


def registered(definitions: Definitions, definition: JobDefinition) -> Definitions:
    """With one more revision, the one after the newest of its name."""
    name = definition.jobDefinitionName
    newest = max((each.revision for each in definitions if each.jobDefinitionName == name), default=0)
    return (*definitions, definition.model_copy(update={"revision": newest + 1, "status": "ACTIVE"}))


def deregistered(definitions: Definitions, reference: str) -> Definitions:
    """With ``name:revision`` INACTIVE; as they are where there is none."""
    gone = find_definition(definitions, reference)
    return tuple(each.model_copy(update={"status": "INACTIVE"}) if each is gone else each for each in definitions)


def changed_by(definitions: Definitions, action: Action) -> Definitions:
    """What an action makes of them."""
    if action.definition is not None:
        return registered(definitions, action.definition)
    return definitions if action.deregister is None else deregistered(definitions, action.deregister)


def in_time(scenario: Scenario) -> list[tuple[int, Action]]:
    """The actions by instant, those of one instant in the order of the file, each with its number there."""
    return sorted(enumerate(scenario.actions), key=lambda numbered: numbered[1].at_ms)


def ever_defined(scenario: Scenario) -> Definitions:
    """Every revision that the file has, or registers some time."""
    definitions = scenario.jobDefinitions
    for _, action in in_time(scenario):
        definitions = changed_by(definitions, action)
    return definitions
