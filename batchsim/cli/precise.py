"""``--precision`` and ``--require-precision``: how they are read, and what the exit code says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.option_values import read_option
from batchsim.errors import printable

PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="METRIC=REL",
        help="Run until METRIC is known to ± REL, as cost_usd=2%, instead of so many times; also"
        " '{metric: cost_usd, rel: 2%, conf: 0.95, max_replications: 500}'.",
        show_default=False,
    ),
]
RequirePrecision = Annotated[
    bool, typer.Option("--require-precision", help="Leave with 1 if --precision is not reached.")
]
_SHORT = re.compile(r"\s*([A-Za-z0-9_]+)\s*=\s*(\S.*?)\s*")


def parse_precision_option(text: str) -> dict[str, Any]:
    """``cost_usd=2%`` or a mapping in YAML, as plain data. Raises ``ValueError``."""
    from batchsim.formats import scenario_yaml

    short = _SHORT.fullmatch(text)
    if short:
        return {"metric": short[1], "rel": scenario_yaml.parse_value(short[2])}
    data = scenario_yaml.parse_value(text)
    if not isinstance(data, dict):
        raise ValueError(  # noqa: TRY004 -- what a user wrote
            f"{text!r} is not METRIC=REL, as in cost_usd=2%, nor {{metric: cost_usd, rel: 2%}}"
        )
    return data


def precision_of(text: str | None, replications: int | None, *, required: bool = False) -> dict[str, Any] | None:
    """The precision asked for on the command line; a usage error for options that do not go together."""
    if text is None:
        if required:
            raise typer.BadParameter("--require-precision needs --precision METRIC=REL")
        return None
    if replications is not None:
        raise typer.BadParameter("--replications and --precision are two ways to say how many runs: give one of them")
    return read_option(parse_precision_option, text, "--precision")


def answer_of_precision(page: Mapping[str, Any], *, required: bool) -> None:
    """Warn on stderr of a precision that was not reached; leave with 1 if it was required."""
    found = page["precision"]
    if not found or found["reached"]:
        return
    from batchsim.report.chance_words import of_precision

    for told in of_precision(page):
        typer.echo(printable(f"batchsim: {told}"), err=True)
    if required:
        raise typer.Exit(ANSWER_IS_NO)
