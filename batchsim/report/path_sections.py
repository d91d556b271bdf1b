"""Sections of the report: the critical paths of workflows with dependencies, and what nearly limited the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from batchsim.report.layout import rows, section
from batchsim.report.levers import lever_sentence, limit_figures, limit_words, near, part_words
from batchsim.report.words import NOTHING, count, duration, plain, plural, share

Summary = Mapping[str, Any]

_WORKFLOWS_SHOWN = 3
_STEPS_SHOWN = 6
_PARTS_SHOWN = 3
_LIMITS_SHOWN = 8


def critical_paths(summary: Summary) -> RenderableType | None:
    """The longest workflows that have more than one job on their path: the path, its parts, the lever."""
    found = [each for each in summary["workflows"]["longest"] if each["path_jobs"] > 1][:_WORKFLOWS_SHOWN]
    if not found:
        return None
    lines = [line for each in found for line in _workflow(each)]
    title = f"Critical paths (of {plural(summary['workflows']['count'], 'workflow')}, the longest)"
    return section(title, *lines)


def _workflow(found: Summary) -> list[Text]:
    """Four lines a workflow."""
    cut = f", {found['unfinished']:,} jobs unfinished" if found["unfinished"] else ""
    times = f" #{found['occurrence'] + 1}" if found["occurrence"] else ""
    parts = sorted(found["parts"].items(), key=lambda part: -part[1])
    shown = [f"{part_words(name)} {duration(length)}" for name, length in parts[:_PARTS_SHOWN]]
    rest = sum(length for _, length in parts[_PARTS_SHOWN:])
    shown += [f"other {duration(rest)}"] * (rest > 0)
    return [
        Text(f"{plain(found['entry'])}{times}: {duration(found['makespan_s'])}{cut}", style="bold"),
        Text(f"  {_path(found)}"),
        Text(f"  {', '.join(shown)}"),
        Text(f"  lever: {lever_sentence(found)}"),
    ]


def _path(found: Summary) -> str:
    """The jobs of the path, in order; of many the first and the last ones that the summary has."""
    names = [plain(step["job_id"]) for step in found["path"]]
    more = found["path_jobs"] - _STEPS_SHOWN
    if more <= 0:
        return " → ".join(names)
    return " → ".join([*names[: _STEPS_SHOWN - 1], f"… {plural(more + 1, 'further job')}"])


def nearly_limited(summary: Summary) -> RenderableType | None:
    """The limits that were reached, or used to four fifths and more."""
    found = near(summary["limits"])
    if not found:
        return None
    lines = [
        (
            limit_words(each["what"], each["where"]),
            limit_figures(each),
            share(each["share"]),
            NOTHING if each["at_s"] is None else duration(each["at_s"]),
        )
        for each in found[:_LIMITS_SHOWN]
    ]
    rest = len(found) - len(lines)
    more = Text(f"and {count(rest)} more (summary.json has all)") if rest else None
    return section("Nearly limited", rows(("limit", "used at the peak", "share", "first after"), lines, words=2), more)
