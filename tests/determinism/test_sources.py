"""The source leaves nothing to chance, the clock, the process or the file system, but for what was looked at.

``LOOKED_AT`` is the list of exceptions with the reason of each: a new one has to be argued for here, and one that is
gone has to go from here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.determinism.sources import finds

ROOT = Path(__file__).resolve().parents[2]

DRAWS_A_SEED = "the seed of a run that was given none: it is printed, and written into the result"
TELLS_A_LOST_PROCESS = "how long a process may be silent until its run is given up, which is an error and no result"
WAITS_FOR_A_PROCESS = "between looks at what another process has claimed of the same study; runs are the same"
ASKS_FOR_A_SIZE = "how long ago a cluster was asked how many workers it has; runs are the same, whoever makes them"
SHOWS_A_DATE = "when a study was begun, in the list of studies alone"
RESAMPLES = "resamples of a bootstrap interval, from a stream keyed by the seed: of replications, never within a run"
WAITS_FOR_A_SERVER = "between tries to reach a storage that another process is about to make"
SHOWS_A_PERSON = "how long a run takes, on the terminal of who watches; the view only reads"
LOOKED_AT: dict[tuple[str, str, str], str] = {
    ("prepared.py", "dice", "os.urandom"): DRAWS_A_SEED,
    ("experiments/replications.py", "dice", "os.urandom"): DRAWS_A_SEED,
    ("cli/scenarios.py", "dice", "import secrets"): DRAWS_A_SEED,
    ("analysis/fair_share.py", "set", "set(records.shares.queue)"): "makes a mapping that is only looked up",
    ("engine/workload/expand.py", "set", "set(asked)"): "makes a mapping that is only looked up",
    ("spec/effective.py", "set", "platforms"): "the one element of a set of one",
    ("engine/workload/cron.py", "set", "_DAY.values(term)"): "days, of which the caller makes a set again",
    ("engine/workload/cron.py", "set", "_WEEKDAY.values(term)"): "days, of which the caller makes a set again",
    ("engine/ec2_offers.py", "hash", "id(offers)"): "the key of what was found for these very offers, which it keeps",
    ("crew.py", "clock", "import time"): TELLS_A_LOST_PROCESS,
    ("crew.py", "clock", "time.monotonic"): TELLS_A_LOST_PROCESS,
    ("cli/live.py", "clock", "import time"): SHOWS_A_PERSON,
    ("cli/sweep_progress.py", "clock", "import time"): SHOWS_A_PERSON,
    ("cli/sweep_progress.py", "clock", "time.monotonic"): SHOWS_A_PERSON,
    ("experiments/study_runs.py", "clock", "import time"): WAITS_FOR_A_PROCESS,
    ("experiments/elsewhere.py", "clock", "import time"): TELLS_A_LOST_PROCESS,
    ("experiments/elsewhere.py", "clock", "time.monotonic"): TELLS_A_LOST_PROCESS,
    ("experiments/errand.py", "clock", "import time"): TELLS_A_LOST_PROCESS,
    ("experiments/errand.py", "clock", "time.monotonic"): TELLS_A_LOST_PROCESS,
    ("experiments/time_limit.py", "clock", "import time"): TELLS_A_LOST_PROCESS,
    ("experiments/dask_cluster.py", "clock", "import time"): ASKS_FOR_A_SIZE,
    ("experiments/dask_cluster.py", "clock", "time.monotonic"): ASKS_FOR_A_SIZE,
    ("experiments/intervals.py", "dice", "from numpy.random import Generator"): RESAMPLES,
    ("experiments/intervals.py", "dice", "np.random"): RESAMPLES,
    ("experiments/optimising/proposals.py", "clock", "import time"): WAITS_FOR_A_SERVER,
    ("cli/optimise_progress.py", "clock", "import time"): SHOWS_A_PERSON,
    ("cli/optimise_progress.py", "clock", "time.monotonic"): SHOWS_A_PERSON,
    ("experiments/store.py", "clock", "datetime.now"): SHOWS_A_DATE,
    ("cli/live.py", "clock", "time.monotonic"): SHOWS_A_PERSON,
}
NOT_OF_A_RUN = ("fuzz/", "selftest/", "cli/fuzz.py", "cli/fuzz_progress.py", "cli/selftest.py")
"""Commands that test batchsim: they draw scenarios and measure time, and write no results."""


@cache
def found() -> set[tuple[str, str, str]]:
    package = ROOT / "batchsim"
    return {
        (name, find.kind, find.text)
        for path in sorted(package.rglob("*.py"))
        if not (name := path.relative_to(package).as_posix()).startswith(NOT_OF_A_RUN)
        for find in finds(path.read_text(encoding="utf-8"))
    }


def test_every_find_in_the_source_was_looked_at() -> None:
    assert sorted(found() - LOOKED_AT.keys()) == []


def test_no_exception_is_left_over() -> None:
    assert sorted(LOOKED_AT.keys() - found()) == []


PLANTED = {
    "import random": "dice",
    "from random import choice": "dice",
    "import numpy.random": "dice",
    "from numpy.random import default_rng": "dice",
    "from numpy import random": "dice",
    "x = np.random.default_rng(3).normal()": "dice",
    "x = os.urandom(4)": "dice",
    "x = uuid.uuid4()": "dice",
    "import time": "clock",
    "x = datetime.now()": "clock",
    "x = date.today()": "clock",
    "x = hash(name) % 7": "hash",
    "rows.sort(key=lambda row: id(row))": "hash",
    "for name in os.listdir(folder): pass": "folder",
    "x = [path for path in folder.iterdir()]": "folder",
    "x = list(folder.rglob('*.csv'))": "folder",
    "for x in {1, 2}: pass": "set",
    "for x in set(names): pass": "set",
    "y = {a for a in b}\nx = list(y)": "set",
    "x = [*frozenset(a)]": "set",
    "x = ','.join({str(a) for a in b})": "set",
    "seen: set[int] = make()\nx = next(iter(seen))": "set",
    "class A:\n def __init__(self):\n  self.a = set()\n def f(self):\n  return [x for x in self.a]": "set",
    "def f(a: frozenset[int]):\n    return {x: 0 for x in a}": "set",
    "def f() -> set[int]: ...\nfor x in f(): pass": "set",
    "x = min({1, 2}, key=f)": "set",
    "a = set()\nx = a.pop()": "set",
    "x = sum({0.1, 0.2} | other)": "set",
}
HARMLESS = (
    "x = sorted(os.listdir(folder))",
    "x = sorted(path.name for path in folder.iterdir())",
    "for x in sorted({1, 2}): pass",
    "x = len({a for a in b})",
    "x = 3 in set(names)",
    "x = {f(a) for a in {1, 2}}",
    "x = max(set(names))",
    "x = max({1, 2}, default=0)",
    "x = any(a > 1 for a in {1, 2})",
    "for x in {'a': 1}: pass",
    "a.hash(3)",
    "x = job.id",
    "x = timedelta(3)",
)


@pytest.mark.parametrize("source", PLANTED)
def test_a_planted_one_is_found(source: str) -> None:
    assert PLANTED[source] in {find.kind for find in finds(source)}


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_harmless_is_not(source: str) -> None:
    assert finds(source) == []
