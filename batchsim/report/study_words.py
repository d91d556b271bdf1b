"""A study in words: the front and its knee, which knob matters, and what a reader must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batchsim.report.chance_words import of_precision
from batchsim.report.comparison_words import FEWEST, figure, of_censored
from batchsim.report.replicate_words import of_methods
from batchsim.report.steady_words import of_runs
from batchsim.report.words import plain, plural, share

Page = Mapping[str, Any]
Row = Mapping[str, Any]

MATTERS = 0.05
"""A share of less is not worth a word."""
_MOST_NAMED = 3
_MOST_NOTED = 20
"""Points that a note is made of."""


def sentences(page: Page) -> list[str]:
    """What can be said."""
    return [*_of_front(page), *_of_knobs(page)]


def notes(page: Page) -> list[str]:
    """How far the figures can be trusted."""
    told = (_of_failed, of_precision, _of_replications, _of_left_out, _of_beaten, _of_shares, _of_rows)
    return [note for of in told for note in of(page)]


def _of_rows(page: Page) -> Iterator[str]:
    """Of every point: no steady state, jobs left behind at the horizon; and how intervals were made."""
    for point in page["points"][:_MOST_NOTED]:
        rows = [row for row in page["means"] if row["point"] == point["point"]]
        told = f"point {point['point']} ({settings_of(page, point['point'], longest=60)})"
        yield from of_runs(rows, told)
        yield from of_censored(rows, told)
    if any(name.startswith("steady_") for name in page["metrics"]):
        yield "a warm-up that is auto is judged in each run of a study by itself: give a duration where it matters"
    yield from of_methods(page["means"])


def settings_of(page: Page, point: int, *, longest: int = 0) -> str:
    """``spot.maxvCpus=256, world.market=calm``."""
    text = ", ".join(f"{path}={value_told(value)}" for path, value in page["points"][point]["settings"].items())
    return f"{text[: longest - 1]}…" if longest and len(text) > longest else text


def value_told(value: Any) -> str:
    """A knob's value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(value_told(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{plain(key)}: {value_told(each)}' for key, each in value.items())}}}"
    return plain(value)


def mean_of(page: Page, point: int, metric: str) -> Row:
    """The row of a point and metric."""
    metrics = list(page["metrics"])
    row: Row = page["means"][point * len(metrics) + metrics.index(metric)]
    return row


def with_half(row: Row) -> str:
    """``$27.65 ± $0.90``: a mean with the larger side of its interval; without one where a single run gives none."""
    text = figure(row["mean"], row["unit"])
    if row["mean_low"] is None or row["mean_high"] == row["mean_low"]:
        return text
    half = max(row["mean_high"] - row["mean"], row["mean"] - row["mean_low"])  # a bootstrap's sides are not alike
    return f"{text} ± {figure(half, row['unit'])}"


def effect_half(row: Row) -> float | None:
    """Half the interval of a main effect; None of one run."""
    return None if row["effect_low"] is None else float(row["effect_high"] - row["effect_low"]) / 2


def labels(paths: Sequence[str]) -> list[str]:
    """Each path as short as still tells it from the others: ``maxvCpus`` for ``spot.maxvCpus``."""
    return [
        plain(next((end for end in _ends(path) if sum(end in _ends(each) for each in paths) == 1), path))
        for path in paths  # one that is the end of another has no end of its own
    ]


def _ends(path: str) -> list[str]:
    """A path's ends, the shortest first, the whole last."""
    parts = path.split(".")
    return [".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]


def ranked(page: Page, metric: str) -> list[Row]:
    """The knobs, and pairs of them, of one metric by their share, the largest first."""
    (effects,) = (each for each in page["effects"] if each["metric"] == metric)
    rows = [row for row in (*effects["knobs"], *effects["pairs"]) if row["share"] is not None]
    return sorted(rows, key=lambda row: -row["share"])


def knobs_told(row: Row) -> str:
    """``spot.maxvCpus``, ``spot.maxvCpus with world.market``."""
    return " with ".join(plain(each) for each in row["knobs"])


def _of_front(page: Page) -> Iterator[str]:
    front = page["front"]
    first, second = front["metrics"]
    count = len(front["points"])
    if not count:
        yield f"No point has {first} and {second} in every replication: there is no front to choose from."
        return
    if count == 1:
        yield f"One point is best in both {first} and {second}: {_point(page, front['points'][0]['point'])}."
        return
    of = len(page["points"]) - len(front["left_out"])
    yield f"{count} of {plural(of, 'point')} are worth a choice between {first} and {second}."
    yield f"Best {first}: {_point(page, front['points'][0]['point'])}."
    if front["knee"] is not None:
        yield f"The knee: {_point(page, front['knee'])}."
    yield f"Best {second}: {_point(page, front['points'][-1]['point'])}."


def _point(page: Page, point: int) -> str:
    told = (f"{name} {with_half(mean_of(page, point, name))}" for name in page["front"]["metrics"])
    return f"{settings_of(page, point)} (point {point}: {', '.join(told)})"


def _of_knobs(page: Page) -> Iterator[str]:
    for metric in page["front"]["metrics"]:
        told = [f"{knobs_told(row)} {share(row['share'])}" for row in ranked(page, metric) if row["share"] >= MATTERS]
        if told:
            yield f"What {metric} differs by comes from {'; '.join(told[:_MOST_NAMED])}."


def _of_failed(page: Page) -> Iterator[str]:
    for run in page["failed"]:
        told = f"replication {run['replication']} of point {run['point']} failed twice and is left out"
        yield f"{told}: {plain(run['why'])}"


def _of_replications(page: Page) -> Iterator[str]:
    replications = page["study"]["replications"]
    if replications == 1:
        yield "1 replication: no interval, and nothing is shown of points that are close"
    elif replications < FEWEST:
        yield f"{replications} replications: intervals lean on a normality that {FEWEST} or more would support"


def _of_left_out(page: Page) -> Iterator[str]:
    out = page["front"]["left_out"]
    if out:
        first, second = page["front"]["metrics"]
        named = ", ".join(map(str, out[:10])) + (f" and {len(out) - 10} more" if len(out) > 10 else "")
        yield f"not on the front, as some run has no {first} or no {second}: {plural(len(out), 'point')} ({named})"


def _of_beaten(page: Page) -> Iterator[str]:
    front = page["front"]
    unsure = [row["point"] for row in front["beaten"] if not row["shown"]]
    if unsure and page["study"]["replications"] > 1:
        named = ", ".join(map(str, unsure[:10])) + (f" and {len(unsure) - 10} more" if len(unsure) > 10 else "")
        yield f"beaten by the front, but not beyond chance: {plural(len(unsure), 'point')} ({named})"


def _of_shares(page: Page) -> Iterator[str]:
    if any(not each["exact"] for each in page["effects"] if each["points"]) and page["study"]["design"] != "grid":
        yield "points are drawn, so shares of knobs are estimates: what chance would give is taken off"
    short: Sequence[str] = [
        f"{each['metric']} ({each['points']})" for each in page["effects"] if each["points"] < len(page["points"])
    ]
    if short:
        yield f"effects are of the points that have the metric in every replication: {', '.join(short)}"
