"""``selftest`` and ``fuzz``: commands that put batchsim itself to the test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchsim.cli.options import AnyFormat, Format, named


def selftest(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Run everything, and every queue as one whole run: hours.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this case, as T1.2, or all of T1; repeatable.", show_default=False),
    ] = None,
    show: Annotated[
        str | None, typer.Option(metavar="ID", help="Print the case's scenario, for batchsim run.", show_default=False)
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the cases.")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Other random numbers; by default each selftest has the same.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that share the runs; the figures are the same. [default: all processors]"),
    ] = None,
    format_: AnyFormat = Format.TABLE,
) -> None:
    """Check batchsim against queueing theory."""
    from batchsim.analysis.side_by_side import usable_cpus
    from batchsim.cli.selftest import Wishes
    from batchsim.cli.selftest import selftest as test

    wishes = Wishes(
        only=tuple(only or ()),
        everything=everything,
        show=show,
        listed=list_,
        seed=seed,
        workers=workers or usable_cpus(),
        as_json=format_ is Format.JSON,
    )
    test(wishes)


FUZZ_EXAMPLES = """\b
Examples:
  batchsim fuzz --seconds 60
  batchsim fuzz night.yaml --kinds bytes,tokens -n 1000
  batchsim fuzz --faults night.yaml -n 500
  batchsim fuzz --seed 4711 --only structure
"""


def fuzz(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SCENARIO]...", help="What mutants are made of; else the shipped scenarios.", show_default=False
        ),
    ] = None,
    *,
    kinds: Annotated[
        str, typer.Option(metavar="KIND,...", help="Of bytes, tokens, structure, random and faults; else all.")
    ] = "",
    only: Annotated[
        str | None, typer.Option(metavar="KIND", help="The one mutant of this kind whose number is --seed.")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Random fault plans over the given scenario as it is; tells the worst.")
    ] = False,
    number: Annotated[
        int | None, typer.Option("--number", "-n", min=1, help="Mutants of each kind; 200 where no time is given.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Begin no more mutants after so long.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; else one for each processor that there is.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The number of the first mutant; without it, one is drawn and told.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="DIR", help="Where failing files are kept, shrunk; else fuzz-failures."),
    ] = None,
    format_: AnyFormat = Format.TABLE,
) -> None:
    """Try to break batchsim: damaged scenarios, and random ones under random faults."""
    from batchsim.cli.fuzz import Wishes, fuzz_scenarios

    wishes = Wishes(
        kinds=tuple(kind.strip() for kind in kinds.split(",") if kind.strip()),
        only=only,
        faults=faults,
        number=number,
        seconds=seconds,
        workers=workers,
        seed=seed,
        keep=keep,
        as_json=format_ is Format.JSON,
    )
    fuzz_scenarios(files or [], wishes)
