"""Turnover of Fargate tasks: ends worked off many at a time, and what they free handed to the next in line.

The fast twin, where all environments are Fargate's, of :meth:`Attempts.end`, of the pass after it, and of
:meth:`FargateEnvironment.place`. Tasks share nothing, so that all a head asks is how many vCPUs maxvCpus leaves. It
runs where at most one queue waits, for one environment; anything else stays where it is, for the kernel to process
one by one. ``Simulation(thorough=True)`` does without, and so does a run that is stepped from decision to decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from batchsim.engine.attempts import Attempts
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.plan import EntryRun
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.tables import Tables
from batchsim.engine.task_window import TaskLine, TaskWindow
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.vocabulary import EXITED
from batchsim.engine.workload.progress import SPEED_1
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome, WaitReason

SHORT = 4
"""Stretches of fewer ends do not pay for the look at whether it is calm."""
MOST_SKIPPED = 64
RETRIED_AFTER = 64
"""Where there was no window, one is tried again after so many ends."""


class TaskTurnover:
    """Called by the kernel when an end comes next."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        environments: Sequence[FargateEnvironment],
        queues: Sequence[JobQueue],
        lifecycle: Lifecycle,
        submit_job: SubmitJob,
        dependencies: Dependencies,
        scheduler: Scheduler,
        timeline: HeadTimeline,
        is_stepping: Callable[[], bool],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._environments = environments
        self._queues = queues
        self._lifecycle = lifecycle
        self._submit_job = submit_job
        self._dependencies = dependencies
        self._scheduler = scheduler
        self._timeline = timeline
        self._is_stepping = is_stepping
        self._open = opener(tables, kernel)
        self._window = TaskWindow(kernel, tables, dependencies, attempts.courses, scheduler.cycle_ms)
        self._work_off = worker(self)
        for environment in environments:
            environment.fill = partial(self._fill, environment)
        self._skipped = self._to_skip = 0
        self._queue: JobQueue | None = None
        self._environment: FargateEnvironment | None = None
        self._low = self._high = self._first = self._milli = 0
        """The head run: its next job, the one behind its last, the first when it was taken up, and what each takes."""

    def __call__(self, before: int) -> None:
        """Work off ends whose key is below ``before``, as far as it goes."""
        if self._skipped < self._to_skip:
            self._skipped += 1
            return
        self._skipped = 0
        ended = self._work_off(before) if self._is_calm() else 0
        self._to_skip = 0 if ended >= SHORT else min(2 * self._to_skip + 1, MOST_SKIPPED)

    # -- who waits

    def _is_calm(self) -> bool:
        """Whether a pass can do no more than start tasks of the one queue that waits; take up its head."""
        self._queue = self._environment = None
        touched = [*(each.touched for each in self._environments), *(each.touched for each in self._queues)]
        if any(touched) or not self._scheduler.is_at_rest or self._attempts.stopping or self._is_stepping():
            return False
        waiting = [queue for queue in self._queues if queue.waiting]
        return not waiting or (len(waiting) == 1 and self._waits_for_tasks(waiting[0]))

    def _waits_for_tasks(self, queue: JobQueue) -> bool:
        """Whether the head waits for the vCPUs of its one environment: ends free them, so that nobody is told of it."""
        environment = self._environments[queue.environments[0]]
        if not queue.is_plain or len(queue.environments) > 1 or not environment.is_simple:
            return False
        head, reason = queue.head(), self._timeline.reason(queue.position)
        if head is None or reason != WaitReason.MAX_VCPUS:
            return False
        self._queue, self._environment = queue, environment
        return self._take_up(*head)

    def _take_up(self, low: int, high: int) -> bool:
        """Begin with a head run; False where its jobs do not start here at all."""
        assert self._environment is not None
        self._low, self._first, self._high = low, low, high
        self._milli = self._tables.shape(low).vcpus_milli
        return self._environment.takes(self._tables.shape_code(low))

    # -- passes

    def run_pass(self, at_ms: int) -> bool:
        """A pass: start tasks from the head on; False where the pass itself must go on."""
        environment = self._environment
        if environment is None:
            return True
        bucket = environment.account.bucket
        while count := min(self._high - self._low, environment.room_milli() // self._milli):
            if bucket.tokens(at_ms) < count:
                return False
            bucket.take(count)
            environment.use(count * self._milli)
            self._start(self._low, self._low + count)
            self._low += count
            if self._low == self._high and not self._next_run():
                return False
        return True

    def run_window(self, before: int) -> tuple[int, int]:
        """Work off many ends below a key together, with their passes: (how many, the clock); (0, NEVER) for none."""
        environment = self._environment
        if environment is None or not self._is_ordinary(environment, self._low):
            return 0, NEVER
        line = TaskLine(environment, self._low, self._high, self._milli)
        ended, started, clock = self._window.work_off(before, line)
        self._low += started
        return ended, clock

    def _is_ordinary(self, environment: FargateEnvironment, job: int) -> bool:
        """Whether first attempts of a job's entry end by themselves, for all that is known of it."""
        entry = self._tables.entry(job)
        ordinary = entry.course is None and entry.start_failures is None and not self._tables.revised
        return ordinary and environment.speed_pico(job) == SPEED_1

    def _start(self, low: int, high: int) -> None:
        environment, entry = self._environment, self._tables.entry(low)
        assert environment is not None
        for job in range(self._fill(environment, low, high), high):
            environment.start(job, entry)

    def _fill(self, environment: FargateEnvironment, low: int, high: int) -> int:
        """Open first attempts of a run in an environment; return the first job that is out of the ordinary."""
        if not environment.is_simple or not self._is_ordinary(environment, low):
            return low
        return self._open(low, high, environment.position, self._tables.entry(low))

    def _next_run(self) -> bool:
        """Go on to the next run in line; False where there is none, or one that does not start here."""
        assert self._queue is not None
        self.leave()
        head = self._queue.head()
        if head is not None and self._take_up(*head):
            return True
        self._queue.touched = True
        return False

    def leave(self) -> None:
        """Let the queue know what was taken of its head run."""
        if self._queue is not None and self._low > self._first:
            self._queue.take(self._low - self._first)
            self._queue.touched = False
            self._first = self._low

    # -- ends

    def end_whole(self, submission: int) -> None:
        """The last job of a call ended: it succeeded."""
        self._lifecycle.end_submission(submission, JobState.SUCCEEDED, EXITED)
        self._submit_job.ended(submission)

    def hand_back(self, at_ms: int, ended: int, freed: set[int]) -> None:
        """Leave everything as the plain way would have; ``freed``: environments that no pass has looked at since."""
        self._submit_job.live_jobs -= ended
        is_touched = self._queue is not None and self._queue.touched
        self.leave()
        if self._queue is not None:
            self._queue.touched = is_touched
        if ended:
            self._kernel.set_clock(at_ms)
        for position in sorted(freed):
            self._environments[position].touched = True
        if freed:
            self._scheduler.request_pass()


def worker(self: TaskTurnover) -> Callable[[int], int]:  # noqa: C901, PLR0915 (with its loop)
    """Return the loop over ends: one function that looks nothing up twice, as each call it makes costs a job's 5 %."""
    kernel, tables, ends, environments = self._kernel, self._tables, self._kernel.ends, self._environments
    jobs, table, submissions, shapes = tables.jobs, tables.attempts, tables.submissions, tables.shapes
    outcome_of, ended_at, job_of, place_of = table.outcome, table.ended_at, table.job, table.environment
    submission_of, left, shape_of = jobs.submission, submissions.left, submissions.shape
    state_of, reason_of, job_ended_at, row_of = jobs.state, jobs.status_reason, jobs.ended_at, jobs.attempt_row
    courses, is_followed = self._attempts.courses.open, self._dependencies.is_followed
    grid_ms, has_succeeded, has_exited = self._scheduler.cycle_ms, int(JobState.SUCCEEDED), int(Outcome.SUCCEEDED)

    def is_plain(key: int, row: int) -> bool:
        """Whether all that an end does is to let a job succeed that nobody waits for."""
        if not key & 1 or ended_at[row] != NEVER or outcome_of[row] != has_exited or (courses and row in courses):
            return False
        return not is_followed(submission_of[job_of[row]])

    def work_off(before: int) -> int:
        freed: set[int] = set()
        ended, now, pass_at, again = 0, NEVER, NEVER, 0
        while (key := ends.first()) < before:
            if ended >= again and pass_at == NEVER:
                many, clock = self.run_window(before)
                again = ended + (many or RETRIED_AFTER)
                if many:
                    ended, now = ended + many, clock
                    continue
            row, at = (key & TURN_MASK) >> 1, key >> KEY_BITS
            if pass_at != NEVER and at > pass_at:
                now = kernel.now_ms = pass_at
                if not self.run_pass(pass_at):
                    break
                freed.clear()
                pass_at = NEVER
                continue
            if not is_plain(key, row):
                break
            ends.pop()
            job = job_of[row]
            submission, place = submission_of[job], place_of[row]
            ended, now = ended + 1, at
            ended_at[row] = job_ended_at[job] = at
            state_of[job], reason_of[job], row_of[job] = has_succeeded, EXITED, NEVER
            environments[place].use(-shapes[shape_of[submission]].vcpus_milli)
            freed.add(place)
            left[submission] -= 1
            if not left[submission]:
                kernel.now_ms = at
                self.end_whole(submission)
                before = min(before, kernel.ends_before())
            if pass_at == NEVER:
                pass_at = -(-at // grid_ms) * grid_ms if grid_ms else at
        self.hand_back(now, ended, freed)
        return ended

    return work_off


def opener(tables: Tables, kernel: Kernel) -> Callable[[int, int, int, EntryRun], int]:
    """Return the loop that opens first attempts of tasks; columns are looked up once for all of them."""
    jobs, table, put = tables.jobs, tables.attempts, kernel.ends.put
    run_of, code_of, reason_of, number_of = jobs.run, jobs.exit_code, jobs.fail_reason, jobs.attempts
    row_of, state_of, waiting_since = jobs.attempt_row, jobs.state, jobs.waiting_since
    add_job, add_attempt, add_instance = table.job.append, table.attempt.append, table.instance.append
    add_environment, add_runnable = table.environment.append, table.runnable_at.append
    add_starting, add_pull, add_pulled = table.starting_at.append, table.pull_at.append, table.pulled_at.append
    add_running, add_ended, add_outcome = table.running_at.append, table.ended_at.append, table.outcome.append
    add_status, add_reason, add_code = (
        table.status_reason.append,
        table.container_reason.append,
        table.exit_code.append,
    )
    attempt_jobs = table.job
    starting, succeeded, failed = int(JobState.STARTING), int(Outcome.SUCCEEDED), int(Outcome.FAILED)

    def fill(low: int, high: int, environment: int, entry: EntryRun) -> int:
        """Open the attempts of jobs ``low`` to ``high - 1``; return the first that is not ordinary."""
        now, limit_ms, first, row = kernel.now_ms, entry.limit_ms, entry.first_job, len(attempt_jobs)
        provision_ms, fixed_ms, pull_ms = entry.provision.one_ms, entry.pull, entry.task_pulls.one_ms
        for job in range(low, high):
            run_ms = run_of[job]
            if number_of[job] or (run_ms > limit_ms and limit_ms != NEVER):
                return job
            pull_at = now + provision_ms(job - first)
            running_at = pull_at + (pull_ms(job - first, 1) if fixed_ms is None else fixed_ms.fargate_ms)
            code = code_of[job]
            add_job(job)
            add_attempt(1)
            add_instance(NEVER)
            add_environment(environment)
            add_runnable(waiting_since[job])
            add_starting(now)
            add_pull(pull_at)
            add_pulled(running_at)
            add_running(running_at)
            add_ended(NEVER)
            add_outcome(failed if code else succeeded)
            add_status(EXITED)
            add_reason(reason_of[job])
            add_code(code)
            number_of[job], row_of[job], state_of[job], waiting_since[job] = 1, row, starting, NEVER
            put(running_at + run_ms << KEY_BITS | row << 1 | 1)
            row += 1
        return high

    return fill
