"""``batchsim optimise``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchsim.cli.options import ExecutorAddress, Form, RunLimit, WorkersOfPlace, named
from batchsim.cli.verbs_of_studies import StoreFile

EXAMPLES = """\b
Examples:
  batchsim optimise night.yaml --minimise cost_usd --subject-to 'P(makespan < 6h) >= 0.95' --over spot.maxvCpus=64..4096
  batchsim optimise night.yaml --minimise cost_usd --minimise ready_at_s --over spot.maxvCpus=256,512,1024
  batchsim optimise study.yaml --workers 2 --out answer
"""


def optimise(
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO", help="A scenario file, or a study file.", show_default=False)
    ],
    *,
    minimise: Annotated[
        list[str] | None,
        typer.Option("--minimise", metavar="METRIC", help="Make its mean small; several make a Pareto set."),
    ] = None,
    maximise: Annotated[
        list[str] | None, typer.Option("--maximise", metavar="METRIC", help="Make its mean large; repeatable.")
    ] = None,
    subject_to: Annotated[
        list[str] | None,
        typer.Option(
            "--subject-to",
            metavar="CONSTRAINT",
            help="What must hold: 'P(makespan < 6h) >= 0.95', or 'wait_p95_s <= 10m' of the mean; repeatable.",
        ),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="PATH=VALUES",
            help="Choose its value: 64..4096 or 256,512,1024 or '{from: 64, to: 4096, scale: log}'; repeatable.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change one value, the baseline's too; repeatable."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Try so many points. [default: 100]", show_default=False)
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(
            min=1, max=1_000_000, help="Of a point that may be the best. [default: 30]", show_default=False
        ),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(min=1, help="Replications with which each point begins. [default: 5]", show_default=False),
    ] = None,
    fresh: Annotated[
        int | None,
        typer.Option(
            min=2, max=1_000_000,
            help="Replications of fresh seeds, of the winner and of the scenario as it stands. "
            "[default: 100 with a chance to judge, else 30]",
            show_default=False,
        ),
    ] = None,
    risk: Annotated[
        float | None,
        typer.Option(
            min=0.0001, max=0.5, help="That a point is dropped by chance, though none is better. [default: 0.05]",
            show_default=False,
        ),
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=1, help="Make no more runs than that, all told.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The seed of the search; else the scenario's own, else one is drawn.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name in the store, if not one of what is asked.")
    ] = None,
    store: StoreFile = Path("batchsim-studies.sqlite"),
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage", metavar="URL",
            help="Optuna's storage, over which several machines share one search: postgresql://USER@HOST/DATABASE.",
            show_default=False,
        ),
    ] = None,
    workers: WorkersOfPlace = None,
    executor: ExecutorAddress = None,
    run_limit: RunLimit = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="DIR", help="Write answer, tables, page and scenarios into this folder."),
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
        Form, typer.Option("--format", help="text for people, json for programs, csv: the table of all points.")
    ] = Form.TEXT,
) -> None:  # fmt: skip
    """Find the best point under constraints: leaves with 1 if none meets them, or the winner fails on fresh seeds."""
    from batchsim.cli.optimise import Wishes, optimise_scenario

    if out is None and force:
        raise typer.BadParameter("--force is about the folder of tables: give --out DIR too")
    values = {
        "minimise": minimise or None, "maximise": maximise or None, "trials": trials, "replications": replications,
        "first": first, "fresh": fresh, "risk": risk, "max_runs": max_runs, "seed": seed, "name": name,
    }  # fmt: skip
    wishes = Wishes(
        over=tuple(over or ()), subject_to=tuple(subject_to or ()), settings=tuple(settings or ()),
        allow_paths=tuple(allow_path or ()), values={key: value for key, value in values.items() if value is not None},
        store=store, storage=storage, workers=workers, executor=executor, run_limit=run_limit,
        out=out, force=force,
        form="json" if form is Form.JSON else "csv" if form is Form.CSV else "text",
    )  # fmt: skip
    optimise_scenario(scenario, wishes)
