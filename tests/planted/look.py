"""The cheap layers of ``sample.py``, in one process: run scenarios, check them, and print what came out of them.

Exit code 1 and ``caught by LAYER`` on the last line for the first layer that is red.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator

import batchsim
from batchsim import Result, Scenario

SWARM, ORACLE = range(40), range(40)


def scenarios() -> Iterator[tuple[str, Scenario]]:
    """(layer, scenario) of all that the checker looks at."""
    from batchsim.spec import parse
    from tests.planted import worlds
    from tests.properties.claims import numbered

    yield from (("planted worlds", world()) for world in vars(worlds).values() if hasattr(world, "cache_info"))
    yield from (("swarm", parse(numbered(number).data)) for number in SWARM)


def digest(result: Result) -> str:
    """A number for what a run did."""
    frames = (result.jobs, result.attempts, result.instances, result.timeline, result.scaling)
    return hashlib.sha256("".join(frame.to_csv() for frame in frames).encode()).hexdigest()[:12]


def main() -> None:
    """Go through the layers."""
    layer = "import"
    try:
        for layer, scenario in scenarios():
            result = batchsim.run(scenario, seed=1)
            if violations := result.check():
                told("the checker", layer, violations[0].id)
            print(layer, digest(result))
        layer = "oracle"
        from oracle.comparison import differences
        from oracle.generator import scenario as drawn

        for seed in ORACLE:
            if differences(drawn(seed)):
                told("the oracle", layer, str(seed))
    except Exception as error:  # noqa: BLE001 (whatever a mutation breaks)
        told("an exception", layer, type(error).__name__)


def told(who: str, layer: str, what: str) -> None:
    """Say who noticed, and stop."""
    print(f"caught by {who} ({layer}): {what}")
    sys.exit(1)


if __name__ == "__main__":
    main()
