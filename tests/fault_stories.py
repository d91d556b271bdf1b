"""What stories about faults share: fleets, faults in one line, and what of a result must not move."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scenario_builder import Data, environment

if TYPE_CHECKING:
    from batchsim import Result

ZONES = ["subnet-a", "subnet-b"]
"""In us-east-1a and us-east-1b."""


def fault(kind: str, at: str = "0s", lasts: str | None = None, select: Data | None = None, **keys: Any) -> Data:
    """A fault as the file holds it; ``lasts`` is its ``for``."""
    window = {"at": at} if lasts is None else {"at": at, "for": lasts}
    return {"kind": kind, **window, **({"select": select} if select else {}), **keys}


def on_demand(name: str = "hosts", types: tuple[str, ...] = ("box.1",), **resources: Any) -> Data:
    """An On-Demand environment that may spread over types and zones."""
    given = {"allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": 8, "subnets": ZONES}
    return environment(name, types, **{**given, **resources})


def spot(name: str = "spot", types: tuple[str, ...] = ("box.1",), **resources: Any) -> Data:
    """The same of Spot."""
    return on_demand(name, types, **{"type": "SPOT", **resources})


def seen(result: Result) -> dict[str, str]:
    """Every file of a result but the scenario and the page that shows it; of the summary, what does not tell of it."""
    files = {
        name: "".join(pieces) if not isinstance(pieces, bytes) else pieces.hex()
        for name, pieces in result.files(events=True, costs=True, html=False).items()
        if name != "scenario.resolved.yaml"
    }
    summary = json.loads(files["summary.json"])
    summary["run"].pop("scenario_hash")
    summary.pop("assumptions")
    summary["limits"] = [row for row in summary["limits"] if not row["what"].endswith("_fault")]
    return {**files, "summary.json": json.dumps(summary)}


def struck(result: Result, effect: str = "instance_lost") -> list[tuple[float, str]]:
    """When which fault had an effect."""
    rows = (row for row in result.faults.itertuples() if row.effect == effect)
    return [(row.at_s, str(row.fault)) for row in rows]
