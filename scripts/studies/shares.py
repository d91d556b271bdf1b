"""The answer about share weights: which keep the worst wait under an hour."""

from __future__ import annotations

from batchsim import Study
from batchsim.report.comparison_words import figure
from batchsim.report.words import number, share
from studies.nights import Chance, Nights, chance
from studies.words import Answer, listed, plus_minus, told_chance

LIMIT_S, SURE = 3600.0, 0.9
EQUAL = 1
WEIGHT = "imaging.weightFactor"


def share_weights(study: Study) -> Answer:
    """The weights of which Wilson's interval says that they keep the limit often enough."""
    nights = Nights(study)
    weights = nights.levels(WEIGHT)
    longest, mean = nights.along("wait_max_s", WEIGHT), nights.along("wait_mean_s", WEIGHT)
    kept = [chance(each < LIMIT_S) for each in longest]
    rows = tuple(
        (number(weight), plus_minus(longest[at], "s"), plus_minus(mean[at], "s"), told_chance(kept[at]))
        for at, weight in enumerate(weights)
    )
    said = [_safe([number(weight) for weight in weights], kept)]
    said += [
        f"With {number(weight)} they do in {told_chance(kept[at])}; the longest wait is {rows[at][1]}."
        for at, weight in enumerate(weights)
        if weight == EQUAL or (kept[at].hits and kept[at].low < SURE)
    ]
    return Answer(tuple(said), ("imaging's weight factor", "longest wait", "mean wait", "evenings under an hour"), rows)


def _safe(weights: list[str], kept: list[Chance]) -> str:
    sure = [weight for weight, each in zip(weights, kept, strict=True) if each.low >= SURE]
    if not sure:
        return f"No weight is shown to keep every wait under {figure(LIMIT_S, 's')} in {share(SURE)} of all evenings."
    return (
        f"A weight factor of imaging's of **{listed(sure, 'or')}**, against the 1 of genomics, is shown to keep every "
        f"wait under {figure(LIMIT_S, 's')} in {share(SURE)} of all evenings."
    )
