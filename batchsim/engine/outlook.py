"""What backfilling expects: how long jobs take, when those that run will have ended, when instances will be ready.

An estimate of a run is the job's timeout, else its law's mean; delays count with their means. What runs for longer than
expected is expected to end at any moment.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import NamedTuple

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.images import ImageCache
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.laws import LONGEST_MS, Law, Sampler
from batchsim.engine.plan import Delays, EntryRun, Rules
from batchsim.engine.tables import Tables
from batchsim.engine.workload.progress import running_ms
from batchsim.engine.workload.work import DrawnWork
from batchsim.policies.backfilling import FOREVER, NOW, Freeing, Profile, first_fit
from batchsim.policies.packing import Size
from batchsim.records.tables import NEVER

ENDLESS = 1 << 40


class Host(NamedTuple):
    """An instance that runs or boots; or a Fargate environment as one host, with maxvCpus for its size."""

    environment: int
    row: int
    """Of the instance, NEVER on Fargate."""


class _Known(NamedTuple):
    """What is expected of the jobs of an entry."""

    run_ms: int | None
    provision_ms: int
    warm_start_ms: int


class Estimates:
    """How long jobs are expected to take, from STARTING on."""

    def __init__(self, tables: Tables, delays: Delays, rules: Rules, images: ImageCache) -> None:
        self._tables = tables
        self._rules = rules
        self._images = images
        self._known: dict[int, _Known] = {}
        """By entry."""
        slow = rules.slow_pull_probability
        new_image, slow_pull = delays.new_image("").law, delays.slow_pull("").law
        self._pull_ms = round((1 - slow) * _mean_ms(new_image) + slow * _mean_ms(slow_pull))

    def lane_of(self, row: int) -> Hashable:
        """Return what tells jobs apart that start, and are expected to end, differently."""
        image = self._tables.submissions.image[self._tables.jobs.submission[row]]
        return self._tables.shape_code(row), image, self._tables.entry(row).pull, self.run_ms(row)

    def run_ms(self, row: int) -> int | None:
        """Return the expected RUNNING time at speed 1, a timeout's at any; None where there is no estimate."""
        return self._of(row).run_ms

    def length_ms(self, row: int, host: Host, now_ms: int) -> int:
        """Return how long a waiting job would hold room on a host from now on; FOREVER where nobody knows."""
        image = self._tables.submissions.image[self._tables.jobs.submission[row]]
        pulls = host.row == NEVER or not self._images.is_on(image, host.row, now_ms)
        return self._length_ms(row, host, pulls=pulls)

    def end_ms(self, attempt: int) -> int:
        """Return when an attempt was expected to end when it started; FOREVER where nobody knows."""
        table = self._tables.attempts
        host = Host(table.environment[attempt], table.instance[attempt])
        pulls = table.pulled_at[attempt] > table.starting_at[attempt]
        return min(FOREVER, table.starting_at[attempt] + self._length_ms(table.job[attempt], host, pulls=pulls))

    def _length_ms(self, row: int, host: Host, *, pulls: bool) -> int:
        known, entry = self._of(row), self._tables.entry(row)
        if known.run_ms is None:
            return FOREVER
        run_ms = known.run_ms
        if entry.timeout_ms == NEVER:
            run_ms = running_ms(run_ms, self._speed_pico(row, host))
        if host.row == NEVER:
            pull_ms = self._pull_ms if entry.pull is None else entry.pull.fargate_ms
            return known.provision_ms + pull_ms + run_ms
        return (self._ec2_pull_ms(entry) if pulls else 0) + known.warm_start_ms + run_ms

    def _of(self, row: int) -> _Known:
        """Return what is expected of a job's entry."""
        number = self._tables.submissions.entry[self._tables.jobs.submission[row]]
        if number not in self._known:
            entry = self._tables.entries[number]
            laws = entry.provision.law, entry.warm_start.law
            self._known[number] = _Known(_estimate_ms(entry), *(round(_mean_ms(law)) for law in laws))
        return self._known[number]

    def _ec2_pull_ms(self, entry: EntryRun) -> int:
        return self._pull_ms if entry.pull is None else entry.pull.ec2_ms

    def _speed_pico(self, row: int, host: Host) -> int:
        if host.row == NEVER:
            return self._rules.fargate_speed_pico[self._tables.shape(row).architecture == "arm64"]
        return self._tables.instances.speed_pico[host.row]


class _Seen(NamedTuple):
    """A host as it was looked at last."""

    mark: tuple[int, ...]
    """Tells whether it is still so."""
    free: Size
    freeings: list[Freeing]
    first: dict[Size, int | None]
    """When it has room for a job of a size, as far as that was asked."""


class Outlook:
    """The hosts of the environments, and when their room comes free."""

    def __init__(
        self, tables: Tables, delays: Delays, rules: Rules, estimates: Estimates, environments: tuple[Environment, ...]
    ) -> None:
        self._tables = tables
        self._delays = delays
        self._rules = rules
        self._estimates = estimates
        self._environments = environments
        self._boot_ms: dict[int, int] = {}
        self._seen: dict[Host, _Seen] = {}
        for environment in environments:
            if isinstance(environment, FargateEnvironment):
                environment.tasks = set()

    def hosts(self, position: int) -> list[Host]:
        """Return the hosts of an environment that take jobs, or will: those that are ready first, then by age."""
        environment = self._environments[position]
        if not isinstance(environment, Ec2Environment):
            return [Host(position, NEVER)]
        shut = environment.closed.keys() | environment.draining
        rows = [*sorted(environment.ready.keys() - shut), *sorted(environment.booting.keys() - shut)]
        return [Host(position, row) for row in rows]

    def size(self, row: int, host: Host) -> Size:
        """Return what a job takes of a host."""
        want = self._tables.shape(row)
        return (want.vcpus_milli if host.row == NEVER else want.vcpus), want.memory_mib, want.gpus

    def first(self, row: int, host: Host, now_ms: int) -> int | None:
        """Return when a host is expected to have room for a job, if nothing more starts there; None for never."""
        seen, size = self._look(host), self.size(row, host)
        if size not in seen.first:
            seen.first[size] = first_fit(seen.free, seen.freeings, size)
        at_ms = seen.first[size]
        return at_ms if at_ms is None else now_ms if at_ms == NOW else max(now_ms + 1, at_ms)

    def profile(self, host: Host, now_ms: int) -> Profile:
        """Return the room that a host is expected to have from now on, to be promised."""
        seen = self._look(host)
        return Profile(seen.free, ((max(now_ms + 1, at_ms), size) for at_ms, size in seen.freeings), now_ms)

    def _look(self, host: Host) -> _Seen:
        """Return a host's room; it is worked out anew when an attempt has come or gone.

        New attempts have higher rows than all before, so that their number and the highest row tell.
        """
        environment, capacity = self._environments[host.environment], self._capacity(host)
        boots = isinstance(environment, Ec2Environment) and host.row in environment.booting
        residents = self._residents(environment, host.row)
        mark = (boots, len(residents), max(residents, default=NEVER), capacity[0])
        seen = self._seen.get(host)
        if seen is None or seen.mark != mark:
            freeings = self._boot(environment, host, capacity) if boots else self._ends(host, residents)
            free = capacity
            for _, size in freeings:
                free = (free[0] - size[0], free[1] - size[1], free[2] - size[2])
            seen = self._seen[host] = _Seen(mark, free, freeings, {})
        return seen

    def _ends(self, host: Host, residents: Collection[int]) -> list[Freeing]:
        jobs = self._tables.attempts.job
        return sorted((self._estimates.end_ms(attempt), self.size(jobs[attempt], host)) for attempt in residents)

    def _boot(self, environment: Environment, host: Host, capacity: Size) -> list[Freeing]:
        """All of an instance's room, when it was expected to take jobs as it was launched."""
        assert isinstance(environment, Ec2Environment)
        delays = self._delays
        if environment.position not in self._boot_ms:
            pending, boot, register = (_mean_ms(law("").law) for law in (delays.pending, delays.boot, delays.register))
            self._boot_ms[environment.position] = round(max(pending, boot) + register) + self._rules.user_data_ms
        return [(self._tables.instances.launched_at[host.row] + self._boot_ms[environment.position], capacity)]

    def _capacity(self, host: Host) -> Size:
        if host.row == NEVER:
            return self._environments[host.environment].max_vcpus * 1000, ENDLESS, 0
        instances: InstanceTable = self._tables.instances
        return instances.vcpus[host.row], instances.memory_mib[host.row], instances.gpus[host.row]

    def _residents(self, environment: Environment, row: int) -> Collection[int]:
        if isinstance(environment, FargateEnvironment):
            return environment.tasks or ()
        return self._tables.instances.residents[row]


def _estimate_ms(entry: EntryRun) -> int | None:
    """The timeout, else the mean of the law; None where there is neither."""
    if entry.timeout_ms != NEVER:
        return entry.timeout_ms
    work = entry.work
    if not isinstance(work, DrawnWork) or not isinstance(work.source, Sampler):
        return None
    return max(1, round(_mean_ms(work.source.law)))


def _mean_ms(law: Law) -> float:
    return min(float(LONGEST_MS), max(float(law.least_ms), law.mean_ms))
