"""The scaling table of a run: every change of an environment's capacity, and decisions that changed nothing."""

from __future__ import annotations

from batchsim.engine.columns import column, frozen
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.kernel import Kernel
from batchsim.records.tables import Scaling
from batchsim.records.vocabulary import ScalingAction


class ScalingLog:
    """Growable columns, one row an action."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.at = column("q")
        self.environment = column("h")
        self.action = bytearray()
        self.uncovered_vcpus = column("q")
        self.instances = column("i")
        self.vcpus = column("i")
        self.desired_vcpus = column("i")
        self.capacity_errors = column("i")

    def write(
        self,
        environment: Ec2Environment,
        action: ScalingAction,
        instances: int = 0,
        vcpus: int = 0,
        uncovered_vcpus: int = 0,
        capacity_errors: int = 0,
    ) -> None:
        """Append one row, now; ``desired_vcpus`` is what runs and boots after it."""
        self.at.append(self._kernel.now_ms)
        self.environment.append(environment.position)
        self.action.append(action)
        self.uncovered_vcpus.append(uncovered_vcpus)
        self.instances.append(instances)
        self.vcpus.append(vcpus)
        self.desired_vcpus.append(environment.on_vcpus)
        self.capacity_errors.append(capacity_errors)

    def freeze(self) -> Scaling:
        """Return the frozen record."""
        return Scaling(
            at_ms=frozen(self.at),
            environment=frozen(self.environment),
            action=frozen(self.action),
            uncovered_vcpus=frozen(self.uncovered_vcpus),
            instances=frozen(self.instances),
            vcpus=frozen(self.vcpus),
            desired_vcpus=frozen(self.desired_vcpus),
            capacity_errors=frozen(self.capacity_errors),
        )
