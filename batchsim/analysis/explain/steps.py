"""A job's turnaround as intervals, each from its own two instants; they tile it, and none is what others leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest

from batchsim.analysis.explain.capacity import Capacity
from batchsim.analysis.explain.dependencies import Dependencies
from batchsim.analysis.explain.endings import changed, ended_by_start
from batchsim.analysis.explain.explanation import Step, lasted
from batchsim.analysis.explain.lines import Line, Stretch
from batchsim.analysis.explain.tables import NOBODY, RunTables, rows_of
from batchsim.analysis.explain.words import Asked, Moment, code_of, plural, quoted, why
from batchsim.analysis.typed import MISSING


class JobSteps:
    """The intervals of one job."""

    def __init__(self, run: RunTables, lines: dict[tuple[str, str], Line], job: int) -> None:
        """``lines``: those that are known already; this job's is added."""
        self.run, self.row = run, job
        self.id = run.text("jobs", "job_id", job)
        self.queue, self.share = run.text("jobs", "queue", job), run.text("jobs", "share", job)
        self.call = run.call_of(job)
        self.line = lines.setdefault((self.queue, self.share), Line(run, self.queue, self.share))
        self.capacity = Capacity(run)

    def steps(self) -> tuple[Step, ...]:
        """All intervals that took time, in order."""
        return tuple(step for step in self._all() if step.start_s < step.end_s or step.until)

    @property
    def end_ms(self) -> int:
        """The job's end, else the horizon."""
        ended = self.run.ms("jobs", "ended_at_s", self.row)
        return self.run.horizon_ms if ended == MISSING else ended

    @cached_property
    def asked(self) -> Asked:
        """What the job asks for."""
        run, row = self.run, self.row
        needs = run.text("submissions", "consumables", self.call) if self.call != NOBODY else ""
        memory_mib, gpus = run.number("jobs", "memory_mib", row), run.number("jobs", "gpus", row)
        return Asked(int(run.jobs.milli("vcpus")[row]), memory_mib, gpus, needs)

    @cached_property
    def attempts(self) -> list[int]:
        """The rows of its attempts."""
        return self.run.attempts_of(self.id)

    def _all(self) -> Iterator[Step]:
        yield from self._before_runnable()
        for number, attempt in enumerate(self.attempts):
            yield from self._wait(self._attempt_ms(attempt, "runnable"), self._attempt_ms(attempt, "starting"), attempt)
            yield from self._attempt(attempt, is_last=number + 1 == len(self.attempts))
            yield from self._retry_delay(number)
        since = self.run.ms("jobs", "waiting_since_s", self.row)
        if since != MISSING:
            yield from self._wait(since, self.end_ms, NOBODY)

    # -- before RUNNABLE

    def _before_runnable(self) -> Iterator[Step]:
        due, created, runnable = (self._job_ms(name) for name in ("due_at_s", "created_at_s", "runnable_at_s"))
        if due == MISSING:
            return
        created = self.end_ms if created == MISSING else created
        runnable = self.end_ms if runnable == MISSING else runnable
        if due < created:
            text = f"SubmitJob was refused meanwhile, and called again ({plural(self._calls(), 'call')})"
            yield _step(due, created, "NOT_SUBMITTED", "throttled", text, "throttled")
        yield from Dependencies(self.run, self.row, self.call).steps(created, runnable)

    def _calls(self) -> int:
        return self.run.number("submissions", "calls", self.call) if self.call != NOBODY else 0

    # -- RUNNABLE

    def _wait(self, start_ms: int, end_ms: int, attempt: int) -> Iterator[Step]:
        pieces = self.line.stretches(self.row, start_ms, end_ms)
        for piece, following in zip_longest(pieces, pieces[1:]):
            yield self._waited(piece, following, start_ms, attempt)

    def _waited(self, piece: Stretch, following: Stretch | None, since_ms: int, attempt: int) -> Step:
        moment = Moment(self.run, self.capacity, piece, self.queue, self.asked)
        told = self._row_told(piece)
        text = f"{self._place(piece, since_ms)}: {why(moment)}{self._told(piece, told)}"
        part, code = f"wait_{piece.reason}", code_of(piece.reason)
        if told is not None and code != piece.reason:  # where AWS has a code at all, the one that it gave
            code = self.run.text("blocked", "reason", told)
        step = _step(piece.start_ms, piece.end_ms, "RUNNABLE", code, text, part)
        until = self._until(piece, following, attempt)
        return replace(step, is_behind=piece.is_behind, environment=piece.environment, until=until)

    def _until(self, piece: Stretch, following: Stretch | None, attempt: int) -> str:
        if following is None:
            return ended_by_start(self.run, attempt, piece) if attempt != NOBODY else self._unstarted()
        if piece.is_behind and not following.is_behind:
            return "it became head"
        return changed(self.run, self.capacity, piece, following, self.queue)

    def _unstarted(self) -> str:
        """How a wait ended that no attempt did."""
        if self.run.ms("jobs", "ended_at_s", self.row) == MISSING:
            return "the run ended"
        reason = self.run.text("jobs", "reason", self.row)
        return f"{self.run.text('jobs', 'state', self.row)}" + (f": {reason}" if reason else "")

    def _place(self, piece: Stretch, since_ms: int) -> str:
        """Where in line it stands, and behind whom."""
        if piece.reason == "client_backoff":
            return "there is no queue"
        line = quoted(self.queue) + (f", share {quoted(self.share)}" if self.share else "")
        if not piece.is_behind:
            return f"head of {line}"
        ahead = self.line.ahead(self.row, since_ms, piece.start_ms)
        if not len(ahead):
            return f"first in {line} for now (others overtook it later)"
        first = self.run.text("jobs", "job_id", int(ahead[0]))
        return f"behind {plural(len(ahead), 'job')} of {line}, {quoted(first)} first"

    def _row_told(self, piece: Stretch) -> int | None:
        """The row of ``blocked`` in which AWS Batch told of the head meanwhile, if it did."""
        blocked = self.run.blocked
        if piece.is_behind or not len(blocked):
            return None
        at_ms = blocked.ms("at_s")
        rows = rows_of(blocked, "job_id", self.id)
        rows = rows[(at_ms[rows] >= piece.start_ms) & (at_ms[rows] < piece.end_ms)]
        return int(rows[0]) if len(rows) else None

    def _told(self, piece: Stretch, row: int | None) -> str:
        """That AWS Batch told of the head: that is its statusReason."""
        if row is None:
            return ""
        after = lasted((int(self.run.blocked.ms("at_s")[row]) - piece.start_ms) / 1000)
        return f"; after {after} AWS Batch said so: {self.run.text('blocked', 'status_reason', row)}"

    # -- attempts

    def _attempt(self, attempt: int, *, is_last: bool) -> Iterator[Step]:
        run = self.run
        end = run.ms("attempts", "ended_at_s", attempt)
        end = run.horizon_ms if end == MISSING else end
        names = ("starting", "pull", "pulled", "running")
        starts = [end if (at := self._attempt_ms(attempt, name)) == MISSING else at for name in names]
        running = "last_running" if is_last else "earlier_running"
        parts = ("provisioning", "image_pull", "container_start", running)
        found = [
            _step(a, b, "RUNNING" if part == running else "STARTING", _reason(part), self._what(part, attempt), part)
            for part, a, b in zip(parts, starts, [*starts[1:], end], strict=True)
        ]
        lasting = [step for step in found if step.start_s < step.end_s] or found[-1:]
        yield from lasting[:-1]
        yield replace(lasting[-1], until=self._attempt_end(attempt))

    def _what(self, part: str, attempt: int) -> str:
        number = self.run.number("attempts", "attempt", attempt)
        if part == "provisioning":
            return f"attempt {number}: Fargate provisions the task in {quoted(self._at(attempt, 'environment'))}"
        if part == "image_pull":
            return f"attempt {number}: the image is pulled ({self._host(attempt)})"
        if part == "container_start":
            return f"attempt {number}: the container starts ({self._host(attempt)})"
        return f"attempt {number} runs ({self._host(attempt)}){self._progress(attempt)}"

    def _progress(self, attempt: int) -> str:
        """What of RUNNING was no work."""
        spent = [(self.run.ms("attempts", f"{name}_s", attempt), name) for name in ("restore", "checkpoint")]
        told = [f"{lasted(ms / 1000)} of it {_WORDS[name]}" for ms, name in spent if ms > 0]
        return f": {', '.join(told)}" if told else ""

    def _host(self, attempt: int) -> str:
        host, environment = self._at(attempt, "instance"), quoted(self._at(attempt, "environment"))
        return f"{self._at(attempt, 'type')} {host} of {environment}" if host else f"{environment}"

    def _attempt_end(self, attempt: int) -> str:
        """How an attempt ended, and why."""
        outcome = self._at(attempt, "outcome")
        if outcome == "open":
            return "the run ended"
        exit_code = self.run.number("attempts", "exit_code", attempt)
        code = "" if exit_code == MISSING else f", exit code {exit_code}"
        reasons = dict.fromkeys((self._at(attempt, "reason"), self._at(attempt, "status_reason")))
        told = "; ".join(reason for reason in reasons if reason and outcome != "succeeded")
        return f"{outcome.replace('_', ' ')}{code}" + (f" ({told})" if told else "")

    def _retry_delay(self, number: int) -> Iterator[Step]:
        """From an attempt's end to when the job is RUNNABLE again, or over though that attempt did not end it."""
        attempt, is_last = self.attempts[number], number + 1 == len(self.attempts)
        ended = self.run.ms("attempts", "ended_at_s", attempt)
        if ended == MISSING:
            return
        again = self._again_ms() if is_last else self._attempt_ms(self.attempts[number + 1], "runnable")
        if is_last and self._ended_by(attempt):
            return
        if ended < again:
            after = self._attempt_end(attempt)
            yield _step(ended, again, "RUNNABLE", "retry_delay", f"to be tried again: {after}", "retry_delay")

    def _again_ms(self) -> int:
        since = self.run.ms("jobs", "waiting_since_s", self.row)
        return self.end_ms if since == MISSING else since

    def _ended_by(self, attempt: int) -> bool:
        """Whether a last attempt ended its job: one that a caller ended while its retry was due says another reason."""
        run = self.run
        if run.ms("jobs", "waiting_since_s", self.row) != MISSING or run.ms("jobs", "ended_at_s", self.row) == MISSING:
            return False
        return run.text("jobs", "reason", self.row) == self._at(attempt, "status_reason")

    def _job_ms(self, column: str) -> int:
        return self.run.ms("jobs", column, self.row)

    def _attempt_ms(self, attempt: int, name: str) -> int:
        return self.run.ms("attempts", f"{name}_at_s", attempt)

    def _at(self, attempt: int, column: str) -> str:
        return self.run.text("attempts", column, attempt)


_WORDS = {"restore": "to restore a checkpoint", "checkpoint": "to write checkpoints"}


def _reason(part: str) -> str:
    return "running" if part.endswith("running") else part


def _step(start_ms: int, end_ms: int, state: str, reason: str, text: str, part: str) -> Step:
    return Step(start_ms / 1000, end_ms / 1000, state, reason, text, part)
