"""An optimisation as a small HTML table for notebooks: self-contained, every name escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from batchsim.report.comparison_html import _STYLE, _cell, _listed
from batchsim.report.optimisation_words import (
    fresh_row,
    goal_told,
    interval_told,
    settings_told,
    unit_of,
    verdicts_of,
)
from batchsim.report.words import plain, plural


def html(page: Mapping[str, Any]) -> str:
    """The scenario as it stands and the chosen points on fresh seeds, then the sentences and notes."""
    found, variants = page["optimisation"], page["fresh"]["variants"]
    table, left, _ = _STYLE
    heads = "".join(_cell("th", each["metric"]) for each in page["objectives"])
    heads += "".join(_cell("th", plain(each["constraint"])) for each in page["constraints"])
    told = ["as it stands", *(settings_told(page["trials"][point]["settings"]) for point in page["chosen"])]
    body = "".join(_row(page, variant["name"], text) for variant, text in zip(variants, told, strict=True))
    size = f"{plural(found['points'], 'point')}, {plural(found['runs'], 'run')}"
    caption = f"{plain(found['name'])}: {goal_told(page)}; {size}; means of {found['fresh']} fresh replications"
    return (
        f'<div><table style="{table}"><caption style="{left}">{escape(caption)}</caption>'
        f'<thead><tr><th style="{left}">settings</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
        f"{_listed([*page['sentences'], *page['notes']])}</div>"
    )


def _row(page: Mapping[str, Any], variant: str, told: str) -> str:
    rows = [fresh_row(page, variant, each["metric"]) for each in page["objectives"]]
    cells = "".join(_cell("td", interval_told(row, "mean", row["unit"])) for row in rows)
    for row in verdicts_of(page, variant):
        text = interval_told(row, "value", unit_of(page, row["constraint"]))
        cells += _cell("td", text if row["holds"] else f"{text} FAILS", bold=not row["holds"])
    return f'<tr><th style="{_STYLE[1]}">{escape(told)}</th>{cells}</tr>'
