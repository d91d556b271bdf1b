"""Compiling workload entries: their calls and jobs become rows, their rules and laws become samplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from batchsim.engine.columns import from_numpy
from batchsim.engine.compile import task_lifetime
from batchsim.engine.laws import Sampler, law_of
from batchsim.engine.plan import EntryRun, Plan, PullTime, Shape, Terms, sooner
from batchsim.engine.randomness import Draws
from batchsim.engine.tables import Tables
from batchsim.engine.task_pulls import TaskPulls
from batchsim.engine.workload.plans import DependencyKind, EntryPlan
from batchsim.policies.retry import Rule
from batchsim.records.tables import NEVER, Ints
from batchsim.spec import EffectiveJob, World
from batchsim.units import DURATION_MS


class Face(NamedTuple):
    """What an entry's calls ask for, shape of the columns (occurrences,), and what their jobs go by."""

    shape: Ints
    image: Ints
    terms: Terms


class EntryCompiler:
    """Adds entries to the engine's tables, in file order; entries from outside follow."""

    def __init__(
        self,
        plan: Plan,
        world: World,
        draws: Draws,
        tables: Tables,
    ) -> None:
        self._plan = plan
        self._world = world
        self._draws = draws
        self._tables = tables
        self._submissions, self._jobs, self._shapes = tables.submissions, tables.jobs, tables.shapes
        self._shape_codes: dict[Shape, int] = {}
        self._queues = {queue.name: position for position, queue in enumerate(plan.queues)}
        self._consumables = {each.name: position for position, each in enumerate(plan.consumables)}

    def add(self, plan: EntryPlan) -> EntryRun:
        """Append one entry with its submissions and jobs."""
        first_job, first_submission = len(self._jobs), len(self._submissions)
        entry = self._entry(plan, first_job, first_submission)
        number, queue = len(self._tables.entries), self._queues[plan.job.queue]
        entry.group = number
        self._tables.entries.append(entry)
        self._submissions.extend(number, first_job, entry.calls, plan.size, plan.is_array, queue)
        self._fill_calls(plan, first_submission)
        self._add_jobs(plan, first_submission)
        return entry

    def link(self, plans: Sequence[EntryPlan]) -> None:
        """Tie the file's entries, all of them added, to those that they follow and fire with; either may come first."""
        entries = self._tables.entries
        first = {plan.workflow: plan.position for plan in reversed(plans) if plan.workflow >= 0}
        for plan in plans:
            if plan.after is not None:
                entries[plan.after[0]].followers.append((plan.position, plan.after[1]))
                entries[plan.position].followed = plan.after[0]
            root = plan
            while root.after is not None:
                root = plans[root.after[0]]
            entries[plan.position].group = first.get(root.workflow, root.position)

    def _entry(self, plan: EntryPlan, first_job: int, first_submission: int) -> EntryRun:
        job, world, draws, stream = plan.job, self._world, self._draws, plan.stream
        terms, retired_after_ms = self._terms(job), self._retired_after_ms(plan)
        return EntryRun(
            name=plan.id,
            first_job=first_job,
            first_submission=first_submission,
            calls=plan.occurrences,
            copies=plan.copies,
            size=plan.size,
            **terms._asdict(),
            retired_after_ms=retired_after_ms,
            limit_ms=sooner(terms.timeout_ms, retired_after_ms),
            sequential=any(link.kind == DependencyKind.SEQUENTIAL for link in plan.dependencies),
            work=plan.work,
            pull=self._pull(plan),
            warm_start=Sampler(law_of(world.warm_start), draws.stream("warm_start", stream)),
            timeout_lag=Sampler(law_of(world.timeout_lag), draws.stream("timeout_lag", stream)),
            provision=Sampler(law_of(world.fargate_provision), draws.stream("provision", stream)),
            task_pulls=self._task_pulls(stream),
            task_lifetimes=task_lifetime(world, draws, stream),
            start_failures=draws.stream("start_failure", stream) if world.start_failure else None,
            course=plan.course,
            stream=stream,
            back_offs=draws.stream("run_task_back_off", stream) if world.run_task_jitter == "full" else None,
            cancel_after_ms=NEVER if plan.cancel_after_ms is None else plan.cancel_after_ms,
            follows=plan.after is not None,
            client_rate_per_s=plan.client_rate_per_s,
            share=self._share(job),
        )

    def _share(self, job: EffectiveJob) -> int:
        """Code the share identifier; NEVER where the queue is FIFO, or none."""
        is_fair = self._plan.queues[self._queues[job.queue]].shares is not None
        return self._plan.shares.code(job.share) if is_fair and job.share is not None else NEVER

    def _rules(self, job: EffectiveJob) -> tuple[Rule, ...]:
        """Return the rules of evaluateOnExit in the order in which they are asked: the first that matches decides."""
        strict = not self._world.no_exit_code_matches
        rules = [
            Rule(
                rule.action.upper() == "RETRY", rule.onStatusReason, rule.onReason, rule.onExitCode,
                needs_exit_code=strict and rule.onExitCode is not None,
            )
            for rule in job.evaluate_on_exit
        ]  # fmt: skip
        return tuple(rules if self._world.retry_rule_order == "first" else reversed(rules))

    def _terms(self, job: EffectiveJob) -> Terms:
        return Terms(
            definition=self._plan.definitions.code(job.definition),
            attempts_allowed=job.attempts,
            rules=self._rules(job),
            timeout_ms=NEVER if job.timeout_ms is None else job.timeout_ms,
            scheduling_priority=job.scheduling_priority,
        )

    def face(self, plan: EntryPlan, job: EffectiveJob) -> Face:
        """Return what an entry's calls ask for under another revision of their job definition."""
        now = replace(plan, job=job)
        return Face(self._shape_of_calls(now), self._image_of_calls(now), self._terms(job))

    def revise(self, face: Face, submission: int) -> None:
        """Let one call take another revision than its entry was compiled with."""
        call = self._submissions.occurrence[submission]
        self._submissions.shape[submission] = int(face.shape[call])
        self._submissions.image[submission] = int(face.image[call])
        self._tables.revised[submission] = face.terms

    def _task_pulls(self, stream: str) -> TaskPulls:
        world, draws = self._world, self._draws
        return TaskPulls(
            draws.stream("task_slow_pull?", stream),
            world.slow_pull_probability,
            Sampler(law_of(world.new_image), draws.stream("task_new_image", stream)),
            Sampler(law_of(world.slow_pull), draws.stream("task_slow_pull", stream)),
        )

    def _retired_after_ms(self, plan: EntryPlan) -> int:
        """Return the RUNNING time after which Fargate ends a task (``fargate_max_days``)."""
        days = self._world.fargate_max_days
        return round(days * DURATION_MS["d"]) if days and plan.job.platform == "FARGATE" else NEVER

    def _pull(self, plan: EntryPlan) -> PullTime | None:
        """Return the pull times of an image whose size the entry states."""
        if plan.image_bytes is None:
            return None
        overhead_ms, rates = self._world.pull_overhead, (self._world.pull_rate_ec2, self._world.pull_rate_fargate)
        return PullTime(*(overhead_ms + ceil(plan.image_bytes * 1000 / rate) for rate in rates))

    def _fill_calls(self, plan: EntryPlan, first: int) -> None:
        """Set what each call asks for and when it is due."""
        submissions, stop = self._submissions, first + plan.occurrences
        if plan.after is None:
            submissions.due_at[first:stop] = from_numpy("q", plan.due_at_ms)
        submissions.firing[first:stop] = from_numpy("i", plan.firing)
        if plan.data_bytes is not None:
            submissions.data_bytes[first:stop] = from_numpy("q", plan.data_bytes)
        submissions.shape[first:stop] = from_numpy("i", self._shape_of_calls(plan))
        submissions.image[first:stop] = from_numpy("i", self._image_of_calls(plan))

    def _shape_of_calls(self, plan: EntryPlan) -> Ints:
        """Intern what is asked; a trace's rows may each ask for something else."""
        job, requests = plan.job, plan.requests
        own = Shape(
            job.vcpus_milli,
            job.vcpus_milli // 1000,
            job.memory_mib,
            job.gpus,
            job.architecture,
            job.ephemeral_gib,
            tuple(sorted((self._consumables[name], quantity) for name, quantity in job.consumables)),
            job.windows,
        )
        if requests is None:
            return np.full(plan.occurrences, self._shape_code(own), dtype=np.int32)
        codes = [
            self._shape_code(own._replace(vcpus=size.vcpus_milli // 1000, **size._asdict()))
            for size in requests.sizes(job, plan.occurrences)
        ]
        return np.array(codes, dtype=np.int32)

    def _shape_code(self, shape: Shape) -> int:
        if shape not in self._shape_codes:
            self._shape_codes[shape] = len(self._shapes)
            self._shapes.append(shape)
        return self._shape_codes[shape]

    def _image_of_calls(self, plan: EntryPlan) -> Ints:
        images, requests = self._plan.images, plan.requests
        if requests is None or requests.image is None:
            return np.full(plan.occurrences, images.code(plan.job.image), dtype=np.int32)
        codes = np.array([images.code(image) for image in requests.images], dtype=np.int32)
        return codes[requests.image]

    def _add_jobs(self, plan: EntryPlan, first_submission: int) -> None:
        """Append the entry's jobs with their work and what attempt 1 will do."""
        calls, size = plan.occurrences, plan.size
        submission = np.repeat(np.arange(first_submission, first_submission + calls, dtype=np.int32), size)
        index = (
            np.tile(np.arange(size, dtype=np.int32), calls) if plan.is_array else np.full(calls, NEVER, dtype=np.int32)
        )
        first = plan.work.first()
        reasons = np.array([self._tables.container_reasons.code(text) for text in plan.work.reasons], dtype=np.int16)
        self._jobs.extend(
            submission, index, plan.work.work_ms(), (first.run_ms, first.exit_code, reasons[first.reason])
        )
