"""A comparison as a small HTML table for notebooks: self-contained, every name escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from batchsim.report.comparison_words import Row, change, figure, rows_of
from batchsim.report.words import plain, plural

_STYLE = (
    "border-collapse:collapse;font-variant-numeric:tabular-nums",
    "padding:2px 10px;text-align:left",
    "padding:2px 10px;text-align:right",
)


def html(page: Mapping[str, Any]) -> str:
    """Metrics down, variants across: means, and changes, shown ones in bold; then the sentences."""
    run, names = page["run"], [variant["name"] for variant in page["variants"]]
    heads = "".join(_cell("th", name) for name in names[:1])
    heads += "".join(_cell("th", name) + _cell("th", "change") for name in names[1:])
    table, left, _ = _STYLE
    by_variant = [rows_of(page, name) for name in names[1:]]
    body = "".join(_row(page, list(rows)) for rows in zip(*by_variant, strict=True))
    caption = f"{plural(run['replications'], 'replication')} of seed {run['seed']}, means"
    return (
        f'<div><table style="{table}"><caption style="{left}">{escape(caption)}</caption>'
        f'<thead><tr><th style="{left}">metric</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
        f"{_listed([*page['sentences'], *page['notes']])}</div>"
    )


def _row(page: Mapping[str, Any], rows: list[Row]) -> str:
    """One metric: the baseline's mean, and each variant's with its change."""
    metric, left = rows[0]["metric"], _STYLE[1]
    what = page["metrics"][metric]["what"]
    cells = _cell("td", figure(_own_mean(page, metric), rows[0]["unit"]))
    for row in rows:
        cells += _cell("td", figure(row["mean"], row["unit"])) + _cell("td", change(row), bold=bool(row["different"]))
    return f'<tr><th style="{left}" title="{escape(what)}">{escape(metric)}</th>{cells}</tr>'


def _own_mean(page: Mapping[str, Any], metric: str) -> float | None:
    baseline = page["run"]["baseline"]
    found: float | None = next(
        row["mean"] for row in page["table"] if (row["metric"], row["variant"]) == (metric, baseline)
    )
    return found


def _cell(tag: str, text: str, *, bold: bool = False) -> str:
    inner = escape(plain(text))
    return f'<{tag} style="{_STYLE[2]}">{f"<b>{inner}</b>" if bold else inner}</{tag}>'


def _listed(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(plain(sentence))}</li>' for sentence in sentences)}</ul>"
