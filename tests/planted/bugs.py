"""One-line bugs by family: the line of the product that is wrong, a world in which it shows, who must catch it."""

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
        line("engine.lifecycle:Lifecycle._end_submission", "if failed else", "if not failed else"),
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
        line("engine.job_queue:JobQueue.head", "self._retried or self._runs", "self._runs or self._retried"),
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

SCALE_UP = (
    Bug(
        "N36",
        "the last environment of a queue is tried first",
        worlds.two_places,
        line("engine.overtaking:try_in_order", "for position in positions:", "for position in reversed(positions):"),
    ),
    Bug(
        "I19b",
        "the agent registers at once",
        worlds.scaling,
        line("engine.launch:Launcher._boot", "max(boot, pending) + register", "max(boot, pending)"),
    ),
    Bug(
        "I19c",
        "pending time is billed",
        worlds.scaling,
        line("engine.launch:Launcher.launch", '"running": pending_ms', '"running": 0 * pending_ms'),
    ),
    Bug(
        "C06",
        "a decision falls due at once",
        worlds.scaling,
        line("engine.scale_up:Scaler._live", "kernel.now_ms + self._delay.one_ms(self._ordinal)", "kernel.now_ms"),
    ),
    Bug(
        "N33",
        "an instance may go one vCPU beyond the maximum",
        worlds.strict_maximum,
        line("policies.allocation.sizing:permitted", "<= demand.headroom_vcpus", "<= demand.headroom_vcpus + 1"),
    ),
    Bug(
        "V01",
        "a room that becomes free is not looked at",
        worlds.line,
        line("engine.ec2:Ec2Environment.release", "self.touched = True", "self.touched = False"),
    ),
    Bug(
        "C01",
        "an instance that ends takes one vCPU with it",
        worlds.scaling,
        line("engine.ec2:Ec2Environment.remove", "self.on_vcpus -= self._instances.vcpus[row]", "self.on_vcpus -= 1"),
    ),
    Bug(
        "N55",
        "a quota counts each launch alone",
        worlds.quotas,
        line("engine.quota:VcpuQuota.permits", "self._used[class_] + offer.vcpus <= limit", "offer.vcpus <= limit"),
    ),
    Bug(
        "N55",
        "a quota counts instances for vCPUs",
        worlds.quotas,
        line("engine.quota:VcpuQuota.count", "instances * offer.vcpus", "instances"),
    ),
    Bug(
        "N56",
        "what is on does not count in a shortage",
        worlds.shortage,
        line(
            "engine.capacity_errors:CapacityErrors.left", "shortage.instances - self._on[number]", "shortage.instances"
        ),
    ),
)

SCALE_IN = (
    Bug(
        "I21b",
        "idle instances end at once",
        worlds.scaling,
        line("engine.scale_in:ScaleIn._due_at", "since + self._patience_ms", "since + 0 * self._patience_ms"),
    ),
    Bug(
        "N37",
        "idle instances stay twice as long",
        worlds.scaling,
        line("engine.scale_in:ScaleIn._due_at", "since + self._patience_ms", "since + 2 * self._patience_ms"),
    ),
    Bug(
        "N32",
        "scale-in goes below minvCpus",
        worlds.scaling,
        line("engine.scale_in:ScaleIn._check", "< environment.min_vcpus", "< environment.min_vcpus - 8"),
    ),
    Bug(
        "N37",
        "one instance more than minvCpus is kept",
        worlds.updates,
        line("engine.scale_in:ScaleIn._check", "< environment.min_vcpus", "<= environment.min_vcpus"),
    ),
    Bug(
        "C03",
        "idle instances end between two checks",
        worlds.scaling,
        line("engine.scale_in:_on_grid", "-(-at_ms // grid_ms) * grid_ms if grid_ms else at_ms", "at_ms"),
    ),
)

SPOT = (
    Bug(
        "I20b",
        "a notice comes at half its time",
        worlds.spot,
        line("engine.spot:SpotMarket._plan_strike", "- self._plan.notice_ms", "- self._plan.notice_ms // 2"),
    ),
    Bug(
        "I20c",
        "a fault strikes the next instance",
        worlds.spot,
        line(
            "engine.spot:SpotMarket.strike_by_ordinal",
            "row_of(environment, ordinal)",
            "row_of(environment, ordinal + 1)",
        ),
    ),
    Bug(
        "I20d",
        "what a fault takes comes back unasked",
        worlds.spot,
        line("engine.spot:SpotMarket._strike_now", "self._reclaim(row, replace)", "self._reclaim(row, not replace)"),
    ),
    Bug(
        "N57b",
        "who has no notice gets none from a price",
        worlds.bids,
        line("engine.spot:SpotMarket.interrupt", "== NEVER", "!= NEVER"),
    ),
    Bug(
        "P03",
        "what a checkpoint saved is forgotten",
        worlds.spot,
        line("engine.attempts:Attempts._plan_course", "self.courses.saved.get(job, 0)", "0"),
    ),
)

FARGATE = (
    Bug(
        "Q03",
        "tasks do not count in the account's quota",
        worlds.tasks,
        line(
            "engine.fargate:FargateEnvironment._use", "self.account.used_milli += milli", "self.account.used_milli += 0"
        ),
    ),
    Bug(
        "N33b",
        "tasks do not count in maxvCpus",
        worlds.wide_tasks,
        line("engine.fargate:FargateEnvironment.room_milli", "* 1000 - self.used_milli", "* 1000"),
    ),
    Bug(
        "I12b",
        "a task provisions in half its time",
        worlds.tasks,
        line(
            "engine.fargate:FargateEnvironment._start",
            "now + entry.provision.one_ms(index, attempt)",
            "now + entry.provision.one_ms(index, attempt) // 2",
        ),
    ),
    Bug(
        "I12c",
        "a task pulls twice as long",
        worlds.tasks,
        line("engine.fargate:FargateEnvironment._start", "pull_at + pull_ms", "pull_at + 2 * pull_ms"),
    ),
    Bug(
        "Q01",
        "tokens are not used up",
        worlds.spot_tasks,
        line("engine.token_bucket:TokenBucket.take", "self._level -= count", "self._level -= 0 * count"),
    ),
    Bug(
        "Q05",
        "an outage ends when it begins",
        worlds.spot_tasks,
        line("engine.fargate_account:Outages.refused_until", "end_ms is None", "end_ms is not None"),
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
        line("engine.images:ImageCache.ready_at", "max(ready_ms, now_ms + self._hit_ms)", "now_ms + self._hit_ms"),
    ),
    Bug(
        "I12c",
        "a pull takes half its time",
        worlds.images,
        line("engine.images:ImageCache.ready_at", "now_ms, now_ms + took_ms", "now_ms, now_ms + took_ms // 2"),
    ),
)

FLEETS = (
    Bug(
        "L02",
        "a fleet has one instance more than is listed",
        worlds.fleet,
        line("engine.standing:StandingFleet._launch", "range(launch.instances)", "range(launch.instances + 1)"),
    ),
)

BILLING = (
    Bug(
        "I22",
        "seconds are rounded down",
        worlds.bills,
        line("analysis.bills:billed_seconds", "-(-on_ms // 1000)", "on_ms // 1000 - 1"),
    ),
    Bug(
        "I22",
        "there is no minimum",
        worlds.bills,
        line("analysis.bills:billed_seconds", "np.maximum(MINIMUM_S, ", "np.maximum(1, "),
    ),
    Bug(
        "I22b",
        "a volume is billed a second longer",
        worlds.bills,
        line("analysis.bills:instance_bills", "ebs=mul_div(seconds", "ebs=mul_div(seconds + 1"),
    ),
    Bug(
        "I22",
        "the first hour is free when it is over",
        worlds.spot,
        line("analysis.bills:instance_bills", "lives.on_ms < FIRST_HOUR_MS", "lives.on_ms > FIRST_HOUR_MS"),
    ),
    Bug(
        "N35b",
        "storage that is included is billed",
        worlds.tasks,
        line("analysis.bills:_sizes", "- INCLUDED_STORAGE_GIB", "- 0"),
    ),
    Bug(
        "N35b",
        "a task is billed from the end of its pull",
        worlds.tasks,
        line("analysis.bills:task_bills", "phases.image_pull_ms[rows] + ", ""),
    ),
    Bug(
        "B10b",
        "pulls are put down to container starts",
        worlds.images,
        line("analysis.cost:_phases_of", "(Cause.IMAGE_PULL, ", "(Cause.CONTAINER_START, "),
    ),
    Bug(
        "B11b",
        "the smaller share is taken for the greater",
        worlds.bills,
        line(
            "analysis.attribution:_host_shares",
            "milli * all_mib >= mib * all_milli",
            "milli * all_mib < mib * all_milli",
        ),
    ),
    Bug(
        "B10",
        "failures are called useful",
        worlds.bills,
        line("analysis.causes:causes_of_work", "table[records.attempts.outcome]", "np.int8(Cause.USEFUL_WORK)"),
    ),
    Bug(
        "B07",
        "a job's part is paid twice",
        worlds.bills,
        line("analysis.extras:_bill", "attempts[first] += price.per_job", "attempts[first] += 2 * price.per_job"),
    ),
)

BUGS = (
    *LIFECYCLE, *RETRIES, *TIMEOUTS, *DEPENDENCIES, *PLACEMENT, *SCALE_UP, *SCALE_IN, *SPOT, *FARGATE, *FAIR_SHARE,
    *CONSUMABLES, *BLOCKED, *NOTIFICATIONS, *CONTROL, *IMAGES, *FLEETS, *BILLING,
)  # fmt: skip
