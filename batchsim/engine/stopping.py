"""SIGTERM from AWS Batch itself: what a timeout or TerminateJob stops, and what its container makes of it.

User Guide, "Job timeouts": SIGTERM, then SIGKILL 30 seconds later if the container still runs. When the attempt counts
as over is not documented: with SIGTERM (``world.stopped_when: sigterm``), or when its container is gone (``exit``);
until then it holds its place. It is never retried, whatever comes first: its exit, SIGKILL, or the loss of its host.
"""

from __future__ import annotations

from batchsim.engine.attempts import Attempts
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import Rules
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED, KILLED, TERMINATED_BY_SIGNAL, TIMED_OUT
from batchsim.engine.workload.course_rules import OnSigterm
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import Outcome


class Stops:
    """Stops attempts that are open."""

    def __init__(self, kernel: Kernel, rules: Rules, tables: Tables, attempts: Attempts) -> None:
        self._kernel = kernel
        self._rules = rules
        self._tables = tables
        self._attempts = attempts

    def terminate(self, attempt: int, status_reason: int) -> None:
        """TerminateJob: the job will be FAILED, even if its container exits 0 (API TerminateJob)."""
        if attempt not in self._attempts.stopping:
            self._stop(attempt, Outcome.TERMINATED, status_reason)

    def time_out(self, attempt: int) -> None:
        """``attemptDurationSeconds`` have passed; what is being terminated is stopped only once."""
        self._stop(attempt, Outcome.TIMED_OUT, TIMED_OUT)

    def _stop(self, attempt: int, outcome: Outcome, status_reason: int) -> None:
        self._attempts.recall(attempt)
        running = self._attempts.is_running(attempt)
        deed = self._deed(attempt) if running else OnSigterm.DIE
        if deed == OnSigterm.EXIT_ZERO:
            self._exit_zero(attempt, outcome, status_reason)
        elif deed == OnSigterm.EXIT_NONZERO:
            self._answer(attempt)
            self._attempts.interrupt(attempt, outcome, status_reason, TERMINATED_BY_SIGNAL)
        elif self._rules.ends_at_sigterm or not running:
            self._attempts.interrupt(attempt, outcome, status_reason, KILLED if running else NEVER)
        else:
            self._run_on(attempt, outcome, status_reason, saves=deed == OnSigterm.CHECKPOINT)

    def _deed(self, attempt: int) -> OnSigterm:
        course = self._tables.entry(self._attempts.table.job[attempt]).course
        return OnSigterm.DIE if course is None else course.on_sigterm

    def _answer(self, attempt: int) -> None:
        self._attempts.courses.answer(attempt, self._kernel.now_ms)

    def _exit_zero(self, attempt: int, outcome: Outcome, status_reason: int) -> None:
        """The container exits 0 at SIGTERM."""
        self._answer(attempt)
        if outcome == Outcome.TIMED_OUT and self._rules.timeout_exit_zero_succeeds:
            outcome, status_reason = Outcome.SUCCEEDED, EXITED
        self._attempts.interrupt(attempt, outcome, status_reason, 0)

    def _run_on(self, attempt: int, outcome: Outcome, status_reason: int, *, saves: bool) -> None:
        """The container runs on: until its work is saved, or done, or SIGKILL."""
        kill_at_ms = self._kernel.now_ms + self._rules.stop_timeout_ms
        self._attempts.stopping[attempt] = outcome, status_reason
        if saves and self._attempts.courses.saved_at(attempt, self._kernel.now_ms) <= kill_at_ms:
            self._attempts.save_and_exit(attempt, outcome, status_reason, TERMINATED_BY_SIGNAL)
            return
        zero_succeeds = outcome == Outcome.TIMED_OUT and self._rules.timeout_exit_zero_succeeds
        self._attempts.run_on(attempt, kill_at_ms, zero_succeeds=zero_succeeds)
