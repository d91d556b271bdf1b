"""Scale-in: idle instances end, down to minvCpus, and closed ones, at checks on a grid (fact sheet 5.6)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank, in_turn
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Rules
from batchsim.engine.scaling_log import ScalingLog
from batchsim.records.vocabulary import ScalingAction, WhyEnded


class ScaleIn:
    """Checks an environment only at those instants of the grid at which an instance may have to go."""

    def __init__(
        self,
        kernel: Kernel,
        instances: InstanceTable,
        launcher: Launcher,
        rules: Rules,
        log: ScalingLog,
        gate_opened: Callable[[], None],
        decided: Callable[[str, range], None],
    ) -> None:
        """``decided(kind, rows)`` hears of each end."""
        self._kernel = kernel
        self._instances = instances
        self._launcher = launcher
        self._rules = rules
        self._log = log
        self._gate_opened = gate_opened
        self._decided = decided
        self._checks: set[tuple[int, int]] = set()
        """(environment, instant) of the checks on the agenda."""
        self._kept: dict[int, dict[int, None]] = {}
        """By environment, instances that became idle when minvCpus kept them: nobody checks, as long as that is so."""

    def watch(self, environment: Ec2Environment, row: int) -> None:
        """An instance became idle: check when its time has come; of a fleet that stands, none goes."""
        if environment.plan.stands:
            return
        if self._is_kept(environment, row):
            self._kept.setdefault(environment.position, {})[row] = None
        else:
            self._check_at(environment, self._due_at(environment, row))

    def look_again(self, environment: Ec2Environment) -> None:
        """minvCpus or the capacity changed: instances that were kept may go, now or when their time has come."""
        if environment.plan.stands:
            return
        if self._may_let_go(environment):
            for row in self._kept.pop(environment.position, ()):
                if row in environment.idle_since:
                    self.watch(environment, row)
        if self._may_be_due(environment) and self._due(environment):
            self._check_at(environment, self._kernel.now_ms)

    def _may_let_go(self, environment: Ec2Environment) -> bool:
        """Whether minvCpus keep less than all: asked at each launch, of which it takes thousands to come to them."""
        spare = environment.open_vcpus - environment.min_vcpus
        return spare >= environment.offers.least_vcpus or bool(environment.closed)

    def _is_kept(self, environment: Ec2Environment, row: int) -> bool:
        """Whether the environment would fall below minvCpus without an instance; one closed to jobs goes all the same.

        Only growth and another minvCpus change that, and both look again.
        """
        spare = environment.open_vcpus - environment.min_vcpus
        return self._instances.vcpus[row] > spare and row not in environment.closed

    def _check_at(self, environment: Ec2Environment, at_ms: int) -> None:
        """Check at the first instant of the grid from ``at_ms`` on."""
        tick = _on_grid(max(at_ms, self._kernel.now_ms), self._rules.scale_down_check_ms)
        if (environment.position, tick) not in self._checks:
            self._checks.add((environment.position, tick))
            turn = in_turn(Rank.SCALE_IN, environment.position)
            self._kernel.call_in_background(tick, turn, self._check, environment)

    def _check(self, environment: Ec2Environment) -> None:
        """End idle instances whose time has come, the longest idle first, as far as minvCpus permits."""
        now = self._kernel.now_ms
        self._checks.discard((environment.position, now))
        ended = ended_vcpus = 0
        for row in self._due(environment):
            vcpus = self._instances.vcpus[row]
            if self._is_kept(environment, row):
                continue
            environment.remove(row, WhyEnded.SCALE_IN)
            self._launcher.ended(row)
            ended, ended_vcpus = ended + 1, ended_vcpus + vcpus
            self._decided("scale_in", range(row, row + 1))
        if ended:
            environment.cooling_until_ms = now + self._rules.cooldown_ms
            self._log.write(environment, ScalingAction.SCALE_IN, -ended, -ended_vcpus)
            self._gate_opened()

    def is_awaited(self, environment: Ec2Environment) -> bool:
        """Whether an instance idles or boots that minvCpus lets go in time: a run does not end before."""
        if environment.plan.stands:
            return False
        if environment.closed:
            return True
        spare = environment.on_vcpus - environment.min_vcpus
        return any(self._instances.vcpus[row] <= spare for row in chain(environment.idle_since, environment.booting))

    def _may_be_due(self, environment: Ec2Environment) -> bool:
        """Whether one can be due at all, by the longest idle, which stands first: asked at each launch."""
        longest = next(iter(environment.idle_since.values()), None)
        if longest is None:
            return False
        return bool(environment.closed) or longest + self._rules.scale_down_idle_ms <= self._kernel.now_ms

    def _due(self, environment: Ec2Environment) -> list[int]:
        now = self._kernel.now_ms
        idle = sorted((since, row) for row, since in environment.idle_since.items())
        return [row for _, row in idle if self._due_at(environment, row) <= now]

    def _due_at(self, environment: Ec2Environment, row: int) -> int:
        """When an idle instance may go: after its patience, and not before the next pass could place a job on it.

        Nor in the instant of its launch: where nothing takes any time, it would be launched and ended for ever.
        """
        since = environment.idle_since[row]
        next_pass = _on_grid(since, self._rules.scheduler_cycle_ms)
        return max(since + self._patience_ms(environment, row), next_pass, self._instances.launched_at[row] + 1)

    def _patience_ms(self, environment: Ec2Environment, row: int) -> int:
        """How long an instance stays idle; ``minScaleDownDelayMinutes`` only holds for one that had a job.

        One that is closed to jobs goes at once.
        """
        if row in environment.closed:
            return 0
        had_job = environment.idle_since[row] > self._instances.ready_at[row]
        delay_ms = environment.plan.min_scale_down_delay_ms if had_job else 0
        return max(self._rules.scale_down_idle_ms, delay_ms)


def _on_grid(at_ms: int, grid_ms: int) -> int:
    """Return the first multiple of the grid at or after an instant; a grid of 0 has every instant."""
    return -(-at_ms // grid_ms) * grid_ms if grid_ms else at_ms
