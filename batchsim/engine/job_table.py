"""The jobs of a run as columns: one row a single job or array child; an array is one contiguous block."""

from __future__ import annotations

from array import array

from batchsim.engine.columns import column, from_numpy, frozen, unless
from batchsim.records.tables import NEVER, Ints, Jobs
from batchsim.records.vocabulary import JobState


class JobTable:
    """Growable columns, about 60 bytes a job."""

    def __init__(self) -> None:
        self.submission = column("i")
        self.array_index = column("i")
        self.state = bytearray()
        self.status_reason = column("i")
        self.work = column("q")
        self.run = column("q")
        """How long attempt 1 runs when nothing interrupts it."""
        self.exit_code = column("h")
        """What attempt 1 returns."""
        self.fail_reason = column("h")
        """Code of the container reason that attempt 1 gives."""
        self.runnable_at = column("q")
        self.waiting_since = column("q")
        self.ended_at = column("q")
        self.attempts = column("i")
        self.run_task_calls = column("i")
        """RunTask calls made for it, on a platform without queues."""
        self.attempt_row = column("i")
        """Row of the open attempt, or NEVER."""

    def __len__(self) -> int:
        return len(self.submission)

    def extend(self, submission: Ints, array_index: Ints, work: Ints, first: tuple[Ints, Ints, Ints]) -> None:
        """Append the jobs of one entry: their submission, index, work, and what attempt 1 will do."""
        count = len(submission)
        run, exit_code, fail_reason = first
        for values, code, added in (
            (self.submission, "i", submission),
            (self.array_index, "i", array_index),
            (self.work, "q", work),
            (self.run, "q", run),
            (self.exit_code, "h", exit_code),
            (self.fail_reason, "h", fail_reason),
        ):
            values.extend(from_numpy(code, added))
        for values in (self.runnable_at, self.waiting_since, self.ended_at):
            values.extend(column("q", count, NEVER))
        self.status_reason.extend(column("i", count))
        self.attempts.extend(column("i", count))
        self.run_task_calls.extend(column("i", count))
        self.attempt_row.extend(column("i", count, NEVER))
        self.state.extend(bytes([JobState.NOT_SUBMITTED]) * count)

    def set_submitted(self, rows: range) -> None:
        """Mark the jobs of a call SUBMITTED, until their dependencies are evaluated."""
        self.state[rows.start : rows.stop] = bytes([JobState.SUBMITTED]) * len(rows)

    def set_runnable(self, low: int, high: int, now_ms: int) -> None:
        """Mark the rows ``low`` to ``high - 1`` RUNNABLE for the first time, as slices: an array costs one call."""
        if high - low == 1:
            self.state[low], self.runnable_at[low], self.waiting_since[low] = JobState.RUNNABLE, now_ms, now_ms
            return
        instants = array("q", [now_ms]) * (high - low)
        self.state[low:high] = bytes([JobState.RUNNABLE]) * (high - low)
        self.runnable_at[low:high] = instants
        self.waiting_since[low:high] = instants

    def freeze(self, running: Ints) -> Jobs:
        """Return the frozen record; ``running`` are the rows that hold capacity and whose container runs."""
        state = frozen(self.state).copy()
        state[running] = JobState.RUNNING
        return Jobs(
            submission=frozen(self.submission),
            array_index=frozen(self.array_index),
            state=state,
            status_reason=frozen(self.status_reason),
            work_ms=frozen(self.work),
            runnable_at_ms=frozen(self.runnable_at),
            waiting_since_ms=self._last_waits(state),
            ended_at_ms=frozen(self.ended_at),
            attempts=frozen(self.attempts),
            run_task_calls=frozen(self.run_task_calls),
        )

    def _last_waits(self, state: Ints) -> Ints:
        """Starts of waits that no attempt ended: a placed job's ``waiting_since`` belongs to its attempt's row."""
        is_placed = (state == JobState.STARTING) | (state == JobState.RUNNING)
        return unless(is_placed, frozen(self.waiting_since), NEVER)

    def forget_plans(self) -> None:
        """Let go, at the end of a run, of what no record needs: what first attempts would do, and who is open."""
        for values in (self.run, self.exit_code, self.fail_reason, self.attempt_row):
            del values[:]
