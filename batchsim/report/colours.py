"""The colours of every plot and page, that colour-blind people tell apart: those of Okabe and Ito (2008), and greys."""

from __future__ import annotations

BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
SKY, VERMILLION, YELLOW, BLACK = "#56b4e9", "#d55e00", "#f0e442", "#222222"
GREY, PALE = "#999999", "#e3e3e3"

CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, SKY)
"""For queues, types, variants: in this order, then :data:`GREY` for all others together; red is for what was lost."""

STATES = {"PENDING": GREY, "RUNNABLE": ORANGE, "STARTING": SKY, "RUNNING": BLUE}
"""By state of a job."""

MANY = (PURPLE, BLACK, "#8d6e63", GREY, BLUE, VERMILLION, ORANGE, SKY, GREEN, YELLOW)
"""For vocabularies of up to ten words, by a word's place; further ones start again, hatched."""


def colours(count: int, others: int) -> list[str]:
    """The colours of ``count`` groups, of which the last holds ``others`` if there are any."""
    own = [CATEGORIES[place % len(CATEGORIES)] for place in range(count - bool(others))]
    return [*own, GREY] if others else own
