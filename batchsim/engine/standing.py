"""Fleets that stand in place of a scaler (``world.fleets``): instances launched at given times, to stay to the end."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import FleetLaunch
from batchsim.engine.scaling_log import ScalingLog
from batchsim.policies.allocation import Offer
from batchsim.records.vocabulary import ScalingAction, WhyLaunched


class StandingFleet:
    """Launches what one environment's fleet lists. What Spot takes of it is not replaced.

    Instances come where, in an instant, others become ready: before the submissions and the pass.
    """

    def __init__(
        self,
        kernel: Kernel,
        environment: Ec2Environment,
        launcher: Launcher,
        instances: InstanceTable,
        log: ScalingLog,
        decided: Callable[[str, range], None],
        *,
        initial_ready: bool,
    ) -> None:
        """``decided(kind, rows)`` hears of each launch after t = 0."""
        self.coming: list[FleetLaunch] = []
        """Launches that are still to come."""
        self._kernel = kernel
        self._environment = environment
        self._launcher = launcher
        self._instances = instances
        self._log = log
        self._decided = decided
        self._initial_ready = initial_ready

    def start(self) -> None:
        """Launch what stands at t = 0, and put the rest on the agenda."""
        launches = self._environment.plan.fleet
        rows = [
            row for launch in launches if not launch.at_ms for row in self._launch(launch, ready=self._initial_ready)
        ]
        self._write(ScalingAction.INITIAL, rows)
        for launch in launches:
            if launch.at_ms:
                self.coming.append(launch)
                self._kernel.call_in_background(launch.at_ms, Rank.READY, self._come, launch)

    def _come(self, launch: FleetLaunch) -> None:
        self.coming.remove(launch)
        rows = self._launch(launch, ready=False)
        self._write(ScalingAction.SCALE_UP, rows)
        for row in rows:
            self._decided("launch", range(row, row + 1))

    def _launch(self, launch: FleetLaunch, *, ready: bool) -> list[int]:
        why, rows = WhyLaunched.FLEET, []
        for _ in range(launch.instances):
            offer = self._emptiest(launch)
            if offer is not None:
                rows.append(self._launcher.launch(self._environment, offer, why, ready=ready))
        return rows

    def _emptiest(self, launch: FleetLaunch) -> Offer | None:
        """Return the offer in the zone with the fewest vCPUs of this environment, else the first.

        None where all zones that it may come from are out.
        """
        environment, launcher = self._environment, self._launcher
        offers = (environment.plan.offers[at] for at in launch.offers)
        there = (offer for offer in offers if not launcher.is_out(environment, offer))
        return min(there, key=lambda offer: (environment.zone_vcpus[offer.zone], offer.position), default=None)

    def _write(self, action: ScalingAction, rows: list[int]) -> None:
        vcpus = sum(self._instances.vcpus[row] for row in rows)
        self._environment.kept(self._environment.on_vcpus)
        self._log.write(self._environment, action, len(rows), vcpus)
