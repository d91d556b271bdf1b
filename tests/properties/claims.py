"""What must hold of every scenario: a claim looks at a finished run, runs a variant of it, and returns what differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cached_property
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd

from batchsim import Result, Scenario, Simulation, dump, run
from batchsim.analysis.check import check_tables, tables_of
from batchsim.policies import KINDS
from batchsim.spec import Action, parse
from batchsim.testing import Dice, draw_scenario, files_of, violations_in
from tests.properties.own_policies import odd, same_as_aws
from tests.properties.recomputed import unlike_the_report

Data = dict[str, Any]
Files = Mapping[str, str]

TABLES = tuple(
    f"{each}.csv"
    for each in (
        "jobs",
        "attempts",
        "instances",
        "submissions",
        "scaling",
        "timeline",
        "blocked",
        "occurrences",
        "consumables",
        "faults",
        "costs",
    )
)
"""Those of consumable resources and of faults are written only where there are any."""
PARTS = ("throttled", "dependency", "wait", "retry_delay", "provisioning", "image_pull", "container_start",
         "earlier_running", "last_running")  # fmt: skip
_X = 0
STRATEGIES = {
    "EC2": ("BEST_FIT", "BEST_FIT_PROGRESSIVE", "BEST_FIT_PROGRESSIVE_ORDERED"),
    "SPOT": (
        *("BEST_FIT", "BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED"),
        "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
    ),
}


@dataclass(frozen=True)
class Base:
    """A scenario in its file form, and its run, made once for all claims."""

    data: Data

    @cached_property
    def scenario(self) -> Scenario:
        return parse(self.data)

    @cached_property
    def result(self) -> Result:
        return run(self.scenario)

    @cached_property
    def files(self) -> Files:
        return files_of(self.result)

    @property
    def dice(self) -> Dice:
        """Choices that go with the scenario's seed."""
        return Dice(self.data["simulation"]["seed"])


def numbered(number: int) -> Base:
    return Base(draw_scenario(Dice(number)))


def told(base: Base, wrong: list[str], replay: str) -> str:
    """A failure with the scenario as YAML, its seed, and the command that replays it."""
    seed = base.data["simulation"]["seed"]
    return "\n".join([*wrong, "--- scenario.yaml", dump(base.scenario), f"--- seed {seed}; replay with:", replay])


# -- claims


def it_breaks_no_invariant(base: Base) -> list[str]:
    """The checker is content, and turnaround, waits and costs of every job are exact sums."""
    return violations_in(base.result)


def a_planted_millisecond_or_nano_dollar_is_found(base: Base) -> list[str]:
    """In one part of one job's time, or in one line of one bill, by turns."""
    tables, dice = tables_of(base.result), base.dice
    name, columns, amount = "jobs", [f"{part}_s" for part in PARTS], 0.001
    if len(tables["costs"]) and base.data["simulation"]["seed"] % 2:
        name, columns, amount = "costs", ["cost_usd", "waived_usd"], 1e-9
    if tables[name].empty:
        return []
    row, column = dice.integer(0, len(tables[name]) - 1), columns[dice.integer(0, len(columns) - 1)]
    planted = check_tables({**tables, name: _planted(tables[name], row, column, amount)})
    return [] if planted else [f"nobody saw {amount} more in {name}[{row}].{column}"]


def the_same_seed_gives_the_same_bytes(base: Base) -> list[str]:
    return differences(base.files, files_of(run(parse(base.data))))


def plain_twins_of_fast_paths_agree(base: Base) -> list[str]:
    return unlike(base, Simulation(base.scenario, thorough=True).finish())


def aws_by_functions_from_outside_agrees(base: Base) -> list[str]:
    """Every rule of AWS's as a policy of the user's own: nobody can tell, but by the line that says so."""
    result = run(base.scenario, policies=same_as_aws(base.data))
    told = {word.split()[0] for word in result.policies}
    return unlike(base, result, (*TABLES, "events.jsonl")) + ([] if told == set(KINDS) else [f"told of {told} only"])


def odd_policies_break_no_invariant(base: Base) -> list[str]:
    """Whatever the contracts permit: bills, capacity and waits stay exact, and fast and plain paths agree."""
    policies = odd(base.dice.integer(0, 11))
    result = run(base.scenario, policies=policies)
    plain = Simulation(base.scenario, policies=policies, thorough=True).finish()
    return violations_in(result) + ([] if _same(result.records, plain.records) else ["the plain twin differs"])


def stepping_in_random_pieces_agrees(base: Base) -> list[str]:
    simulation, dice = Simulation(base.scenario), base.dice
    for _ in range(dice.integer(1, 30)):
        if dice.integer(0, 1):
            simulation.advance(to_next_decision=True)
        else:
            simulation.advance(until=simulation.now_ms + 10 ** dice.integer(0, 6))
        simulation.snapshot()
    return unlike(base, simulation.finish())


def actions_by_call_agree_with_the_file(base: Base) -> list[str]:
    """The same bytes of all tables and events; the resolved scenario has no actions, and so another hash."""
    simulation = Simulation(parse({**base.data, "actions": []}))
    for action in sorted(base.scenario.actions, key=lambda action: action.at_ms):
        simulation.advance(until=action.at_ms)
        _call(simulation, action)
    return unlike(base, simulation.finish(), (*TABLES, "events.jsonl"))


def another_strategy_leaves_every_work_alone(base: Base) -> list[str]:
    """Common random numbers: whatever the allocation strategy, each job works as long as before."""
    other = deepcopy(base.data)
    for environment in other["computeEnvironments"]:
        resources = environment["computeResources"]
        if choices := STRATEGIES.get(resources["type"]):
            resources["allocationStrategy"] = choices[
                choices.index(resources.get("allocationStrategy", "BEST_FIT")) - 1
            ]
    old, new = base.result.records.jobs.work_ms, run(parse(other)).records.jobs.work_ms
    return [] if np.array_equal(old, new) else [f"work differs: {old.tolist()} and {new.tolist()}"]


def unused_parts_change_nothing(base: Base) -> list[str]:
    """An environment, queues, a definition and a type that nothing uses, before and behind the others."""
    other = deepcopy(base.data)
    other["world"]["instanceTypes"] = {
        "a.unused": {"vcpu": 2, "memory": "4GiB", "price": "$1/h"},
        **other["world"]["instanceTypes"],
    }
    other["jobDefinitions"].insert(0, {**other["jobDefinitions"][0], "jobDefinitionName": "a-unused"})
    resources = {"type": "SPOT", "maxvCpus": 8, "instanceTypes": ["a.unused"], "allocationStrategy": "BEST_FIT"}
    other["computeEnvironments"].insert(
        0, {"computeEnvironmentName": "a-unused", "type": "MANAGED", "computeResources": resources}
    )
    shared, own = other["jobQueues"][0]["computeEnvironmentOrder"], [{"order": 1, "computeEnvironment": "a-unused"}]
    other["jobQueues"].insert(0, {"jobQueueName": "a-unused", "priority": 1000, "computeEnvironmentOrder": shared})
    other["jobQueues"].append({"jobQueueName": "b-unused", "priority": 0, "computeEnvironmentOrder": own})
    return differences(base.files, files_of(run(parse(other))), (*TABLES, "events.jsonl"))


def names_mean_nothing(base: Base) -> list[str]:
    """Queues, environments and definitions get names in the opposite order; ids of instances come from names."""
    names = dict(_new_names(base.data))
    data = _with_other_patterns(base.data, names)
    words = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, names)) + r")(?![\w-])")
    other = files_of(run(parse(_renamed(data, names, words))))
    ids = dict(zip(_instances(base.files), _instances(other), strict=False))
    known = {name: re.sub(r"i-[0-9a-f]{17}", lambda match: ids[match[0]], text) for name, text in base.files.items()}
    expected = {name: words.sub(lambda match: names[match[0]], text) for name, text in known.items()}
    return differences(expected, other, TABLES)


def the_order_of_definitions_means_nothing(base: Base) -> list[str]:
    """Sections, keys, and what is only looked up by its name, in the opposite order; queues by their priorities.

    Instance types of one size keep theirs: where all else is equal, their place in the catalogue decides.
    """
    other = deepcopy(base.data)
    for section in ("jobDefinitions", "schedulingPolicies", "datasets"):
        if section in other:
            other[section].reverse()
    priorities = {each["priority"] for each in other["jobQueues"]}
    changed = any("priority" in each.get("set", "") for each in other["actions"])
    if len(priorities) == len(other["jobQueues"]) and not changed:
        other["jobQueues"].reverse()
    world = other["world"]
    other["world"] = dict(reversed(world.items())) | {"instanceTypes": _opposite(world["instanceTypes"])}
    files = files_of(run(parse(dict(reversed(other.items())))))
    names = [name for name in TABLES if name not in ("timeline.csv", "blocked.csv", "consumables.csv")]
    return differences(base.files, files, tuple(names))


def metrics_are_what_the_tables_say(base: Base) -> list[str]:
    """Every metric of the registry, computed anew from the files."""
    return unlike_the_report(base.files, base.result.summary())


def looking_and_reporting_change_nothing(base: Base) -> list[str]:
    """Whatever is asked of a result, and with which steps and looks it came about, its files stay the same."""
    simulation = Simulation(base.scenario)
    while simulation.advance(to_next_decision=True) is not None:
        simulation.job_states()
        simulation.snapshot()
    result = simulation.finish()
    result.report()
    result.check()
    result.metrics("cost_usd")
    for _, job in zip(range(2), result.jobs["job_id"], strict=False):
        result.jobs.loc[result.jobs["job_id"] == job]
    list(result.files(events=True, costs=True))
    return differences(base.files, files_of(result))


def the_same_prices_give_the_same_bytes(base: Base) -> list[str]:
    """Tables are a pure function of records and prices, so equal ones give equal bytes."""
    repriced = base.result.reprice(spot_price="+0%", on_demand="+0%")
    if _same(repriced.records, base.result.records) and repriced.prices == base.result.prices:
        return []
    return differences(base.files, files_of(repriced), TABLES) or ["prices differ"]


def repriced_bills_are_exact_too(base: Base) -> list[str]:
    """Dearer Spot, and commitments of random size: every sum and the checker hold; in every third scenario."""
    if base.data["simulation"]["seed"] % 3:
        return []
    dice, types = base.dice, base.result.instances["type"].astype(str)
    plan = {"commitment_usd_per_h": dice.integer(0, 3000) / 1000, "discount": dice.integer(0, 99) / 100}
    count, percent = dice.integer(1, 3), dice.integer(-50, 90)
    kinds = dict.fromkeys(sorted(set(types[~base.result.instances["spot"]]))[:1], count)
    repriced = base.result.reprice(
        spot_price=f"{percent:+}%", savings_plan=plan, reserved={**kinds, "discount": dice.integer(0, 99) / 100}
    )
    return violations_in(repriced)


CLAIMS: tuple[Callable[[Base], list[str]], ...] = (
    it_breaks_no_invariant,
    a_planted_millisecond_or_nano_dollar_is_found,
    the_same_seed_gives_the_same_bytes,
    plain_twins_of_fast_paths_agree,
    aws_by_functions_from_outside_agrees,
    odd_policies_break_no_invariant,
    stepping_in_random_pieces_agrees,
    actions_by_call_agree_with_the_file,
    another_strategy_leaves_every_work_alone,
    unused_parts_change_nothing,
    names_mean_nothing,
    the_order_of_definitions_means_nothing,
    metrics_are_what_the_tables_say,
    looking_and_reporting_change_nothing,
    the_same_prices_give_the_same_bytes,
    repriced_bills_are_exact_too,
)


# -- comparing


def unlike(base: Base, result: Result, names: tuple[str, ...] = ()) -> list[str]:
    """How the files differ from those of the base run; files are a pure function of records, so equal records do."""
    if _same(base.result.records, result.records):
        return []
    return differences(base.files, files_of(result), names)


def _same(one: Any, other: Any) -> bool:
    """Whether two records hold the same, column by column."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if hasattr(one, "__dataclass_fields__"):
        return all(_same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return bool(one == other)


def differences(expected: Files, actual: Files, names: tuple[str, ...] = ()) -> list[str]:
    """The first line in which each file differs."""
    unequal = [name for name in names or expected if expected.get(name) != actual.get(name)]
    return [f"{name}:\n{_first_difference(expected.get(name, ''), actual.get(name, ''))}" for name in unequal]


def _first_difference(expected: str, actual: str) -> str:
    old, new = expected.splitlines(), actual.splitlines()
    at = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    lines = (lines[at][:300] if at < len(lines) else "nothing more" for lines in (old, new))
    return "  line {}\n  expected {}\n  actual   {}".format(at + 1, *lines)


# -- variants


def _planted(table: pd.DataFrame, row: int, column: str, amount: float) -> pd.DataFrame:
    changed = table.copy()
    changed[column] = changed[column].where(np.arange(len(changed)) != row, changed[column] + amount)
    return changed


def _opposite(types: Data) -> Data:
    """The types in the opposite order, those of one size among themselves as they were."""
    sizes = {name: (each["vcpu"], each["memory"], each.get("usable_memory")) for name, each in types.items()}
    of_size = {size: [name for name in types if sizes[name] == size] for size in sizes.values()}
    names = [of_size[sizes[name]].pop(0) for name in reversed(types)]
    return {name: types[name] for name in names}


def _call(simulation: Simulation, action: Action) -> None:
    if action.set is not None:
        simulation.update(action.set, action.to, by=action.by)
    elif action.definition is not None:
        definition = action.definition.model_dump(by_alias=True, exclude_none=True)
        simulation.register({key: value for key, value in definition.items() if key not in ("revision", "status")})
    elif action.deregister is not None:
        simulation.deregister(action.deregister)
    else:
        deed = "terminate" if action.cancel is None else "cancel"
        own = {} if action.reason is None else {"reason": action.reason}
        getattr(simulation, deed)(getattr(action, deed), **own)


def _new_names(data: Data) -> Iterator[tuple[str, str]]:
    kinds = {
        "computeEnvironments": "computeEnvironmentName",
        "jobQueues": "jobQueueName",
        "jobDefinitions": "jobDefinitionName",
        "consumableResources": "consumableResourceName",
    }
    for kind, key in kinds.items():
        names = [item[key] for item in data.get(kind, ())]
        yield from ((name, f"{kind[:4]}{ascii_lowercase[-1 - place]}") for place, name in enumerate(names))


def _with_other_patterns(data: Data, names: Mapping[str, str]) -> Data:
    """The faults' patterns of definitions as such that fit the new names, which differ in their last letter alone."""
    other, known = deepcopy(data), [each["jobDefinitionName"] for each in data["jobDefinitions"]]
    for fault in other["faults"]:
        pattern = fault.get("select", {}).get("definition", "")
        if "*" in pattern:
            fits = "".join(names[name][-1] for name in known if fnmatchcase(name, pattern))
            fault["select"]["definition"] = f"{names[known[0]][:-1]}[{fits}]"
    return other


def _renamed(data: Any, names: Mapping[str, str], words: re.Pattern[str]) -> Any:
    if isinstance(data, dict):
        kept = ((key, value) for key, value in data.items() if key == "description")
        other = ((key, value) for key, value in data.items() if key != "description")
        renamed = ((_renamed(key, names, words), _renamed(value, names, words)) for key, value in other)
        return dict(kept) | dict(renamed)
    if isinstance(data, list):
        return [_renamed(value, names, words) for value in data]
    return words.sub(lambda match: names[match[0]], data) if isinstance(data, str) else data


def _instances(files: Files) -> list[str]:
    return [line.split(",")[0] for line in files["instances.csv"].splitlines()[1:]]
