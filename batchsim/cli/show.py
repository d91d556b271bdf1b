"""``batchsim show``: jobs in the shapes of AWS Batch's API, told from a result folder."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from batchsim.cli.guard import guarded
from batchsim.errors import UnknownNameError, cut


def show_job(folder: Path, name: str) -> None:
    """Print what DescribeJobs would; exit code 2 for a job that the run does not have."""
    with guarded():
        from batchsim.analysis.explain.describe import described
        from batchsim.cli.stories import story_of

        with story_of(folder) as story:
            found = described(story.run, name)
            if found is None:
                raise story.unknown(name)
            text = json.dumps(found, indent=2, ensure_ascii=True)
        typer.echo(text)


def list_jobs(folder: Path, status: str, queue: str, *, as_json: bool) -> None:
    """List the jobs of a status, or a queue, or all."""
    with guarded():
        from batchsim.analysis.explain.describe import Describer, listed
        from batchsim.cli.stories import story_of
        from batchsim.report.explain import list_text
        from batchsim.report.terminal import write_plain

        with story_of(folder) as story:
            wanted = _status(status)
            if queue:
                _must_know(queue, list(story.run.settings.queues))
            jobs = list(Describer(story.run).summaries(listed(story.run, wanted, queue)))
            text = json.dumps({"jobSummaryList": jobs}, indent=2) if as_json else list_text(jobs)
        write_plain(text)


def _status(given: str) -> str:
    """A job status as AWS spells it."""
    from batchsim.analysis.explain.describe import STATUSES
    from batchsim.spec.near import did_you_mean

    if given and given.upper() not in STATUSES:
        hint = did_you_mean(given.upper(), STATUSES) or f"One of {', '.join(STATUSES)}"
        raise UnknownNameError(f"no job status {cut(given, 100)!r}. {hint}")
    return given.upper()


def _must_know(queue: str, known: list[str]) -> None:
    from batchsim.spec.near import did_you_mean

    if queue not in known:
        raise UnknownNameError(f"no job queue {cut(queue, 100)!r} in this run. {did_you_mean(queue, known)}".rstrip())
