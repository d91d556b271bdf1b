"""The oracle: from instant to instant, everything that is due, in the documented order, by plain loops over everything.

It is slow and meant to be obviously right: no event queue, no index, nothing remembered that could be looked up anew.
The order within an instant is that of ``docs/model.md``, "Time and ties".
"""

from __future__ import annotations

from oracle import capacity, changes, dependencies, ending, line, scaling, turns
from oracle.plain import NEVER, Attempt, Change, Job, Reclaim, Scenario


class Simulator:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.now = 0
        self.pass_at = 0  # the next scheduling pass
        self.look_again_at = NEVER  # when the next update of usage may change whose turn it is
        self.over = False
        self.seen_by_a_pass: object = None
        self.fleets_to_come = [
            (planned.at, environment, planned)
            for environment in scenario.environments
            for planned in environment.fleet or []
        ]
        for environment in scenario.environments:
            scaling.fill(scenario, environment, 0)
        self.launches()

    def run(self, tick: int | None = None) -> tuple[Scenario, int]:
        """Let the clock run; the scenario, whose objects then say what became of them, and the end of the run.

        From one instant at which anything is due to the next; or, with a ``tick`` in ms, through every one of them.
        """
        while not self.over:
            self.instant()
            if not self.over:
                self.now = self.now + tick if tick else self.next_instant()
        return self.scenario, self.now

    # -- one instant

    def instant(self) -> None:
        if self.now in (self.scenario.until, self.scenario.max_time):
            self.over = True
            return
        self.ends()
        self.reclaims()
        self.instances()
        self.acts()
        self.become_ready()  # what an action launched, if it boots in no time
        self.submissions()
        dependencies.settle(self.scenario, self.now)
        self.scheduling_pass()
        while scaling.decide(self.scenario, self.now) or scaling.scale_in(self.scenario, self.now):
            self.become_ready()
            self.scheduling_pass()  # other instances boot or are ready, EC2 has none, or maxvCpus leaves room again
        self.over = self.scenario.until is None and not self.hope()

    def ends(self) -> None:
        for attempt in self.active():
            if attempt.exits_at == self.now:
                ending.exits(self.scenario, attempt, self.now)
        for attempt in self.active():
            if attempt.times_out_at == self.now:
                ending.times_out(attempt, self.now)

    def reclaims(self) -> None:
        for reclaim in self.scenario.reclaims:
            if max(0, reclaim.at - self.scenario.world.notice) == self.now < reclaim.at:
                self.notice(reclaim)
        for reclaim in self.scenario.reclaims:
            if reclaim.at == self.now:
                self.strike(reclaim)
        for attempt in self.active():
            if attempt.killed_at == self.now:
                ran = attempt.running_at <= self.now
                ending.host_lost(self.scenario, attempt, self.now, exit_code=137 if ran else None)

    def notice(self, reclaim: Reclaim) -> None:
        instance = capacity.find(reclaim)
        if instance is None or instance.closed or not self.scenario.world.spot_drain:
            return
        instance.closed = True
        for attempt in instance.live():
            attempt.killed_at = self.now + self.scenario.world.stop_timeout
            if attempt.running_at <= self.now:
                ending.sigterm(self.scenario, attempt, self.now)

    def strike(self, reclaim: Reclaim) -> None:
        instance = capacity.find(reclaim)
        if instance is None or not instance.spot:
            return
        for attempt in instance.live():
            ending.host_lost(self.scenario, attempt, self.now)
        instance.ended_at, instance.reclaimed = self.now, True
        if reclaim.replace:
            world, environment = self.scenario.world, instance.environment
            capacity.launch(world, environment, instance.type, instance.spot, self.now, ready=True, zone=instance.zone)

    def instances(self) -> None:
        """Those that a fleet lists for this instant come; whatever has booted is ready."""
        self.launches()
        self.become_ready()

    def become_ready(self) -> bool:
        booted = [each for each in capacity.on(self.scenario) if each.ready_at == self.now and not each.ready]
        for instance in booted:
            instance.ready = True
        return bool(booted)

    def launches(self) -> None:
        due = [each for each in self.fleets_to_come if each[0] == self.now]
        self.fleets_to_come = [each for each in self.fleets_to_come if each[0] > self.now]
        for at, environment, planned in due:
            ready = at == 0 and self.scenario.world.initial_ready
            capacity.launch(self.scenario.world, environment, planned.type, planned.spot, at, ready=ready)

    def acts(self) -> None:
        if any(act.at == self.now and changes.reaches(self.scenario, act) for act in self.scenario.acts):
            self.seen_by_a_pass = None  # an action counts as a change, whatever it does
        for act in self.scenario.acts:
            if act.at == self.now and isinstance(act, Change):
                changes.change(self.scenario, act, self.now)
            elif act.at == self.now:
                for job in self.jobs():
                    if job.state and act.id in (job.id, job.call.id):
                        ending.ask(self.scenario, job, act.verb, self.now)

    def submissions(self) -> None:
        shares = turns.all_active(self.scenario, self.now)
        for call in self.scenario.calls:
            if call.at == self.now:
                refused = not call.queue.enabled or any(other.refused for _, other in call.depends_on)
                for job in call.jobs:
                    job.state, job.created_at = ("NOT_SUBMITTED", None) if refused else ("PENDING", self.now)
        if turns.all_active(self.scenario, self.now) - shares:
            self.seen_by_a_pass = None  # a share more: others weigh more, or less is reserved

    def scheduling_pass(self) -> None:
        """On the grid of the cycle."""
        cycle = self.scenario.world.cycle
        self.pass_at = -(-self.now // cycle) * cycle if cycle else self.now
        if self.pass_at == self.now:
            line.schedule(self.scenario, self.now)
            if self.look_again_at <= self.now:
                self.look_again_at = NEVER
            if any(line.is_restless(self.scenario, queue, self.now) for queue in self.scenario.queues):
                update = self.scenario.world.usage_update
                self.look_again_at = (self.now // update + 1) * update
            scaling.watch(self.scenario, self.now)
            self.seen_by_a_pass = line.what_counts(self.scenario, self.now)

    # -- what is to come

    def next_instant(self) -> int:
        """The next one at which anything at all is due; at the end of everything, ``until``."""
        times = [call.at for call in self.scenario.calls]
        times += [at for at, _, _ in self.fleets_to_come]
        times += [act.at for act in self.scenario.acts]
        for reclaim in self.scenario.reclaims:
            times += [reclaim.at, max(0, reclaim.at - self.scenario.world.notice)]
        for attempt in self.active():
            times += [attempt.running_at, attempt.exits_at, attempt.times_out_at, attempt.killed_at]
        times += [job.retry_at for job in self.jobs() if job.state == "RETRY"]
        times += [instance.ready_at for instance in capacity.on(self.scenario)]
        times += [self.pass_at, self.look_again_at, *scaling.instants(self.scenario, self.now)]
        times += [self.scenario.max_time, NEVER if self.scenario.until is None else self.scenario.until]
        return min(time for time in times if time > self.now)

    def hope(self) -> bool:
        """Whether anything but a fault could still help a live job, or work is still to come."""
        if any(call.at > self.now for call in self.scenario.calls):
            return True
        live = [job for job in self.jobs() if not job.over]
        if any(job.state in ("ACTIVE", "RETRY") for job in live) or self.look_again_at < NEVER:
            return True
        if live and any(act.at > self.now for act in self.scenario.acts):
            return True
        if any(job.state == "RUNNABLE" for job in live) and self.seen_by_a_pass != line.what_counts(
            self.scenario, self.now
        ):
            return True  # something changed since the last pass: the next one will look at it
        return line.may_start(self.scenario, self.fleets_to_come, self.now) or scaling.busy(self.scenario, self.now)

    # -- everything there is

    def jobs(self) -> list[Job]:
        return [job for call in self.scenario.calls for job in call.jobs]

    def active(self) -> list[Attempt]:
        return [job.attempts[-1] for job in self.jobs() if job.state == "ACTIVE"]
