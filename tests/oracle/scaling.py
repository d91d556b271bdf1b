"""Scalers: what demand an environment has, when it launches for it, and when idle instances end.

Model: one pending decision an environment; it falls due ``scale_up_delay`` after a pass left demand unmet, measures
demand afresh, packed on free and booting capacity, and launches the rest. Idle instances end at checks on a grid.
"""

from __future__ import annotations

from oracle import allocation, capacity, licences, line, shortage, turns
from oracle.allocation import on_vcpus
from oracle.plain import NEVER, Coming, Environment, Instance, Job, Queue, Scenario, Size, Type

ONE = Size(1, 4)
"""What instances for minvCpus are chosen for, one for each vCPU: the least that a job can ask for."""


def scaled(scenario: Scenario) -> list[Environment]:
    """The environments without a list of instances."""
    return [each for each in scenario.environments if each.fleet is None]


def fill(scenario: Scenario, environment: Environment, now: int) -> None:
    """At t = 0: instances for minvCpus."""
    if environment.fleet is None:
        launch_for(scenario, environment, missing(environment), now, ready=scenario.world.initial_ready)


def missing(environment: Environment) -> list[Size]:
    """What minvCpus asks for beyond what is on."""
    return [ONE] * max(0, environment.min_vcpus - on_vcpus(environment))


# -- launching


def watch(scenario: Scenario, now: int) -> None:
    """After a pass: where demand is unmet and no decision is pending, one falls due."""
    for environment in scaled(scenario):
        if environment.decision_at == NEVER and unmet(scenario, environment, now):
            environment.decision_at = now + scenario.world.scale_up_delay


def decide(scenario: Scenario, now: int) -> bool:
    """Carry out what is due up to the first decision that launched something, or met a capacity error: whether any did.

    A pass comes between such a decision and the next one of the same instant.
    """
    for environment in scaled(scenario):
        while environment.decision_at == now:
            environment.decision_at = NEVER
            errors = environment.errors
            launched = decision(scenario, environment, now)
            if unmet(scenario, environment, now) and (launched or scenario.world.scale_up_delay):
                environment.decision_at = now + scenario.world.scale_up_delay
            if launched or environment.errors > errors:
                return True
    return False


def unmet(scenario: Scenario, environment: Environment, now: int) -> bool:
    """Whether something waits for which it may launch."""
    if not environment.enabled:
        return False
    if missing(environment) and may_launch(scenario, environment, ONE, now):
        return True
    return bool(uncovered(scenario, environment, now))


def decision(scenario: Scenario, environment: Environment, now: int) -> bool:
    """For what is not covered, one instance after the other, then for minvCpus; whether any was launched."""
    before = len(environment.instances)
    if environment.enabled:
        launch_for(scenario, environment, [job.size for job in uncovered(scenario, environment, now)], now)
        launch_for(scenario, environment, missing(environment), now)
    return len(environment.instances) > before


def launch_for(
    scenario: Scenario, environment: Environment, rest: list[Size], now: int, *, ready: bool = False
) -> None:
    """One instance after the other, each of which takes what fits of the rest."""
    while rest:
        instance = launch(scenario, environment, rest, now, ready=ready)
        if instance is None:
            return
        rest = allocation.left_by(instance.type.size, rest)


def launch(scenario: Scenario, environment: Environment, rest: list[Size], now: int, *, ready: bool) -> Instance | None:
    """From the first pool that EC2 does not refuse; None if there is none."""
    while True:
        pools = shortage.open_pools(scenario, environment, rest[0], now)
        pool = allocation.choose(environment, pools, rest)
        if pool is None:
            return None
        if pool.depth:
            return capacity.launch(
                scenario.world, environment, pool.type, environment.spot, now, zone=pool.zone, ready=ready
            )
        shortage.refuse(scenario, environment, pool, now)


def may_launch(scenario: Scenario, environment: Environment, size: Size, now: int, more: int = 0) -> bool:
    """Whether an instance that holds such a job may be launched, after others with so many vCPUs."""
    kind = smallest(scenario, environment, size, now)
    return kind is not None and permitted(environment, kind, more)


def smallest(scenario: Scenario, environment: Environment, size: Size, now: int) -> Type | None:
    """What an environment may still grow by is reckoned in the smallest types that hold the jobs."""
    kinds = [pool.type for pool in shortage.open_pools(scenario, environment, size, now)]
    return min(kinds, key=lambda kind: (kind.size.vcpus, kind.size.mib, kind.catalogue), default=None)


def permitted(environment: Environment, kind: Type, more: int = 0) -> bool:
    """Whether maxvCpus permits such an instance: beyond it one, but for BEST_FIT On-Demand none."""
    on = on_vcpus(environment) + more
    if environment.strategy == "BEST_FIT" and not environment.spot:
        return on + kind.size.vcpus <= environment.max_vcpus
    return on < environment.max_vcpus


# -- growth that others may count on


def grows_for(scenario: Scenario, environment: Environment, job: Job, coming: Coming, now: int) -> bool:
    """Whether a scaler could launch for the job, after what it may launch for those ahead of it."""
    if environment.fleet is not None or not line.takes(environment, job):
        return False
    if pack(coming.rooms, job.size):
        return True
    kind = smallest(scenario, environment, job.size, now)
    if kind is None or not permitted(environment, kind, coming.vcpus):
        return False
    coming.rooms.append(kind.size.less(job.size))
    coming.vcpus += kind.size.vcpus
    return True


# -- demand


class Left:
    """Room that jobs ahead leave, by environment: on ready instances, on booting ones, on those that may come."""

    def __init__(self, scenario: Scenario) -> None:
        places = scenario.environments
        self.free = {id(each): [one.free() for one in line.open_instances(each) if one.ready] for each in places}
        self.booting = {id(each): [one.free() for one in line.open_instances(each) if not one.ready] for each in places}
        self.coming = {id(each): Coming() for each in places}


def uncovered(scenario: Scenario, target: Environment, now: int) -> list[Job]:
    """Jobs that wait, in the order in which they are served, that fall to an environment and that no room covers."""
    return [
        job for job, place in pass_down(scenario, line.by_priority(scenario), Left(scenario), now) if place is target
    ]


def pass_down(
    scenario: Scenario, queues: list[Queue], left: Left, now: int
) -> list[tuple[Job, Environment | str | None]]:
    """The jobs that wait in these queues, with who takes each; what is left is less by what they take."""
    found = []
    there = licences.left(scenario)
    for queue in queues:
        line_up = turns.turns(scenario, queue, now)
        while (job := line_up.first()) is not None:
            place = planned(scenario, job, line_up, there, left, now)
            found.append((job, place))
            if place is None:
                line_up.missed(job)
            else:
                line_up.took(job)
    return found


def planned(
    scenario: Scenario, job: Job, line_up: turns.Fifo | turns.Fair, there: licences.Left, left: Left, now: int
) -> Environment | str | None:
    """As :func:`taker`; nobody takes what may not start for want of a resource, or for what is reserved."""
    if not line_up.admits(job) or not licences.take(scenario.world, there, job):
        return None
    place = taker(scenario, job, left, now)
    if place is None:
        licences.give_back(scenario.world, there, job)
    return place


def taker(scenario: Scenario, job: Job, left: Left, now: int) -> Environment | str | None:
    """Which environment grows for a job; "room" if one has room for it; None if none takes it."""
    environments = job.call.queue.environments
    able = [each for each in environments if line.takes(each, job)]
    for environment in able:
        if covered(left.free[id(environment)], left.booting[id(environment)], job.size):
            return "room"
        if grows_for(scenario, environment, job, left.coming[id(environment)], now):
            return environment
    last = environments[-1]  # all that is left over stays with the last one, if that may grow at all
    if last in able and last.fleet is None and may_launch(scenario, last, job.size, now):
        return last
    return None


def covered(free: list[Size], booting: list[Size], size: Size) -> bool:
    """Whether room takes the job that is free or boots: the least that holds it, of equals what is free."""
    able = [rooms for rooms in (free, booting) if least(rooms, size)]
    return bool(able) and pack(min(able, key=lambda rooms: extent(least(rooms, size))), size)


def pack(rooms: list[Size], size: Size) -> bool:
    """Take room for a job where it leaves least, whatever the packing rule: that says where jobs start."""
    room = least(rooms, size)
    if room is None:
        return False
    rooms.remove(room)
    rooms.append(room.less(size))
    return True


def least(rooms: list[Size], size: Size) -> Size | None:
    """The room that holds it with fewest vCPUs, then least memory, then fewest GPUs."""
    return min((room for room in rooms if room.holds(size)), key=extent, default=None)


def extent(room: Size | None) -> tuple[int, int, int]:
    assert room is not None
    return room.vcpus, room.mib, room.gpus


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
    """Whether minvCpus lets it."""
    return on_vcpus(environment) - instance.type.size.vcpus >= environment.min_vcpus


def instants(scenario: Scenario, now: int) -> list[int]:
    """Of decisions, of the ends of back-offs; of idle times; and, while one has idled so long, the next check."""
    times = [each.decision_at for each in scaled(scenario)]
    times += [until for each in scaled(scenario) for until in each.held.values()]
    grid = scenario.world.scale_down_check
    for environment in scaled(scenario):
        for instance in line.on(environment):
            due = instance.idle_since + scenario.world.scale_down_idle
            times.append(max(-(-due // grid), now // grid + 1) * grid if grid else due)
    return times


def busy(scenario: Scenario, now: int) -> bool:
    """Whether an instance idles or boots that may go in time, or jobs need a decision, or a pool that comes back."""
    for environment in scaled(scenario):
        if shortage.may_end(scenario, environment, now) and line.served_by(scenario, environment, now):
            return True
        if any(may_go(environment, each) for each in line.on(environment) if not each.live()):
            return True
        if environment.decision_at != NEVER and uncovered(scenario, environment, now):
            return True
    return False
