"""The burst with one retried and one dependent job against the burst without: one odd job must not slow down the rest.

    python benchmarks/bench_features.py [--arrays 30] [--size 10000] [--pairs 5]

Interleaved, A B A B; prints the median ratio of the times (1.0: the two more jobs cost nothing).
"""

from __future__ import annotations

import argparse
import statistics

from bench_burst import run, scenario


def main() -> None:
    """Measure in pairs, interleaved, and print the median ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arrays", type=int, default=30)
    options.add_argument("--size", type=int, default=10_000)
    options.add_argument("--pairs", type=int, default=5)
    wanted = options.parse_args()
    plain, mixed = (scenario(wanted.arrays, wanted.size, extra=extra) for extra in (False, True))
    ratios = [run(mixed)[0] / run(plain)[0] for _ in range(wanted.pairs)]
    print(f"with one retried and one dependent job: {statistics.median(ratios):.3f} times as long")


if __name__ == "__main__":
    main()
