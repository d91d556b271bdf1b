"""``batchsim``, where replication 3 of the scenario ``other`` has an accident: ``ACCIDENT="kill once"``."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}


def prepare() -> None:
    """Put the accident where a run begins; in each process that reads this file."""
    from batchsim.experiments import replications

    plain = replications._one

    def one(ready: Any, seed: int, replication: int, metrics: Any) -> Any:
        if _is_struck(ready.scenario.name, replication):
            time.sleep(600) if ACCIDENT[0] == "hang" else os.kill(os.getpid(), signal.SIGKILL)
        return plain(ready, seed, replication, metrics)

    replications._one = one


def _is_struck(name: str, replication: int) -> bool:
    if ACCIDENT[-1] == "everywhere":
        return True
    if ACCIDENT[-1] == "none" or (name, replication) != ("other", 3):
        return False
    mark = Path("marks")
    struck = ACCIDENT[-1] == "always" or not mark.exists()
    mark.touch()
    return struck


ACCIDENT = os.environ.get("ACCIDENT", "none").split()
prepare()

if __name__ == "__main__":
    from batchsim.cli import main

    sys.argv[0] = "batchsim"
    main()
