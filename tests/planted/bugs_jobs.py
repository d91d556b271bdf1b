"""Planted one-line bugs about jobs: their lives, their lines, what they need, and what is told of them."""

from __future__ import annotations

from tests.planted import worlds
from tests.planted.patching import Bug, line

LIFECYCLE = (
    Bug(
        "N45",
        "a job ends a millisecond after its attempt",
        worlds.line,
        line(
            "engine.lifecycle:Lifecycle.end",
            "ended_at[job] = self._kernel.now_ms",
            "ended_at[job] = self._kernel.now_ms + 1",
        ),
    ),
    Bug(
        "I06b",
        "a job is RUNNABLE a millisecond late",
        worlds.line,
        line("engine.lifecycle:Lifecycle.release", "set_runnable(low, high, now)", "set_runnable(low, high, now + 1)"),
    ),
    Bug(
        "I07",
        "attempts are numbered from 0",
        worlds.line,
        line("engine.attempts:Attempts.open", "attempt = jobs.attempts[job] + 1", "attempt = jobs.attempts[job]"),
    ),
    Bug(
        "I13",
        "a container runs a millisecond longer than its work",
        worlds.line,
        line("engine.attempts:Attempts._plan_end", "running_at_ms + run_ms, Rank", "running_at_ms + run_ms + 1, Rank"),
    ),
    Bug(
        "I04e",
        "exit code 0 is a failure",
        worlds.line,
        line(
            "engine.attempts:Attempts._plan_end",
            "Outcome.FAILED if exit_code else Outcome.SUCCEEDED",
            "Outcome.SUCCEEDED if exit_code else Outcome.FAILED",
        ),
    ),
    Bug(
        "I15",
        "an array with a failed child SUCCEEDED",
        worlds.dependencies,
        line("engine.lifecycle:Lifecycle.end_submission", "if failed else", "if not failed else"),
    ),
)

RETRIES = (
    Bug(
        "I08",
        "one attempt too many",
        worlds.retries,
        line("engine.lifecycle:Lifecycle._is_retried", "tries_left > 0", "tries_left >= 0"),
    ),
    Bug(
        "I17",
        "one attempt too few",
        worlds.retries,
        line("engine.lifecycle:Lifecycle._is_retried", "tries_left > 0", "tries_left > 1"),
    ),
    Bug(
        "I17b",
        "evaluateOnExit matches what it should not",
        worlds.retries,
        line("policies.retry:_like", "text == pattern", "text != pattern"),
    ),
    Bug(
        "W06",
        "a retry waits twice as long",
        worlds.retries,
        line(
            "engine.lifecycle:Lifecycle.settle_attempt", "now_ms + self._rules.retry", "now_ms + 2 * self._rules.retry"
        ),
    ),
    Bug(
        "W04",
        "retried jobs are looked at last, and the wrong one is taken",
        worlds.front,
        line("engine.job_queue:JobQueue.head", "self.retried or self.runs", "self.runs or self.retried"),
    ),
)

TIMEOUTS = (
    Bug(
        "I14",
        "a timeout strikes at half its time",
        worlds.timeouts,
        line("engine.attempts:Attempts._limited", "timeout_ms + entry", "timeout_ms // 2 + entry"),
    ),
    Bug(
        "I14",
        "a timeout never strikes",
        worlds.timeouts,
        line("engine.attempts:Attempts._plan_end", "run_ms > limit_ms", "run_ms < limit_ms"),
    ),
)

DEPENDENCIES = (
    Bug(
        "I16b",
        "a failed dependency releases",
        worlds.dependencies,
        line(
            "engine.dependencies:Dependencies._decide_plain",
            "if self._submissions.failed[parent]:",
            "if not self._submissions.failed[parent]:",
        ),
    ),
    Bug(
        "I06",
        "the second child of a sequence does not wait",
        worlds.dependencies,
        line("engine.dependencies:Dependencies._watch_sequence", "range(1, len(unmet))", "range(2, len(unmet))"),
    ),
    Bug(
        "I06b",
        "N_TO_N forgets the first child",
        worlds.dependencies,
        line("engine.dependencies:Dependencies._follow", "if kind == N_TO_N:", "if kind == N_TO_N and index:"),
    ),
    Bug(
        "I06b",
        "N_TO_N releases the first child for each",
        worlds.dependencies,
        line("engine.dependencies:Dependencies._follow", "(dependent, index, succ", "(dependent, 0, succ"),
    ),
    Bug(
        "I06",
        "a plain dependency is not counted",
        worlds.dependencies,
        line("engine.dependencies:Dependencies._watch", "unmet[submission] += 1", "unmet[submission] += 0"),
    ),
    Bug(
        "I04f",
        "a job does not say that its dependency failed",
        worlds.dependencies,
        line("engine.dependencies:Dependencies._fail_one", "DEPENDENCY_FAILED", "0"),
    ),
)

PLACEMENT = (
    Bug(
        "I11",
        "a job takes half of the vCPUs that it asks for",
        worlds.images,
        line(
            "engine.ec2:Ec2Environment._take",
            "instances.free_vcpus[row] -= want.vcpus * count",
            "instances.free_vcpus[row] -= want.vcpus * count // 2",
        ),
    ),
    Bug(
        "I30",
        "the lower priority goes first",
        worlds.priorities,
        line(
            "policies.ordering:serving_order", "(-priorities[position], position)", "(priorities[position], position)"
        ),
    ),
    Bug(
        "C02",
        "a pass runs when something changes, not at the next cycle",
        worlds.scaling,
        line("engine.scheduler:Scheduler.request_pass", "-(-now // cycle) * cycle if cycle else now", "now"),
    ),
    Bug(
        "I29b",
        "who comes later goes first",
        worlds.line,
        line("policies.ordering:fifo_key", "return (created_ms, 0, row)", "return (-created_ms, 0, row)"),
    ),
)

FAIR_SHARE = (
    Bug(
        "S04",
        "all shares weigh the same",
        worlds.shares,
        line("policies.fair_share:effective_weight", "weight * max(1, active) if prefix else weight", "1"),
    ),
    Bug(
        "S03",
        "nothing is reserved",
        worlds.shares,
        line("policies.fair_share:unreserved_milli", "(whole - kept) // whole", "whole // whole"),
    ),
)

CONSUMABLES = (
    Bug(
        "R01",
        "a shortage does not keep jobs back",
        worlds.licences,
        line("engine.consumables:Consumables.permitted", "min(count, enough_for)", "count"),
    ),
    Bug(
        "R01",
        "twice as much comes back",
        worlds.licences,
        line(
            "engine.consumables:Consumables._give_back",
            "in_use[resource] -= quantity",
            "in_use[resource] -= 2 * quantity",
        ),
    ),
    Bug(
        "R02",
        "what is used up comes back",
        worlds.licences,
        line("engine.consumables:Consumables._give_back", "if self._is_returned[resource]:", "if True:"),
    ),
    Bug(
        "R02",
        "a use is written a millisecond late",
        worlds.licences,
        line(
            "engine.consumables:Consumables._write",
            "self._kernel.now_ms, resource",
            "self._kernel.now_ms + 1, resource",
        ),
    ),
)

BLOCKED = (
    Bug(
        "H01",
        "a blocked head is told of at half its time",
        worlds.blocked,
        line("engine.blocked:BlockDetector._due_ms", "+ self._detect_ms", "+ self._detect_ms // 2"),
    ),
    Bug(
        "H04",
        "a time limit cancels too early",
        worlds.blocked,
        line(
            "engine.blocked:BlockDetector._due_ms", "max(limit_ms, self._detect_ms)", "min(limit_ms, self._detect_ms)"
        ),
    ),
    Bug(
        "H05",
        "a blocked head is not told of",
        worlds.blocked,
        line("engine.blocked:BlockDetector._is_head", "head[0] == watch.job", "head[0] != watch.job"),
    ),
)

NOTIFICATIONS = (
    Bug(
        "E03",
        "a rule tells of everything but what it is for",
        worlds.told,
        line("formats.event_pattern:value_matches", "return any(", "return not any("),
    ),
)

CONTROL = (
    Bug(
        "K01",
        "who cancels is not named",
        worlds.stops,
        line("engine.control:JobControl.cancel", "self._lifecycle.fail(job, code)", "self._lifecycle.fail(job, 0)"),
    ),
    Bug(
        "K02",
        "a PENDING job ends before its dependencies",
        worlds.stops,
        line("engine.dependencies:Dependencies.cancel", "if self._wait_for_cancel or", "if"),
    ),
)

IMAGES = (
    Bug(
        "G01",
        "who finds a pull under way starts before it is done",
        worlds.images,
        line("engine.images:ImageCache.ready_at", "max(ready_ms, now_ms + self.hit_ms)", "now_ms + self.hit_ms"),
    ),
    Bug(
        "I12c",
        "a pull takes half its time",
        worlds.images,
        line("engine.images:ImageCache.ready_at", "now_ms, now_ms + took_ms", "now_ms, now_ms + took_ms // 2"),
    ),
)

BUGS = (
    *LIFECYCLE,
    *RETRIES,
    *TIMEOUTS,
    *DEPENDENCIES,
    *PLACEMENT,
    *FAIR_SHARE,
    *CONSUMABLES,
    *BLOCKED,
    *NOTIFICATIONS,
    *CONTROL,
    *IMAGES,
)
