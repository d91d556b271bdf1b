"""What keeps launches back: quotas, bids, capacity errors beside the market's; each only where there is any."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.capacity_errors import CapacityErrors
from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.compile import FaultPlan
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.kernel import Kernel
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Plan
from batchsim.engine.quota import VcpuQuota
from batchsim.engine.spot import SpotMarket
from batchsim.engine.spot_prices import SpotPrices


def build_gates(
    kernel: Kernel,
    plan: Plan,
    environments: tuple[Environment, ...],
    launcher: Launcher,
    meter: DemandMeter,
    market: SpotMarket,
    faults: FaultPlan,
    log: FaultLog,
    gate_opened: Callable[[], None],
) -> SpotPrices:
    """Give the launcher its gates; return the Spot prices, which are one of them where they change."""
    launcher.environments = environments
    hosts = tuple(each for each in environments if isinstance(each, Ec2Environment))
    if plan.quotas:
        launcher.quota = meter.quota = VcpuQuota(plan.quotas, plan.pools)
        for environment in hosts:
            launcher.quota.join(environment)
    if faults.shortages or plan.rules.ice_probability:
        launcher.errors = CapacityErrors(faults.shortages, plan.rules.ice_probability, plan.delays, log)
    stream = plan.delays.stream
    prices = SpotPrices(kernel, plan.spot, stream, hosts, market.interrupt, gate_opened, faults.shocks, log)
    launcher.prices = prices if prices.steps else None
    return prices
