"""What happens before Spot capacity is lost: draining, SIGTERM, and what containers do at it (fact sheet 2.5, 5.7).

On EC2 nobody tells a container anything by default: it runs to the instant of loss, unless it looks for the notice
itself and saves its work (``on_sigterm: checkpoint``). With ``world.spot_drain`` the instance takes no more jobs from
the notice on; its containers get SIGTERM, and SIGKILL ``world.stop_timeout`` later. A Fargate Spot task always gets
SIGTERM at the notice, and SIGKILL ``stop_timeout`` later, or at the loss.
"""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.attempts import Attempts
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import Rules
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED, KILLED, TASK_INTERRUPTED, TERMINATED_BY_SIGNAL
from batchsim.engine.workload.course_rules import OnSigterm
from batchsim.records.identifiers import instance_id
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import Outcome


class Interruptions:
    """Carries notices to instances, tasks and their containers."""

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        tables: Tables,
        attempts: Attempts,
        environments: tuple[Environment, ...],
        request_pass: Callable[[], None],
    ) -> None:
        self._kernel = kernel
        self._rules = rules
        self._tables = tables
        self._attempts = attempts
        self._environments = environments
        self._request_pass = request_pass

    def notice(self, row: int, gone_at_ms: int) -> None:
        """An instance has its notice: EC2 will take it at ``gone_at_ms``."""
        now = self._kernel.now_ms
        if gone_at_ms <= now:
            return
        if self._rules.spot_drain:
            gone_at_ms = min(gone_at_ms, now + self._rules.stop_timeout_ms)
            self._drain(row, gone_at_ms)
        listeners = list(filter(self._answers, sorted(self._tables.instances.residents[row])))
        if listeners:
            lost = self.host_lost(row)
            for attempt in listeners:
                self._tell(attempt, gone_at_ms, lost, is_sigterm=self._rules.spot_drain)

    def _answers(self, attempt: int) -> bool:
        """Whether a container would do anything at a notice."""
        course = self._tables.entry(self._attempts.table.job[attempt]).course
        return course is not None and course.on_sigterm != OnSigterm.DIE

    def task_notice(self, attempt_and_loss: tuple[int, int]) -> None:
        """A Fargate Spot task has its notice; it is killed at the instant given."""
        attempt, gone_at_ms = attempt_and_loss
        if self._attempts.table.is_open(attempt):
            self._tell(attempt, gone_at_ms, TASK_INTERRUPTED, is_sigterm=True)

    def host_lost(self, row: int) -> int:
        """Return AWS's status reason for what was on an instance that was lost."""
        instances = self._tables.instances
        environment = self._environments[instances.environment[row]].plan.name
        name = instance_id(environment, instances.ordinal[row])
        return self._tables.status_reasons.code(f"Host EC2 (instance {name}) terminated.")

    def _drain(self, row: int, kill_at_ms: int) -> None:
        """The instance takes no more jobs; whoever is left on it at the end gets SIGKILL."""
        environment = self._environments[self._tables.instances.environment[row]]
        assert isinstance(environment, Ec2Environment)
        environment.drain(row)
        self._kernel.call_in_background(kill_at_ms, Rank.RECLAIM, self._kill, row)
        self._request_pass()

    def _kill(self, row: int) -> None:
        for attempt in sorted(self._tables.instances.residents[row]):
            exit_code = KILLED if self._attempts.is_running(attempt) else NEVER
            self._attempts.interrupt(attempt, Outcome.RECLAIMED, self.host_lost(row), exit_code)

    def _tell(self, attempt: int, gone_at_ms: int, lost: int, *, is_sigterm: bool) -> None:
        """Let a container that runs do what its entry says; one that is still starting hears nothing."""
        if not self._answers(attempt) or not self._attempts.is_running(attempt) or attempt in self._attempts.stopping:
            return
        course = self._tables.entry(self._attempts.table.job[attempt]).course
        assert course is not None
        self._attempts.recall(attempt)
        if course.on_sigterm == OnSigterm.CHECKPOINT:
            self._save(attempt, gone_at_ms, lost, is_sigterm=is_sigterm)
        elif is_sigterm and course.on_sigterm == OnSigterm.EXIT_ZERO:
            self._attempts.courses.answer(attempt, self._kernel.now_ms)
            self._attempts.interrupt(attempt, Outcome.SUCCEEDED, EXITED, 0)
        elif is_sigterm and course.on_sigterm == OnSigterm.EXIT_NONZERO:
            self._attempts.courses.answer(attempt, self._kernel.now_ms)
            self._attempts.interrupt(attempt, Outcome.RECLAIMED, lost, TERMINATED_BY_SIGNAL)

    def _save(self, attempt: int, gone_at_ms: int, lost: int, *, is_sigterm: bool) -> None:
        """Save the work if there is time; then exit, or, where nobody sent SIGTERM, work on to the loss."""
        if self._attempts.courses.saved_at(attempt, self._kernel.now_ms) > gone_at_ms:
            return
        if is_sigterm:
            self._attempts.save_and_exit(attempt, Outcome.RECLAIMED, lost, TERMINATED_BY_SIGNAL)
        elif self._rules.checkpoint_on_notice:
            self._attempts.save_and_go_on(attempt)
