"""``batchsim fuzz``: mutants of scenarios, and random ones under random faults, as many as are wanted."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.guard import Terminated, guarded
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.fuzz import Base, Campaign, Verdict

_DRAWN_BITS = 32
"""A drawn seed stays short enough to type."""
_NO_LIMIT = 2**53
"""More than any scenario asks for."""
SHIPPED = Path(__file__).parents[2] / "scenarios"
"""Where they lie in a checkout; a package that was installed has none."""
_KEPT = Path("fuzz-failures")
"""Where failures are kept, made when there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim fuzz``."""

    kinds: tuple[str, ...] = ()
    only: str | None = None
    faults: bool = False
    number: int | None = None
    seconds: float | None = None
    workers: int | None = None
    seed: int | None = None
    keep: Path | None = None
    as_json: bool = False


def fuzz_scenarios(files: list[Path], wishes: Wishes) -> None:
    """Run a campaign; exit code 1 if a mutant fails. What was found is told, and kept, however it ends."""
    with guarded() as replay:
        kinds = _kinds(files, wishes)
        bases = _bases(files, whole=wishes.faults)
        seed = secrets.randbits(_DRAWN_BITS) if wishes.seed is None else wishes.seed
        campaign = _campaign(bases, kinds, seed, wishes)
        if wishes.seed is None:
            replay.seed = seed
        try:
            typer.echo(f"seed {seed}: {_extent(campaign)} of {', '.join(kinds)}", err=True)
            _run(campaign)
        except (KeyboardInterrupt, Terminated):
            _tell(campaign, files, wishes)
            raise
        _tell(campaign, files, wishes)
        if campaign.failed:
            raise typer.Exit(ANSWER_IS_NO)


def _kinds(files: list[Path], wishes: Wishes) -> tuple[str, ...]:
    """The kinds of mutants that are wanted."""
    from batchsim.fuzz import KINDS
    from batchsim.spec.near import did_you_mean

    if wishes.faults:
        if not files or wishes.kinds or wishes.only:
            raise typer.BadParameter("name the scenario whose faults are drawn, and no kinds", param_hint="--faults")
        return ("faults",)
    option, wanted = ("--only", (wishes.only,)) if wishes.only else ("--kinds", wishes.kinds or KINDS)
    for kind in wanted:
        if kind not in KINDS:
            raise typer.BadParameter(
                f"no kind {kind!r}; there are {', '.join(KINDS)}. {did_you_mean(kind, KINDS)}".strip(),
                param_hint=option,
            )
    if wishes.only and wishes.seed is None:
        raise typer.BadParameter("which one? Give --seed N too", param_hint="--only")
    return tuple(dict.fromkeys(wanted))


def _bases(files: list[Path], *, whole: bool) -> list[Base]:
    """The scenarios given, else those shipped beside the package, else what ``batchsim init`` writes."""
    from batchsim.fuzz import base_of

    if files:
        return [base_of(file, whole=whole) for file in files]
    shipped = sorted(SHIPPED.glob("*.yaml"))
    if shipped:
        typer.echo(f"mutants are made of the {len(shipped)} scenarios in {shipped[0].parent}", err=True)
        return [base_of(file) for file in shipped]
    from batchsim.cli.init import starter

    typer.echo(
        "no scenarios are named, and none lie beside the package: mutants are made of `batchsim init`'s", err=True
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_text(starter(), encoding="utf-8")
        return [base_of(file)]


def _campaign(bases: Sequence[Base], kinds: tuple[str, ...], seed: int, wishes: Wishes) -> Campaign:

    from batchsim.analysis.side_by_side import usable_cpus
    from batchsim.cli.trial import try_out
    from batchsim.fuzz import Campaign, Limits
    from batchsim.fuzz.worker import Setup

    limits = Limits()
    if wishes.faults:  # the user's own scenario runs as it is
        limits = replace(limits, max_jobs=_NO_LIMIT, max_time_ms=_NO_LIMIT, cpu_s=600, wall_s=3_600.0, memory_mib=8_192)
    number = 1 if wishes.only else wishes.number or (None if wishes.seconds else 200)
    workers = wishes.workers or usable_cpus()
    return Campaign(
        Setup(tuple(bases), try_out, limits),
        seed,
        kinds,
        number,
        wishes.seconds,
        min(workers, (number or workers) * len(kinds)),
    )


def _extent(campaign: Campaign) -> str:
    many = "as many mutants as there is time for" if campaign.number is None else f"{campaign.number} mutants each"
    return many if campaign.number != 1 else "one mutant each"


def _run(campaign: Campaign) -> None:
    from batchsim.cli.fuzz_progress import progress
    from batchsim.fuzz import run_campaign

    with progress(campaign) as told:
        run_campaign(campaign, told)


def _tell(campaign: Campaign, files: list[Path], wishes: Wishes) -> None:
    """The table, the failures and what was kept of them."""
    from batchsim.fuzz.summary import summary

    for failure in campaign.failures.values():
        failure.keep(wishes.keep or _KEPT)
    commands = {sign: replay_command(*failure.numbers[0], files, wishes) for sign, failure in campaign.failures.items()}
    page = summary(campaign, commands)
    if wishes.as_json:
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(page), nl=False)
        return
    from batchsim.report.fuzz_sections import ORDER
    from batchsim.report.terminal import print_report

    print_report(page, ORDER)
    if wishes.only and campaign.last is not None:
        _tell_of_one(campaign, campaign.last, wishes)


def _tell_of_one(campaign: Campaign, verdict: Verdict, wishes: Wishes) -> None:
    """What became of the only mutant, and its files where they are wanted."""
    from batchsim.fuzz import make_mutant
    from batchsim.fuzz.files import write_files

    typer.echo(printable(f"\n{verdict.kind} {verdict.number}: {verdict.state}\n{verdict.message}".rstrip()))
    if wishes.keep is not None and not campaign.failed:
        files = make_mutant(verdict.kind, verdict.number, campaign.setup.bases).files
        typer.echo(f"kept: {write_files(wishes.keep, files)}")


def replay_command(kind: str, number: int, files: list[Path], wishes: Wishes) -> str:
    """What repeats one mutant."""
    which = ["--faults", "-n", "1"] if wishes.faults else ["--only", kind]
    return shlex.join(["batchsim", "fuzz", "--seed", str(number), *which, *map(str, files)])
