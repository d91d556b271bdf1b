"""Bills of EC2 and Fargate, in whole numbers: seconds rounded up, a minute at least, dollars to the nano-dollar."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

MINIMUM_S = 60
"""EC2 ("On-Demand Instances", Linux) and Fargate bill by the second, a minute at least."""
FREE_MS = 3_600_000
"""EC2 ("Billing for interrupted Spot Instances"): what it takes in the first hour costs nothing."""
NANO = Decimal("1e-9")


def billed_s(on_ms: int, minimum_s: int = MINIMUM_S) -> int:
    """The seconds on the bill of what was on for so long; 0 for what never was."""
    return max(minimum_s, -(-on_ms // 1000)) if on_ms else 0


def instance_usd(on_ms: int, usd_per_h: Decimal, minimum_s: int = MINIMUM_S) -> Decimal:
    """The dollars on the bill of an instance, rounded once, half to even, to the nano-dollar."""
    return _rounded(billed_s(on_ms, minimum_s) * usd_per_h / 3600)


def reclaimed_usd(on_ms: int, usd_per_h: Decimal) -> Decimal:
    """The dollars on the bill of a Spot instance that EC2 takes: 0 in the first hour after its bill began."""
    return Decimal(0) if on_ms < FREE_MS else instance_usd(on_ms, usd_per_h)


def task_usd(on_ms: int, vcpus: Decimal, gib: Decimal, usd_per_vcpu_h: Decimal, usd_per_gib_h: Decimal) -> Decimal:
    """The dollars on the bill of a Fargate task: a charge for its vCPUs and one for its GiB, each rounded."""
    hours = Decimal(billed_s(on_ms)) / 3600
    return _rounded(vcpus * usd_per_vcpu_h * hours) + _rounded(gib * usd_per_gib_h * hours)


def _rounded(usd: Decimal) -> Decimal:
    return usd.quantize(NANO, ROUND_HALF_EVEN)
