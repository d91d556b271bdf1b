"""``report.html`` without a browser: its figures, its order, its bytes, its size, and names that are only text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from analysis.queues import mmc
from report.pages import HOSTILE, Page, data_of, models_of, page_of, tiles_of
from report.plotted import RESULTS, SCENARIOS, result_of
from report.runs import finished, forty_jobs
from scenario_builder import environment, job, scenario

import batchsim
from batchsim.report.page.names import on_axis, short
from batchsim.report.page.tiles import value_at
from batchsim.report.words import dollars, duration

ORDER = (
    "thresholds", "stuck", "refused", "blocked", "failures", "steady", "states", "depth", "vcpus", "gantt", "waits",
    "costs", "fallback", "reclaims", "faults", "shares", "slowest", "workflow", "about",
)  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_every_kind_of_run_has_a_page_of_known_sections_in_order(name: str) -> None:
    page = Page(page_of(result_of(name)))
    assert page.headings == [slug for slug in ORDER if slug in page.headings]
    assert {"costs", "about", "states", "waits"} <= set(page.headings)


@pytest.mark.parametrize("name", ["etl_10tb_stormy", "hello_fargate", "stuck", "mixed", "nothing"])
def test_tiles_hold_the_numbers_of_the_summary(name: str) -> None:
    summary = result_of(name).summary()
    tiles = tiles_of(page_of(result_of(name)))
    assert tiles["cost.total_usd"][1] == dollars(summary["cost"]["total_usd"])
    assert {path: value for path, (value, _) in tiles.items()} == {path: value_at(summary, path) for path in tiles}


def test_reasons_of_failures_turn_no_direction_of_reading_and_steer_no_terminal() -> None:
    fails = [{"probability": 0.9, "exit_code": 1, "reason": "red \x1b[31m, \u202egpj"}]
    page = page_of(batchsim.run(scenario(job("a", size=20, fails=fails)), seed=1))
    assert "red \\x1b[31m, \\u202egpj" in page
    assert not {"\x1b", "\u202e"} & set(page)


@pytest.mark.parametrize("name", RESULTS)
def test_no_chart_is_empty(name: str) -> None:
    data = data_of(page_of(result_of(name)))
    plots = [model for model in models_of(data) if model.get("name") == "Plot"]
    for plot in plots:
        columns = [
            of for model in models_of(plot) if model.get("name") == "ColumnDataSource" for of in models_of(model)
        ]
        assert any(entry for column in columns if column["type"] == "map" for entry in column["entries"])


def test_a_section_without_data_says_so_in_place_of_an_empty_plot() -> None:
    told = Page(page_of(result_of("nothing"))).told
    for sentence in ("No jobs were submitted.", "Nothing was billed.", "on for no longer than an instant"):
        assert sentence in told
    assert data_of(page_of(result_of("nothing"))) == {}


def test_stuck_jobs_and_failed_thresholds_come_before_everything_else() -> None:
    stuck = Page(page_of(result_of("stuck")))
    assert stuck.headings[0] == "stuck"
    assert "1 job can never start" in stuck.told
    failed = batchsim.run(scenario(job("a"), environments=[environment()], thresholds={"cost_usd": "< 0"}), seed=1)
    assert "1 of 1 threshold failed" in Page(page_of(failed)).told


@pytest.mark.parametrize(("load", "says"), [(0.5, "Offered load 50 % of capacity; warm-up 1h"), (1.5, "Unstable: ")])
def test_a_declared_steady_state_is_told_with_its_figures_or_that_there_is_none(load: float, says: str) -> None:
    result = batchsim.run(mmc(load, jobs=500, warmup="1h"), seed=1)
    page = Page(page_of(result))
    assert "steady" in page.headings
    assert says in page.told
    wait = f"mean {duration(result.summary()['steady']['wait_mean_s'] or 0)}"
    assert (wait in page.told) == (load < 1)


def test_the_same_run_gives_the_same_bytes_the_second_time_in_a_process() -> None:
    assert page_of(result_of("mixed")) == page_of(result_of("mixed"))
    fresh = finished()
    assert page_of(fresh) == page_of(finished())


_MADE = """
import sys; sys.path[:0] = ["tests", "."]
from hashlib import sha256
import batchsim
from report.pages import page_of
for again in range({times}):
    pages = [page_of(batchsim.run(batchsim.load(f"scenarios/{{name}}.yaml"), seed=1)) for name in {names}]
print(sha256("".join(pages).encode()).hexdigest())
"""


def test_neither_the_hash_seed_nor_earlier_pages_show_in_the_bytes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _MADE.format(times=times, names=("dependency_graph",))],
            cwd=SCENARIOS.parent,
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed, times in (("0", 1), ("1", 2), ("random", 1))
    }  # fmt: skip
    assert len(digests) == 1


def test_every_id_is_numbered_by_its_place() -> None:
    ids = re.findall(r'"id":"([^"]*)"', page_of(result_of("mixed")))
    assert len(ids) > 100
    assert set(ids) == {f"m{number}" for number in range(len(set(ids)))}


def hostile() -> Any:
    texts = dict.fromkeys(
        ("entries", "queues", "environments", "definitions", "types", "zones"), (HOSTILE, f"{HOSTILE}2")
    )
    return finished({"name": HOSTILE}, forty_jobs(texts=texts))


def test_hostile_names_are_text_and_only_the_own_scripts_are_scripts() -> None:
    page = page_of(hostile())
    read = Page(page)
    assert short(HOSTILE, 120)[:40] in read.told
    assert not [
        tag for tag, _ in read.tags if tag in ("img", "iframe", "object", "embed", "form", "link") and _ != ICON
    ]
    assert not [attrs for _, attrs in read.tags if any(name.startswith("on") for name in attrs)]
    assert page.count("<script") == 4
    assert "<script>alert" not in page
    assert "49" not in re.findall(r"\{\{7\*7\}\}|49", read.told)


ICON = {"rel": "icon", "href": "data:,"}


def test_the_policy_names_every_script_that_runs_and_no_address() -> None:
    page = page_of(result_of("one_job"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    told = policy[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts]
    assert sorted(hashes) == sorted(re.findall(r"'sha256-[^']*'", told))
    assert "http" not in told
    assert "unsafe-eval" not in told
    assert "default-src 'none'" in told


def test_nothing_in_the_page_is_fetched() -> None:
    page = Page(page_of(result_of("etl_10tb_stormy")))
    links = [value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "action")]
    assert all(str(link).startswith(("#", "data:")) for link in links)


def test_text_for_axes_is_no_mathematics() -> None:
    assert "$$" not in on_axis("$$x$$$$")
    assert "\\(" not in on_axis(r"\(x\)")
    assert "\\[" not in on_axis(r"\[x\]")


def test_a_run_of_six_thousand_jobs_is_drawn_in_less_than_four_megabytes() -> None:
    page = page_of(result_of("small_jobs"))
    assert len(page.encode()) < 4_000_000
    assert "as the share of vCPUs that they held" in Page(page).told


def test_the_run_is_told_with_seed_version_prices_and_every_assumption() -> None:
    result = result_of("etl_10tb_stormy")
    told, summary = Page(page_of(result)).told, result.summary()
    for each in (*summary["assumptions"], *summary["not_counted"], *summary["as_of"].values()):
        assert re.sub(r"\s+", " ", each) in told
    assert str(summary["run"]["scenario_hash"]) in told


def test_the_slowest_job_is_told_as_explain_tells_it() -> None:
    result = result_of("dependency_graph")
    slowest = result.jobs.sort_values("turnaround_s", ascending=False, kind="stable")["job_id"].iloc[0]
    told = Page(page_of(result)).told
    assert result.explain(slowest).headline in told


def test_the_critical_path_is_that_of_the_analysis() -> None:
    result = result_of("dependency_graph")
    path = result.summary()["workflows"]["longest"][0]["path"]
    told = Page(page_of(result)).told
    section = told[told.rindex("The critical path") :]
    places = [section.index(step["job_id"]) for step in path]
    assert places == sorted(places)


def test_a_page_is_left_out_when_asked_to() -> None:
    assert "report.html" not in finished().files(html=False)


def test_a_comparison_has_its_page_with_every_metric_and_no_script_from_a_name() -> None:
    given = scenario(job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=9), environments=[environment()])
    found = batchsim.compare(
        {"base": given, "<script>x</script>": given.with_("hosts.maxvCpus", 2)}, replications=3, seed=1
    )
    page = "".join(str(piece) for piece in found.files()["report.html"])
    read = Page(page)
    assert page.count("<script") == 4
    assert "<script>x</script> against base" in read.told
    assert all(sentence in read.told for sentence in found.sentences())
    assert {"cost_usd", "makespan_s"} <= set(read.told.split())
    assert page == "".join(str(piece) for piece in found.files()["report.html"])


@pytest.mark.parametrize("replications", [1, 3])
def test_a_comparison_of_a_scenario_with_itself_has_a_page_that_says_so(replications: int) -> None:
    given = scenario(job("a", "10s"), environments=[environment()])
    found = batchsim.compare({"one": given, "same": given}, replications=replications, seed=1)
    page = Page("".join(str(piece) for piece in found.files()["report.html"]))
    assert "0 metrics differ beyond chance" in page.told
