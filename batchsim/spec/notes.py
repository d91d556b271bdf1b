"""What a scenario's author should know though nothing is wrong: fields without effect, readings that we chose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from batchsim.errors import Path, show_path
from batchsim.spec.base import Model
from batchsim.spec.checks.scheduler import PAST_A_FIFO_HEAD
from batchsim.spec.effective import effective_job
from batchsim.spec.entries import Entry
from batchsim.spec.fair_share import fair_share_of
from batchsim.spec.index import NAME_KEYS
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.scenario import Scenario
from batchsim.spec.without_effect import LATER, WITHOUT_EFFECT
from batchsim.spec.workload import Trace


def scenario_notes(scenario: Scenario) -> list[str]:
    """One line for each thing worth knowing, in the order of the models; ``validate`` prints them."""
    return [
        *_without_effect(scenario),
        *_after_success(scenario),
        *_equal_priorities(scenario),
        *_disabled_queues(scenario),
        *_names_alike(scenario),
        *_unheard_sigterms(scenario),
        *_shares_in_fifo_queues(scenario),
        *_ways_past_a_head(scenario),
        *_images_of_nobody(scenario),
    ]


def unsimulated(scenario: Scenario) -> list[str]:
    """One line for each policy of the scenario that AWS Batch would follow and a simulation does not."""
    return [note for note in _without_effect(scenario) if LATER in note or "status: without effect" in note]


def _without_effect(scenario: Scenario) -> Iterator[str]:
    used: dict[str, list[Path]] = defaultdict(list)
    for path, model, name in _fields(scenario, ()):
        key = f"{type(model).__name__}.{name}"
        if key in WITHOUT_EFFECT and getattr(model, name) not in _nothing(model, name):
            used[key].append((*path, name))
    for key, paths in used.items():
        more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
        yield f"{show_path(paths[0])}{more}: without effect: {WITHOUT_EFFECT[key]}"


def _nothing(model: Model, name: str) -> tuple[object, ...]:
    """What says nothing in a field: its default, and what AWS's describe calls print for an empty one."""
    return (type(model).model_fields[name].default, None, (), [], {}, "")


def _fields(value: object, path: Path) -> Iterator[tuple[Path, Model, str]]:
    """Every field of every model below ``value``."""
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield path, value, name
            yield from _fields(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from _fields(item, (*path, position))


def _after_success(scenario: Scenario) -> Iterator[str]:
    for path, model, name in _fields(scenario.workload, ("workload",)):
        if name == "type" and getattr(model, name) == "AFTER_SUCCESS":
            yield f"{show_path((*path, name))}: AWS Batch has no AFTER_SUCCESS; taken as a plain dependency"


def _equal_priorities(scenario: Scenario) -> Iterator[str]:
    served: dict[tuple[str, int], list[str]] = defaultdict(list)
    for queue in scenario.jobQueues:
        for order in queue.computeEnvironmentOrder:
            served[short_name(order.computeEnvironment), queue.priority].append(queue.jobQueueName)
    for (environment, priority), queues in served.items():
        if len(queues) > 1:
            yield f"{', '.join(queues)}: equal priority {priority} on {environment}; the first in the file goes first"


def _disabled_queues(scenario: Scenario) -> Iterator[str]:
    for position, queue in enumerate(scenario.jobQueues):
        if queue.state == "DISABLED":
            yield f"jobQueues[{position}].state: {queue.jobQueueName} is DISABLED and takes no submissions"


def _names_alike(scenario: Scenario) -> Iterator[str]:
    for section, key in NAME_KEYS.items():
        spellings: dict[str, set[str]] = defaultdict(set)
        for item in getattr(scenario, section):
            spellings[getattr(item, key).lower()].add(getattr(item, key))
        for names in spellings.values():
            if len(names) > 1:
                yield f"{section}: {' and '.join(sorted(names))} differ only in case"


def _unheard_sigterms(scenario: Scenario) -> Iterator[str]:
    """What is to be done at SIGTERM where nobody sends it."""
    world = scenario.world
    kinds = {item.computeResources.type for item in scenario.computeEnvironments if item.computeResources}
    sent = ("SPOT" in kinds and world.spot_drain) or "FARGATE_SPOT" in kinds
    seen = {"die", "checkpoint"} if "SPOT" in kinds and world.checkpoint_on_notice else {"die"}
    sent = sent or any(action.terminate is not None for action in scenario.actions)
    why = "world.spot_drain is off" if "SPOT" in kinds else "there is no Spot capacity"
    for path, model, name in _fields(scenario.workload, ("workload",)):
        unheard = name == "on_sigterm" and not sent and getattr(model, name) not in seen
        if unheard and isinstance(model, Entry) and effective_job(scenario, model.submit).timeout_ms is None:
            yield f"{show_path((*path, name))}: without effect: nobody sends SIGTERM, for {why} and it has no timeout"


def _shares_in_fifo_queues(scenario: Scenario) -> Iterator[str]:
    """Shares and scheduling priorities of requests whose queue is FIFO (API, SubmitJob)."""
    policies = scenario.schedulingPolicies
    fair = {queue.jobQueueName for queue in scenario.jobQueues if fair_share_of(policies, queue) is not None}
    for path, model, name in _fields(scenario.workload, ("workload",)):
        if name in ("shareIdentifier", "schedulingPriorityOverride") and getattr(model, name) is not None:
            queue = short_name(model.jobQueue)  # type: ignore[attr-defined]
            if queue not in fair:
                yield f"{show_path((*path, name))}: without effect: {queue} is a FIFO queue"
    if not fair:
        for path, model, name in _fields(scenario.jobDefinitions, ("jobDefinitions",)):
            if name == "schedulingPriority" and getattr(model, name) is not None:
                yield f"{show_path((*path, name))}: without effect: no queue shares fairly"


def _ways_past_a_head(scenario: Scenario) -> Iterator[str]:
    """Keys of ``world`` that say who may pass a head, in queues of the other kind."""
    policies = scenario.schedulingPolicies
    sharing = [queue.jobQueueName for queue in scenario.jobQueues if fair_share_of(policies, queue) is not None]
    for key, usual in PAST_A_FIFO_HEAD.items():
        if sharing and getattr(scenario.world, key) != usual:
            yield f"world.{key}: without effect in {', '.join(sharing)}: a fair-share queue goes by world.fss_hol"
    if not sharing and scenario.world.fss_hol != "strict":
        yield "world.fss_hol: without effect: no queue shares fairly"


def _images_of_nobody(scenario: Scenario) -> Iterator[str]:
    """Names and patterns of ``world.images`` that are no image's; a trace may hold any image."""
    fields = _fields(scenario.workload, ("workload",))
    if any(isinstance(getattr(model, name), Trace) for _, model, name in fields if name == "at"):
        return
    images = [each.containerProperties.image or "" for each in scenario.jobDefinitions if each.containerProperties]
    for pattern in scenario.world.images:
        if not any(pattern == image or fnmatchcase(image, pattern) for image in images):
            hint = did_you_mean(pattern, images)
            yield f"world.images.{pattern}: without effect: no job definition has such an image. {hint}".rstrip()
