"""What would help a job: to run at all, to end well, or to be faster, by what went wrong or took longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from batchsim.analysis.explain.dependencies import Dependencies, first_failure
from batchsim.analysis.explain.endings import was_cut_short
from batchsim.analysis.explain.explanation import Step, lasted
from batchsim.analysis.explain.steps import JobSteps
from batchsim.analysis.explain.tables import NOBODY
from batchsim.analysis.explain.verdict import Judge, Verdict
from batchsim.analysis.explain.words import plural, quoted
from batchsim.analysis.remedies import remedy
from batchsim.analysis.typed import MISSING

WORTH = 0.1
"""A part of the turnaround that is less than this share of it is not worth a change."""


class Help(NamedTuple):
    """What is said below a job's intervals."""

    notes: tuple[str, ...] = ()
    remedy: str = ""


_WAITS: Mapping[str, str] = {
    "max_vcpus": "raise maxvCpus of {environment}, or spread the submissions over time",
    "scale_up_decision": "keep some capacity warm (minvCpus of {environment}), or submit the work earlier",
    "instance_booting": "keep some capacity warm (minvCpus of {environment}), or an AMI that boots faster",
    "higher_queue": "give the work a queue of higher priority, or the queues environments of their own",
    "fair_share_turn": "give its share a lower weightFactor, or more capacity to the queue",
    "reservation": "lower computeReservation of the scheduling policy",
    "launch_rate": "put several short tasks into one job",
    "client_backoff": "give the jobs a job queue of AWS Batch, which starts them as soon as there is room",
    "fleet_full": "make the fleet of {environment} larger",
    "vcpu_quota": "ask for a higher vCPU quota (Service Quotas, EC2; world.ec2_vcpu_quota)",
}
_PARTS: Mapping[str, str] = {
    "image_pull": "a smaller image, or one that is in the AMI: image pull of each new host",
    "container_start": "fewer, longer jobs: each start of a container costs as much",
    "throttled": "submit an array in place of single jobs: it is one call of SubmitJob",
}
_ENDINGS: Mapping[str, str] = {
    "reclaimed": "more attempts, checkpoints, or an On-Demand environment behind the Spot one",
    "host_lost": "more attempts (retryStrategy), or checkpoints",
    "start_failed": "look at the image, and at the role that may pull it; more attempts, if it happens now and then",
    "terminated": "",
}
_OUT_OF_MEMORY = "ask for more memory: the container was killed as it used more than it had asked for"


def help_for(told: JobSteps, steps: Iterable[Step], judge: Judge | None) -> Help:
    """What would help a job, and what there is to know of it."""
    found = tuple(steps)
    state = told.run.text("jobs", "state", told.row)
    was_due = told.run.ms("jobs", "due_at_s", told.row) != MISSING
    if not told.attempts and was_due and state != "SUCCEEDED":
        return _never_started(told, found, judge)
    if state == "FAILED":
        return Help(remedy=_after_failure(told))
    if state == "SUCCEEDED" and told.attempts and was_cut_short(told.run, told.attempts[-1]):
        return Help((_CUT_SHORT,), _HEED_SIGTERM)
    return Help(remedy=_to_be_faster(told, found))


def _never_started(told: JobSteps, steps: tuple[Step, ...], judge: Judge | None) -> Help:
    if not any(step.state == "RUNNABLE" for step in steps):
        return _never_runnable(told)
    verdict = _verdict(told, judge)
    if verdict is not None and not verdict.could_run:
        note = f"It never started, and never could: {'; '.join(verdict.short)}."
        return Help((note,), _changes(verdict) or remedy(_longest_wait(steps).reason, ""))
    note = "It never started. An environment of its queue could hold it." if verdict else "It never started."
    ahead = _blocked_by(told, judge)
    if ahead is not None:
        return Help((note, ahead[0]), ahead[1])
    if steps[-1].reason == "retry_delay":
        return Help((note,))
    wait = _longest_wait(steps)
    code = "" if wait.reason == wait.part.removeprefix("wait_") else remedy(wait.reason)
    return Help((note,), code or _of_wait(wait))


def _longest_wait(steps: tuple[Step, ...]) -> Step:
    """The last interval of the reason for which a job was RUNNABLE longest; of equals the later one."""
    spent: dict[str, float] = {}
    last: dict[str, Step] = {}
    for step in steps:
        if step.state == "RUNNABLE":
            spent[step.reason] = spent.pop(step.reason, 0.0) + step.length_s
            last[step.reason] = step
    return last[max(reversed(spent), key=spent.__getitem__)]


def _blocked_by(told: JobSteps, judge: Judge | None) -> tuple[str, str] | None:
    """The head that it stood behind at the end, if that one could never run, and what would help it."""
    ahead = told.line.ahead(told.row, told.run.ms("jobs", "waiting_since_s", told.row), told.end_ms - 1)
    if not len(ahead):
        return None
    head = JobSteps(told.run, {(told.queue, told.share): told.line}, int(ahead[0]))
    verdict = _verdict(head, judge)
    if verdict is None or verdict.could_run:
        return None
    note = f"It stood behind {quoted(head.id)}, which can never run: {'; '.join(verdict.short)}."
    return note, f"for {quoted(head.id)}: {_changes(verdict)}"


def _verdict(told: JobSteps, judge: Judge | None) -> Verdict | None:
    return None if judge is None else judge(told.run.text("jobs", "entry", told.row), told.asked)


def _changes(verdict: Verdict) -> str:
    return "; or ".join(change.text for change in verdict.changes)


def _never_runnable(told: JobSteps) -> Help:
    """A job that ended, or was left, before it was RUNNABLE."""
    if told.run.ms("jobs", "created_at_s", told.row) == MISSING:
        reason = told.run.text("jobs", "reason", told.row) or told.run.text("submissions", "reason", told.call)
        return Help(
            (f"SubmitJob never took it: {reason}.",) if reason else (), _PARTS["throttled"] if not reason else ""
        )
    parents = Dependencies(told.run, told.row, told.call).parents() if told.call != NOBODY else []
    failed = [parent for parent in parents if parent.state == "FAILED"]
    if failed:
        why = f"{quoted(failed[0].id)} FAILED, and with it what depends on it."
        first = first_failure(told.run, failed[0].id)
        why += f" It all began with {quoted(first)}." * (first != failed[0].id)
        return Help((why,), f"mend {quoted(first)}: batchsim explain DIR {first}")
    open_ = [parent for parent in parents if parent.state not in ("SUCCEEDED", "FAILED")]
    if open_:
        return Help((f"{quoted(open_[0].id)} had not ended: batchsim explain DIR {open_[0].id}",))
    return Help()


def _after_failure(told: JobSteps) -> str:
    """By how its last attempt ended."""
    if not told.attempts:
        return ""
    last = told.attempts[-1]
    if "OutOfMemory" in told.run.text("attempts", "reason", last):
        return _OUT_OF_MEMORY
    outcome = told.run.text("attempts", "outcome", last)
    if outcome == "failed":
        return _mend(told)
    if outcome == "timed_out":
        ran = told.run.ms("attempts", "ended_at_s", last) - told.run.ms("attempts", "running_at_s", last)
        return (
            f"a longer timeout (attemptDurationSeconds; it had run for {lasted(ran / 1000)}), or less work for each job"
        )
    return _ENDINGS.get(outcome, "")


def _mend(told: JobSteps) -> str:
    """Against attempts that failed: more of them would help only where they fail by chance."""
    codes = [told.run.number("attempts", "exit_code", row) for row in told.attempts]
    if len(codes) > 1 and len(set(codes)) == 1:
        return f"mend what it runs: all {len(codes)} attempts ended with exit code {codes[0]}, so would one more"
    return "mend what it runs; more attempts help only against what happens by chance"


def _not_again(told: JobSteps) -> str:
    """Against attempts that had to be repeated, by how the longest of them ended."""
    run, earlier = told.run, told.attempts[:-1]
    row = max(earlier, key=lambda row: run.ms("attempts", "ended_at_s", row) - run.ms("attempts", "starting_at_s", row))
    outcome = run.text("attempts", "outcome", row)
    if outcome in ("reclaimed", "host_lost"):
        return f"checkpoints, shorter jobs, or On-Demand: {plural(len(earlier), 'attempt')} went with the instance"
    if outcome == "timed_out":
        return "checkpoints, or a longer timeout (attemptDurationSeconds): an attempt that times out begins anew"
    codes = {code for each in earlier if (code := run.number("attempts", "exit_code", each)) != MISSING}
    told_codes = f" (exit code {', '.join(map(str, sorted(codes)))})" if codes else ""
    return f"mend what makes attempts fail{told_codes}: {plural(len(earlier), 'attempt')} had to be repeated"


def _awaited(told: JobSteps) -> str:
    """The job that it waited for last."""
    parents = Dependencies(told.run, told.row, told.call).parents() if told.call != NOBODY else []
    if not parents:
        return ""
    return f"make {quoted(max(parents, key=lambda parent: parent.ended_ms).id)} end sooner: it waited for that longest"


def _to_be_faster(told: JobSteps, steps: tuple[Step, ...]) -> str:
    """By what took longest, work aside."""
    total = sum(step.length_s for step in steps)
    spent: dict[str, float] = {}
    for step in steps:
        if step.part != "last_running":
            spent[step.part] = spent.get(step.part, 0.0) + step.length_s
    longest = max(spent, key=lambda part: spent[part], default="")
    if not longest or spent[longest] < WORTH * total:
        return ""
    if longest in _SPECIFIC:
        return _SPECIFIC[longest](told)
    if not longest.startswith("wait_"):
        return _PARTS.get(longest, "")
    return _of_wait(next(step for step in steps if step.part == longest))


def _of_wait(step: Step) -> str:
    reason = step.part.removeprefix("wait_")
    environment = quoted(step.environment) if step.environment else "its environment"
    return _WAITS.get(reason, "").replace("{environment}", environment) or remedy(None, reason)


_SPECIFIC: Mapping[str, Callable[[JobSteps], str]] = {"earlier_running": _not_again, "dependency": _awaited}
_CUT_SHORT = (
    "Its work is not done: the container exited 0 at SIGTERM, so AWS Batch takes the job for SUCCEEDED, and no rule"
    " retries it."
)
_HEED_SIGTERM = (
    "let what it runs end with another code than 0 at SIGTERM (in a shell: exec the program), so that the attempt fails"
    " and is tried again"
)
