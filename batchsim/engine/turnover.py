"""Turnover: ends of attempts worked off many at a time, up to the next event of SimPy's heap.

The fast twin of :meth:`Attempts.end` and what follows from it, for attempts that succeed: their jobs end, their room is
free, the next pass hands it over (``engine/handover.py``) or, where it is not calm, runs itself. Anything else stays
where it is, for the kernel to process one by one. ``Simulation(thorough=True)`` does without, and so does a run that is
stepped from decision to decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop

from batchsim.engine.attempts import Attempts
from batchsim.engine.calm import Calm, Line
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.drain import Drain
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.environment import Environment
from batchsim.engine.handover import Handover
from batchsim.engine.kernel import Kernel
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.engine.window import Window
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome

MOST_SKIPPED = 64
"""Calls at most, after some in vain."""
RETRIED_AFTER = 32
"""Where there was no window, one is tried again after so many ends."""

Hosts = defaultdict[int, dict[int, None]]
"""Instances on which room came free, each once, by environment."""


def _nowhere() -> Hosts:
    return defaultdict(dict)


@dataclass(slots=True)
class Stretch:
    """What one call works off."""

    before: int
    """The key up to which ends come before the next event of the heap."""
    ended: int = 0
    now: int = NEVER
    """The clock behind it, NEVER if nothing was worked off."""
    pass_at: int = NEVER
    """When the pass is due that follows what ended."""
    freed: Hosts = field(default_factory=_nowhere)
    """Where room came free for that pass ..."""
    passed: Hosts = field(default_factory=_nowhere)
    """... and where it did for those before it."""

    def reaches_pass(self) -> bool:
        """Whether the pass that is due comes before the next event of the heap, whatever rank that has."""
        return self.pass_at != NEVER and self.pass_at + 1 < self.before >> KEY_BITS


class Turnover:
    """Called by the kernel when an end comes next."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        environments: Sequence[Environment],
        lifecycle: Lifecycle,
        submit_job: SubmitJob,
        dependencies: Dependencies,
        scheduler: Scheduler,
        scale_in: ScaleIn,
        drain: Drain,
        calm: Calm,
        handover: Handover,
        window: Window,
        is_stepping: Callable[[], bool],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._environments = environments
        self._lifecycle = lifecycle
        self._submit_job = submit_job
        self._dependencies = dependencies
        self._scheduler = scheduler
        self._scale_in = scale_in
        self._drain = drain
        self._calm = calm
        self._handover = handover
        self._window = window
        self._is_stepping = is_stepping
        self._end_some = worker(self)
        self._skipped = self._to_skip = 0
        self._line: Line | None = None
        """Who waits, in the present stretch; None where it is not calm, or nobody has asked yet."""
        self._was_asked = False

    def __call__(self, before: int) -> None:
        """Work off ends whose key is below ``before``, as far as it goes."""
        if self._skipped < self._to_skip:
            self._skipped += 1
            return
        self._skipped = 0
        if self._attempts.stopping or self._is_stepping():
            return
        stretch = Stretch(before)
        self._line, self._was_asked = None, False
        self._work_off(stretch)
        self._hand_back(stretch)
        self._to_skip = 0 if stretch.ended else min(2 * self._to_skip + 1, MOST_SKIPPED)

    def _work_off(self, stretch: Stretch) -> None:
        """Ends and passes by turns; hundreds of both at once where that can be."""
        again, is_worth_a_look = 0, self._window.is_worth_a_look
        while True:
            if stretch.pass_at == NEVER and stretch.ended >= again and is_worth_a_look(self._kernel.ends_beyond()):
                again = stretch.ended + RETRIED_AFTER
                if self._takes_window(stretch):
                    again = stretch.ended
                    continue
            if not self._end_some(stretch) or not self._is_calm() or not self._passes(stretch):
                return

    def _is_calm(self) -> bool:
        """Ask once a stretch, and only where a pass comes: what ends changes nothing of the answer."""
        if not self._was_asked:
            self._was_asked, self._line = True, self._calm.line()
            if self._line is not None:
                self._handover.take_up(self._line)
        return self._line is not None

    def _takes_window(self, stretch: Stretch) -> bool:
        """Work off a window of ends, if there is one; it may go beyond a look for surplus that finds none."""
        if not self._is_calm() or self._line is None or self._line.environment is None:
            return False
        environment, kernel = self._line.environment, self._kernel
        looks_away = self._drain.finds_nothing(environment, self._handover.started_vcpus)
        look_at = self._drain.look_away() if looks_away else NEVER
        many, clock, hosts = self._window.work_off(min(kernel.ends_before(), kernel.last) - kernel.ends.base)
        if looks_away:
            self._drain.look_back(environment, look_at, clock if many else look_at)
            stretch.before = min(kernel.ends_before(), kernel.last)
        if many:
            stretch.ended, stretch.now = stretch.ended + many, clock
            kernel.ends.pending -= many
            stretch.passed[environment.position].update(dict.fromkeys(hosts))
        return many > 0

    def _passes(self, stretch: Stretch) -> bool:
        """Hand over what came free; False where the pass itself must look, or go on."""
        assert self._line is not None
        queue, freed = self._line.queue, stretch.freed
        goes_on = True
        if queue is not None:
            own, *others = queue.environments
            if any(place in freed for place in others):
                return False
            stretch.now = self._kernel.now_ms = stretch.pass_at
            goes_on = own not in freed or self._handover.run_pass(list(freed[own]), stretch.pass_at)
        for place, hosts in freed.items():
            stretch.passed[place].update(hosts)
        freed.clear()
        if goes_on:
            stretch.now, stretch.pass_at = stretch.pass_at, NEVER
        return goes_on

    def end_whole(self, submission: int) -> None:
        """The last job of a call ended: it succeeded."""
        self._lifecycle.end_submission(submission, JobState.SUCCEEDED, EXITED)
        self._submit_job.ended(submission)

    def _hand_back(self, stretch: Stretch) -> None:
        """Leave everything as the plain way would have."""
        self._submit_job.live_jobs -= stretch.ended
        if self._line is not None:
            self._handover.leave()
        for changed in (stretch.passed, stretch.freed):
            self._list_anew(changed, pass_is_due=stretch.pass_at != NEVER)
        if stretch.now != NEVER:
            self._kernel.set_clock(stretch.now)
        if stretch.pass_at != NEVER:
            self._scheduler.request_pass()

    def _list_anew(self, changed: Hosts, *, pass_is_due: bool) -> None:
        for position, rows in changed.items():
            environment = self._environments[position]
            assert isinstance(environment, Ec2Environment)
            environment.fleet.have_changed(rows)
            environment.touched = environment.touched or pass_is_due


def worker(self: Turnover) -> Callable[[Stretch], bool]:  # noqa: C901, PLR0915 (columns by name, for a loop)
    """Return the loop over ends. It is one function, and looks nothing up twice: each call costs a job's 5 %."""
    kernel, tables, attempts, ends = self._kernel, self._tables, self._attempts, self._kernel.ends
    environments = {each.position: each for each in self._environments if isinstance(each, Ec2Environment)}
    jobs, table, instances, submissions = tables.jobs, tables.attempts, tables.instances, tables.submissions
    outcome_of, ended_at, job_of = table.outcome, table.ended_at, table.job
    host_of, place_of = table.instance, table.environment
    submission_of, left, shape_of, shapes = jobs.submission, submissions.left, submissions.shape, tables.shapes
    state_of, reason_of, job_ended_at, row_of = jobs.state, jobs.status_reason, jobs.ended_at, jobs.attempt_row
    free_vcpus, free_mib, free_gpus = instances.free_vcpus, instances.free_mib, instances.free_gpus
    whole = instances.vcpus
    courses, dependencies, end_whole = attempts.courses.open, self._dependencies, self.end_whole
    is_followed = dependencies.is_followed
    grid_ms, has_succeeded, has_exited = self._scheduler.cycle_ms, int(JobState.SUCCEEDED), int(Outcome.SUCCEEDED)

    def fell_idle(environment: Ec2Environment, host: int, at_ms: int) -> None:
        environment.idle_since.setdefault(host, at_ms)
        self._scale_in.watch(environment, host)

    def end_some(stretch: Stretch) -> bool:  # noqa: C901, PLR0912, PLR0915 (the engine's hottest loop)
        """Work off ends up to the next pass; return whether that comes next."""
        late, today, base, freed = ends.late, ends.due, ends.base, stretch.freed
        before, pass_at, ended, at = stretch.before, stretch.pass_at, 0, stretch.now
        until = (before if pass_at == NEVER else min(before, pass_at + 1 << KEY_BITS)) - base
        is_odd, has_followers = False, dependencies.has_followers
        while True:
            if not today:
                if not late and not ends.turn_page():
                    break
                until += base - ends.base
                today, base = ends.due, ends.base
            is_late = late and (not today or late[0] < today[-1])
            key = late[0] if is_late else today[-1]
            if key >= until:
                break
            row = (key & TURN_MASK) >> 1
            is_odd = True
            if not key & 1:
                break
            if ended_at[row] != NEVER:
                if not kernel.is_lively(ended):
                    break
                if is_late:
                    heappop(late)
                else:
                    today.pop()
                ends.pending -= 1
                kernel.background -= 1
                is_odd = False
                continue
            course = courses.get(row) if courses else None
            if outcome_of[row] != has_exited or (course is not None and course.plan):
                break
            job, host, place = job_of[row], host_of[row], place_of[row]
            submission = submission_of[job]
            if host < 0 or (has_followers and is_followed(submission)):
                break
            is_odd = False
            if is_late:
                heappop(late)
            else:
                today.pop()
            at = (base + key) >> KEY_BITS
            if course is not None:
                attempts.courses.close(row, at, ran=True)
            ended += 1
            ended_at[row] = job_ended_at[job] = at
            state_of[job], reason_of[job], row_of[job] = has_succeeded, EXITED, NEVER
            environment, want = environments[place], shapes[shape_of[submission]]
            environment.held_vcpus -= want[1]
            free_vcpus[host] += want[1]
            free_mib[host] += want[2]
            if want[3]:
                free_gpus[host] += want[3]
            freed[place][host] = None
            left[submission] -= 1
            is_empty = free_vcpus[host] == whole[host] or (environment.draining and environment.is_empty(host))
            if is_empty or not left[submission]:
                kernel.now_ms = at
                if not left[submission]:
                    end_whole(submission)
                if is_empty:
                    fell_idle(environment, host, at)
                before = min(before, kernel.ends_before())
                until = min(until, before - base)
            if pass_at == NEVER:
                pass_at = -(-at // grid_ms) * grid_ms if grid_ms else at
                until = min(until, (pass_at + 1 << KEY_BITS) - base)
        ends.pending -= ended
        stretch.before, stretch.pass_at, stretch.now = before, pass_at, at
        stretch.ended += ended
        return not is_odd and stretch.reaches_pass() and kernel.is_lively(0)

    return end_some
