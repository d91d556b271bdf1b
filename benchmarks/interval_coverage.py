"""How often intervals hold the truth: of known laws, and of the exact wait in M/M/4 by whole experiments.

    python benchmarks/interval_coverage.py laws [--experiments 4000]
    python benchmarks/interval_coverage.py queue [--experiments 1000] [--load 0.8] [--jobs 2000] [--replications 20]
    python benchmarks/interval_coverage.py queue --first 501 --experiments 500      the second half, beside the first

``laws``: samples of known laws, Student's t beside the BCa bootstrap and what batchsim chooses of the two; Wilson's
interval of proportions beside the textbook's. ``queue``: ``batchsim.replicate`` with seeds 1, 2, 3 ..., each run a
warm-up of an hour and so many jobs more or less, and whether the interval of ``steady_wait_mean_s`` holds Erlang's
value. Of 1,000 experiments a share is off by 0.7 points (one standard error) by chance alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from batchsim import replicate
from batchsim.experiments.intervals import bootstrap, proportion, spread_of
from batchsim.experiments.paired import Floats, spread
from batchsim.selftest import stage
from batchsim.selftest.cases.queueing import pool
from batchsim.selftest.formulas.queues import erlang_c
from batchsim.spec import parse

LEVEL = 0.95
SIZES = (10, 30, 100)
LAWS: dict[str, tuple[Callable[[np.random.Generator, int], Floats], float]] = {
    "normal": (lambda rng, n: rng.normal(10, 2, n), 10.0),
    "exponential": (lambda rng, n: rng.exponential(1, n), 1.0),
    "lognormal, cv 1": (lambda rng, n: rng.lognormal(0, np.sqrt(np.log(2)), n), float(np.sqrt(2))),
}


def laws(experiments: int) -> None:
    """Print the share of the intervals of the mean that hold it, in percent."""
    for name, (draw, truth) in LAWS.items():
        for size in SIZES:
            held = np.zeros(3)
            for number in range(experiments):
                rng = np.random.default_rng([number, size])
                values = draw(rng, size)
                found = (
                    spread(values, LEVEL).mean, bootstrap(values, LEVEL, rng),
                    spread_of("cost_usd", values, LEVEL, number).mean,
                )  # fmt: skip
                held += [each.low <= truth <= each.high for each in found]
            told = " ".join(f"{100 * share:6.1f}" for share in held / experiments)
            print(f"{name:16} n={size:<4} t, bca, chosen: {told}", flush=True)


def proportions() -> None:
    """Print the exact coverage of Wilson's interval and of the textbook's p ± 1.96 sqrt(p(1-p)/n)."""
    from scipy.stats import binom

    for size in SIZES:
        for truth in (0.5, 0.9, 0.99):
            met = np.arange(size + 1)
            shares = met / size
            half = 1.959964 * np.sqrt(shares * (1 - shares) / size)
            wilson = [proportion(int(each), size, LEVEL) for each in met]
            weights = binom.pmf(met, size, truth)
            inside = np.array([each.low <= truth <= each.high for each in wilson])
            plain = (shares - half <= truth) & (truth <= shares + half)
            print(
                f"p={truth:<5} n={size:<4} Wilson {100 * weights @ inside:5.1f}, textbook {100 * weights @ plain:5.1f}"
            )


def queue(first: int, experiments: int, load: float, jobs: int, replications: int) -> None:
    """Print the share of the experiments whose interval holds the exact mean wait."""
    rate = load * 4 / 60
    at = {"poisson": stage.per_day(rate), "for": stage.seconds(3_600 + jobs / rate)}
    until = stage.seconds(2 * 3_600 + jobs / rate)  # an hour more: every job that came has ended
    settings = {"until": until, "warmup": "1h"}
    work = stage.entry("job", {"exponential": {"mean": "60s"}}, at=at)
    scenario = parse(pool("M/M/4", 4, [work], simulation=settings))
    exact_s = erlang_c(4, 4 * load) * 60 / (4 * (1 - load))
    held, means = 0, []
    for done, seed in enumerate(range(first, first + experiments), 1):
        found = replicate(scenario, metrics=["wait_mean_s"], replications=replications, seed=seed)
        row = found.table.loc["steady_wait_mean_s"]
        held += row["mean_low"] <= exact_s <= row["mean_high"]
        means.append(row["mean"])
        if done % 20 == 0 or done == experiments:
            told = f"{held} of {done} experiments ({100 * held / done:.1f} %) hold {exact_s:.3f} s"
            print(f"{told}; mean of the means {np.mean(means):.3f} s", flush=True)


def main() -> None:
    """Read the command line, and do what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("laws", "queue"))
    parser.add_argument("--experiments", type=int)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--load", type=float, default=0.8)
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--replications", type=int, default=20)
    asked = parser.parse_args()
    if asked.what == "laws":
        laws(asked.experiments or 4_000)
        proportions()
    else:
        queue(asked.first, asked.experiments or 1_000, asked.load, asked.jobs, asked.replications)


if __name__ == "__main__":
    main()
