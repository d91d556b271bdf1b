"""``report.html`` of replications: the chances, every metric with its interval, how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.report.comparison_words import figure
from batchsim.report.page.blocks import Facts, Points, Section, Table
from batchsim.report.page.chances import thresholds
from batchsim.report.page.names import short
from batchsim.report.replicate_words import defined, interval
from batchsim.report.words import NOTHING, plain, plural

Page = Mapping[str, Any]


def replications_page(page: Page) -> str:
    """The replications as HTML; ``page`` is what ``replications.json`` holds."""
    from batchsim.report.page.render import render

    run = page["run"]
    runs = f"{plural(run['replications'], 'replication')} of seed {run['seed']}"
    return render(
        "comparison.html.jinja",
        [*thresholds(page), _metrics(page), *_notes(page), _about(page)],
        sentences=[plain(each) for each in page["sentences"]],
        title=f"{short(run['scenario'] or 'A scenario', 60)}, {plural(run['replications'], 'time')}",
        by=f"{runs}, each with random numbers of its own",
        version=run["batchsim"],
        foot=f"batchsim {run['batchsim']}, seed {run['seed']}, {plural(run['replications'], 'replication')}",
    )


def _metrics(page: Page) -> Section:
    rows = [
        (row["metric"], figure(row["mean"], row["unit"]), interval(row), figure(row["sd"], row["unit"]),
         figure(row["least"], row["unit"]), figure(row["most"], row["unit"]), str(row["n"]))
        for row in defined(page)
    ]  # fmt: skip
    level = f"interval of {100 * page['run']['confidence']:g} %"
    table = Table(("metric", "mean", level, "sd", "least", "most", "n"), rows)
    return Section("metrics", "Every metric", "The interval is one of the mean, not of single runs.", [table])


def _notes(page: Page) -> list[Section]:
    if not page["notes"]:
        return []
    told = Points([plain(each) for each in page["notes"]])
    return [Section("notes", "How far the figures can be trusted", "", [told])]


def _about(page: Page) -> Section:
    run = page["run"]
    replaced = ", ".join(f"{what}: {name}" for what, name in run["policies"].items())
    facts = [
        ("scenario", short(run["scenario"] or NOTHING)), ("its hash", run["scenario_hash"][:16]),
        ("policies replaced", short(replaced or NOTHING)), ("seed", str(run["seed"])),
        ("replications", str(run["replications"])),
        ("confidence", f"{100 * run['confidence']:g} %, of each interval by itself"), ("batchsim", run["batchsim"]),
    ]  # fmt: skip
    return Section("about", "What was run", "", [Facts(facts)])
