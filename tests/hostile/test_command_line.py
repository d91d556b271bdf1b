"""Wrong command lines (B49, B83): the usage, what is wrong with what, the near option, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from effort import patience
from hostile.rows.answer import ask
from hostile.surroundings import desk_of

WRONG = [
    ("run", (), "SCENARIO"),
    ("run", ("s.yaml", "--sed", "1"), "--seed"),
    ("run", ("s.yaml", "--otu", "x"), "--out"),
    ("run", ("s.yaml", "--formt", "json"), "--format"),
    ("run", ("s.yaml", "--seed"), "--seed"),
    ("run", ("s.yaml", "--seed", "one"), "--seed"),
    ("run", ("s.yaml", "--seed", "-1"), "--seed"),
    ("run", ("s.yaml", "--seed", "1.5"), "--seed"),
    ("run", ("s.yaml", "--seed", "9" * 5000), "--seed"),
    ("run", ("s.yaml", "--seed", str(2**128)), "E152"),
    ("run", ("s.yaml", "--format", "xml"), "xml"),
    ("run", ("s.yaml", "--tables", "xlsx", "--out", "x"), "xlsx"),
    ("run", ("s.yaml", "--force"), "--out DIR"),
    ("run", ("s.yaml", "--events"), "--out DIR"),
    ("run", ("s.yaml", "more.yaml"), "more.yaml"),
    ("run", ("s.yaml", "--set", "nothing"), "PATH=VALUE"),
    ("run", ("s.yaml", "--set", "=5"), "PATH=VALUE"),
    ("run", ("s.yaml", "--set", "spot.maxvCpu=5"), "Did you mean"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus={"), "E102"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus=[1, 2"), "E102"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus=&a [*a]"), "E1"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus=" + "[" * 100_000), "E108"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus=" + "9" * 5000), "E137"),
    ("run", ("s.yaml", "--set", "spot.maxvCpus=\x1b[31m"), "E137"),
    ("run", ("s.yaml", "--set", "simulation.seed=-1"), "E152"),
    ("compare", (), "SCENARIO"),
    ("compare", ("s.yaml",), "two scenarios"),
    ("compare", ("s.yaml", "s.yaml", "--replications", "0"), "--replications"),
    ("compare", ("s.yaml", "s.yaml", "--replications", "-1"), "--replications"),
    ("compare", ("s.yaml", "s.yaml", "--replications", "many"), "--replications"),
    ("compare", ("s.yaml", "s.yaml", "--replications", "1000000000000"), "replications"),
    ("compare", ("s.yaml", "s.yaml", "--workers", "0"), "--workers"),
    ("compare", ("s.yaml", "s.yaml", "--workers", "1000000"), "workers"),
    ("compare", ("s.yaml", "s.yaml", "--metric", "cost_us"), "Did you mean cost_usd?"),
    ("compare", ("s.yaml", "s.yaml", "--fail-if", "cost_usd"), "--fail-if"),
    ("compare", ("s.yaml", "s.yaml", "--fail-if", "cost_usd > 9" + "9" * 5000 + "%"), "--fail-if"),
    ("compare", ("s.yaml", "s.yaml", "--fail-if", "cost > 5"), "cost"),
    ("compare", ("s.yaml", "s.yaml", "--replications", "1", "--fail-basis", "interval", "--fail-if", "cost_usd > 5"),
     "two replications"),
    ("compare", ("s.yaml", "--variant", "big"), "--variant"),
    ("compare", ("s.yaml", "--variant", ": x=1"), "--variant"),
    ("compare", ("s.yaml", "--variant", "a: b=1", "--variant", "a: b=2"), "two variants"),
    ("compare", ("s.yaml", "s.yaml", "--baseline", "nobody"), "no variant"),
    ("compare", ("s.yaml", "s.yaml", "--run-limit", "soon"), "--run-limit"),
    ("compare", ("s.yaml", "s.yaml", "--run-limit", "1ms"), "--run-limit"),
    ("compare", ("s.yaml", "s.yaml", "--run-limit", "10"), "10s"),
    ("validate", ("s.yaml", "--out", "x"), "--out"),
    ("validate", ("--", "--help"), "E100"),
    ("check", (), "DIR"),
    ("chekc", ("out",), "check"),
    ("schema", ("x",), "x"),
    ("", ("--versoin",), "--version"),
    ("\x1b[31m", (), "\\x1b[31m"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words", "told"), WRONG, ids=[f"{c} {' '.join(w)}"[:50] for c, w, _ in WRONG])
def test_it_is_refused_with_what_would_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(desk_of(tmp_path))
    answer = ask(*filter(None, [command]), *words)
    assert (answer.code, answer.out) == (4 if told == "E100" else 2, "")
    assert told in " ".join(answer.err.split()), answer.err
    assert answer.err.isprintable() or answer.err.replace("\n", "").isprintable()
    assert len(answer.err) < 3_000
    assert answer.cpu_s < patience(2)
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]
