"""Flow: arrivals, ends of attempts and passes worked off in one loop, as long as nothing else comes between them.

The fast twin of :class:`Arrivals`, :meth:`Attempts.end` and :meth:`Scheduler.run_pass` where events of all three kinds
take turns: a million single jobs are three million of them, and a turn through SimPy's heap, the kernel and a dozen
rooms for each costs more than what is done. The loop keeps the next arrival and the next pass to itself, and puts them
on the agenda when it leaves. Whatever is out of the ordinary is done the plain way, between two turns.
``Simulation(thorough=True)`` does without, and so does a run that is stepped from decision to decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.attempts import Attempts
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.environment import Environment
from batchsim.engine.influx import Influx
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.plan import Rules
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.swift_pass import SwiftPass
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.vocabulary import EXITED
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome, WaitReason

TURN_SHIFT = 5
TURN = 1 << TURN_SHIFT
"""More ranks than an instant has: the *turn* of an event, ``at_ms * TURN + rank``, is the order of all."""
AS_SUBMIT, AS_SETTLE, AS_PASS = int(Rank.SUBMIT), int(Rank.SETTLE), int(Rank.PASS)
FAR = 1 << 62
"""A turn after all others."""
LONG_RUN = 64
"""So many equal jobs that wait alone are for windows (``engine/window.py``), where it is calm."""


Held = tuple[int, int, int, bool]
"""The turns of the next arrival, of settling and of the next pass, as far as the loop keeps them, :data:`FAR` where it
does not; and whether it has done anything."""


class Flow:
    """Called by the kernel when an arrival, a pass or an end comes next."""

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        tables: Tables,
        attempts: Attempts,
        queues: list[JobQueue],
        environments: Sequence[Environment],
        lifecycle: Lifecycle,
        submit_job: SubmitJob,
        dependencies: Dependencies,
        arrivals: Arrivals,
        influx: Influx | None,
        scheduler: Scheduler,
        swift: SwiftPass | None,
        scale_in: ScaleIn,
        timeline: HeadTimeline,
        is_stepping: Callable[[], bool],
    ) -> None:
        """``influx``: None where calls are made one by one; ``swift``: None where queues are not all plain."""
        self.kernel, self.tables, self.attempts, self.environments = kernel, tables, attempts, environments
        self.queues = queues
        self.lifecycle, self.submit_job, self.dependencies = lifecycle, submit_job, dependencies
        self.arrivals, self.influx, self.scheduler, self.swift = arrivals, influx, scheduler, swift
        self.scale_in, self.timeline = scale_in, timeline
        self.key_of_created = rules.fifo_order == "submitted"
        self._is_stepping = is_stepping
        self.fleets = [each.fleet for each in environments if isinstance(each, Ec2Environment)]
        self.own = {arrivals.due, scheduler.background_pass, dependencies.settle, lifecycle.retry}
        """What the loop takes off SimPy's heap."""
        self._work_off = worker(self)

    def __call__(self, before_ms: int) -> bool:
        """Work off what comes before an instant, as far as it goes; return whether that was anything."""
        kernel = self.kernel
        is_end = kernel.ends.first() < kernel.ends_before()
        if not is_end and kernel.next_call() not in self.own:
            return False
        if self.attempts.stopping or self._is_stepping() or self.scheduler.stalls is not None:
            return False
        if self.swift is not None:
            self.swift.refresh()
        self.forget_searches()
        arrive_turn, settle_turn, pass_turn, has_worked = self._work_off(before_ms)
        kernel.set_clock(kernel.now_ms)
        self.forget_searches()
        if arrive_turn != FAR:
            kernel.call_at(arrive_turn // TURN, Rank.SUBMIT, self.arrivals.due)
        if settle_turn != FAR:
            kernel.call_at(settle_turn // TURN, Rank.SETTLE, self.dependencies.settle)
        if pass_turn != FAR:
            kernel.background += 1
            kernel.call_at(pass_turn // TURN, Rank.PASS, self.scheduler.background_pass)
        return has_worked

    def forget_searches(self) -> None:
        """The loop lists changes of room by itself."""
        for fleet in self.fleets:
            fleet.forget_search()

    def end_more(self, job: int, submission: int, *, is_followed: bool, is_last: bool) -> None:
        """A job succeeded, now, that others wait for, or that was the last of its call."""
        if is_last:
            self.lifecycle.end_submission(submission, JobState.SUCCEEDED, EXITED)
        if is_followed:
            self.dependencies.job_ended(job)
        if is_last:
            self.submit_job.ended(submission)

    def run_plain_pass(self, at_ms: int) -> None:
        """A pass by queues that are not all plain."""
        self.kernel.set_clock(at_ms)
        self.forget_searches()
        self.scheduler.run_pass()
        self.forget_searches()


def is_for_windows(queue: JobQueue) -> bool:
    """Whether a long run of equal jobs waits alone."""
    head = queue.head()
    return head is not None and head[1] - head[0] >= LONG_RUN


def worker(self: Flow) -> Callable[[int], Held]:  # noqa: C901, PLR0915 (with its loop)
    """Return the loop. It is one function, and looks nothing up twice: each call costs a job's 3 %."""
    kernel, tables, attempts, arrivals, ends = self.kernel, self.tables, self.attempts, self.arrivals, self.kernel.ends
    scheduler, submit_job, dependencies, timeline = self.scheduler, self.submit_job, self.dependencies, self.timeline
    agenda, own, scale_in, influx, late = kernel.agenda, self.own, self.scale_in, self.influx, ends.late
    environments = {each.position: each for each in self.environments if isinstance(each, Ec2Environment)}
    ledgers = {position: each.fleet.ledger() for position, each in environments.items()}
    jobs, table, instances, submissions = tables.jobs, tables.attempts, tables.instances, tables.submissions
    outcome_of, ended_at, job_of, host_of, place_of = (
        table.outcome,
        table.ended_at,
        table.job,
        table.instance,
        table.environment,
    )
    submission_of, left, shape_of, shapes = jobs.submission, submissions.left, submissions.shape, tables.shapes
    entry_of, entries, due_of, first_job = submissions.entry, tables.entries, submissions.due_at, submissions.first_job
    state_of, reason_of, job_ended_at, row_of = jobs.state, jobs.status_reason, jobs.ended_at, jobs.attempt_row
    runnable_at, waiting_since, is_array = jobs.runnable_at, jobs.waiting_since, submissions.is_array
    call_state, call_reason, call_ended_at = submissions.state, submissions.status_reason, submissions.ended_at
    calls_of, created_at, queue_of, queues = submissions.calls, submissions.created_at, submissions.queue, self.queues
    free_vcpus, free_mib, free_gpus, whole = (
        instances.free_vcpus,
        instances.free_mib,
        instances.free_gpus,
        instances.vcpus,
    )
    courses, submitted, is_by_created = attempts.courses.open, submit_job.submitted, self.key_of_created
    grid_ms, has_succeeded, has_exited = scheduler.cycle_ms, int(JobState.SUCCEEDED), int(Outcome.SUCCEEDED)
    is_runnable, is_pending, empty = int(JobState.RUNNABLE), int(JobState.PENDING), WaitReason.EMPTY
    ways: dict[int, JobQueue | None] = {} if influx is None else influx.ways
    way: Callable[[int], JobQueue | None] = _nobody if influx is None else influx.way
    run_swiftly = None if self.swift is None else self.swift.run
    dependents, sequential = dependencies.dependents, dependencies.sequential

    def release(low: int, high: int) -> None:
        """As :meth:`Lifecycle.release`, in place of it while the loop settles: the end before it asked for the pass."""
        now, submission = kernel.now_ms, submission_of[low]
        queue, count, created = queues[queue_of[submission]], high - low, created_at[submission]
        if count == 1:
            state_of[low] = is_runnable
            runnable_at[low] = waiting_since[low] = now
        else:
            jobs.set_runnable(low, high, now)
        heappush(queue.runs, (created, 0, low, high) if is_by_created else (now, created, low, high))
        queue.waiting += count
        queue.by_shape[shape_of[submission]] += count
        queue.touched = True
        if is_array[submission]:
            call_state[submission] = is_pending
        if timeline.reason(queue.position) == empty:
            timeline.write(queue.position, now, WaitReason.SCHEDULER_CYCLE, queue.environments[0], low)

    plain_release = dependencies.release
    swift_release = plain_release if run_swiftly is None or self.lifecycle.has_own_order else release

    def work_off(before_ms: int) -> Held:  # noqa: C901, PLR0911, PLR0912, PLR0915 (three kinds of turns)
        arrive_turn = settle_turn = pass_turn = FAR
        today, has_worked, last, top = ends.due, False, before_ms << KEY_BITS, None
        heap_turn, heap_limit = float(FAR), last
        has_plain_calls = influx is None or dependencies.has_cancelled or bool(submit_job.revised)
        while True:
            if agenda and agenda[0] is not top:
                top = agenda[0]
                heap_turn = top[0] * TURN + top[1]
                heap_limit = min(last, int(top[0]) + (top[1] > Rank.TIMEOUT) << KEY_BITS)
            elif not agenda:
                heap_turn, heap_limit = FAR, last
            turn = min(arrive_turn, settle_turn, pass_turn)
            limit = (turn >> TURN_SHIFT) + 1 << KEY_BITS
            limit = min(limit, heap_limit)
            day_ms, until = ends.base >> KEY_BITS, limit - ends.base
            is_over = False
            while True:  # ends
                if not today and not late:
                    if not ends.turn_page():
                        is_over = True
                        break
                    today, day_ms, until = ends.due, ends.base >> KEY_BITS, limit - ends.base
                key = late[0] if late and (not today or late[0] < today[-1]) else today[-1]
                if key >= until:
                    is_over = True
                    break
                row = (key & TURN_MASK) >> 1
                host = host_of[row] if key & 1 else -1  # the turn of an end that was planned anew is no row
                course = courses.get(row) if courses else None
                is_ordinary = key & 1 and outcome_of[row] == has_exited and ended_at[row] == NEVER and host >= 0
                if not is_ordinary or (course is not None and course.plan):
                    if len(agenda) + ends.pending + (arrive_turn != FAR) + (settle_turn != FAR) <= kernel.background:
                        return arrive_turn, settle_turn, pass_turn, has_worked
                    kernel.end_next()
                    has_worked, today = True, ends.due
                    if attempts.stopping:
                        return arrive_turn, settle_turn, pass_turn, has_worked
                    break
                if late and key == late[0]:
                    heappop(late)
                else:
                    today.pop()
                ends.pending -= 1
                kernel.now_ms = at = day_ms + (key >> KEY_BITS)
                if course is not None:
                    attempts.courses.close(row, at, ran=True)
                job, place = job_of[row], place_of[row]
                submission = submission_of[job]
                ended_at[row] = job_ended_at[job] = at
                state_of[job], reason_of[job], row_of[job] = has_succeeded, EXITED, NEVER
                environment = environments[place]
                _, vcpus, mib, gpus, *_ = shapes[shape_of[submission]]
                environment.held_vcpus -= vcpus
                free_vcpus[host] += vcpus
                free_mib[host] += mib
                if gpus:
                    free_gpus[host] += gpus
                stale, shut = ledgers[place]
                if host not in shut:
                    stale[host] = None
                environment.touched = has_worked = True
                submit_job.live_jobs -= 1
                left[submission] -= 1
                if not left[submission] and not is_array[submission]:
                    call_state[submission], call_reason[submission] = has_succeeded, EXITED
                    call_ended_at[submission] = at
                    is_last = bool(entries[entry_of[submission]].followers)
                else:
                    is_last = not left[submission]
                due = -(-at // grid_ms) * grid_ms if grid_ms else at
                if scheduler.pass_at != due:
                    scheduler.pass_at = due
                    pass_turn = due * TURN + AS_PASS
                    if (due + 1 << KEY_BITS) < limit:
                        limit = due + 1 << KEY_BITS
                        until = limit - ends.base
                is_followed = submission in dependents or submission in sequential
                if is_followed and (settle_turn != FAR or heap_turn > at * TURN + AS_SETTLE):
                    is_followed = False
                    dependencies.note(job)
                    settle_turn = at * TURN + AS_SETTLE
                    limit = min(limit, at + 1 << KEY_BITS)
                    until = limit - ends.base
                is_empty = free_vcpus[host] == whole[host] or (environment.draining and environment.is_empty(host))
                if is_followed or is_empty or is_last:
                    kernel.set_clock(at)
                    self.end_more(job, submission, is_followed=is_followed, is_last=is_last)
                    if is_empty:
                        environment.idle_since.setdefault(host, at)
                        scale_in.watch(environment, host)
                    break
            if not is_over:
                continue
            turn = min(arrive_turn, settle_turn, pass_turn)
            if heap_turn < turn:
                call = kernel.next_call()
                if heap_turn >= before_ms * TURN or call not in own:
                    return arrive_turn, settle_turn, pass_turn, has_worked
                if call == scheduler.background_pass:
                    kernel.background -= 1
                    kernel.take_off()
                    pass_turn = int(heap_turn)
                elif call == arrivals.due and int(heap_turn) >> TURN_SHIFT == arrivals.event_at:
                    kernel.take_off()
                    arrive_turn = int(heap_turn)
                elif len(agenda) + ends.pending + (arrive_turn != FAR) + (settle_turn != FAR) > kernel.background:
                    kernel.process_next()
                    has_worked = True
                else:
                    return arrive_turn, settle_turn, pass_turn, has_worked
                continue
            if turn >= before_ms * TURN:
                return arrive_turn, settle_turn, pass_turn, has_worked
            now = turn >> TURN_SHIFT
            if turn == settle_turn:
                kernel.set_clock(now)
                settle_turn, dependencies.release = FAR, swift_release
                dependencies.settle(None)
                dependencies.release = plain_release
                continue
            if turn == pass_turn:
                if arrive_turn == FAR and len(agenda) + ends.pending <= kernel.background:
                    return arrive_turn, settle_turn, pass_turn, has_worked
                has_worked, pass_turn, scheduler.pass_at = True, FAR, NEVER
                if run_swiftly is None:
                    self.run_plain_pass(now)
                elif (queue := run_swiftly(now)) is not None and queue.waiting >= LONG_RUN and is_for_windows(queue):
                    return arrive_turn, settle_turn, pass_turn, has_worked
                continue
            kernel.now_ms = now
            has_worked, arrive_turn = True, FAR
            known, number = arrivals.known, arrivals.next_known
            many = 0 if has_plain_calls or submit_job.own_parents or arrivals.agenda else len(known)
            while number < many:  # arrivals
                submission = known[number]
                if due_of[submission] > now:
                    arrivals.event_at = due_of[submission]
                    arrive_turn = arrivals.event_at * TURN + AS_SUBMIT
                    break
                entry = entry_of[submission]
                queue = ways[entry] if entry in ways else way(entry)
                if queue is None or not queue.enabled or not submitted.add(1, now):
                    many = 0
                    break
                number += 1
                submit_job.live_jobs += 1
                calls_of[submission] += 1
                created_at[submission] = now
                call_state[submission] = is_pending
                row = first_job[submission]
                state_of[row] = is_runnable
                runnable_at[row] = waiting_since[row] = now
                heappush(queue.runs, (now, 0 if is_by_created else now, row, row + 1))
                queue.waiting += 1
                queue.by_shape[shape_of[submission]] += 1
                queue.touched = True
                if timeline.reason(queue.position) == empty:
                    timeline.write(queue.position, now, WaitReason.SCHEDULER_CYCLE, queue.environments[0], row)
                due = -(-now // grid_ms) * grid_ms if grid_ms else now
                if scheduler.pass_at != due:
                    scheduler.pass_at = due
                    pass_turn = due * TURN + AS_PASS
            arrivals.next_known = number
            if many == 0:
                kernel.set_clock(now)
                arrivals.due(None)
            elif number == many:
                arrivals.event_at = NEVER

    return work_off


def _nobody(_: int) -> None:
    """No entry's calls have a short way."""
