"""An optimisation in words: the best point, what it is worth on fresh seeds, and how far to trust that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batchsim.report.comparison_words import FEWEST, change, figure, is_same, signed
from batchsim.report.study_words import value_told
from batchsim.report.words import NOTHING, plain, plural, share

Page = Mapping[str, Any]
Row = Mapping[str, Any]

_MOST_NAMED = 10
_WORDS = {"chosen": "the best", "kept": "ran all", "beaten": "beaten by", "broken": "out:", "cut": "not settled"}
_ENDS = {
    "trials": "all points that were asked for were tried",
    "max_runs": "the runs that were allowed were used up",
    "space": "every point that there is was tried",
}


def sentences(page: Page) -> list[str]:
    """What can be said."""
    return [*_of_choice(page), *_of_fresh(page), *_of_runs(page)]


def notes(page: Page) -> list[str]:
    """How far the figures can be trusted."""
    return [
        *_of_failed(page), *_of_limits(page), *_of_replications(page), *_of_equals(page), *_of_refused(page),
        *_of_race(page), *_of_shared(page),
    ]  # fmt: skip


def settings_told(settings: Mapping[str, Any], *, longest: int = 0) -> str:
    """``spot.maxvCpus=256, world.market=calm``."""
    text = ", ".join(f"{plain(path)}={value_told(value)}" for path, value in settings.items())
    return f"{text[: longest - 1]}…" if longest and len(text) > longest else text


def goal_told(page: Page) -> str:
    """``minimise cost_usd subject to P(makespan_s < 6h) >= 0.95``."""
    goals = " and ".join(f"{each['goal']} {each['metric']}" for each in page["objectives"])
    limits = " and ".join(plain(each["constraint"]) for each in page["constraints"])
    return f"{goals} subject to {limits}" if limits else goals


def interval_told(row: Row, name: str, unit: str) -> str:
    """``$27.65 ± $0.90``; a share with both ends of its interval, which does not lie around it evenly."""
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return NOTHING
    text = figure(value, unit)
    if low is None or low == high:
        return text
    if unit == "share":
        return f"{text} ({share(low)} to {share(high)})"
    return f"{text} ± {figure((high - low) / 2, unit)}"


def verdicts_of(page: Page, variant: str) -> list[Row]:
    """What came of each constraint on fresh seeds."""
    return [row for row in page["verdicts"] if row["variant"] == variant]


def fresh_row(page: Page, variant: str, metric: str) -> Row:
    """Mean of a metric on fresh seeds."""
    row: Row = next(r for r in page["fresh"]["table"] if r["variant"] == variant and r["metric"] == metric)
    return row


def difference_row(page: Page, variant: str, metric: str) -> Row:
    """Its paired difference to the baseline."""
    row: Row = next(r for r in page["fresh"]["differences"] if r["variant"] == variant and r["metric"] == metric)
    return row


def unit_of(page: Page, constraint: str) -> str:
    """Of what a constraint estimates."""
    return str(next(each["unit"] for each in page["constraints"] if each["constraint"] == constraint))


def chosen_of(page: Page) -> list[tuple[str, Row]]:
    """Name among the variants, and row of the trial, of each chosen point."""
    names = [each["name"] for each in page["fresh"]["variants"][1:]]
    return [(name, page["trials"][point]) for name, point in zip(names, page["chosen"], strict=True)]


def status_told(row: Mapping[str, Any]) -> str:
    """``beaten by point 7``, ``out: P(makespan_s < 6h) >= 0.95``."""
    return f"{_WORDS[row['status']]} {plain(row['why'])}".strip()


def _of_choice(page: Page) -> Iterator[str]:
    of = plural(len(page["trials"]), "point")
    if not page["chosen"]:
        yield f"None of {of} could be run: there is nothing to choose."
    elif not page["found"]:
        yield f"No point of {len(page['trials']):,} meets {_constraints(page)}."
        (_, trial), *_ = chosen_of(page)
        yield f"The nearest is {settings_told(trial['settings'])} (point {trial['point']}: {_held(page, trial)})."
    elif len(page["objectives"]) == 1:
        (_, trial), *_ = chosen_of(page)
        which = f" of those that meet {_constraints(page)}" if page["constraints"] else ""
        told = f"{_most(page['objectives'][0])}{which}: {settings_told(trial['settings'])}"
        yield f"{told} (point {trial['point']} of {of})."
    else:
        yield from _of_front(page)


def _most(objective: Row) -> str:
    return f"The {'least' if objective['goal'] == 'minimise' else 'most'} {objective['metric']}"


def _of_front(page: Page) -> Iterator[str]:
    """The ends of a Pareto set, and its knee; figures of fresh seeds."""
    names = " and ".join(each["metric"] for each in page["objectives"])
    which = f" of those that meet {_constraints(page)}" if page["constraints"] else ""
    count = len(page["chosen"])
    if count == 1:
        yield f"One point is best in {names}{which}: {_front_point(page, 0)}."
        return
    yield f"{count} of {plural(len(page['trials']), 'point')} are worth a choice between {names}{which}."
    for at, objective in enumerate(page["objectives"]):
        yield f"{_most(objective)}: {_front_point(page, _end(page, at))}."
    if page["knee"] is not None:
        yield f"The knee: {_front_point(page, page['chosen'].index(page['knee']))}."


def _end(page: Page, at: int) -> int:
    """Which of the chosen points is best in one objective by the search."""
    sign = 1 if page["objectives"][at]["goal"] == "minimise" else -1
    return min(
        range(len(page["chosen"])),
        key=lambda place: sign * page["trials"][page["chosen"][place]]["objectives"][at]["mean"],
    )


def _front_point(page: Page, place: int) -> str:
    name, trial = chosen_of(page)[place]
    rows = [fresh_row(page, name, each["metric"]) for each in page["objectives"]]
    told = ", ".join(f"{row['metric']} {interval_told(row, 'mean', row['unit'])}" for row in rows)
    return f"{settings_told(trial['settings'])} (point {trial['point']}: {told})"


def _constraints(page: Page) -> str:
    return " and ".join(plain(each["constraint"]) for each in page["constraints"]) or "what every point must have"


def _held(page: Page, row: Row) -> str:
    """What a point's constraints, or what it lacks, came to in the search."""
    told = [
        f"{plain(each['constraint'])}: {interval_told(each, 'value', unit_of(page, each['constraint']))}"
        for each in row["constraints"]
        if not each["holds"]
    ]
    return "; ".join(told) or plain(row["why"])


def _of_fresh(page: Page) -> Iterator[str]:
    if len(page["chosen"]) == 1:
        ((name, _),) = chosen_of(page)
        yield from _of_objectives(page, name)
        yield from _of_constraints(page, name)
    else:
        yield from _of_constraints_of_front(page)
    for row in verdicts_of(page, page["fresh"]["run"]["baseline"]):
        word = "meets it" if row["holds"] else "does not meet it"
        told = f"{plain(row['constraint'])} is {_value(row, unit_of(page, row['constraint']))}"
        yield f"The scenario as it stands {word}: {told}."


def _of_constraints_of_front(page: Page) -> Iterator[str]:
    """Which of a Pareto set fail on fresh seeds."""
    failed = [
        trial["point"] for name, trial in chosen_of(page) if not all(row["holds"] for row in verdicts_of(page, name))
    ]
    if failed:
        yield f"On fresh seeds {_listed('point', failed)} FAILS the constraints."
    elif page["constraints"] and page["chosen"]:
        yield f"All of them meet {_constraints(page)} in {_fresh_runs(page)}."


def _fresh_runs(page: Page) -> str:
    return f"{plural(page['optimisation']['fresh'], 'replication')} of fresh seeds"


def _of_objectives(page: Page, name: str) -> Iterator[str]:
    for each in page["objectives"]:
        metric, unit = each["metric"], each["unit"]
        row, pair = fresh_row(page, name, metric), difference_row(page, name, metric)
        if not row["n"]:
            yield f"It has no {metric} in any of {_fresh_runs(page)}."
            continue
        told = f"It has {metric} {interval_told(row, 'mean', unit)} in {_fresh_runs(page)}"
        yield f"{told}{_against(pair, unit)}."


def _against(pair: Row, unit: str) -> str:
    """How that compares with the scenario as it stands."""
    if not pair["n"]:
        return "; the scenario as it stands has none"
    there = figure(pair["baseline_mean"], unit)
    if is_same(pair):
        return f", the same as the scenario as it stands in each of {pair['n']}"
    amount = signed(pair["difference"], unit)
    if pair["difference_low"] is not None and pair["difference_high"] != pair["difference_low"]:
        amount = f"{amount} ± {figure((pair['difference_high'] - pair['difference_low']) / 2, unit)}"
    ratio = f", {change(pair)}" if pair["percent"] is not None else ""
    if not pair["different"]:
        return f", which does not differ beyond chance from {there} of the scenario as it stands ({amount}{ratio})"
    return f", against {there} of the scenario as it stands ({amount}{ratio})"


def _of_constraints(page: Page, name: str) -> Iterator[str]:
    for row in verdicts_of(page, name):
        told = f"{plain(row['constraint'])} is {_value(row, unit_of(page, row['constraint']))}"
        if row["holds"]:
            doubt = "" if row["sure"] else ", though the interval does not rule out that it fails"
            yield f"It meets its constraint there: {told}{doubt}."
        else:
            doubt = "" if row["sure"] else ", though the interval does not rule out that it holds"
            yield f"It FAILS its constraint there: {told}{doubt}."


def _value(row: Row, unit: str) -> str:
    return "not defined" if row["value"] is None else interval_told(row, "value", unit)


def _of_runs(page: Page) -> Iterator[str]:
    found = page["optimisation"]
    every = found["points"] * found["replications"]
    part = f", {share(found['runs'] / every)} of the {every:,} that all replications of all points are" if every else ""
    yield (
        f"{plural(found['points'], 'point')} took {plural(found['runs'], 'run')}{part}; "
        f"the fresh seeds {found['fresh_runs']:,} more."
    )


# -- notes


def _of_failed(page: Page) -> Iterator[str]:
    for run in page["failed"]:
        told = f"replication {run['replication']} of point {run['point']} failed twice and is left out"
        yield f"{told}: {plain(run['why'])}"
    for run in page["fresh"]["failed"]:
        told = (
            f"replication {run['replication']} of {plain(run['variant'])} failed twice on fresh seeds and is left out"
        )
        yield f"{told}: {plain(run['why'])}"


def _of_limits(page: Page) -> Iterator[str]:
    found = page["optimisation"]
    yield f"the search ended as {_ENDS.get(found['ended'], found['ended'])}"
    cut = [row["point"] for row in page["trials"] if row["status"] == "cut"]
    if cut:
        yield f"the runs did not suffice to settle {_listed('point', cut)}"
    if not found["looked"]:
        yield f"the runs did not suffice to hold the winner to its constraints over {found['look']} replications"


def _of_replications(page: Page) -> Iterator[str]:
    most, fresh = page["optimisation"]["replications"], page["optimisation"]["fresh"]
    if most == 1:
        yield "1 replication of each point: which is best may be chance; the fresh seeds tell what it is worth"
    elif most < FEWEST:
        yield f"{most} replications: tests of the race lean on a normality that {FEWEST} or more would support"
    if fresh < FEWEST:
        yield f"{fresh} replications of fresh seeds: the intervals are rough"


def _of_equals(page: Page) -> Iterator[str]:
    if page["equals"]:
        yield f"not shown to be worse than the winner: {_listed('point', page['equals'])}"


def _of_refused(page: Page) -> Iterator[str]:
    refused = [row for row in page["trials"] if row["why"].startswith("cannot run")]
    if refused:
        told = plain(refused[0]["why"])
        yield f"{_listed('point', [row['point'] for row in refused])} {told}"


def _of_race(page: Page) -> Iterator[str]:
    found = page["optimisation"]
    if found["first"] < found["replications"]:
        yield (
            f"a point to which no other is preferable is dropped early by chance in at most {100 * found['risk']:g} % "
            f"of the cases (tests at {found['first']}, {2 * found['first']}, ... replications, Bonferroni)"
        )
    if len(page["chosen"]) > 1:
        level = 100 * page["fresh"]["run"]["level"]
        yield f"differences of the front's points have intervals of {level:.4g} %: they hold together (Bonferroni)"


def _of_shared(page: Page) -> Iterator[str]:
    if page["optimisation"]["shared"]:
        yield "points came from a shared storage, in the order in which they happened to: the search cannot be repeated"


def _listed(what: str, points: Sequence[int]) -> str:
    shown = ", ".join(map(str, points[:_MOST_NAMED]))
    rest = f" and {len(points) - _MOST_NAMED} more" if len(points) > _MOST_NAMED else ""
    return f"{what if len(points) == 1 else what + 's'} {shown}{rest}"
