"""``batchsim explain``: why jobs waited, told from a result folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from batchsim.cli.guard import guarded

if TYPE_CHECKING:
    from batchsim.analysis.explain import Story


class Question(NamedTuple):
    """What is asked; nothing of it asks for the whole run."""

    name: str | None
    queue: str | None
    slowest: int | None


def explain_folder(folder: Path, question: Question, *, as_json: bool) -> None:
    """Answer on stdout; exit code 2 for a name that the run does not have, 4 for a folder that cannot be read."""
    with guarded():
        from batchsim.cli.stories import story_of
        from batchsim.report.explain import answer_text
        from batchsim.report.terminal import write_plain

        with story_of(folder) as story:
            answer = _answer(story, question)
            if as_json:
                told: Any = [each.as_dict() for each in answer] if isinstance(answer, list) else answer.as_dict()
                typer.echo(json.dumps(told, indent=2))
                return
            text = answer_text(answer, str(folder))
        write_plain(text)


def _answer(story: Story, question: Question) -> Any:
    if question.name is not None:
        return story.explain(question.name)
    if question.queue is not None:
        return story.queue(question.queue)
    if question.slowest is not None:
        return story.slowest(question.slowest)
    return story.digest()
