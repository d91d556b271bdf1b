"""The second oracle: from instant to instant, everything that is due, in the documented order, by plain loops.

The order within an instant is that of ``docs/model.md``, "Time and ties". A run has to say when it ends (``until``).
"""

from __future__ import annotations

from collections.abc import Iterator

from oracle import dependencies
from oracle.plain import Call
from oracle.second import blocked, ending, line, notices
from oracle.second.bucket import Bucket
from oracle.second.objects import FARGATE, FARGATE_SPOT, Attempt, Change, Request, Scenario


class Simulator:
    """One run of a scenario, whose objects then say what became of them."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.now = 0
        self.changed_at = 0  # when something happened that a pass looks at
        world = scenario.world
        self.buckets = {kind: Bucket(world.burst, world.rate) for kind in (FARGATE, FARGATE_SPOT)}

    def run(self) -> Scenario:
        """From one instant at which anything is due to the next."""
        while self.now < self.scenario.until:
            self.instant()
            changes = [at for at in self.changes() if at > self.now]
            self.now = min([*changes, *(at for at in self.rest() if at > self.now)])
            if self.now in changes:
                self.changed_at = self.now
        return self.scenario

    # -- one instant

    def instant(self) -> None:
        self.ends()
        self.notices()
        self.actions()
        self.submissions()
        dependencies.settle(self.scenario, self.now)
        self.scheduling_pass()
        while blocked.tell(self.scenario, self.now):
            self.changed_at = self.now
            dependencies.settle(self.scenario, self.now)
            self.scheduling_pass()

    def ends(self) -> None:
        for attempt in self.scenario.active():
            if attempt.exits_at == self.now:
                ending.exits(self.scenario, attempt, self.now)
        for attempt in self.scenario.active():
            self.is_ended(attempt)

    def is_ended(self, attempt: Attempt) -> None:
        """By a timeout, by Fargate, by SIGKILL."""
        if attempt.times_out_at == self.now:
            ending.times_out(attempt, self.now)
        elif attempt.maintained_at == self.now:
            ending.is_maintained(self.scenario, attempt, self.now)
        elif attempt.stops_at == self.now:
            notices.stop(self.scenario, attempt, self.now)

    def notices(self) -> None:
        for reclaim in self.scenario.reclaims:
            if notices.notice_at(self.scenario, reclaim) == self.now:
                notices.tell(self.scenario, reclaim, self.now)
        for reclaim in self.scenario.reclaims:
            if reclaim.at == self.now:
                notices.strike(self.scenario, reclaim, self.now)

    def actions(self) -> None:
        for action in self.scenario.actions:
            if action.at == self.now:
                self.change(action) if isinstance(action, Change) else self.ask(action)

    def ask(self, request: Request) -> None:
        for job in self.scenario.jobs():
            if job.state and request.id in (job.id, job.call.id):
                ending.ask(self.scenario, job, request, self.now)

    def change(self, change: Change) -> None:
        for one in (*self.scenario.environments, *self.scenario.queues):
            if one.name == change.name and change.key == "state":
                one.enabled = change.value == "ENABLED"
            elif one.name == change.name:
                name = {"maxvCpus": "max_vcpus"}.get(change.key, change.key)
                setattr(one, name, change.value * 1000 if change.key == "maxvCpus" else change.value)

    def submissions(self) -> None:
        for call in self.scenario.calls:
            if call.at == self.now:
                self.submit(call)

    def submit(self, call: Call) -> None:
        """Refused by a queue that is DISABLED, or if what it depends on was."""
        refused = not call.queue.enabled or any(other.refused for _, other in call.depends_on)
        for job in call.jobs:
            job.state, job.created_at = ("NOT_SUBMITTED", None) if refused else ("PENDING", self.now)

    def scheduling_pass(self) -> None:
        if self.pass_at() == self.now:
            for bucket in self.buckets.values():
                bucket.is_awaited = False
            line.schedule(self.scenario, self.buckets, self.now)
            blocked.look(self.scenario, self.now)

    def pass_at(self) -> int:
        """The first multiple of the cycle from the last change on."""
        cycle = self.scenario.world.cycle
        return -(-self.changed_at // cycle) * cycle if cycle else self.changed_at

    # -- what is to come

    def changes(self) -> Iterator[int]:
        """The instants at which something is due that may let a job start."""
        yield from (each.at for each in (*self.scenario.calls, *self.scenario.actions, *self.scenario.reclaims))
        yield from (notices.notice_at(self.scenario, each) for each in self.scenario.reclaims)
        for each in self.scenario.active():
            yield from (each.exits_at, each.times_out_at, each.maintained_at, each.stops_at)
        yield from (job.retry_at for job in self.scenario.jobs())
        yield from (each.opens_at() for each in self.buckets.values() if each.is_awaited)
        yield from (each.held_until for each in self.scenario.environments)

    def rest(self) -> Iterator[int]:
        """The instants at which anything else is due."""
        yield from (each.running_at for each in self.scenario.active())
        yield from blocked.instants(self.scenario)
        yield from (self.pass_at(), self.scenario.until)
