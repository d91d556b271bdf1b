"""Parts of a random scenario by themselves, and parts that go with a scenario that somebody else wrote.

The drawing functions tell instances from Fargate by the names that they give. A part for a foreign scenario is drawn
under such names, and gets the scenario's own afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping

from batchsim.testing.builders import Data
from batchsim.testing.swarm.capacity import draw_queues
from batchsim.testing.swarm.events import draw_actions, draw_faults
from batchsim.testing.swarm.features import Draft
from batchsim.testing.swarm.workload import draw_workload

_ORDER = "computeEnvironmentOrder"


def queues_part(draft: Draft, environments: list[Data]) -> list[Data]:
    """One to three queues on these environments, each on instances or on Fargate only."""
    own = {f"{kind}-{number}": each for number, (each, kind) in enumerate(_kinds(environments))}
    borrowed = [{"computeEnvironmentName": name} for name in own]
    names = {name: each["computeEnvironmentName"] for name, each in own.items()}
    return [_renamed(queue, names) for queue in draw_queues(draft, borrowed)]


def workload_part(draft: Draft, scenario: Data) -> list[Data]:
    """A workload for the scenario's queues and definitions, with shares where a queue shares fairly."""
    on_fargate = {name for name, kind in _names_of_kinds(scenario["computeEnvironments"]).items() if kind == "tasks"}
    queues = [_borrowed_queue(queue, on_fargate) for queue in scenario["jobQueues"]]
    definitions: dict[str, str] = {}
    for number, made in enumerate(scenario["jobDefinitions"]):
        kind = "task" if "FARGATE" in made.get("platformCapabilities", ()) else "job"
        definitions[f"{kind}-{number}"] = made["jobDefinitionName"]
    usable = [each for each in queues if any(name.startswith(_kind_of(each)) for name in definitions)]
    if not usable:
        return []
    items = draw_workload(draft, usable, [{"jobDefinitionName": name} for name in definitions])
    shares = _shares(scenario)
    return [_each(item, definitions, shares) for item in items if item["id"] != "stuck"]


def faults_part(draft: Draft, scenario: Data) -> list[Data]:
    """Reclaims of the scenario's Spot instances; none where it has no environment of type SPOT."""
    return draw_faults(draft, _managed(scenario))


def actions_part(draft: Draft, scenario: Data) -> list[Data]:
    """Cancel, terminate and set, on what the scenario has; vCPUs of fleets that stand are left alone."""
    world = scenario.get("world", {})
    everywhere = world.get("platform", "batch") != "batch"
    fixed = {*world.get("fleets", {}), *world.get("platforms", {})}
    managed = _managed(scenario)
    if everywhere:
        fixed |= {each["computeEnvironmentName"] for each in managed}
    if not managed or not scenario.get("workload"):
        return []
    return draw_actions(draft, managed, scenario["jobQueues"], scenario["workload"], fixed)


def _managed(scenario: Data) -> list[Data]:
    return [each for each in scenario["computeEnvironments"] if "computeResources" in each]


def _kinds(environments: list[Data]) -> list[tuple[Data, str]]:
    """Each environment with ``hosts`` or ``tasks``."""
    made = []
    for each in environments:
        kind = each.get("computeResources", {}).get("type", "EC2")
        made.append((each, "tasks" if kind.startswith("FARGATE") else "hosts"))
    return made


def _names_of_kinds(environments: list[Data]) -> Mapping[str, str]:
    return {each["computeEnvironmentName"]: kind for each, kind in _kinds(environments)}


def _renamed(queue: Data, names: Mapping[str, str]) -> Data:
    order = [{**each, "computeEnvironment": names[each["computeEnvironment"]]} for each in queue[_ORDER]]
    return {**queue, _ORDER: order}


def _borrowed_queue(queue: Data, on_fargate: set[str]) -> Data:
    first = queue[_ORDER][0]["computeEnvironment"].split("/")[-1]
    word = "tasks" if first in on_fargate else "hosts"
    return {"jobQueueName": queue["jobQueueName"], _ORDER: [{"order": 1, "computeEnvironment": word}]}


def _kind_of(queue: Data) -> str:
    return "task" if queue[_ORDER][0]["computeEnvironment"] == "tasks" else "job"


def _shares(scenario: Data) -> Mapping[str, tuple[str, ...]]:
    """By fair-share queue, the ids that its jobs may have."""
    policies = {each["name"]: each.get("fairsharePolicy", {}) for each in scenario.get("schedulingPolicies", ())}
    found = {}
    for queue in scenario["jobQueues"]:
        if arn := queue.get("schedulingPolicyArn"):
            listed = policies.get(arn.split("/")[-1], {}).get("shareDistribution", ())
            ids = (each["shareIdentifier"].replace("*", "1") for each in listed)
            found[queue["jobQueueName"]] = tuple(ids) or ("alpha", "beta")
    return found


def _each(item: Data, definitions: Mapping[str, str], shares: Mapping[str, tuple[str, ...]], number: int = 0) -> Data:
    """An item with the scenario's own names, neighbours in different shares."""
    if "workflow" in item:
        members = [_each(member, definitions, shares, at) for at, member in enumerate(item["workflow"])]
        return {**item, "workflow": members}
    request = item["submit"]
    ids = shares.get(request["jobQueue"], ())
    share = {"shareIdentifier": ids[(number + len(item["id"])) % len(ids)]} if ids else {}
    return {**item, "submit": {**request, "jobDefinition": definitions[request["jobDefinition"]], **share}}
