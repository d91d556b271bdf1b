"""An optimisation as a page, a notebook display and plots: every figure from the summary, every name escaped."""

from __future__ import annotations

import pytest
from experiments.small import night

import batchsim
from batchsim import Optimisation
from batchsim.report.optimisation_course import course_of


@pytest.fixture(scope="module")
def found() -> Optimisation:
    return batchsim.optimise(
        night(name="<b>night</b>"), {"spot.maxvCpus": "2..16"}, minimise=["cost_usd", "ready_at_s"],
        subject_to="P(ready_at < 2h) >= 0.5", trials=6, replications=3, first=3, fresh=3,
    )  # fmt: skip


def test_the_page_has_the_sentences_and_no_tag_of_a_name(found: Optimisation) -> None:
    page = "".join(found.files()["report.html"])
    assert "<b>night" not in page
    for told in ("What is worth a choice", "cost_usd of the points tried", "Every point", "on fresh seeds"):
        assert told in page


def test_the_notebook_shows_the_chosen_points_and_the_scenario_as_it_stands(found: Optimisation) -> None:
    html = found._repr_html_()
    assert html.count("<tr>") == 2 + len(found.chosen)
    assert "as it stands" in html
    assert "<b>night" not in html


def test_the_history_falls_to_the_best_and_the_front_has_the_chosen(found: Optimisation) -> None:
    course = course_of(found.summary())
    values = [value for _, value in course.best]
    assert values == sorted(values, reverse=True)
    assert values[-1] == min(value for _, value in course.fit)
    assert found.plot.history().get_xlabel() == "point"
    front = found.plot.front()
    line = next(each for each in front.lines if each.get_label() == "the front")
    assert len(line.get_xdata()) == len(found.chosen)
    with pytest.raises(ValueError, match="'retries' is no objective"):
        found.plot.history("retries")
