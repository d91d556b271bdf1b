"""A comparison in words: what differs, by how much, what cannot be told apart, and what a reader must know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor, log10
from typing import Any

from batchsim.report.chance_words import of_precision
from batchsim.report.steady_words import of_pilot, of_runs
from batchsim.report.words import NOTHING, dollars, duration, number, plain, plural, share

Page = Mapping[str, Any]
Row = Mapping[str, Any]

FEWEST = 10
"""With fewer replications an interval leans on a normality that nothing supports."""
_ADJECTIVES = {"cost_usd": ("cheaper", "dearer"), "makespan_s": ("faster", "slower")}
"""What lower and higher are called of metrics that a sentence begins with; percent are the metric's own."""
_MOST_DECIMALS = 6


def sentences(page: Page) -> list[str]:
    """Say of each variant what differs from the baseline, a direction only where the interval excludes zero."""
    return [
        sentence for variant in page["variants"][1:] for sentence in _of_variant(page, variant["name"], page["run"])
    ]


def notes(page: Page) -> list[str]:
    """Say how far the figures can be trusted."""
    told = (_of_failed, _of_policies, of_pilot, of_precision, _of_steady, _of_counts, _of_undefined, _of_correlations)
    return [note for of in told for note in of(page)]


def _of_steady(page: Page) -> Iterator[str]:
    """Which variants have no steady state, and which leave jobs behind at their horizon."""
    for variant in page["variants"]:
        rows = [row for row in page["table"] if row["variant"] == variant["name"]]
        yield from of_runs(rows, variant["name"])
        yield from of_censored(rows, plain(variant["name"]))


def of_censored(rows: Iterable[Row], whose: str = "") -> Iterator[str]:
    """Jobs that had not ended when a run did, said openly."""
    for row in rows:
        if row["metric"] == "jobs_unfinished" and row["mean"]:
            of = f" of {whose}" if whose else ""
            yield (
                f"jobs that had not ended at the horizon{of}: {figure(row['mean'], '1')} a run (at most"
                f" {figure(row['most'], '1')}); they are counted, and are in no mean of times"
            )


def _of_failed(page: Page) -> Iterator[str]:
    for run in page["failed"]:
        yield f"replication {run['replication']} of {plain(run['variant'])} failed twice and is left out: {run['why']}"


def _of_policies(page: Page) -> Iterator[str]:
    for variant in page["variants"]:
        for what, name in variant["policies"].items():
            yield f"{variant['name']}: {what} is not AWS's but a function of the caller's, {name}."


def rows_of(page: Page, variant: str) -> list[Row]:
    """Return the differences of one variant, in the order of the metrics."""
    return [row for row in page["differences"] if row["variant"] == variant]


def figure(value: float | None, unit: str) -> str:
    """A metric's value in its unit."""
    shown = {"s": duration, "USD": dollars, "share": share}.get(unit, number)
    return shown(value)


def signed(value: float | None, unit: str) -> str:
    """A difference in its metric's unit, with its sign; of shares, in percentage points."""
    if value is None:
        return NOTHING
    return _with_sign(value, f"{100 * abs(value):.1f} pp" if unit == "share" else figure(abs(value), unit))


def change(row: Row) -> str:
    """``-64.2 ± 2.1 %``: the change against the baseline with the larger side of its interval."""
    if row["percent"] is None:
        return NOTHING
    return f"{_with_sign(row['percent'], _size(row['percent'], row['percent_low'], row['percent_high']))} %"


def is_same(row: Row) -> bool:
    """Whether both had the same value in every replication."""
    return bool(row["n"]) and row["difference"] == 0 and row["sd"] in (0, None)


def never_defined(page: Page) -> list[str]:
    """Return the metrics that no run defines, as percentiles of too few jobs."""
    held = {row["metric"] for row in page["table"] if row["n"]}
    return [name for name in page["metrics"] if name not in held]


def _of_variant(page: Page, name: str, run: Row) -> Iterator[str]:
    rows, shown, against = rows_of(page, name), plain(name), plain(run["baseline"])
    if rows and all(_is_identical(row) for row in rows):
        yield f"{shown} is identical to {against}: every metric was the same in {_each(run['replications'])}."
        return
    if run["replications"] == 1:
        yield _of_one_run(rows, shown, against)
        return
    yield from _of_shown([row for row in rows if row["different"]], shown, against)
    yield from _of_hidden(rows, shown, against)


def _is_identical(row: Row) -> bool:
    """The same values, and undefined in the same replications."""
    return not (row["undefined_here_only"] or row["undefined_in_baseline_only"]) and (not row["n"] or is_same(row))


def _each(replications: int) -> str:
    return "the 1 replication" if replications == 1 else f"each of {replications} replications"


def _of_one_run(rows: Sequence[Row], shown: str, against: str) -> str:
    told = [f"{row['metric']} {_signed_amount(row)}" for row in rows if row["n"] and not is_same(row)]
    return f"1 replication: no interval, so nothing is shown of {shown} against {against}: {_listed(told)}."


def _of_shown(rows: Sequence[Row], shown: str, against: str) -> Iterator[str]:
    """What differs: ``spot is 64 ± 2 % cheaper and 11 ± 4 % slower than baseline``, then the other metrics."""
    named = [row for row in rows if row["metric"] in _ADJECTIVES]
    others = [row for row in rows if row["metric"] not in _ADJECTIVES]
    if named:
        told = [f"{_amount(row)} {_ADJECTIVES[row['metric']][row['difference'] > 0]}" for row in named]
        yield f"{shown} is {_listed(told, ' and ')} than {against}."
    if others:
        told = [f"{row['metric']} is {_amount(row)} {('lower', 'higher')[row['difference'] > 0]}" for row in others]
        yield f"Of {shown}, {_listed(told)}."


def _of_hidden(rows: Sequence[Row], shown: str, against: str) -> Iterator[str]:
    """What does not differ, as far as anybody can tell."""
    hidden = [row for row in rows if row["different"] is False and not is_same(row)]
    same = [row["metric"] for row in rows if is_same(row)]
    if hidden:
        told = _listed(f"{row['metric']} ({_signed_amount(row)})" for row in hidden)
        yield f"No difference can be shown between {shown} and {against}: {told}."
    if same:
        yield f"The same in every replication: {_listed(same)}."


def _amount(row: Row) -> str:
    """The size of a difference with its interval: percent of the baseline, or in the metric's unit."""
    if row["percent"] is not None and row["unit"] != "share":
        return f"{_size(row['percent'], row['percent_low'], row['percent_high'])} %"
    if row["unit"] == "share":
        points = [None if row[key] is None else 100 * row[key] for key in _DIFFERENCE]
        return f"{_size(*points)} percentage points"
    if row["unit"] in ("s", "USD"):
        half = _half(*(row[key] for key in _DIFFERENCE))
        size = figure(abs(row["difference"]), row["unit"])
        return size if not half else f"{size} ± {figure(half, row['unit'])}"
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return _size(*(row[key] for key in _DIFFERENCE)) + unit


def _signed_amount(row: Row) -> str:
    return _with_sign(row["difference"], _amount(row))


def _with_sign(value: float, size: str) -> str:
    """``size`` with the sign of the value, but none of a nought, exact or rounded."""
    is_nought = not any(digit in "123456789" for digit in size.partition("±")[0])
    return size if is_nought else f"{'-' if value < 0 else '+'}{size}"


_DIFFERENCE = ("difference", "difference_low", "difference_high")


def _half(value: float, low: float | None, high: float | None) -> float:
    """The larger side of an interval: never narrower than it is."""
    return 0.0 if low is None or high is None else max(value - low, high - value)


def _size(value: float | None, low: float | None, high: float | None) -> str:
    """``64 ± 2``: without sign, with as many decimals as the interval leaves meaning; a range where that misleads."""
    if value is None:
        return NOTHING
    size, half = abs(value), _half(value, low, high)
    if low is None or high is None or half < 1e-9 * size or half == 0:
        return _plainly(size)
    places = _places(half)
    excludes_zero = low > 0 or high < 0
    while excludes_zero and round(size, places) <= round(half, places) and places <= _MOST_DECIMALS:
        if size <= half:  # a lopsided interval, whose ± would seem to hold zero
            ends = sorted((abs(low), abs(high)))
            return f"{_plainly(size)} ({_plainly(ends[0])} to {_plainly(ends[1])})"
        places += 1
    return f"{size:,.{places}f} ± {half:,.{places}f}"


def _places(half: float) -> int:
    """Decimals that show one significant digit of ``half``, two if it begins with 1."""
    exponent = floor(log10(half))
    leading = half / 10.0**exponent
    return min(max(0, (leading < 2) - exponent), _MOST_DECIMALS)


def _plainly(size: float) -> str:
    """Three significant digits, but two of what is below ten, and all of the whole part."""
    return f"{size:,.0f}" if size >= 100 else f"{size:.3g}" if size >= 10 else f"{size:.2g}"


def _listed(parts: Iterable[str], last: str = ", ") -> str:
    *before, end = list(parts) or [NOTHING]
    return f"{', '.join(before)}{last}{end}" if before else end


# -- notes


def _of_counts(page: Page) -> Iterator[str]:
    run, compared = page["run"], len(page["variants"]) - 1
    count = run["replications"]
    if count == 1:
        yield "1 replication: no interval. Take 30 to see what is chance"
    elif count < FEWEST:
        yield f"{plural(count, 'replication')}: with fewer than {FEWEST} the intervals are rough; take 30"
    if count > 1 and compared > 1:
        yield (
            f"{compared} variants against one baseline: each interval of a difference is one of"
            f" {100 * run['level']:.4g} %, so that they hold together with {100 * run['confidence']:g} % (Bonferroni)"
        )
    if count > 1 and len(page["metrics"]) > 1:
        chance = 1 - run["confidence"]
        yield f"each metric's intervals stand alone: 1 in {1 / chance:.0f} will seem to differ by chance"


def _of_undefined(page: Page) -> Iterator[str]:
    never = never_defined(page)
    if never:
        yield f"undefined in every replication of every variant: {_listed(never)}"
    for row in page["table"]:
        if row["undefined"] and row["metric"] not in never:
            total = row["n"] + row["undefined"]
            lost = f"undefined in {row['undefined']} of {total} replications"
            yield f"{row['metric']} of {plain(row['variant'])} is {lost}, which are left out: the rest are compared"


def _of_correlations(page: Page) -> Iterator[str]:
    """Where pairing did not help, openly."""
    for variant in page["variants"][1:]:
        found = [
            row for row in rows_of(page, variant["name"]) if row["correlation"] is not None and row["correlation"] <= 0
        ]
        if found:
            told = _listed(f"{row['metric']} ({row['correlation']:.2f})" for row in found)
            yield f"common random numbers did not help for {plain(variant['name'])}: correlation of the pairs {told}"
