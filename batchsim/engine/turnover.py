"""Turnover: ends of attempts worked off many at a time, up to the next event of SimPy's heap.

The fast twin of :meth:`Attempts.end` and what follows from it, for attempts that succeed: their jobs end, their room is
free, the next pass hands it over (``engine/handover.py``) or, where it is not calm, runs itself. Anything else stays
where it is, for the kernel to process one by one. ``Simulation(thorough=True)`` does without, and so does a run that is
stepped from decision to decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from heapq import heappop

from batchsim.engine.attempts import Attempts
from batchsim.engine.calm import Calm, Line
from batchsim.engine.dependencies import Dependencies
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

SHORT = 4
"""Stretches of fewer ends do not pay for the look at whether it is calm."""
MOST_SKIPPED = 64
RETRIED_AFTER = 32
"""Where there was no window, one is tried again after so many ends."""


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
        self._calm = calm
        self._handover = handover
        self._window = window
        self._is_stepping = is_stepping
        self._work_off = worker(self)
        self._skipped = self._to_skip = 0

    def __call__(self, before: int) -> None:
        """Work off ends whose key is below ``before``, as far as it goes."""
        if self._skipped < self._to_skip:
            self._skipped += 1
            return
        self._skipped = 0
        if self._attempts.stopping or self._is_stepping():
            return
        line = self._calm.line()
        if line is not None:
            self._handover.take_up(line)
        ended = self._work_off(before, line)
        self._to_skip = 0 if ended >= SHORT else min(2 * self._to_skip + 1, MOST_SKIPPED)

    def end_whole(self, submission: int) -> None:
        """The last job of a call ended: it succeeded."""
        self._lifecycle.end_submission(submission, JobState.SUCCEEDED, EXITED)
        self._submit_job.ended(submission)

    def hand_back(self, at_ms: int, ended: int, changed: dict[int, dict[int, None]], *, pass_is_due: bool) -> None:
        """Leave everything as the plain way would have; ``changed``: instances whose room did, by environment."""
        kernel, environments = self._kernel, self._environments
        kernel.ends.pending -= ended
        self._submit_job.live_jobs -= ended
        self._handover.leave()
        for position, rows in changed.items():
            environment = environments[position]
            assert isinstance(environment, Ec2Environment)
            environment.fleet.have_changed(rows)
            environment.touched = environment.touched or pass_is_due
        if ended:
            kernel.set_clock(at_ms)
        if pass_is_due:
            self._scheduler.request_pass()


def worker(self: Turnover) -> Callable[[int, Line | None], int]:  # noqa: C901, PLR0915 (with its loop)
    """Return the loop over ends. It is one function, and looks nothing up twice: each call costs a job's 5 %."""
    kernel, tables, attempts, ends = self._kernel, self._tables, self._attempts, self._kernel.ends
    handover, scale_in = self._handover, self._scale_in
    environments = {each.position: each for each in self._environments if isinstance(each, Ec2Environment)}
    jobs, table, instances, submissions = tables.jobs, tables.attempts, tables.instances, tables.submissions
    outcome_of, ended_at, job_of, host_of, place_of = (
        table.outcome,
        table.ended_at,
        table.job,
        table.instance,
        table.environment,
    )
    submission_of, left, shape_of, shapes = jobs.submission, submissions.left, submissions.shape, tables.shapes
    state_of, reason_of, job_ended_at, row_of = jobs.state, jobs.status_reason, jobs.ended_at, jobs.attempt_row
    free_vcpus, free_mib, free_gpus, whole = (
        instances.free_vcpus,
        instances.free_mib,
        instances.free_gpus,
        instances.vcpus,
    )
    window = self._window
    courses, is_followed, end_whole = attempts.courses.open, self._dependencies.is_followed, self.end_whole
    grid_ms, has_succeeded, has_exited = self._scheduler.cycle_ms, int(JobState.SUCCEEDED), int(Outcome.SUCCEEDED)

    def work_off(before: int, line: Line | None) -> int:  # noqa: C901, PLR0912, PLR0915 (the engine's hottest loop)
        queue, own = (None, NEVER) if line is None or line.queue is None else (line.queue, line.queue.environments[0])
        is_calm = line is not None
        late, today, day_ms, until = ends.late, ends.today, ends.base >> KEY_BITS, before - ends.base
        freed: list[int] = []
        changed: defaultdict[int, dict[int, None]] = defaultdict(dict)
        ended, now, pass_at, again = 0, NEVER, NEVER, 0
        while True:
            if ended >= again and pass_at == NEVER and is_calm and queue is not None:
                again = ended + RETRIED_AFTER
                many, clock, hosts = window.work_off(until)
                if many:
                    again = ended + many
                    ended, now = ended + many, clock
                    changed[own].update(dict.fromkeys(hosts))
                    continue
            if not today:
                if not late and not ends.turn_page():
                    break
                again = ended
                today, day_ms, until = ends.today, ends.base >> KEY_BITS, before - ends.base
            key = late[0] if late and (not today or late[0] < today[-1]) else today[-1]
            row = (key & TURN_MASK) >> 1
            if key >= until or not key & 1:
                break
            if ended_at[row] != NEVER:
                if not kernel.is_lively(ended):
                    break
                if late and key == late[0]:
                    heappop(late)
                else:
                    today.pop()
                ends.pending -= 1
                kernel.background -= 1
                continue
            at = day_ms + (key >> KEY_BITS)
            if pass_at != NEVER and at > pass_at:
                if not is_calm:
                    break
                now = kernel.now_ms = pass_at
                if freed:
                    is_calm = handover.run_pass(freed, pass_at)
                    freed.clear()
                    if not is_calm:
                        break
                pass_at = NEVER
                continue
            course = courses.get(row) if courses else None
            if outcome_of[row] != has_exited or (course is not None and course.plan):
                break
            job, host, place = job_of[row], host_of[row], place_of[row]
            submission = submission_of[job]
            if host < 0 or is_followed(submission):
                break
            if late and key == late[0]:
                heappop(late)
            else:
                today.pop()
            if course is not None:
                attempts.courses.close(row, at, ran=True)
            ended, now = ended + 1, at
            ended_at[row] = job_ended_at[job] = at
            state_of[job], reason_of[job], row_of[job] = has_succeeded, EXITED, NEVER
            environment, want = environments[place], shapes[shape_of[submission]]
            environment.held_vcpus -= want[1]
            free_vcpus[host] += want[1]
            free_mib[host] += want[2]
            if want[3]:
                free_gpus[host] += want[3]
            changed[place][host] = None
            if place == own:
                freed.append(host)
            elif queue is not None and place in queue.environments:
                is_calm = False
            left[submission] -= 1
            is_empty = free_vcpus[host] == whole[host] or (environment.draining and environment.is_empty(host))
            if is_empty or not left[submission]:
                kernel.now_ms = at
                if not left[submission]:
                    end_whole(submission)
                if is_empty:
                    environment.idle_since.setdefault(host, at)
                    scale_in.watch(environment, host)
                before = min(before, kernel.ends_before())
                until = before - ends.base
            if pass_at == NEVER:
                pass_at = -(-at // grid_ms) * grid_ms if grid_ms else at
        self.hand_back(now, ended, changed, pass_is_due=pass_at != NEVER)
        return ended

    return work_off
