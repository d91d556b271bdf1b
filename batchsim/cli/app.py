"""The commands and their options, as ``--help`` shows them; each body is one call into a module imported only then."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from batchsim._version import __version__
from batchsim.cli import study_commands

app = typer.Typer(
    name="batchsim",
    help="A flight simulator for AWS Batch: what a workload costs, how long it waits, how much gets done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Tables(StrEnum):
    """How the tables of a result folder are written."""

    CSV = "csv"
    PARQUET = "parquet"


class Form(StrEnum):
    """How a comparison answers on stdout."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class Basis(StrEnum):
    """What a condition on a comparison is held against."""

    MEAN = "mean"
    INTERVAL = "interval"


class Format(StrEnum):
    """How a command answers on stdout."""

    TABLE = "table"
    JSON = "json"


_Scenario = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A scenario file (YAML or JSON).", show_default=False)
]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, e.g. spot.maxvCpus=512; repeatable.",
        show_default=False,
    ),
]
_AllowPath = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-path",
        metavar="DIR",
        help="A folder, besides the scenario's own, whose files the scenario may name; repeatable.",
        show_default=False,
    ),
]
_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A result folder of batchsim run.", show_default=False)]
_Format = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]

_COMPARE_EXAMPLES = """\b
Examples:
  batchsim compare before.yaml after.yaml
  batchsim compare night.yaml --variant 'big: spot.maxvCpus=5120' --variant 'calm: world.market=calm'
  batchsim compare before.yaml after.yaml --fail-if 'cost_usd > +10%' --fail-if 'ready_at_s > 4h'
"""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"batchsim {__version__}")
        raise typer.Exit


@app.callback()
def batchsim(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """A flight simulator for AWS Batch: what a workload costs, how long it waits, how much gets done."""


@app.command()
def run(
    scenario: _Scenario,
    *,
    settings: _Set = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Repeat the run of this seed; without one anywhere, one is drawn and told."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write summary, tables and resolved scenario into this folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace batchsim's own files in DIR.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Also write events.jsonl: EventBridge's Batch Job State Change events.")
    ] = False,
    tables: Annotated[
        Tables, typer.Option("--tables", help="Format of the tables (Parquet needs pyarrow).")
    ] = Tables.CSV,
    costs: Annotated[
        bool, typer.Option("--costs", help="Also write the table of costs: every cause of every bill.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html/--no-html", help="Whether report.html is among the files in DIR.")
    ] = True,
    check: Annotated[bool, typer.Option("--check", help="Check the invariants on the finished run.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code tells the rest.")
    ] = False,
    allow_path: _AllowPath = None,
    format_: _Format = Format.TABLE,
) -> None:
    """Simulate a scenario and print its report."""
    from batchsim.cli.run import Wishes, run_scenario

    if out is None and (events or costs or force):
        raise typer.BadParameter("--force, --events and --costs are about the result folder: give --out DIR too")
    if quiet and format_ is Format.JSON:
        raise typer.BadParameter("--quiet prints nothing, --format json prints JSON: give one of them")
    wishes = Wishes(
        settings=tuple(settings or ()),
        allow_paths=tuple(allow_path or ()),
        seed=seed,
        out=out,
        force=force,
        events=events,
        costs=costs,
        check=check,
        as_json=format_ is Format.JSON,
        quiet=quiet,
        tables="parquet" if tables is Tables.PARQUET else "csv",
        html=html,
    )
    run_scenario(scenario, wishes)


_Variants = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        metavar="'NAME: PATH=VALUE, ...'",
        help="A variant of the first scenario; values as after --set; repeatable.",
        show_default=False,
    ),
]
_Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="Compare this metric; repeatable; 'all' for every one."),
]
_FailIf = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="Leave with 1 if it holds for any variant: 'cost_usd > +10%' and 'makespan_s > +5m' are changes"
        " against the baseline, 'cost_usd > 40' is the variant's own mean; repeatable.",
    ),
]
_FailBasis = Annotated[
    Basis, typer.Option("--fail-basis", help="Judge --fail-if by the mean, or only if the whole interval says so.")
]
_Replications = Annotated[
    int, typer.Option(min=1, max=1_000_000, help="How often each variant runs, the pairs with the same random numbers.")
]

_RunLimit = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="End a run that takes longer, by the clock on the wall, and try it once more; with several workers"
        " 10m, or more where others took long, if nothing is given.",
        show_default=False,
    ),
]
_Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes that share the runs; the figures are the same.")]


@app.command(epilog=_COMPARE_EXAMPLES)
def compare(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="SCENARIO...", help="Scenario files; the first is the baseline.", show_default=False),
    ],
    *,
    variants: _Variants = None,
    settings: _Set = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variant to compare with, if not the first.")
    ] = None,
    replications: _Replications = 30,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The seed of all variants; else the baseline's own, else one is drawn.")
    ] = None,
    metrics: _Metrics = None,
    fail_if: _FailIf = None,
    fail_basis: _FailBasis = Basis.MEAN,
    workers: _Workers = 1,
    run_limit: _RunLimit = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write comparison, tables and scenarios into this folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace batchsim's own files in DIR.")] = False,
    allow_path: _AllowPath = None,
    form: Annotated[
        Form, typer.Option("--format", help="text for people, json for programs, csv for sheets.")
    ] = Form.TEXT,
) -> None:
    """Compare scenarios over many replications."""
    from batchsim.cli.compare import Wishes, compare_scenarios

    if out is None and force:
        raise typer.BadParameter("--force is about the folder of tables: give --out DIR too")
    wishes = Wishes(
        variants=tuple(variants or ()),
        settings=tuple(settings or ()),
        allow_paths=tuple(allow_path or ()),
        baseline=baseline,
        metrics=tuple(metrics or ()),
        fail_if=tuple(fail_if or ()),
        basis="interval" if fail_basis is Basis.INTERVAL else "mean",
        seed=seed,
        replications=replications,
        workers=workers,
        run_limit=run_limit,
        out=out,
        force=force,
        form="json" if form is Form.JSON else "csv" if form is Form.CSV else "text",
    )
    compare_scenarios(files, wishes)


@app.command()
def validate(
    scenario: _Scenario, *, settings: _Set = None, allow_path: _AllowPath = None, format_: _Format = Format.TABLE
) -> None:
    """Say what is wrong in a scenario."""
    from batchsim.cli.validate import validate_scenario

    validate_scenario(scenario, tuple(settings or ()), tuple(allow_path or ()), as_json=format_ is Format.JSON)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenarios."""
    from batchsim.cli.validate import print_schema

    print_schema()


@app.command()
def check(folder: _Folder, *, format_: _Format = Format.TABLE) -> None:
    """Check a result folder's invariants."""
    from batchsim.cli.check import check_folder

    check_folder(folder, as_json=format_ is Format.JSON)


_EXPLAIN_EXAMPLES = """\b
Examples:
  batchsim explain out
  batchsim explain out etl:17
  batchsim explain out i-0f2b6899b8b271f37
  batchsim explain out --queue etl
  batchsim explain out --slowest 3 --format json
"""


@app.command(epilog=_EXPLAIN_EXAMPLES)
def explain(
    folder: _Folder,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[JOB]", help="The id of a job, an array or an instance.", show_default=False),
    ] = None,
    *,
    queue: Annotated[str | None, typer.Option(metavar="Q", help="The waits of this queue over time.")] = None,
    slowest: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Explain the N jobs that took longest.")
    ] = None,
    format_: _Format = Format.TABLE,
) -> None:
    """Say why jobs waited and what the money went to."""
    from batchsim.cli.explain import Question, explain_folder

    if sum(given is not None for given in (name, queue, slowest)) > 1:
        raise typer.BadParameter("give one of JOB, --queue and --slowest")
    explain_folder(folder, Question(name, queue, slowest), as_json=format_ is Format.JSON)


@app.command()
def show(
    folder: _Folder,
    name: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="The id of a job or an array.", show_default=False)
    ] = None,
    *,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="List jobs of this status: FAILED.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="Q", help="List jobs of this queue.")] = None,
    format_: _Format = Format.TABLE,
) -> None:
    """Print a job as DescribeJobs does, or list jobs as ListJobs does."""
    from batchsim.cli.show import list_jobs, show_job

    if name is not None and (status is not None or queue is not None):
        raise typer.BadParameter("--status and --queue list jobs: give them or JOB")
    if name is not None:
        show_job(folder, name)
    else:
        list_jobs(folder, status or "", queue or "", as_json=format_ is Format.JSON)


@app.command()
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
    format_: _Format = Format.TABLE,
) -> None:
    """Check batchsim against queueing theory."""
    from batchsim.cli.selftest import Wishes
    from batchsim.cli.selftest import selftest as test

    wishes = Wishes(
        only=tuple(only or ()),
        everything=everything,
        show=show,
        listed=list_,
        seed=seed,
        workers=workers or len(os.sched_getaffinity(0)),
        as_json=format_ is Format.JSON,
    )
    test(wishes)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = Path("scenario.yaml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a commented scenario to start from."""
    from batchsim.cli.init import write_starter

    write_starter(file, force=force)


_FUZZ_EXAMPLES = """\b
Examples:
  batchsim fuzz --seconds 60
  batchsim fuzz night.yaml --kinds bytes,tokens -n 1000
  batchsim fuzz --faults night.yaml -n 500
  batchsim fuzz --seed 4711 --only structure
"""


@app.command(epilog=_FUZZ_EXAMPLES)
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
        Path | None, typer.Option(metavar="DIR", help="Where failing files are kept, shrunk; else fuzz-failures.")
    ] = None,
    format_: _Format = Format.TABLE,
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


study_commands.register(app)
