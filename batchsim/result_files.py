"""What stands in a result folder: summary, scenario, tables, events, notifications, and the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from batchsim.analysis.run import Analysis
    from batchsim.result import Result

_ALWAYS = ("jobs", "attempts", "instances", "submissions", "scaling", "timeline", "blocked", "occurrences")


def files_of(
    result: Result, run: Analysis, *, events: bool, costs: bool, tables: Literal["csv", "parquet"], html: bool
) -> dict[str, Iterable[str] | bytes]:
    """The files by name, as pieces of text or as bytes."""
    from batchsim.formats import events_jsonl, notifications_jsonl, result_folder, scenario_yaml, table_csv
    from batchsim.report.columns import columns_of
    from batchsim.report.parquet import parquet
    from batchsim.report.summary_json import dumps

    files: dict[str, Iterable[str] | bytes] = {
        result_folder.SUMMARY: (dumps(result.summary()),),
        result_folder.SCENARIO: (scenario_yaml.dump(result.scenario),),
    }
    frames = {name: getattr(result, name) for name in _tables(result, costs=costs)} | {"metrics": result.minutes}
    for name, frame in frames.items():
        files[f"{name}.{tables}"] = parquet(frame) if tables == "parquet" else table_csv.lines(columns_of(frame))
    if events:
        files[result_folder.EVENTS] = events_jsonl.lines(result.records, result.scenario, result.seed)
    if result.scenario.notifications:
        files[result_folder.NOTIFICATIONS] = notifications_jsonl.lines(result.records, result.scenario, result.seed)
    if html:
        files[result_folder.PAGE] = _page(result, run)
    return files


def _tables(result: Result, *, costs: bool) -> list[str]:
    """The tables that the folder holds, by their names in :class:`Result`."""
    beside = {
        "consumables": bool(result.scenario.consumableResources),
        "rejections": len(result.records.rejections.call) > 0,
        "costs": costs,
        "faults": len(result.records.faults.at_ms) > 0,
    }
    return [*_ALWAYS, *(name for name, is_wanted in beside.items() if is_wanted)]


def _page(result: Result, run: Analysis) -> Iterator[str]:
    """The report as a page."""
    from batchsim.report.page import report_page

    yield report_page(run, result.summary(), result.explain)
