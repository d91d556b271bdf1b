"""Scalers: what demand an environment has, when it launches for it, and when idle instances end. One type each.

Model: one pending decision an environment; it falls due ``scale_up_delay`` after a pass left demand unmet, measures
demand afresh, packed on free and booting capacity, and launches the rest. Idle instances end at checks on a grid.
"""

from __future__ import annotations

from oracle import capacity, line
from oracle.plain import NEVER, Environment, Instance, Job, Scenario, Size


def scaled(scenario: Scenario) -> list[Environment]:
    """The environments without a list of instances."""
    return [each for each in scenario.environments if each.fleet is None]


def fill(scenario: Scenario, now: int) -> None:
    """At t = 0: instances for minvCpus."""
    for environment in scaled(scenario):
        while on_vcpus(environment) < environment.min_vcpus and may_launch(environment):
            launch(scenario, environment, now, ready=scenario.world.initial_ready)


# -- launching


def watch(scenario: Scenario, now: int) -> None:
    """After a pass: where demand is unmet and no decision is pending, one falls due."""
    for environment in scaled(scenario):
        if environment.decision_at == NEVER and unmet(scenario, environment):
            environment.decision_at = now + scenario.world.scale_up_delay


def decide(scenario: Scenario, now: int) -> bool:
    """Carry out the decisions that are due; whether any launched something."""
    any_launched = False
    for environment in scaled(scenario):
        while environment.decision_at == now:
            environment.decision_at = NEVER
            launched = launch_for(scenario, environment, now)
            any_launched = any_launched or launched
            if unmet(scenario, environment) and (launched or scenario.world.scale_up_delay):
                environment.decision_at = now + scenario.world.scale_up_delay
    return any_launched


def unmet(scenario: Scenario, environment: Environment) -> bool:
    if not environment.enabled or not may_launch(environment):
        return False
    return on_vcpus(environment) < environment.min_vcpus or bool(uncovered(scenario, environment))


def launch_for(scenario: Scenario, environment: Environment, now: int) -> bool:
    """For what is not covered, one instance after the other, then for minvCpus; whether any was launched."""
    rest, before = uncovered(scenario, environment), len(environment.instances)
    while rest and environment.enabled and may_launch(environment):
        rest = left_by(launch(scenario, environment, now).type.size, rest)
    while environment.enabled and on_vcpus(environment) < environment.min_vcpus and may_launch(environment):
        launch(scenario, environment, now)
    return len(environment.instances) > before


def launch(scenario: Scenario, environment: Environment, now: int, *, ready: bool = False) -> Instance:
    return capacity.launch(scenario.world, environment, environment.types[0], environment.spot, now, ready=ready)


def left_by(room: Size, jobs: list[Job]) -> list[Job]:
    """The jobs that an empty instance leaves, when each that still fits goes on it in turn."""
    rest = []
    for job in jobs:
        if room.holds(job.size):
            room = room.less(job.size)
        else:
            rest.append(job)
    return rest


def may_launch(environment: Environment, more: int = 0) -> bool:
    """Whether maxvCpus permits an instance after ``more`` others: beyond it one, but for BEST_FIT On-Demand none."""
    size = environment.types[0].size.vcpus
    on = on_vcpus(environment) + more * size
    if environment.strategy == "BEST_FIT" and not environment.spot:
        return on + size <= environment.max_vcpus
    return on < environment.max_vcpus


def grows_for(environment: Environment, job: Job, coming: list[Size]) -> bool:
    """Whether a scaler could launch for the job, after what it may launch for those ahead of it."""
    return environment.fleet is None and line.takes(environment, job) and grow(environment, coming, job.size)


def on_vcpus(environment: Environment) -> int:
    """Running and booting."""
    return sum(each.type.size.vcpus for each in environment.instances if each.ended_at is None)


# -- demand


def uncovered(scenario: Scenario, target: Environment) -> list[Job]:
    """Jobs that wait, in the order in which they are served, that fall to an environment and that no room covers."""
    rooms = {id(each): [one.free() for one in line.open_instances(each)] for each in scenario.environments}
    coming: dict[int, list[Size]] = {id(each): [] for each in scenario.environments}
    found: list[Job] = []
    for queue in line.by_priority(scenario):
        for job in line.waiting(scenario, queue):
            environment = taker(queue.environments, job, rooms, coming)
            if environment is target:
                found.append(job)
            if environment is None and not scenario.world.skip:
                break  # what stands behind it cannot start either
    return found


def taker(
    environments: list[Environment], job: Job, rooms: dict[int, list[Size]], coming: dict[int, list[Size]]
) -> Environment | str | None:
    """Which environment grows for a job; "room" if one has room for it; None if none takes it."""
    able = [each for each in environments if line.takes(each, job)]
    for environment in able:
        if pack(rooms[id(environment)], job.size):
            return "room"
        if environment.fleet is None and grow(environment, coming[id(environment)], job.size):
            return environment
    last = environments[-1]  # all that is left over stays with the last one, if that may grow at all
    return last if last in able and last.fleet is None and may_launch(last) else None


def pack(rooms: list[Size], size: Size) -> bool:
    """Take room for a job where it leaves least: fewest vCPUs, then least memory, then fewest GPUs."""
    fitting = [room for room in rooms if room.holds(size)]
    if not fitting:
        return False
    room = min(fitting, key=lambda each: (each.vcpus, each.mib, each.gpus))
    rooms.remove(room)
    rooms.append(room.less(size))
    return True


def grow(environment: Environment, coming: list[Size], size: Size) -> bool:
    """Take room for a job on instances that may still be launched."""
    if pack(coming, size):
        return True
    if not may_launch(environment, more=len(coming)):
        return False
    coming.append(environment.types[0].size.less(size))
    return True


# -- scale-in


def scale_in(scenario: Scenario, now: int) -> bool:
    """At a check: idle instances whose time has come, the longest idle first, as far as minvCpus permits."""
    world, ended = scenario.world, False
    if world.scale_down_check and now % world.scale_down_check:
        return False
    for environment in scaled(scenario):
        idle = [each for each in line.on(environment) if each.ready and not each.live()]
        for instance in sorted(idle, key=lambda each: each.idle_since):
            due = max(instance.idle_since + world.scale_down_idle, instance.launched_at + 1) <= now
            if due and may_go(environment, instance):
                instance.ended_at, ended = now, True
    return ended


def may_go(environment: Environment, instance: Instance) -> bool:
    return on_vcpus(environment) - instance.type.size.vcpus >= environment.min_vcpus


def instants(scenario: Scenario, now: int) -> list[int]:
    """Of decisions; of the ends of instances' idle times; and, while an instance has idled so long, the next check."""
    times = [each.decision_at for each in scaled(scenario)]
    grid = scenario.world.scale_down_check
    for environment in scaled(scenario):
        for instance in line.on(environment):
            due = instance.idle_since + scenario.world.scale_down_idle
            times.append(max(-(-due // grid), now // grid + 1) * grid if grid else due)
    return times


def busy(scenario: Scenario) -> bool:
    """Whether an instance idles or boots that may go in time, or a decision is pending that jobs need."""
    for environment in scaled(scenario):
        if any(may_go(environment, each) for each in line.on(environment) if not each.live()):
            return True
        if environment.decision_at != NEVER and may_launch(environment) and uncovered(scenario, environment):
            return True
    return False
