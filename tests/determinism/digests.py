"""A program: run scenarios, and print the SHA-256 of every file of each result folder as JSON.

``python digests.py 3 rich night.yaml`` runs numbered scenario 3, the one with every feature, and a file. ``--gc``
says how garbage is collected; ``--pieces SEED`` steps through the runs in odd steps in place of running through;
``--write DIR`` has the folders written to disk and reads them back.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

PAGE_EACH = 5
"""The first has a ``report.html``, and each fifth after it: a page takes longer than the run of a random scenario."""
Digests = dict[str, dict[str, str]]


def scenario_named(name: str) -> Any:
    from batchsim import load
    from batchsim.spec import parse
    from batchsim.testing import FEATURES, Dice, draw_scenario

    if name.endswith(".yaml"):
        return load(name)
    if name == "rich":  # all but what ends a run, or takes whole environments out of it
        poor = ("short_limit", "horizon", "no_queue", "always_on", "fleets", "disabled_queue", "disabled_environment")
        return parse(draw_scenario(Dice(5), features=[each for each in FEATURES if each not in poor], without=poor))
    return parse(draw_scenario(Dice(int(name))))


def finished(scenario: Any, pieces: int | None) -> Any:
    from batchsim import Simulation
    from batchsim.testing import Dice

    simulation = Simulation(scenario, seed=scenario.simulation.seed or 7)
    if pieces is not None:
        dice = Dice(pieces)
        for _ in range(dice.integer(5, 40)):
            if dice.integer(0, 2):
                simulation.advance(until=simulation.now_ms + 7 ** dice.integer(0, 7) + dice.integer(0, 1))
            else:
                simulation.advance(to_next_decision=True)
            simulation.snapshot()
    return simulation.finish()


def contents(result: Any, folder: Path | None, name: str, *, html: bool) -> dict[str, bytes]:
    if folder is None:
        return {
            file: text if isinstance(text, bytes) else "".join(text).encode()
            for file, text in result.files(events=True, costs=True, html=html).items()
        }
    result.write(folder / name, events=True, costs=True, html=html)
    return {path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}


def digests(names: list[str], pieces: int | None = None, folder: Path | None = None) -> Digests:
    found: Digests = {}
    for number, name in enumerate(names):
        result = finished(scenario_named(name), pieces)
        files = contents(result, folder, str(number), html=number % PAGE_EACH == 0)
        found[name] = {file: hashlib.sha256(text).hexdigest() for file, text in sorted(files.items())}
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="+")
    parser.add_argument("--gc", choices=("off", "tiny"))
    parser.add_argument("--pieces", type=int)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    if asked.gc == "off":
        gc.disable()
    elif asked.gc == "tiny":
        gc.set_threshold(5, 2, 2)
    json.dump(digests(asked.names, asked.pieces, asked.write), sys.stdout)


if __name__ == "__main__":
    main()
