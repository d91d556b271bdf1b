"""``run``, ``replicate`` and ``compare``: commands that simulate what a scenario asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchsim.cli.options import (
    AllowPath,
    AnyFormat,
    Basis,
    FailBasis,
    FailIf,
    Form,
    Format,
    Metrics,
    Replications,
    RunLimit,
    ScenarioFile,
    Settings,
    Tables,
    Variants,
    Workers,
    named,
)
from batchsim.cli.precise import PrecisionOption, RequirePrecision, precision_of


def run(
    scenario: ScenarioFile,
    *,
    settings: Settings = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Repeat the run of this seed; without one anywhere, one is drawn and told."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="DIR", help="Write summary, tables and resolved scenario into this folder."),
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
    allow_path: AllowPath = None,
    format_: AnyFormat = Format.TABLE,
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


REPLICATE_EXAMPLES = """\b
Examples:
  batchsim replicate night.yaml
  batchsim replicate night.yaml --replications 100 --workers 2 --out answer
  batchsim replicate night.yaml --precision cost_usd=2%
"""


def replicate(
    scenario: ScenarioFile,
    *,
    settings: Settings = None,
    replications: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="How often it runs. [default: 30]", show_default=False),
    ] = None,
    precision: PrecisionOption = None,
    require_precision: RequirePrecision = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The seed of all runs; else the scenario's own, else one is drawn.")
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Show this metric; repeatable; 'all' for every one."),
    ] = None,
    workers: Workers = 1,
    run_limit: RunLimit = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="DIR", help="Write replications, tables and page into this folder."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace batchsim's own files in DIR.")] = False,
    allow_path: AllowPath = None,
    form: Annotated[
        Form, typer.Option("--format", help="text for people, json for programs, csv for sheets.")
    ] = Form.TEXT,
) -> None:
    """Run a scenario many times: what its metrics are, how far to trust that, how likely its thresholds are met."""
    from batchsim.cli.replicate import Wishes, replicate_scenario

    if out is None and force:
        raise typer.BadParameter("--force is about the folder of tables: give --out DIR too")
    wishes = Wishes(
        settings=tuple(settings or ()),
        allow_paths=tuple(allow_path or ()),
        metrics=tuple(metrics or ()),
        replications=replications,
        precision=precision_of(precision, replications, required=require_precision),
        require_precision=require_precision,
        seed=seed,
        workers=workers,
        run_limit=run_limit,
        out=out,
        force=force,
        form="json" if form is Form.JSON else "csv" if form is Form.CSV else "text",
    )
    replicate_scenario(scenario, wishes)


COMPARE_EXAMPLES = """\b
Examples:
  batchsim compare before.yaml after.yaml
  batchsim compare night.yaml --variant 'big: spot.maxvCpus=5120' --variant 'calm: world.market=calm'
  batchsim compare before.yaml after.yaml --fail-if 'cost_usd > +10%' --fail-if 'ready_at_s > 4h'
"""


def compare(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="SCENARIO...", help="Scenario files; the first is the baseline.", show_default=False),
    ],
    *,
    variants: Variants = None,
    settings: Settings = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variant to compare with, if not the first.")
    ] = None,
    replications: Replications = None,
    precision: PrecisionOption = None,
    require_precision: RequirePrecision = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The seed of all variants; else the baseline's own, else one is drawn.")
    ] = None,
    metrics: Metrics = None,
    fail_if: FailIf = None,
    fail_basis: FailBasis = Basis.MEAN,
    workers: Workers = 1,
    run_limit: RunLimit = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="DIR", help="Write comparison, tables and scenarios into this folder."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace batchsim's own files in DIR.")] = False,
    allow_path: AllowPath = None,
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
        precision=precision_of(precision, replications, required=require_precision),
        require_precision=require_precision,
        workers=workers,
        run_limit=run_limit,
        out=out,
        force=force,
        form="json" if form is Form.JSON else "csv" if form is Form.CSV else "text",
    )
    compare_scenarios(files, wishes)
