"""Allocation strategies: which pool the next instance of a compute environment comes from; one file a strategy."""

from batchsim.policies.allocation.base import Ask, Demand, Offer, Strategy, pack_one
from batchsim.policies.allocation.best_fit import best_fit
from batchsim.policies.allocation.best_fit_progressive import best_fit_progressive
from batchsim.policies.allocation.best_fit_progressive_ordered import best_fit_progressive_ordered
from batchsim.policies.allocation.spot_capacity_optimized import spot_capacity_optimized
from batchsim.policies.allocation.spot_capacity_optimized_prioritized import spot_capacity_optimized_prioritized
from batchsim.policies.allocation.spot_price_capacity_optimized import spot_price_capacity_optimized

STRATEGIES: dict[str, Strategy] = {
    "BEST_FIT": best_fit,
    "BEST_FIT_PROGRESSIVE": best_fit_progressive,
    "BEST_FIT_PROGRESSIVE_ORDERED": best_fit_progressive_ordered,
    "SPOT_CAPACITY_OPTIMIZED": spot_capacity_optimized,
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED": spot_capacity_optimized_prioritized,
    "SPOT_PRICE_CAPACITY_OPTIMIZED": spot_price_capacity_optimized,
}
"""AWS's six strategies, by name."""

__all__ = ["STRATEGIES", "Ask", "Demand", "Offer", "Strategy", "pack_one"]
