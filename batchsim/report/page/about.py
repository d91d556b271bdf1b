"""What the figures rest on: the scenario and its seed, the version, the dates of prices, every assumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.report import sentences
from batchsim.report.page.blocks import Block, Facts, Points, Section
from batchsim.report.words import duration, plain

Summary = Mapping[str, Any]


def about(summary: Summary) -> Section:
    """The run, and what it took for granted."""
    blocks: list[Block] = [
        Facts(_facts(summary)),
        Points([plain(each) for each in summary["assumptions"]],
               "Assumptions (AWS does not publish these; the scenario's world sets them)"),
        Points([plain(each) for each in summary["not_counted"]], "Not counted in any bill"),
    ]  # fmt: skip
    return Section("about", "The run, and what its figures rest on", "", blocks)


def _facts(summary: Summary) -> list[tuple[str, str]]:
    run = summary["run"]
    replication = f", replication {run['replication']}" if run["replication"] else ""
    other = f", prices of {run['price_region']}" if run["price_region"] != run["region"] else ""
    dates = [f"{fact.replace('_', ' ')} {date}" for fact, date in summary["as_of"].items()]
    facts = [
        ("scenario", plain(run["scenario"] or "without a name")),
        ("its hash", run["scenario_hash"]),
        ("seed", f"{run['seed']}{replication} (1 replication: no interval)"),
        ("start", f"{sentences.started(summary):%Y-%m-%d %H:%M:%S} UTC"),
        ("simulated", f"{duration(summary['horizon_s'])}; the end: {sentences.ending(summary)}"),
        ("region", plain(run["region"] + other)),
        ("prices as of", plain(", ".join(dates)) or "none from the catalogue"),
        ("batchsim", run["batchsim"]),
    ]
    facts += [("repriced", plain("; ".join(run["repriced"])))] * bool(run["repriced"])
    facts += [("replaced", plain(f"{what}: {name}")) for what, name in summary["policies"].items()]
    return facts
