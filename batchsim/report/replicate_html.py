"""Replications as a small HTML table for notebooks: self-contained, every name escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from batchsim.report.comparison_html import _STYLE, _cell, _listed
from batchsim.report.comparison_words import figure
from batchsim.report.replicate_words import defined, interval
from batchsim.report.words import plain, plural


def html(page: Mapping[str, Any]) -> str:
    """Metrics with their intervals, then the sentences and notes."""
    run, (table, left, _) = page["run"], _STYLE
    heads = "".join(_cell("th", name) for name in ("mean", f"interval of {100 * run['confidence']:g} %", "sd"))
    body = "".join(_row(page, row) for row in defined(page))
    size = f"{plural(run['replications'], 'replication')} of seed {run['seed']}"
    return (
        f'<div><table style="{table}"><caption style="{left}">'
        f"{escape(plain(run['scenario'] or 'A scenario'))}: {escape(size)}</caption>"
        f'<thead><tr><th style="{left}">metric</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
        f"{_listed([*page['sentences'], *page['notes']])}</div>"
    )


def _row(page: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    told = (figure(row["mean"], row["unit"]), interval(row), figure(row["sd"], row["unit"]))
    cells = "".join(_cell("td", each) for each in told)
    what = escape(page["metrics"][row["metric"]]["what"])
    return f'<tr><th style="{_STYLE[1]}" title="{what}">{escape(row["metric"])}</th>{cells}</tr>'
