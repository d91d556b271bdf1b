"""Run the ready questions of scenarios/studies, and write their answers into that folder's README.

Every figure of an answer comes from the runs::

    python scripts/update_studies.py                        # all of them, in some minutes on two cores
    python scripts/update_studies.py fargate_or_ec2         # this one alone
    python scripts/update_studies.py --check                # writes nothing; exit 1 if an answer is not up to date

An answer stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``, and has the same bytes on any number of workers. With
``--store FILE`` the runs are kept, so that answers can be worded anew without them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import batchsim
from batchsim.report.words import share

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

from studies.capacity import how_large, how_many_partitions, idle_instances, instance_size  # noqa: E402
from studies.markets import spot_retries, when_to_checkpoint, which_strategy  # noqa: E402
from studies.purchases import fargate_or_ec2, savings_plan, x86_or_graviton  # noqa: E402
from studies.shares import share_weights  # noqa: E402
from studies.words import Answer  # noqa: E402

FOLDER = PROJECT / "scenarios" / "studies"
README = FOLDER / "README.md"
QUESTIONS: Mapping[str, Callable[[batchsim.Study], Answer]] = {
    answer.__name__: answer
    for answer in (
        how_large, which_strategy, when_to_checkpoint, how_many_partitions, fargate_or_ec2, instance_size, spot_retries,
        share_weights, idle_instances, x86_or_graviton, savings_plan,
    )
}  # fmt: skip
"""By the name of the study file, in the order of the README."""
DIGITS = 12
"""Of the hash of scenario and study: a test sees by it that an answer is of another question than the file asks."""


def part(name: str, workers: int, store: Path | None = None) -> str:
    """A question's part of the README: its answer, what it rests on, and the command."""
    study = batchsim.sweep(FOLDER / f"{name}.yaml", workers=workers, store=store)
    rests = f"{len(study.points)} points, {study.replications} replications of seed {study.seed}, {_failed(study)}"
    command = f"```sh\npython scripts/update_studies.py {name}\n```"
    of = f"Scenario and study `{fingerprint(study.question.scenario_hash, study.question.asked)}`."
    return f"{QUESTIONS[name](study).markdown()}\n\n[`{name}.yaml`]({name}.yaml): {rests} {of}\n\n{command}\n"


def fingerprint(scenario_hash: str, asked: Mapping[str, Any]) -> str:
    """What an answer is of: the scenario, its input files, and what the study asks of it."""
    text = json.dumps([scenario_hash, asked], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:DIGITS]


def _failed(study: batchsim.Study) -> str:
    if study.failed:
        raise RuntimeError(f"{study.name}: runs failed: {study.failed}")
    return f"intervals of {share(study.confidence)}."


def renewed(text: str, name: str, answer: str) -> str:
    """The README with one answer in its place. ``ValueError`` if a mark is missing."""
    before, found, rest = text.partition(f"<!-- {name} -->\n")
    _, closed, after = rest.partition(f"<!-- /{name} -->")
    if not (found and closed):
        raise ValueError(f"{README.name}: the marks of {name} are missing")
    return f"{before}{found}{answer}{closed}{after}"


def main() -> int:
    """Write the answers, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if an answer is not up to date")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep the runs here, and take those that are there")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these alone")
    given = parser.parse_args()
    if unknown := set(given.names) - set(QUESTIONS):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(QUESTIONS)}")
    stale = [name for name in given.names or QUESTIONS if _changes(name, given)]
    return int(given.check and bool(stale))


def _changes(name: str, given: argparse.Namespace) -> bool:
    """Whether the answer was another one; it is written at once, so that a run that is stopped keeps what it has."""
    began = time.monotonic()
    before = README.read_text(encoding="utf-8")
    after = renewed(before, name, part(name, given.workers, given.store))
    if not given.check:
        README.write_text(after, encoding="utf-8", newline="\n")
    told = "up to date" if after == before else "not up to date" if given.check else "written"
    print(f"{name}: {told}, {time.monotonic() - began:.0f} s", flush=True)
    return after != before


if __name__ == "__main__":
    sys.exit(main())
