"""Write the parts of README.md and of pages in docs/ that come from the code and from runs, between their marks.

Run it after a change that moves a figure or a default::

    python scripts/update_docs.py
    python scripts/update_docs.py docs/fidelity.md    # this page alone
    python scripts/update_docs.py --check             # writes nothing; exit 1 if a page is not up to date

A part stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. The tests hold the pages to what this script writes.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from typer.testing import CliRunner

import batchsim
from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.minutes import KINDS, Kind
from batchsim.cli.app import app
from batchsim.experiments.paired import t_quantile
from batchsim.report.assumptions import show
from batchsim.report.comparison_sections import ORDER as COMPARISON
from batchsim.report.comparison_words import signed
from batchsim.report.explain import digest_text
from batchsim.report.optimisation_sections import ORDER as OPTIMISATION
from batchsim.report.replicate_sections import ORDER as REPLICATIONS
from batchsim.report.study_sections import ORDER as STUDY
from batchsim.report.terminal import report_text
from batchsim.report.words import count, dollars, duration, share
from batchsim.selftest.case import Quantity
from batchsim.spec import World
from batchsim.spec.described import descriptions
from batchsim.spec.markets import MARKETS

PROJECT = Path(__file__).resolve().parent.parent
SPOT, ON_DEMAND = "etl_10tb", "etl_10tb_on_demand"
EXPLAINED = "parts:0"
"""The job of the deterministic scenario that docs/explain.md looks at."""
SHOWN = ("etl_10tb", "Cost", "Latency", "Throughput", "Retries and reclaims")
"""The sections of the report that the README shows."""


@cache
def run(name: str, market: str = "typical") -> batchsim.Result:
    """A shipped scenario's run, with its own seed."""
    scenario = batchsim.load(PROJECT / "scenarios" / f"{name}.yaml")
    return batchsim.run(scenario.with_("world.market", market))


# README.md -----------------------------------------------------------------------------------------


def excerpt() -> str:
    """The flagship's report, some sections left out."""
    sections = re.split(r"\n\n(?=\S)", run(SPOT).report().rstrip("\n"))
    shown = [text if text.startswith(SHOWN) else "..." for text in sections]
    kept = [text for at, text in enumerate(shown) if text != "..." or shown[at - 1] != "..."]
    return "```text\n" + "\n\n".join(kept) + "\n```"


def explanation() -> str:
    """Of the slowest job, what ``batchsim explain`` says; of its steps the first and the last three."""
    result = run(SPOT)
    slowest = result.jobs.sort_values("turnaround_s", kind="stable").iloc[-1]
    headline, *steps = re.split(r"\n(?=  [0-9])", str(result.explain(slowest.job_id)).rstrip("\n"))
    shown = "\n".join([headline, *steps[:3], "  ...", *steps[-3:]])
    return f"```text\n{shown}\n```"


def spot_or_not() -> str:
    """The two nights side by side, and what a stormy market does to the first."""
    nights = [run(name).summary() for name in (SPOT, ON_DEMAND)]
    head = " | ".join(f"`batchsim run scenarios/{name}.yaml`" for name in (SPOT, ON_DEMAND))
    lines = [f"| | {head} |", "|---|---|---|"]
    lines += [f"| {what} | {' | '.join(map(tell, nights))} |" for what, tell in _FIGURES.items()]
    return "\n".join([*lines, "", _saved(*nights), "", _stormy()])


def _lost(night: Mapping[str, Any]) -> str:
    lost = night["reclaims"]
    return (
        f"{duration(lost['lost_s'])} of running, {lost['lost_vcpu_h']:.2f} vCPU-hours"
        if lost["attempts"]
        else "nothing"
    )


_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "data ready after": lambda night: duration(night["headline"]["data_ready_at_s"]),
    "bill": lambda night: dollars(night["cost"]["total_usd"]),
    "bill per TB": lambda night: dollars(night["cost"]["per_tb_usd"]),
    "of it for useful work": lambda night: share(night["cost"]["useful_share"]),
    "containers at the peak": lambda night: count(night["throughput"]["running_peak"]),
    "partitions retried": lambda night: count(night["entries"][0]["retried"]),
    "instances reclaimed": lambda night: count(night["reclaims"]["instances"]),
    "lost to reclaims": _lost,
}


def _saved(spot: Mapping[str, Any], on_demand: Mapping[str, Any]) -> str:
    bill, other = spot["cost"], on_demand["cost"]["total_usd"]
    instances = run(SPOT).instances
    off = 100 * (1 - instances["price_nano_usd_per_h"] / instances["on_demand_nano_usd_per_h"])
    return _filled(f"""
        So Spot saves **{share(1 - bill["total_usd"] / other)}** of the night's bill. Folklore says 70–90 %; but the
        Spot prices in the catalogue (of {spot["as_of"]["spot"]}) are {off.min():.0f}–{off.max():.0f} % below On-Demand
        for the types that ran, root volumes cost the same either way, and the strategy that takes the deepest pool does
        not take the cheapest type, as On-Demand does. (The very instances that Spot gave would have cost
        {dollars(bill["on_demand_usd"])} On-Demand: hence the {share(bill["saving_share"])} in the report.)
    """)


def _stormy() -> str:
    night = run(SPOT, "stormy").summary()
    cost = night["cost"]
    return _filled(f"""
        With `--set world.market=stormy` Spot takes {night["reclaims"]["instances"]} instances, {_fate(night)},
        and the bill is {dollars(cost["total_usd"])}, with another {dollars(cost["waived_usd"])} waived:
        EC2 does not bill an instance that it takes within its first hour, so that reclaims can even make a night of
        short jobs cheaper. One seed is one night; others differ (`--seed 2`).
    """)


def _fate(night: Mapping[str, Any]) -> str:
    """When the data is ready; or that it never is, since a partition has no attempt left."""
    ready_at_s, failed = night["headline"]["data_ready_at_s"], night["jobs"]["failed"]
    if ready_at_s is None:
        total = count(night["jobs"]["total"])
        return f"{failed} of {total} jobs is not done after three attempts, so the data is not ready"
    return f"the data is ready after {duration(ready_at_s)}"


def scenarios() -> str:
    """Every shipped scenario with what it teaches: the first sentences of its file."""
    lines = ["| file in `scenarios/` | what it teaches |", "|---|---|"]
    for path in sorted((PROJECT / "scenarios").glob("*.yaml")):
        comment = re.match(r"# Teaches: ((?:.*\n)(?:# \S.*\n)*)", path.read_text(encoding="utf-8"))
        text = " ".join(line.removeprefix("# ") for line in (comment[1] if comment else "").splitlines())
        lines.append(f"| `{path.stem}` | {_first_sentences(text)} |")
    return "\n".join(lines)


def _first_sentences(text: str) -> str:
    """So many that they say something."""
    end = next((dot.end() for dot in re.finditer(r"[.!?](?=\s|$)", text) if dot.end() >= _TELLING), len(text))
    return text[:end].rstrip(".")


_TELLING = 60


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 127, break_on_hyphens=False)


# docs/compare.md -----------------------------------------------------------------------------------

SPOT_COMMAND = f"""batchsim compare scenarios/{ON_DEMAND}.yaml scenarios/{SPOT}.yaml --replications 10 \\
  --metric cost_usd --metric makespan_s --metric wait_mean_s --metric useful_share --metric retries"""


@cache
def spot_comparison() -> Mapping[str, Any]:
    """What Spot does to the night: the summary that the command gives."""
    words = shlex.split(SPOT_COMMAND.replace("scenarios/", f"{PROJECT}/scenarios/").replace("\\\n", " "))
    done = CliRunner().invoke(app, [*words[1:], "--format", "json"])
    return dict(json.loads(done.stdout))


def compared() -> str:
    """The command, and its report."""
    text = report_text(spot_comparison(), parts=COMPARISON)
    return f"```sh\n{SPOT_COMMAND}\n```\n\n```text\n{text}```"


def pairing() -> str:
    """How wide the intervals are of pairs, and of as many runs with numbers of their own."""
    page = spot_comparison()
    n, level = page["run"]["replications"], page["run"]["level"]
    sds = {(row["metric"], row["variant"]): row["sd"] for row in page["table"]}
    lines = ["| metric | correlation of the pairs | ± of the pairs | ± of independent runs |", "|---|---|---|---|"]
    for row in page["differences"]:
        if row["correlation"] is None:  # one of the two is the same in every run
            continue
        both = [sds[row["metric"], variant["name"]] for variant in page["variants"]]
        apart = t_quantile(level, 2 * n - 1) * math.hypot(*both) / math.sqrt(n)
        widths = (signed(each, row["unit"])[1:] for each in (row["difference_high"] - row["difference"], apart))
        lines.append(f"| `{row['metric']}` | {row['correlation']:.2f} | {' | '.join(widths)} |")
    return "\n".join(lines)


# docs/sweep.md -------------------------------------------------------------------------------------

SWEEP_COMMAND = """batchsim sweep scenarios/gpu_hyperparameters.yaml --vary gpus.maxvCpus=48,96,192,384 \\
  --vary world.scale_down_idle=60s,5m,20m"""


def swept() -> str:
    """The command, and its report."""
    words = shlex.split(SWEEP_COMMAND.replace("scenarios/", f"{PROJECT}/scenarios/").replace("\\\n", " "))
    with TemporaryDirectory() as folder:
        done = CliRunner().invoke(app, [*words[1:], "--store", f"{folder}/store", "--format", "json"])
    return f"```sh\n{SWEEP_COMMAND}\n```\n\n```text\n{report_text(json.loads(done.stdout), parts=STUDY)}```"


# docs/statistics.md --------------------------------------------------------------------------------

REPLICATE_COMMAND = "batchsim replicate scenarios/gpu_hyperparameters.yaml --precision makespan_s=2%"


def replicated() -> str:
    """The command, and its report."""
    words = shlex.split(REPLICATE_COMMAND.replace("scenarios/", f"{PROJECT}/scenarios/"))
    page = json.loads(CliRunner().invoke(app, [*words[1:], "--format", "json"]).stdout)
    return f"```sh\n{REPLICATE_COMMAND}\n```\n\n```text\n{report_text(page, parts=REPLICATIONS)}```"


# docs/optimise.md ----------------------------------------------------------------------------------

OPTIMISE_COMMAND = """batchsim optimise scenarios/gpu_hyperparameters.yaml --minimise cost_usd \\
  --subject-to 'P(ready_at < 8h) >= 0.9' --over gpus.maxvCpus=48..384 \\
  --over world.scale_down_idle=60s,5m,20m --trials 16 --replications 10 --fresh 30"""


def optimised() -> str:
    """The command, and its report."""
    words = shlex.split(OPTIMISE_COMMAND.replace("scenarios/", f"{PROJECT}/scenarios/").replace("\\\n", " "))
    with TemporaryDirectory() as folder:
        done = CliRunner().invoke(app, [*words[1:], "--store", f"{folder}/store", "--format", "json"])
    return f"```sh\n{OPTIMISE_COMMAND}\n```\n\n```text\n{report_text(json.loads(done.stdout), parts=OPTIMISATION)}```"


# docs/model.md -------------------------------------------------------------------------------------


def markets() -> str:
    """What ``world.market`` stands for."""
    lines = ["| `market` | reclaims an instance-hour | shocks a day | median depth of a pool |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {market.hazard_per_h:g} | {market.shocks_per_day:g} | {market.median_depth} instances |"
        for name, market in MARKETS.items()
    ]
    return "\n".join(lines)


_ABSENT = {"dispatch_rate_ec2": "unlimited"}
"""What a key without a value stands for."""


def world() -> str:
    """Every key of ``world``, its default and its meaning."""
    default, texts, lines = World(), descriptions(World), ["| key | default | meaning |", "|---|---|---|"]
    for name in World.model_fields:
        value = getattr(default, name)
        absent = _ABSENT.get(name, "by `market`") if value is None else "none"
        usual = absent if value in (None, {}, ()) else show(default, name)
        meaning = " ".join(texts.get(name, "").split()).rstrip(".").replace("``", "`")
        lines.append(f"| `{name}` | {usual} | {meaning} |")
    return "\n".join(lines)


# docs/fidelity.md ----------------------------------------------------------------------------------


def behaviours() -> str:
    """The table of behaviours, from the rows beside the tests that hold them."""
    sys.path.insert(0, str(PROJECT / "tests" / "fidelity"))
    from page import table

    return table()


# docs/metrics.md -----------------------------------------------------------------------------------


def metrics() -> str:
    """Every kind of series."""
    lines = ["| metric | kind | statistic | unit | by | what |", "|---|---|---|---|---|---|"]
    rows: dict[tuple[str, str, str, str], list[Kind]] = {}
    for each in KINDS:
        rows.setdefault((each.metric, each.by, each.what, each.unit), []).append(each)
    for (metric, by, what, unit), kinds in rows.items():
        names, statistics = (
            ", ".join(f"`{name}`" for name in dict.fromkeys(getattr(each, key) for each in kinds) if name)
            for key in ("kind", "statistic")
        )
        lines.append(f"| `{metric}` | {names} | {statistics} | {unit} | {by} | {what} |")
    return "\n".join(lines)


# docs/invariants.md --------------------------------------------------------------------------------


def invariants() -> str:
    """Every invariant of the checker with its sentence, by the idea of the file that holds it."""
    lines, family = [f"{len(INVARIANTS)} invariants."], ""
    for each in INVARIANTS:
        module = sys.modules[each.find.__module__]
        if (idea := (module.__doc__ or "").strip().splitlines()[0].rstrip(".")) != family:
            family = idea
            lines += ["", f"## {family}", "", "| id | what holds |", "|---|---|"]
        lines.append(f"| {each.id} | {each.sentence.replace('``', '`').replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


# docs/anomalies.md ---------------------------------------------------------------------------------


def counter_example(name: str) -> Callable[[], str]:
    """A counter-example's command and what it shows, from the rows beside the tests that hold it."""

    def part() -> str:
        sys.path.insert(0, str(PROJECT / "tests"))
        from anomalies.rows import SHOWN

        return SHOWN[name].part()

    return part


def counter_examples() -> Mapping[str, Callable[[], str]]:
    """All counter-examples that the page has marks for."""
    page = (PROJECT / "docs" / "anomalies.md").read_text(encoding="utf-8")
    return {name: counter_example(name) for name in re.findall(r"^<!-- ([a-z-]+) -->$", page, re.MULTILINE)}


# docs/errors.md ------------------------------------------------------------------------------------


def error_lines() -> str:
    """A line of each code, as the command prints it, from the cases of the tests."""
    sys.path.insert(0, str(PROJECT / "tests"))
    from hostile.rows.examples import examples

    return examples()


# docs/failure_patterns.md --------------------------------------------------------------------------


def failure_patterns() -> str:
    """Every pattern with what AWS and the explanation say of it, and its mend, from the rows beside the tests."""
    sys.path.insert(0, str(PROJECT / "tests"))
    from scenarios.failure_patterns import part

    return part()


# docs/theory.md ------------------------------------------------------------------------------------


def theory() -> str:
    """Every case of the selftest: configuration, what is expected, and the formula."""
    from batchsim.selftest.registry import cases, chosen

    run = {case.id: case.title for case in chosen()}
    lines = ["| case | configuration | expected | formula |", "|---|---|---|---|"]
    for case in cases():
        found = [f"{quantity.name} {_value(quantity)} {quantity.unit}" for quantity in case.quantities]
        expected = "; ".join(each.strip() for each in found).replace("|", "\\|")
        mark = "*" if case.id not in run else "" if run[case.id] == case.title else "°"
        lines.append(f"| {case.id}{mark} | {case.title} | {expected} | {case.source} |")
    return "\n".join(lines)


def _value(quantity: Quantity) -> str:
    from batchsim.selftest.table import shown

    return "within bounds" if quantity.theta is None else f"= {shown(quantity.theta)}"


# Pages ---------------------------------------------------------------------------------------------


def explained(*names: str) -> str:
    """What ``batchsim explain`` prints of the deterministic scenario; without a name, of the whole run."""
    story = run("deterministic").story
    told = [str(story.explain(name)) for name in names] or [digest_text(story.digest(), "out")]
    return "```text\n" + "\n\n".join(told) + "\n```"


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"report": excerpt, "explain": explanation, "spot-or-not": spot_or_not, "scenarios": scenarios},
    "docs/anomalies.md": counter_examples(),
    "docs/compare.md": {"spot": compared, "pairing": pairing},
    "docs/errors.md": {"lines": error_lines},
    "docs/failure_patterns.md": {"patterns": failure_patterns},
    "docs/explain.md": {"digest": explained, "job": partial(explained, EXPLAINED)},
    "docs/fidelity.md": {"behaviours": behaviours},
    "docs/invariants.md": {"invariants": invariants},
    "docs/metrics.md": {"metrics": metrics},
    "docs/model.md": {"markets": markets, "world": world},
    "docs/optimise.md": {"optimise": optimised},
    "docs/statistics.md": {"replicate": replicated},
    "docs/sweep.md": {"sweep": swept},
    "docs/theory.md": {"cases": theory},
}


def renewed(page: str) -> str:
    """A page's text with its parts as they should be. ``ValueError`` if a mark is missing."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    for name, part in PAGES[page].items():
        before, found, rest = text.partition(f"<!-- {name} -->\n")
        _, closed, after = rest.partition(f"<!-- /{name} -->")
        if not (found and closed):
            raise ValueError(f"{page}: the marks of {name} are missing")
        text = f"{before}{found}{part()}\n{closed}{after}"
    return text


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not up to date")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="these alone")
    given = parser.parse_args()
    check, pages = given.check, given.pages or PAGES
    if unknown := set(pages) - set(PAGES):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(PAGES)}")
    changed = [page for page in pages if renewed(page) != (PROJECT / page).read_text(encoding="utf-8")]
    for page in changed:
        print(f"{'not up to date' if check else 'written'}: {page}")
        if not check:
            (PROJECT / page).write_text(renewed(page), encoding="utf-8", newline="\n")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
