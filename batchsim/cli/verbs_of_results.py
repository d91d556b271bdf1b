"""``check``, ``explain`` and ``show``: commands that read a result folder."""

from __future__ import annotations

from typing import Annotated

import typer

from batchsim.cli.options import AnyFormat, Format, ResultFolder


def check(folder: ResultFolder, *, format_: AnyFormat = Format.TABLE) -> None:
    """Check a result folder's invariants."""
    from batchsim.cli.check import check_folder

    check_folder(folder, as_json=format_ is Format.JSON)


EXPLAIN_EXAMPLES = """\b
Examples:
  batchsim explain out
  batchsim explain out etl:17
  batchsim explain out i-0f2b6899b8b271f37
  batchsim explain out --queue etl
  batchsim explain out --slowest 3 --format json
"""


def explain(
    folder: ResultFolder,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[JOB]", help="The id of a job, an array or an instance.", show_default=False),
    ] = None,
    *,
    queue: Annotated[str | None, typer.Option(metavar="Q", help="The waits of this queue over time.")] = None,
    slowest: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Explain the N jobs that took longest.")
    ] = None,
    format_: AnyFormat = Format.TABLE,
) -> None:
    """Say why jobs waited and what the money went to."""
    from batchsim.cli.explain import Question, explain_folder

    if sum(given is not None for given in (name, queue, slowest)) > 1:
        raise typer.BadParameter("give one of JOB, --queue and --slowest")
    explain_folder(folder, Question(name, queue, slowest), as_json=format_ is Format.JSON)


def show(
    folder: ResultFolder,
    name: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="The id of a job or an array.", show_default=False)
    ] = None,
    *,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="List jobs of this status: FAILED.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="Q", help="List jobs of this queue.")] = None,
    format_: AnyFormat = Format.TABLE,
) -> None:
    """Print a job as DescribeJobs does, or list jobs as ListJobs does."""
    from batchsim.cli.show import list_jobs, show_job

    if name is not None and (status is not None or queue is not None):
        raise typer.BadParameter("--status and --queue list jobs: give them or JOB")
    if name is not None:
        show_job(folder, name)
    else:
        list_jobs(folder, status or "", queue or "", as_json=format_ is Format.JSON)
