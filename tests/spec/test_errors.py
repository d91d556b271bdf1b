"""Problems: one line each, in the order of the file, at most fifty, and harmless on a terminal."""

from __future__ import annotations

import pickle

from batchsim.errors import Problem, ScenarioError


def test_a_problem_is_one_line_with_place_path_value_choices_and_hint() -> None:
    path = ("jobQueues", 0, "priorty")
    problem = Problem("E106", path, "unknown key", "priorty", "priority", "Did you mean priority?", "s.yaml", 12, 7)
    wanted = "s.yaml:12:7: jobQueues[0].priorty: unknown key (got priorty); allowed: priority. Did you mean priority?"
    assert str(problem) == f"{wanted} [E106]"


def test_problems_stand_in_the_order_of_the_file() -> None:
    later, earlier, nowhere = (Problem("E1", (), "x", line=line, col=1) for line in (9, 3, 0))
    assert ScenarioError([nowhere, later, earlier]).problems == (earlier, later, nowhere)


def test_fifty_problems_are_shown_and_the_rest_counted() -> None:
    error = ScenarioError(Problem("E1", (), "x", line=line) for line in range(1, 61))
    assert len(error.problems) == 50
    assert str(error).endswith("... and 10 more")


def test_names_from_files_cannot_play_with_the_terminal() -> None:
    text = str(Problem("E1", ("\x1b[31m",), "line\nbreak", "\u202egnp"))
    assert text.isprintable()
    assert "\\x1b[31m" in text


def test_an_error_travels_between_processes() -> None:
    error = ScenarioError([Problem("E1", ("a", 0), "x")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems  # noqa: S301
