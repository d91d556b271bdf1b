"""The whole verification, layer by layer, in one table: ``make verify``; ``make verify-long`` for long campaigns.

    python tests/verify.py                        # every layer at its full length, under 20 minutes on two cores
    python tests/verify.py --long                 # the same commands, as far as a night goes
    python tests/verify.py --fresh                # with random numbers that nobody has tried
    python tests/verify.py --only oracle --seed 7 # one layer, with the seed of a run that failed

Random layers draw other scenarios than ``make test``, the same ones each time, so that red means a change; ``--long``
and ``--fresh`` draw new ones. The seed is printed, and given again it repeats them. The table of
``docs/verification.md`` is written anew after a whole run (not with ``--only``, ``--long`` or after a failure).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "verification.md"
SEED = 1
WORKERS = 3
"""One more than the cores that the campaign is made for: tests of what is killed, stopped or hangs mostly wait."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to be wrong, and the tests that would notice."""

    name: str
    what: str
    """What a case is."""
    tests: tuple[str, ...]
    """Files and folders of tests; a script that counts its own cases (``--counts FILE``) stands alone."""

    @property
    def is_script(self) -> bool:
        """Whether it is run as a script, not by pytest."""
        return self.tests[0].endswith("verify.py")


LAYERS = (
    Layer("theory", "closed forms, bounds and recursions, and planted errors that they must notice", ("tests/theory",)),
    Layer("golden", "worked examples, to the millisecond and the nano-dollar", ("tests/golden",)),
    Layer("oracle", "random scenarios, event by event beside a slow simulator of its own", ("tests/oracle",)),
    Layer("properties", "claims over random scenarios, and the state machine", ("tests/properties",)),
    Layer(
        "checker",
        "planted bugs, each caught by the invariant that it breaks",
        ("tests/analysis/test_check.py", "tests/analysis/test_check_mutants.py", "tests/planted"),
    ),
    Layer("determinism", "the same bytes whatever surrounds the run", ("tests/determinism",)),
    Layer("anomalies", "tempting properties that are false, each with its counter-example", ("tests/anomalies",)),
    Layer("hostile", "bad input and hostile operation", ("tests/hostile",)),
    Layer("fuzz", "mutated files, random scenarios with random faults", ("tests/fuzz",)),
    Layer(
        "sight",
        "what people are shown: sums, explanations, limits, metrics, pages recounted; large pages in a browser",
        (
            "tests/sums",
            "tests/explain/test_tiling.py",
            "tests/browser/test_pace.py",
            "tests/report/test_page_of_anything.py",
            "tests/analysis/test_limits.py",
            "tests/analysis/test_minutes.py",
        ),
    ),
    Layer(
        "studies",
        "studies killed, shared, interrupted, on local processes and on a Dask cluster: the same bytes",
        (
            "tests/experiments/test_killed_studies.py",
            "tests/experiments/test_killed_optimisations.py",
            "tests/experiments/test_dask.py",
        ),
    ),
    Layer("fidelity", "rules of AWS Batch, each broken on purpose", ("tests/fidelity/verify.py",)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a layer."""

    layer: Layer
    cases: int
    failures: int
    skipped: int
    worked_s: float
    """Of all workers together."""


def run(layers: Sequence[Layer], level: str, seed: int, workers: int) -> list[Outcome]:
    """Run layers in one process, which writes to our terminal: a run of pytest for each would idle at both its ends."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as box:
        told = Path(box) / "told"
        environment = os.environ | {"BATCHSIM_EFFORT": level, "BATCHSIM_SEED": str(seed)}
        ended = subprocess.run(_command(layers, told, workers), cwd=PROJECT, env=environment, check=False)
        outcomes = _outcomes(layers, told, (time.monotonic() - started) * workers)
    if ended.returncode and not any(each.failures for each in outcomes):
        outcomes[-1] = replace(outcomes[-1], failures=1)
    return outcomes


def _command(layers: Sequence[Layer], told: Path, workers: int) -> list[str]:
    tests = [path for layer in layers for path in layer.tests]
    if layers[0].is_script:  # each change runs its tests as they are
        return [sys.executable, *tests, "--mutated", "--counts", str(told), "--workers", str(workers)]
    how = [
        "-q",
        "-n",
        str(workers),
        "--dist",
        "worksteal",
        "-m",
        "slow or not slow",
        "-o",
        "junit_family=xunit1",
        f"--junitxml={told}",
    ]
    return [sys.executable, "-m", "pytest", *how, *tests]


def _outcomes(layers: Sequence[Layer], told: Path, worked_s: float) -> list[Outcome]:
    """What each layer came to; one that told nothing has failed as a whole."""
    if not told.exists():
        return [Outcome(layer, 0, 1, 0, 0.0) for layer in layers]
    if layers[0].is_script:
        counts = json.loads(told.read_text())
        return [Outcome(layers[0], counts["cases"], counts["failures"], 0, worked_s)]
    tests = list(ET.parse(told).iter("testcase"))  # noqa: S314 # pytest's own file
    return [_outcome(layer, [test for test in tests if _is_of(layer, test)]) for layer in layers]


def _is_of(layer: Layer, test: ET.Element) -> bool:
    return f"{test.get('file')}/".startswith(tuple(f"{path}/" for path in layer.tests))


def _outcome(layer: Layer, tests: Sequence[ET.Element]) -> Outcome:
    """Cases, failures, tests skipped, and the time of all workers together; no test at all is a failure."""
    skipped = [test for test in tests if test.find("skipped") is not None]
    failed = [test for test in tests if test.find("failure") is not None or test.find("error") is not None]
    took_s = sum(float(test.get("time", "0")) for test in tests)
    cases = sum(map(_cases, tests)) - len(skipped)
    return Outcome(layer, cases, len(failed) or int(not tests), len(skipped), took_s)


def _cases(test: ET.Element) -> int:
    """As many as the test says by its fixture ``cases``, else one."""
    told = [int(each.get("value", "1")) for each in test.iter("property") if each.get("name") == "cases"]
    return sum(told) if told else 1


# -- the table


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table: layer, cases, failures."""
    table = Table("layer", "a case is", "cases", "failures", "skipped", "work", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    for each in outcomes:
        numbers = (f"{each.cases:,}", f"{each.failures:,}", f"{each.skipped:,}", f"{each.worked_s:.0f} s")
        table.add_row(each.layer.name, each.layer.what, *numbers, style="bold red" if each.failures else None)
    Console(width=max(100, Console().width)).print(table)


def page_rows(outcomes: Iterable[Outcome]) -> str:
    """The same for the documentation, without what varies from machine to machine."""
    lines = ["| layer | a case is | cases | failures | command |", "|---|---|---|---|---|"]
    for each in outcomes:
        command = f"`python tests/verify.py --only {each.layer.name}`"
        lines.append(f"| {each.layer.name} | {each.layer.what} | {each.cases:,} | {each.failures:,} | {command} |")
    return "\n".join(lines)


def write(outcomes: Sequence[Outcome]) -> None:
    """Put the table in its place on the page."""
    part = f"<!-- layers -->\n{page_rows(outcomes)}\n<!-- /layers -->"
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"<!-- layers -->.*<!-- /layers -->", lambda _: part, text, flags=re.DOTALL), "utf-8")


def main() -> int:
    """Run what was asked for; exit 1 if anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=[each.name for each in LAYERS], help="this layer (repeatable)"
    )
    parser.add_argument("--long", action="store_true", help="the long campaigns")
    parser.add_argument("--fresh", action="store_true", help="another seed than the usual one")
    parser.add_argument("--seed", type=int, help=f"of the random layers (default: {SEED})")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes (default: %(default)s)")
    given = parser.parse_args()
    seed = given.seed or (secrets.randbelow(2**31) if given.fresh or given.long else SEED)
    chosen = [each for each in LAYERS if not given.only or each.name in given.only]
    started, outcomes = time.monotonic(), list[Outcome]()
    for _, some in groupby(chosen, key=lambda layer: layer.is_script):
        layers = list(some)
        print(f"\n== {', '.join(each.name for each in layers)} (seed {seed})", flush=True)
        outcomes += run(layers, "long" if given.long else "verify", seed, given.workers)
    show(outcomes)
    failures = sum(each.failures for each in outcomes)
    whole = chosen == list(LAYERS) and not given.long
    if whole and not failures:
        write(outcomes)
    counts = f"{sum(each.cases for each in outcomes):,} cases, {failures:,} failures"
    print(f"seed {seed}: {counts}, {time.monotonic() - started:.0f} s on {given.workers} processes")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
