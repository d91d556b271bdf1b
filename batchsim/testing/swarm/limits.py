"""Random limits: quotas, rates and outages that hold jobs back, and what ends containers from outside."""

from __future__ import annotations

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft


def draw_limits(draft: Draft) -> Data:
    """The keys of ``world`` that say so; drawn when all else is.

    Where notices are to be seen tasks mostly last, and where arrays are to succeed their jobs mostly do.
    """
    world: Data = {}
    lasting, whole = draft.has("notices", 85), draft.has("arrays", 75)
    if draft.has("fargate_quota"):
        world["fargate_vcpu_quota"] = draft.pick(1, 2, 1, {"on_demand": 1, "spot": "new_account"}, 3)
    if draft.has("fargate_limit") and not lasting:
        world["fargate_max_days"] = draft.pick(0.0005, 0.0003)  # 43 and 26 seconds
    if draft.has("spot_outages") and not lasting:
        first = {"from": draft.pick("0s", "10s", "1m"), "for": draft.pick("30s", "2m", "5m")}
        world["fargate_spot_outages"] = [first, *({"from": "8m", "for": "1m"},) * draft.integer(0, 1)]
    if draft.has("dispatch_rate") and not whole:
        world["dispatch_rate_ec2"] = draft.pick("6/min", "1/s", "3/s")
    if draft.has("out_of_memory") and not whole:
        world["oom_prob"] = draft.pick(0.1, 0.2)
    if draft.has("submitted_limit") and not whole:
        world["submitted_limit"] = draft.pick(3, 2, 5)
    return world


def draw_windows(draft: Draft, definitions: list[Data]) -> list[Data]:
    """Let some tasks that are large enough be Windows ones, which Fargate Spot does not run."""
    return [_on_windows(each) if draft.has("windows", 60) and _may_be(each) else each for each in definitions]


def _may_be(made: Data) -> bool:
    container = made["containerProperties"]
    large = float(container["resourceRequirements"][0]["value"]) >= 1
    return large and "FARGATE" in made.get("platformCapabilities", ()) and "runtimePlatform" not in container


def _on_windows(made: Data) -> Data:
    platform = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"}
    return {**made, "containerProperties": {**made["containerProperties"], "runtimePlatform": platform}}
