"""What ``batchsim fuzz`` prints: mutants by kind, refusals by code, the worst fault plans, and failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from batchsim.report import layout
from batchsim.report.words import plain

_Page = Mapping[str, Any]
_LINES = 6
"""Lines of a failure's message that are shown; the rest is kept with its files."""


def kinds(page: _Page) -> RenderableType:
    """One row a kind: what became of its mutants."""
    lines = [
        (
            kind["kind"],
            *(f"{kind[key]:,}" for key in ("cases", "refused", "unchanged", "ran", "failed")),
            f"{kind['cpu_ms']:,.0f} ms",
            f"{kind['slowest_s']:.2f} s (#{kind['slowest']})",
        )
        for kind in page["kinds"]
    ]
    headers = ("kind", "cases", "refused", "unchanged", "ran", "failed", "CPU each", "slowest")
    return layout.section(f"Mutants from seed {page['seed']}", layout.rows(headers, lines))


def codes(page: _Page) -> RenderableType | None:
    """How many mutants each code refused, by kind."""
    lines = [
        (kind["kind"], ", ".join(f"{code} {number:,}" for code, number in _most_first(kind["codes"])))
        for kind in page["kinds"]
        if kind["codes"]
    ]
    return layout.section("Refused, by code (docs/errors.md)", layout.facts(lines)) if lines else None


def worst_plans(page: _Page) -> RenderableType | None:
    """The fault plans that did most damage, against the run without them."""
    lines = [
        (
            plan["metric"],
            plan["scenario"],
            f"{plan['undisturbed']:,.2f}",
            f"{plan['with_faults']:,.2f}",
            f"{plan['with_faults'] - plan['undisturbed']:+,.2f}",
            f"#{plan['number']}",
        )
        for plan in page["worst_fault_plans"]
    ]
    headers = ("metric", "scenario", "undisturbed", "with faults", "damage", "plan")
    title = f"Worst of {page['fault_plans']:,} fault plans"
    return layout.section(title, layout.rows(headers, lines, words=2)) if lines else None


def failures(page: _Page) -> RenderableType:
    """Each way to fail, with what repeats it; or that there is none."""
    if not page["failures"]:
        return layout.section(f"{page['cases']:,} mutants, none failed")
    title = f"{page['failed']:,} of {page['cases']:,} mutants failed, in {len(page['failures'])} ways"
    return layout.section(title, *(_failure(each) for each in page["failures"]))


def _failure(failure: _Page) -> RenderableType:
    shrunk = f"{failure['kept']} ({failure['bytes_shrunk']:,} of {failure['bytes']:,} bytes)"
    lines = [
        f"{failure['what']}: {failure['mutants']:,} mutants",
        *(f"  {line}" for line in _beginning(failure["message"])),
        *([f"  kept: {shrunk}"] if failure["kept"] else []),
        f"  again: {failure['again']}",
    ]
    return Group(*(Text(plain(line), overflow="fold") for line in lines), layout.BLANK)


def _beginning(message: str) -> Sequence[str]:
    lines = message.splitlines()
    return lines if len(lines) <= _LINES else [*lines[:_LINES], "..."]


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


ORDER = (kinds, codes, worst_plans, failures)
