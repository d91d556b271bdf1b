"""Planted one-line bugs about capacity: launches, ends, Spot, Fargate, fleets, and what all of it costs."""

from __future__ import annotations

from tests.planted import worlds
from tests.planted.patching import Bug, line

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
        line("engine.scale_up:Scaler._live", "kernel.now_ms + self._delay(self._ordinal)", "kernel.now_ms"),
    ),
    Bug(
        "N33",
        "an instance may go one vCPU beyond the maximum",
        worlds.strict_maximum,
        line("policies.allocation.sizing:permitted", "<= headroom_vcpus", "<= headroom_vcpus + 1"),
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
            "engine.capacity_errors:CapacityErrors.left",
            "shortage.left(self._on[number], offer)",
            "shortage.left(0, offer)",
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
        line("engine.scale_in:ScaleIn._is_kept", "> spare", "> spare + 8"),
    ),
    Bug(
        "N37",
        "one instance more than minvCpus is kept",
        worlds.updates,
        line("engine.scale_in:ScaleIn._is_kept", "> spare", ">= spare"),
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
        line("engine.spot:SpotMarket._plan_strike", "at_ms - notice_ms)", "at_ms - notice_ms // 2)"),
    ),
    Bug(
        "I20c",
        "a fault strikes the next instance",
        worlds.spot,
        line(
            "engine.spot:SpotMarket.strike_by_ordinal",
            "row_of, environment, ordinal)",
            "row_of, environment, ordinal + 1)",
        ),
    ),
    Bug(
        "I20d",
        "what a fault takes comes back unasked",
        worlds.spot,
        line(
            "engine.spot:SpotMarket._strike_now",
            "self._reclaim(row, replace, fault)",
            "self._reclaim(row, not replace, fault)",
        ),
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
            "engine.fargate:FargateEnvironment.use", "self.account.used_milli += milli", "self.account.used_milli += 0"
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
            "engine.fargate:FargateEnvironment.start",
            "now + entry.provision.one_ms(index, attempt)",
            "now + entry.provision.one_ms(index, attempt) // 2",
        ),
    ),
    Bug(
        "I12c",
        "a task pulls twice as long",
        worlds.tasks,
        line("engine.fargate:FargateEnvironment.start", "pull_at + pull_ms", "pull_at + 2 * pull_ms"),
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
        line("analysis.bills:computed", "lives.on_ms < FIRST_HOUR_MS", "lives.on_ms > FIRST_HOUR_MS"),
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

BUGS = (*SCALE_UP, *SCALE_IN, *SPOT, *FARGATE, *FLEETS, *BILLING)
