"""Laws in their file form: each is read, written back and fits the schema; a wrong one says where and what else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from batchsim.engine.laws import Constant, law_of
from batchsim.report.assumptions import assumptions
from batchsim.spec import parse, to_data
from batchsim.spec.law_parameters import LAW_PARAMETERS
from batchsim.spec.laws import LAWS, parse_law, show_law
from tests.spec.documents import codes, only, small, sound
from tests.spec.test_schema import SCHEMA, fits

FORMS: list[Any] = [
    "5m",
    {"uniform": {"min": "10s", "max": "3m"}},
    {"exponential": {"mean": "1m30s"}},
    {"exponential": {"p90": "4m"}},
    {"lognormal": {"mean": "12m", "cv": 0.4}},
    {"lognormal": {"median": "12m", "sigma": 0.4}},
    {"lognormal": {"p50": "10m", "p95": "25m"}},
    {"lognormal": {"p10": "1m", "p99.9": "1h"}},
    {"weibull": {"mean": "12m", "cv": 0.4}},
    {"weibull": {"shape": 1.5, "scale": "12m"}},
    {"weibull": {"p50": "10m", "p99": "25m"}},
    {"gamma": {"mean": "12m", "cv": 0.4}},
    {"gamma": {"shape": 1.5, "scale": "12m"}},
    {"gamma": {"p5": "10m", "p95": "25m"}},
    {"triangular": {"min": "1m", "mode": "2m", "max": "10m"}},
    {"empirical": ["10s", "1m", "1m", "250ms"]},
    {"empirical": {"values": ["10s", "1m"], "weights": [3.0, 1.0]}},
    {"empirical": {"values": ["10s", "1m"], "interpolate": True}},
    {"empirical": {"file": "runs.csv", "column": "run_s", "unit": "min", "interpolate": True}},
    {"empirical": {"min": "5s", "p5": "10s", "p50": "1m", "p95": "5m", "max": "1h"}},
    {"mixture": [{"weight": 0.9, "lognormal": {"mean": "5m", "cv": 0.3}}, {"weight": 0.1, "constant": "2h"}]},
    {"mixture": [{"weight": 1.0, "mixture": [{"weight": 1.0, "empirical": ["1s"]}]}]},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_law_is_written_as_it_was_read(form: Any) -> None:
    assert show_law(parse_law(form)) == form
    assert parse_law(show_law(parse_law(form))) == parse_law(form)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_law_fits_the_schema_wherever_a_law_is_taken(form: Any) -> None:
    fail = [{"probability": 0.1, "after": form}]
    data = small(workload__0__run=form, workload__0__fails=fail, world__warm_start=form)
    assert fits(data, SCHEMA)
    assert fits(to_data(parse(data)), SCHEMA)
    assert parse(to_data(parse(data))) == parse(data)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_law_of_the_world_is_told_in_a_few_words(form: Any) -> None:
    (line,) = [line for line in assumptions(sound(world__warm_start=form), {}) if "changed: world.warm_start" in line]
    assert len(line.split(" (default")[0]) < 110
    assert "{" not in line


def test_every_law_and_every_set_of_parameters_is_in_the_model_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    table = page.split("## Laws of durations")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(LAWS)
    for name, forms in LAW_PARAMETERS.items():
        (row,) = re.findall(rf"^\| `{name}` .*$", table, re.MULTILINE)
        assert all("`{" + ", ".join(form) + "}`" in row for form in forms)


@pytest.mark.parametrize(
    ("law", "code", "end"),
    [
        ({"weibull": {"shape": 0.01, "scale": "1m"}}, "E142", ("weibull", "shape")),
        ({"weibull": {"shape": 1, "scale": 60}}, "E146", ("weibull", "scale")),
        ({"weibull": {"shape": 1}}, "E142", ("weibull",)),
        ({"weibull": {"shap": 1, "scale": "1m"}}, "E106", ("weibull", "shap")),
        ({"weibull": {"p50": "1ms", "p60": "1d"}}, "E142", ("weibull", "p60")),
        ({"gamma": {"mean": "1m", "cv": 11}}, "E142", ("gamma", "cv")),
        ({"gamma": {"p98": "1s", "p99": "1h"}}, "E142", ("gamma", "p99")),
        ({"gamma": {"p50": "1m"}}, "E142", ("gamma",)),
        ({"gamma": {"p50": "1m", "p90": "2m", "p99": "3m"}}, "E142", ("gamma",)),
        ({"gamma": {"p50": "1m", "mean": "2m"}}, "E142", ("gamma",)),
        ({"gamma": {"p50": "1m", "p50.0": "2m"}}, "E142", ("gamma",)),
        ({"gamma": {"p90": "1m", "p10": "2m"}}, "E142", ("gamma", "p10")),
        ({"lognormal": {"p0": "1m", "p95": "2m"}}, "E106", ("lognormal", "p0")),
        ({"lognormal": {"p50": "1m", "p100": "2m"}}, "E106", ("lognormal", "p100")),
        ({"exponential": {"p50": "1m", "p95": "2m"}}, "E142", ("exponential",)),
        ({"uniform": {"min": "1m", "p95": "2m"}}, "E106", ("uniform", "p95")),
        ({"triangular": {"min": "1m", "mode": "5m", "max": "4m"}}, "E142", ("triangular", "mode")),
        ({"triangular": {"min": "1m", "mode": "30s", "max": "4m"}}, "E142", ("triangular", "min")),
        ({"empirical": []}, "E142", ("empirical",)),
        ({"empirical": "5m"}, "E142", ("empirical",)),
        ({"empirical": ["5m", 3]}, "E146", ("empirical", 1)),
        ({"empirical": {"values": ["5m"], "weights": [1, 2]}}, "E142", ("empirical", "weights")),
        ({"empirical": {"values": ["5m"], "weights": [0]}}, "E142", ("empirical", "weights")),
        ({"empirical": {"values": ["5m"], "weights": [-1]}}, "E142", ("empirical", "weights", 0)),
        ({"empirical": {"values": ["5m"], "interpolate": "yes"}}, "E112", ("empirical", "interpolate")),
        ({"empirical": {"file": "f.csv"}}, "E111", ("empirical", "column")),
        ({"empirical": {"file": "f.csv", "column": "c", "unit": "hours"}}, "E146", ("empirical", "unit")),
        ({"empirical": {"file": "f.csv", "column": "c", "units": "s"}}, "E106", ("empirical", "units")),
        ({"empirical": {"p50": "5m"}}, "E111", ("empirical", "max")),
        ({"empirical": {"max": "5m"}}, "E111", ("empirical",)),
        ({"empirical": {"p50": "5m", "max": "4m"}}, "E142", ("empirical", "p50")),
        ({"empirical": {"mean": "5m", "max": "4m"}}, "E106", ("empirical", "mean")),
        ({"mixture": []}, "E142", ("mixture",)),
        ({"mixture": [{"lognormal": {"mean": "5m", "cv": 1}}]}, "E111", ("mixture", 0, "weight")),
        ({"mixture": [{"weight": 1}]}, "E142", ("mixture", 0)),
        ({"mixture": [{"weight": 0, "constant": "5m"}]}, "E142", ("mixture",)),
        ({"mixture": [{"weight": 1, "constant": 5}]}, "E146", ("mixture", 0, "constant")),
        ({"mixture": [{"weight": 1, "weibul": {}}]}, "E106", ("mixture", 0, "weibul")),
        ({"mixture": ["5m"]}, "E112", ("mixture", 0)),
    ],
    ids=str,
)
def test_a_wrong_law_is_found_at_its_key(law: object, code: str, end: tuple[str | int, ...]) -> None:
    for place, path in (("workload__0__run", ("workload", 0, "run")), ("world__warm_start", ("world", "warm_start"))):
        problem = only(**{place: law})
        assert (problem.code, problem.path) == (code, (*path, *end))


def test_every_flaw_of_a_mixture_is_found_at_once() -> None:
    parts = [{"weight": -1, "gamma": {"mean": "5m", "cv": 99}}, {"weight": 1, "uniform": {"min": "5s", "max": "1s"}}]
    assert codes(workload__0__run={"mixture": parts}) == ["E142", "E142", "E142"]


def test_a_misspelt_law_has_a_near_match() -> None:
    assert "Did you mean weibull?" in only(workload__0__run={"weibul": {"mean": "5m", "cv": 1}}).hint
    assert "Did you mean p95?" in only(workload__0__run={"gamma": {"p50": "5m", "P95": "6m"}}).hint


def test_a_misspelt_weight_has_a_near_match() -> None:
    problem = only(workload__0__run={"mixture": [{"wieght": 1, "constant": "5m"}]})
    assert (problem.code, problem.value, problem.hint) == ("E111", "wieght", "Did you mean weight?")


def test_mixtures_within_mixtures_have_a_bound() -> None:
    law: Any = "5m"
    for _ in range(9):
        law = {"mixture": [{"weight": 1, **({"constant": law} if isinstance(law, str) else law)}]}
    assert codes(workload__0__run=law) == ["E142"]


@pytest.mark.parametrize("law", ["weibull", "gamma"])
@pytest.mark.parametrize("params", [{"mean": "5m", "cv": 0}, {"p50": "5m", "p95": "5m"}])
def test_a_law_without_spread_is_constant(law: str, params: dict[str, Any]) -> None:
    assert law_of(parse_law({law: params})) == Constant(300_000)


def test_percentiles_may_stand_in_any_order() -> None:
    assert parse_law({"gamma": {"p95": "6m", "p50": "5m"}}) == parse_law({"gamma": {"p50": "5m", "p95": "6m"}})
