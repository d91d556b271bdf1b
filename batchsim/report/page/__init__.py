"""``report.html``: a run on one page that opens from disk without a network, built with Bokeh and Jinja2.

Everything is in the file: BokehJS, style, data. The same run gives the same bytes. A page draws what there is; where
there is nothing, it says why or leaves the section out. Bokeh and Jinja2 are loaded when a page is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from batchsim.analysis.run import Analysis

if TYPE_CHECKING:
    from batchsim.analysis.explain import Explanation

Summary = Mapping[str, Any]


def report_page(run: Analysis, summary: Summary, explain: Callable[[str], Explanation]) -> str:
    """The report of a run as HTML; ``summary`` is what ``summary.json`` holds, ``explain`` tells of a job by its id."""
    from batchsim.report import sentences
    from batchsim.report.page.names import short
    from batchsim.report.page.render import render
    from batchsim.report.page.sections import sections
    from batchsim.report.page.tiles import tiles
    from batchsim.report.words import dollars

    about = summary["run"]
    name = short(about["scenario"] or "scenario", 120)
    return render(
        "report.html.jinja",
        sections(run, summary, explain),
        tiles=tiles(summary),
        title=f"{name}: {dollars(summary['cost']['total_usd'])}, {sentences.ready(summary)}",
        by=f"{sentences.fates(summary['jobs'])}; seed {about['seed']}; the end: {sentences.ending(summary)}",
        version=about["batchsim"],
        foot=f"batchsim {about['batchsim']}, scenario {about['scenario_hash'][:12]}, seed {about['seed']}",
    )
