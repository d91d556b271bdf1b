"""Handing over: room that ended attempts gave back goes to the jobs next in line, many at a time.

The fast twin of a pass where it is calm (``engine/calm.py``): :meth:`Ec2Environment.place` and
:meth:`Attempts.open`, written as one loop over columns. Whatever is out of the ordinary is opened there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.calm import Line
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ends import DAY_BITS, DAY_MASK, KEY_BITS, Ends
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import EntryRun, Shape
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.engine.workload.progress import SPEED_1
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import JobState, Outcome


class Handover:
    """The head of one line, and what its run of equal jobs has in common."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        images: ImageCache,
        became_head: Callable[[int, int, int], None],
    ) -> None:
        """``became_head(queue, environment, job)`` hears, at its time, of the head that a stretch of calm leaves."""
        self._became_head = became_head
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._images = images
        self.fill_columns = filler(tables, kernel.ends)
        """As :meth:`fill`, without a look at what is ordinary in the entry, the instance and the revision."""
        self.queue: JobQueue | None = None
        self.environment: Ec2Environment | None = None
        self._came_at_ms = NEVER
        """When its next job became the head, NEVER if it has been so all the time."""
        self._want = Shape(0, 0, 0, 0, None, 0)
        self._low = self._high = self._first = 0
        """The head run: its next job, the one behind its last, and the one that was its first when it was taken up."""

    @property
    def low(self) -> int:
        """The next job in line."""
        return self._low

    @property
    def high(self) -> int:
        """The job behind the last of the head run."""
        return self._high

    @property
    def vcpus(self) -> int:
        """What each of them asks for."""
        return self._want.vcpus

    @property
    def memory_mib(self) -> int:
        """What each of them asks for."""
        return self._want.memory_mib

    @property
    def started_vcpus(self) -> int:
        """What those asked for that were started, of which the queue does not know yet."""
        return (self._low - self._first) * self._want.vcpus

    def move_on(self, jobs: int, at_ms: int) -> None:
        """So many jobs of the head run were started, the last of them at an instant; another one is the head."""
        self._low += jobs
        self._came_at_ms = at_ms

    def take_up(self, line: Line) -> None:
        """Begin with the head of a line."""
        self.queue, self.environment = line
        if self.queue is not None:
            head = self.queue.head()
            assert head is not None
            self._take_up(*head)

    def _take_up(self, low: int, high: int) -> None:
        self._low, self._first, self._high = low, low, high
        self._want = self._tables.shape(low)

    def leave(self) -> None:
        """Let the queue know what was taken of its head run."""
        if self.queue is None or self._low == self._first:
            return
        self.queue.take(self._low - self._first)
        self.queue.touched = False
        self._first = self._low
        if self._low < self._high:
            assert self.environment is not None
            self._kernel.now_ms = self._came_at_ms
            self._became_head(self.queue.position, self.environment.position, self._low)

    def run_pass(self, freed: list[int], at_ms: int) -> bool:
        """A pass: start jobs on these instances, the best fit first; False where the pass itself must go on.

        What was started until then is started; for the rest the plain pass looks at everything anew.
        """
        environment, want = self.environment, self._want
        assert environment is not None
        instances = self._tables.instances
        free_vcpus, free_mib, vcpus, mib = instances.free_vcpus, instances.free_mib, want.vcpus, want.memory_mib
        found = [row for row in freed if free_vcpus[row] >= vcpus and free_mib[row] >= mib]
        if not found:
            return True
        if len(found) > 1:
            found = [key[2] for key in sorted({(free_vcpus[row], free_mib[row], row) for row in found})]
        if not environment.held_vcpus:
            return False
        self._came_at_ms = at_ms
        for row in found:
            if row in environment.closed:
                continue
            room = min(free_vcpus[row] // vcpus, free_mib[row] // mib if mib else MANY)
            while room:
                low = self._low
                count = min(room, self._high - low)
                self._start(low, low + count, row, at_ms)
                room -= count
                self._low = low + count
                if self._low == self._high and not self._next_run():
                    return False
        return True

    def _next_run(self) -> bool:
        """Go on to the next run in line; False where there is none, or one of another shape."""
        assert self.queue is not None
        self.leave()
        head, want = self.queue.head(), self._want
        if head is None or self._tables.shape(head[0]) != want:
            self.queue.touched = True
            return False
        self._take_up(*head)
        return True

    def _start(self, low: int, high: int, row: int, at_ms: int) -> None:
        """Start equal jobs on one instance."""
        environment, tables, want, count = self.environment, self._tables, self._want, high - low
        assert environment is not None
        instances, entry = tables.instances, tables.entry(low)
        environment.held_vcpus += want.vcpus * count
        instances.free_vcpus[row] -= want.vcpus * count
        instances.free_mib[row] -= want.memory_mib * count
        environment.idle_since.pop(row, None)
        image = tables.submissions.image[tables.jobs.submission[low]]
        pulled_at = self._pulled_at(image, row, entry, at_ms)
        start = Start(row, environment.position, at_ms, pulled_at, instances.speed_pico[row])
        low = self.fill(low, high, start, entry)
        if low < high:
            self._kernel.now_ms = at_ms
            self._open(low, high, start, entry)

    def fill(self, low: int, high: int, start: Start, entry: EntryRun) -> int:
        """Open ordinary first attempts of a run on one instance; return the first job that is left."""
        if not is_ordinary(entry) or self._tables.revised or start.speed_pico != SPEED_1:
            return low
        self._attempts.courses.implies |= entry.course is not None
        return self.fill_columns(
            low, high, start.instance, start.environment, entry, start.pull_at_ms, start.pulled_at_ms
        )

    def _open(self, low: int, high: int, start: Start, entry: EntryRun) -> None:
        """The plain way."""
        attempts = self._tables.jobs.attempts
        for job in range(low, high):
            warm_ms = entry.warm_start.one_ms(job - entry.first_job, attempts[job] + 1)
            self._attempts.open(job, start, warm_ms)

    def _pulled_at(self, image: int, row: int, entry: EntryRun, at_ms: int) -> int:
        environment = self.environment
        assert environment is not None
        found = self._images.pulled(image, row)
        if found is not None and found <= at_ms and not self._images.hit_ms:
            return at_ms
        key = HostKey(environment.plan.key(), self._tables.instances.ordinal[row], environment.position)
        return self._images.ready_at(image, row, key, entry.pull, at_ms)


MANY = 1 << 30


def is_ordinary(entry: EntryRun) -> bool:
    """Whether first attempts of an entry end by themselves, for all that is known of it."""
    return entry.start_failures is None


def lasting_ms(run_ms: Ints, entry: EntryRun) -> Ints:
    """How long first attempts run at speed 1, checkpoints included (:meth:`Stretch.length_ms`), shape (jobs,)."""
    if entry.course is None:
        return run_ms
    rule = entry.course.checkpoint
    return np.asarray(run_ms + np.maximum(run_ms - 1, 0) // rule.every_ms * rule.cost_ms)


def filler(tables: Tables, ends: Ends) -> Callable[..., int]:  # noqa: PLR0915 (columns by name, for a loop)
    """Return the loop that opens first attempts: columns are looked up once, not in each of a million calls."""
    jobs, table = tables.jobs, tables.attempts
    latest, add_before = tables.instances.residents.latest, tables.instances.residents.before.append
    run_of, code_of, reason_of, number_of = jobs.run, jobs.exit_code, jobs.fail_reason, jobs.attempts
    row_of, state_of, waiting_since = jobs.attempt_row, jobs.state, jobs.waiting_since
    attempt_jobs, days = table.job, ends.days
    add_job, add_attempt, add_instance = table.job.append, table.attempt.append, table.instance.append
    add_environment, add_runnable, add_starting = (
        table.environment.append,
        table.runnable_at.append,
        table.starting_at.append,
    )
    add_pull, add_pulled, add_running = table.pull_at.append, table.pulled_at.append, table.running_at.append
    add_ended, add_outcome, add_status = table.ended_at.append, table.outcome.append, table.status_reason.append
    add_reason, add_code = table.container_reason.append, table.exit_code.append
    starting, succeeded, failed = int(JobState.STARTING), int(Outcome.SUCCEEDED), int(Outcome.FAILED)

    def fill(low: int, high: int, host: int, environment: int, entry: EntryRun, at_ms: int, pulled_at: int) -> int:
        """Open the attempts of jobs ``low`` to ``high - 1`` on an instance; return the first that is not ordinary."""
        warm_ms, limit_ms, first = entry.warm_start.one_ms, entry.limit_ms, entry.first_job
        every_ms, cost_ms = (
            (0, 0) if entry.course is None else (entry.course.checkpoint.every_ms, entry.course.checkpoint.cost_ms)
        )
        row = len(attempt_jobs)
        for job in range(low, high):
            run_ms = run_of[job]
            if cost_ms and run_ms:
                run_ms += (run_ms - 1) // every_ms * cost_ms
            if number_of[job] or (run_ms > limit_ms and limit_ms != NEVER):
                return job
            running_at = pulled_at + warm_ms(job - first)
            code = code_of[job]
            add_job(job)
            add_attempt(1)
            add_instance(host)
            add_environment(environment)
            add_runnable(waiting_since[job])
            add_starting(at_ms)
            add_pull(at_ms)
            add_pulled(pulled_at)
            add_running(running_at)
            add_ended(NEVER)
            add_outcome(failed if code else succeeded)
            add_status(EXITED)
            add_reason(reason_of[job])
            add_code(code)
            number_of[job] = 1
            row_of[job] = row
            state_of[job] = starting
            waiting_since[job] = NEVER
            add_before(latest[host])
            latest[host] = row
            key = running_at + run_ms << KEY_BITS | row << 1 | 1
            day = key >> DAY_BITS
            if day in days:
                days[day].append(key & DAY_MASK)
                ends.pending += 1
            else:
                ends.put(key)
            row += 1
        return high

    return fill
