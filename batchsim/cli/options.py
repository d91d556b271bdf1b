"""Arguments and options that several commands take, as Typer reads them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def named(text: str) -> Path:
    """A path that names something: an empty one, as of a variable that is not set, would be the current folder."""
    if not text:
        raise typer.BadParameter("it is empty; name a file or a folder, the current one as .")
    return Path(text)


class Tables(StrEnum):
    """How the tables of a result folder are written."""

    CSV = "csv"
    PARQUET = "parquet"


class Form(StrEnum):
    """How a comparison, or a study, answers on stdout."""

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


ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A scenario file (YAML or JSON).", show_default=False)
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, e.g. spot.maxvCpus=512; repeatable.",
        show_default=False,
    ),
]
AllowPath = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-path",
        metavar="DIR",
        help="A folder, besides the scenario's own, whose files the scenario may name; repeatable.",
        show_default=False,
    ),
]
ResultFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A result folder of batchsim run.", show_default=False)
]
AnyFormat = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]

Variants = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        metavar="'NAME: PATH=VALUE, ...'",
        help="A variant of the first scenario; values as after --set; repeatable.",
        show_default=False,
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="Compare this metric; repeatable; 'all' for every one."),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="Leave with 1 if it holds for any variant: 'cost_usd > +10%' and 'makespan_s > +5m' are changes"
        " against the baseline, 'cost_usd > 40' is the variant's own mean; repeatable.",
    ),
]
FailBasis = Annotated[
    Basis, typer.Option("--fail-basis", help="Judge --fail-if by the mean, or only if the whole interval says so.")
]
Replications = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000,
        help="How often each variant runs, the pairs with the same random numbers. [default: 30]",
        show_default=False,
    ),
]

RunLimit = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="End a run that takes longer, by the clock on the wall, and try it once more; with several workers"
        " 10m, or more where others took long, if nothing is given.",
        show_default=False,
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes that share the runs; the figures are the same.")]
WorkersOfPlace = Annotated[
    int | None,
    typer.Option(
        min=1, max=256, help="Processes that share the runs; the figures are the same. [default: 1]", show_default=False
    ),
]
ExecutorAddress = Annotated[
    str | None,
    typer.Option(
        metavar="dask://HOST:PORT",
        help="Run on the workers of this Dask scheduler, at most --workers runs at once if that is given.",
        show_default=False,
    ),
]
