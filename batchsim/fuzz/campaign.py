"""A campaign: so many mutants of each kind, or for so long; failures shrunk; damage of fault plans measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from batchsim.fuzz.damage import Damage
from batchsim.fuzz.failures import Failure
from batchsim.fuzz.files import Files
from batchsim.fuzz.judge import State, Verdict
from batchsim.fuzz.mutants import KINDS, make_mutant
from batchsim.fuzz.shrink import EnoughError, shrink
from batchsim.fuzz.tally import Tally
from batchsim.fuzz.watch import Watch
from batchsim.fuzz.worker import MAKER_FAILED, Setup, Task

_MOST_SHRUNK = 12
"""Ways to fail that are shrunk; more of them are one broken batchsim."""
_SHRINK_S = 45.0
"""For each, by the clock."""

Told = Callable[["Campaign"], None]
"""Is called after each mutant."""


@dataclass
class Campaign:
    """What a campaign does, and what it has found so far."""

    setup: Setup
    seed: int
    kinds: Sequence[str] = KINDS
    number: int | None = 200
    """Mutants of each kind; None: until the time is over."""
    seconds: float | None = None
    """No further mutant is begun after so long, by the clock."""
    workers: int = 1
    shrink_s: float = _SHRINK_S
    shrink_tries: int = 2_000
    """For each way to fail, smaller files that are tried; or as many as there is time for."""
    tallies: dict[str, Tally] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    """By what failed."""
    damages: list[Damage] = field(default_factory=list)
    last: Verdict | None = None
    undisturbed: dict[str, Verdict] = field(default_factory=dict)
    """By path of a base: its run without more faults."""

    @property
    def cases(self) -> int:
        """Mutants so far."""
        return sum(tally.cases for tally in self.tallies.values())

    @property
    def failed(self) -> int:
        """Failed ones so far."""
        return sum(tally.states[State.FAILED] for tally in self.tallies.values())


def run_campaign(campaign: Campaign, told: Told = lambda _: None) -> Campaign:
    """Run it; what it finds is in ``campaign`` at any time, also when an interrupt ends it early."""
    with TemporaryDirectory(prefix="batchsim-fuzz-") as folder:
        setup, workers = campaign.setup, campaign.workers
        campaign.tallies.update((kind, Tally(kind)) for kind in campaign.kinds)
        with Watch(setup, workers, Path(folder)) as watch:
            _measure_undisturbed(campaign, watch)
            for verdict in watch.verdicts(_tasks(campaign)):
                _count(campaign, verdict)
                told(campaign)
            for failure in islice(campaign.failures.values(), _MOST_SHRUNK):
                _shrink(campaign, failure, watch)
    return campaign


def _tasks(campaign: Campaign) -> Iterator[Task]:
    """The kinds in turn, numbers upwards from the seed."""
    until = None if campaign.seconds is None else time.monotonic() + campaign.seconds
    for number in islice(count(campaign.seed), campaign.number):
        for kind in campaign.kinds:
            if until is not None and time.monotonic() >= until:
                return
            yield Task(kind, number)


def _count(campaign: Campaign, verdict: Verdict) -> None:
    campaign.last = verdict
    campaign.tallies[verdict.kind].add(verdict)
    if verdict.state is State.FAILED:
        failure = campaign.failures.setdefault(verdict.sign, Failure(verdict))
        failure.numbers.append((verdict.kind, verdict.number))
        if not failure.files and not verdict.sign.startswith(MAKER_FAILED):
            failure.files = make_mutant(verdict.kind, verdict.number, campaign.setup.bases).files
            failure.size = len(failure.scenario)
    elif verdict.metrics:
        _assess(campaign, verdict)


def _measure_undisturbed(campaign: Campaign, watch: Watch) -> None:
    """Run each base as it is, where faults are to be measured against it."""
    if "faults" not in campaign.kinds:
        return
    bases = campaign.setup.bases
    tasks = [Task("faults", number, base.files) for number, base in enumerate(bases)]
    for verdict in watch.verdicts(iter(tasks)):
        campaign.undisturbed[bases[verdict.number].path] = verdict


def _assess(campaign: Campaign, verdict: Verdict) -> None:
    base = make_mutant(verdict.kind, verdict.number, campaign.setup.bases).base
    if base is not None and (plain := campaign.undisturbed[base.path]).metrics:
        campaign.damages.append(Damage(base.path, verdict.number, verdict.metrics, plain.metrics))


def _shrink(campaign: Campaign, failure: Failure, watch: Watch) -> None:
    """Make its files small; what kills or hangs workers takes long, and so gets fewer tries."""
    if not failure.files:
        return
    until = time.monotonic() + campaign.shrink_s
    kind = failure.first.kind
    tries = iter(range(campaign.shrink_tries))

    def fails(files: Files) -> bool:
        if time.monotonic() > until or next(tries, None) is None:
            raise EnoughError
        verdict = watch.verdict(Task(kind, failure.first.number, files))
        return verdict.sign == failure.sign

    failure.files = shrink(failure.files, fails)
