"""Which kind of environment each compute environment is: on instances or on Fargate, rated, rationed."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.attempts import Attempts
from batchsim.engine.consumables import (
    Consumables,
    Gatekeeper,
    Rationed,
    RationedEc2Environment,
    RationedFargateEnvironment,
    RationedRatedEc2Environment,
)
from batchsim.engine.dispatch import RatedEc2Environment
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.fargate_account import FargateAccount
from batchsim.engine.fleet import Fleet
from batchsim.engine.images import ImageCache
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import Ec2Plan, EnvironmentPlan, Plan
from batchsim.engine.tables import Tables
from batchsim.engine.token_bucket import TokenBucket
from batchsim.policies.packing import Packing


class EnvironmentBuilder:
    """Builds the environments of one run."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        tables: Tables,
        running: Attempts,
        images: ImageCache,
        packing: Packing | None,
        consumables: Consumables | None,
        gate_opened: Callable[[], None],
        *,
        thorough: bool,
    ) -> None:
        """``packing``: the user's own."""
        self._kernel = kernel
        self._plan = plan
        self._tables = tables
        self._running = running
        self._images = images
        self._packing = packing
        self._consumables = consumables
        self._gate_opened = gate_opened
        self._is_thorough = thorough

    def environments(self) -> tuple[Environment, ...]:
        """Return all environments, by position."""
        rules = self._plan.rules
        accounts = tuple(
            FargateAccount(TokenBucket(rules.fargate_burst, rules.fargate_rate_per_s), quota_milli)
            for quota_milli in rules.fargate_quota_milli
        )
        return tuple(
            self._rationed(self._environment(position, plan, accounts))
            for position, plan in enumerate(self._plan.environments)
        )

    def _environment(self, position: int, plan: EnvironmentPlan, accounts: tuple[FargateAccount, ...]) -> Environment:
        """``accounts``: what Fargate's environments share, and what Fargate Spot's do."""
        if isinstance(plan, Ec2Plan):
            return self._ec2_environment(position, plan)
        of_tasks = FargateEnvironment if self._consumables is None else RationedFargateEnvironment
        parts = (position, plan, self._tables, accounts[plan.spot], self._running, self._kernel)
        return of_tasks(*parts, self._gate_opened, self._plan.rules)

    def _ec2_environment(self, position: int, plan: Ec2Plan) -> Ec2Environment:
        rules, rationed = self._plan.rules, self._consumables is not None
        fleet = Fleet(self._tables.instances, rules.packing, self._packing, indexed=not self._is_thorough)
        parts = (position, plan, self._tables, fleet, self._images, self._running, self._kernel)
        if rules.dispatch_rate_per_s is None or plan.without_queue:
            return RationedEc2Environment(*parts) if rationed else Ec2Environment(*parts)
        burst = max(1, int(rules.dispatch_rate_per_s))
        bucket = TokenBucket(burst, rules.dispatch_rate_per_s)
        rated = RationedRatedEc2Environment if rationed else RatedEc2Environment
        return rated(*parts, bucket=bucket, request_pass=self._gate_opened)

    def _rationed(self, environment: Environment) -> Environment:
        """Give an environment its gatekeeper, in runs with consumable resources."""
        if isinstance(environment, Rationed):
            assert self._consumables is not None
            environment.gate = Gatekeeper(self._consumables)
        return environment
