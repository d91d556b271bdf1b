"""How the answers are written: figures with their intervals, lists of names, tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batchsim.experiments.paired import Estimate, Floats
from batchsim.report.comparison_words import figure, signed
from batchsim.report.words import share
from studies.nights import LEVEL, Chance, best, difference, mean

_PERCENT = f"{100 * LEVEL:.0f} %"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question's part of the README shows."""

    sentences: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Sentences, each a paragraph of a list, and the table."""
        said = "\n".join(f"- {sentence}" for sentence in self.sentences)
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return said + "\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plus_minus(values: Floats, unit: str) -> str:
    """``$21.80 ± $0.35``: a mean with half its interval."""
    found = mean(values)
    if found.low is None or found.high is None:
        raise ValueError("one night has no interval")
    half = (found.high - found.low) / 2
    return f"{figure(found.value, unit)} ± {figure(round(half, 4 if abs(found.value) < 1 else 2), unit)}"


def told(of: Estimate, unit: str) -> str:
    """``$21.80 (95 %: $21.45 to $22.15)``; a bound that the points do not reach is open."""
    low, high = (None if bound is None else figure(bound, unit) for bound in (of.low, of.high))
    if low is None or high is None:
        bounds = f"at least {low}" if low else f"at most {high}" if high else "anywhere within the points"
        return f"{figure(of.value, unit)} ({_PERCENT}: {bounds})"
    return f"{figure(of.value, unit)} ({_PERCENT}: {low} to {high})"


def told_signed(of: Estimate, unit: str) -> str:
    """``+$4.60 (95 %: +$4.30 to +$4.90)``, of a difference."""
    return f"{signed(of.value, unit)} ({_PERCENT}: {signed(of.low, unit)} to {signed(of.high, unit)})"


def told_chance(of: Chance) -> str:
    """``80 of 80 (95 %: 95.4 % to 100.0 %)``."""
    return f"{of.hits} of {of.of} ({_PERCENT}: {share(of.low)} to {share(of.high)})"


def listed(names: Iterable[Any], joint: str = "and") -> str:
    """``a, b and c``."""
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def not_told_from(rivals: Sequence[Any]) -> str:
    """What must be said of those that the nights do not tell from the best."""
    return f"the nights do not tell {listed(rivals)} from it" if rivals else "the nights tell it from all others"


def leader(names: Sequence[str], series: Floats, unit: str) -> str:
    """``8m, $5.10 ± $0.20 (the nights do not tell 6m from it; 10m: +$0.30 (95 %: ...))``: the level of the least mean.

    Of those that the nights do tell from it, the one that comes next is told with its difference.
    """
    found = best(series)
    others = [n for n in np.argsort(series.mean(axis=1), kind="stable").tolist() if n not in (found.at, *found.rivals)]
    next_ = [f"{names[n]}: {told_signed(difference(series[n], series[found.at]), unit)}" for n in others[:1]]
    told_of = "; ".join([not_told_from([names[n] for n in found.rivals]), *next_])
    edge = ", at the edge of what was tried" if found.at in (0, len(series) - 1) and len(series) > 3 else ""
    return f"**{names[found.at]}**{edge}, {plus_minus(series[found.at], unit)} ({told_of})"


def told_percent(of: Estimate | None) -> str:
    """``-12.5 % (95 %: -13.0 % to -12.0 %)``."""
    if of is None or of.low is None or of.high is None:
        return "a share without bounds"
    return f"{of.value:+.1f} % ({_PERCENT}: {of.low:+.1f} % to {of.high:+.1f} %)"
