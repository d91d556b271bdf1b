"""The commands and their options, as ``--help`` shows them; each body is one call into a module imported only then."""

from __future__ import annotations

from typing import Annotated

import typer

from batchsim._version import __version__
from batchsim.cli import (
    verbs_of_optimising,
    verbs_of_results,
    verbs_of_runs,
    verbs_of_scenarios,
    verbs_of_studies,
    verbs_of_trials,
)

app = typer.Typer(
    name="batchsim",
    help="A flight simulator for AWS Batch: what a workload costs, how long it waits, how much gets done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


app.command()(verbs_of_runs.run)
app.command(epilog=verbs_of_runs.REPLICATE_EXAMPLES)(verbs_of_runs.replicate)
app.command(epilog=verbs_of_runs.COMPARE_EXAMPLES)(verbs_of_runs.compare)
app.command()(verbs_of_scenarios.validate)
app.command()(verbs_of_scenarios.schema)
app.command()(verbs_of_results.check)
app.command(epilog=verbs_of_results.EXPLAIN_EXAMPLES)(verbs_of_results.explain)
app.command()(verbs_of_results.show)
app.command()(verbs_of_trials.selftest)
app.command()(verbs_of_scenarios.init)
app.command(epilog=verbs_of_trials.FUZZ_EXAMPLES)(verbs_of_trials.fuzz)
app.command(epilog=verbs_of_studies.SWEEP_EXAMPLES)(verbs_of_studies.sweep)
app.command(epilog=verbs_of_optimising.EXAMPLES)(verbs_of_optimising.optimise)
app.command()(verbs_of_studies.studies)
