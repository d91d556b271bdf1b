"""A study as a small HTML table for notebooks: self-contained, every name escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from batchsim.report.comparison_html import _STYLE, _cell, _listed
from batchsim.report.study_words import mean_of, settings_of, with_half
from batchsim.report.words import plain, plural


def html(page: Mapping[str, Any]) -> str:
    """The Pareto front, then the sentences and notes."""
    study, front = page["study"], page["front"]
    table, left, _ = _STYLE
    heads = "".join(_cell("th", name) for name in front["metrics"])
    body = "".join(_row(page, row) for row in front["points"])
    size = f"{plural(study['points'], 'point')}, {plural(study['replications'], 'replication')} of seed {study['seed']}"
    caption = f"{plain(study['name'])}: {size}; the Pareto front"
    return (
        f'<div><table style="{table}"><caption style="{left}">{escape(caption)}</caption>'
        f'<thead><tr><th style="{left}">settings</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
        f"{_listed([*page['sentences'], *page['notes']])}</div>"
    )


def _row(page: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    told = settings_of(page, row["point"]) + (" (knee)" if row["knee"] else "")
    cells = "".join(
        _cell("td", with_half(mean_of(page, row["point"], name)), bold=row["knee"]) for name in page["front"]["metrics"]
    )
    return f'<tr><th style="{_STYLE[1]}">{escape(told)}</th>{cells}</tr>'
