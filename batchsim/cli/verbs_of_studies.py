"""``batchsim sweep`` and ``batchsim studies``: their options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from batchsim.cli.options import ExecutorAddress, Form, Format, WorkersOfPlace, named
from batchsim.cli.precise import PrecisionOption, RequirePrecision, precision_of

_STORE = "batchsim-studies.sqlite"

SWEEP_EXAMPLES = """\b
Examples:
  batchsim sweep night.yaml --vary spot.maxvCpus=256,512,1024 --vary world.market=calm,stormy
  batchsim sweep night.yaml --vary 'spot.maxvCpus={from: 64, to: 2048}' --design latin_hypercube --points 100
  batchsim sweep study.yaml --workers 2 --out answer
  batchsim sweep study.yaml --executor dask://10.0.0.7:8786
"""


class Designs(StrEnum):
    """How points are chosen."""

    GRID = "grid"
    RANDOM = "random"
    LATIN_HYPERCUBE = "latin_hypercube"


StoreFile = Annotated[
    Path, typer.Option("--store", parser=named, metavar="FILE", help="The SQLite file that keeps every finished run.")
]


def sweep(
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO", help="A scenario file, or a study file.", show_default=False)
    ],
    *,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="PATH=VALUES",
            help="Vary this path: 256,512,1024 or 64..4096 or '{from: 256, to: 1024, step: 256}' or"
            " '{uniform: {low: 1, high: 9}}'; repeatable.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change one value at all points; repeatable."),
    ] = None,
    design: Annotated[
        Designs | None, typer.Option(help="All combinations, or so many points as --points says. [default: grid]")
    ] = None,
    points: Annotated[
        int | None, typer.Option(min=1, help="Points of a random or Latin hypercube design.", show_default=False)
    ] = None,
    replications: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="How often each point runs. [default: 10]")
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
    front: Annotated[
        str | None, typer.Option(metavar="A,B", help="The Pareto front's metrics. [default: cost_usd,ready_at_s]")
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=1, help="Refuse a study of more runs. [default: 100000]", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The study's name in the store, if not one of what varies.")
    ] = None,
    store: StoreFile = Path(_STORE),
    workers: WorkersOfPlace = None,
    executor: ExecutorAddress = None,
    run_limit: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="End a run that takes longer, and try it once more.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(parser=named, metavar="DIR", help="Write study, tables and page into this folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace batchsim's own files in DIR.")] = False,
    allow_path: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-path", metavar="DIR", help="A folder whose files the scenario may name; repeatable.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="text for people, json for programs, csv: the table of all runs.")
    ] = Form.TEXT,
) -> None:  # fmt: skip
    """Run a scenario at many points: which knob matters, and what is worth a choice."""
    from batchsim.cli.sweep import Wishes, sweep_scenario

    if out is None and force:
        raise typer.BadParameter("--force is about the folder of tables: give --out DIR too")
    values = {
        "design": design.value if design else None, "points": points, "replications": replications, "seed": seed,
        "precision": precision_of(precision, replications),
        "metrics": metrics or None, "max_runs": max_runs, "name": name,
        "front": [each.strip() for each in front.split(",")] if front is not None else None,
    }  # fmt: skip
    wishes = Wishes(
        vary=tuple(vary or ()), settings=tuple(settings or ()), allow_paths=tuple(allow_path or ()),
        values={key: value for key, value in values.items() if value is not None}, store=store, workers=workers,
        executor=executor, run_limit=run_limit, out=out, force=force, require_precision=require_precision,
        form="json" if form is Form.JSON else "csv" if form is Form.CSV else "text",
    )  # fmt: skip
    sweep_scenario(scenario, wishes)


def studies(
    name: Annotated[
        str | None, typer.Argument(metavar="[STUDY]", help="The name of a study.", show_default=False)
    ] = None,
    *,
    store: StoreFile = Path(_STORE),
    export: Annotated[
        Path | None,
        typer.Option(
            parser=named, metavar="FILE", help="Write the study's finished runs, all metrics: FILE.csv or FILE.parquet."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Forget the study and its runs.")] = False,
    form: Annotated[Format, typer.Option("--format", help="table for people, json for programs.")] = Format.TABLE,
) -> None:
    """List the studies that a store keeps, or export the runs of one."""
    from batchsim.cli import studies as command

    if name is None and (export is not None or remove):
        raise typer.BadParameter("--export and --remove are about one study: give its name too")
    if export is not None and remove:
        raise typer.BadParameter("give one of --export and --remove")
    if force and export is None:
        raise typer.BadParameter("--force is about the file of --export")
    if export is not None and name is not None:
        command.export_study(store, name, export, force=force)
    elif remove and name is not None:
        command.remove_study(store, name)
    else:
        command.list_studies(store, name, as_json=form is Format.JSON)
