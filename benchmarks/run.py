"""The benchmarks, each against its floor and the committed baseline (`make bench`).

    python benchmarks/run.py                                              the whole table: an hour
    python benchmarks/run.py burst --jobs 100000 --pairs 5 --cycle 0      one benchmark, one line
    python benchmarks/run.py burst fleet sweep                            some rows; growth:dag is a part of one
    python benchmarks/run.py spot --jobs 100000 --cycle 1 --profile       where the time goes, by function
    python benchmarks/run.py spot --jobs 10000 --cycle 1 --counts         what it costs, counted exactly
    python benchmarks/run.py --write-baseline                             the table, kept in baseline.json

``docs/performance.md`` says how all is measured, and what it came to. Leaves with 1 if a floor is missed.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
from collections.abc import Iterator, Sequence

import baseline
from counting import counted
from measure import own_peak_bytes, records_of
from rows import ROWS, Options
from suite import BENCHMARKS, CYCLES, scenario
from table import Row, head, shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, and print a line for each."""
    wanted = _parser().parse_args(arguments)
    cycles = tuple(_duration(cycle) for cycle in wanted.cycle or CYCLES)
    if wanted.profile or wanted.peak or wanted.counts:
        for name in wanted.rows or BENCHMARKS:
            for cycle in cycles:
                _one_run(name, cycle, wanted)
        return 0
    print(head(), flush=True)
    options = Options(wanted.jobs, cycles, wanted.instances, wanted.pairs)
    known, rows = baseline.read(), []
    for row in _rows(wanted.rows or list(ROWS), options):
        rows.append(row)
        print(shown(row, known.get(row.name)), flush=True)
    if wanted.write_baseline:
        baseline.write(rows)
    missed = [row.name for row in rows if not row.passes]
    print(f"{len(rows) - len(missed)} of {len(rows)} reach their floors" + ("; missed: " if missed else ""), end="")
    print(", ".join(missed))
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rows", nargs="*", metavar="ROW", type=_row, help=f"of {', '.join(ROWS)}; default: all")
    options.add_argument("--jobs", type=int, help="of the benchmarks: about so many, in place of the table's")
    options.add_argument("--cycle", action="append", help="scheduler_cycle in seconds, 0 or 1; default: both in turn")
    options.add_argument("--instances", type=int, help="about so many at once, in place of the file's")
    options.add_argument("--pairs", type=int, default=5, help="of run and yardstick (5)")
    options.add_argument("--write-baseline", action="store_true", help="keep the ratios in benchmarks/baseline.json")
    options.add_argument("--profile", action="store_true", help="print where the time of one run goes instead")
    options.add_argument("--counts", action="store_true", help="print what one run costs, counted exactly, instead")
    options.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    return options


def _row(text: str) -> str:
    if text.partition(":")[0] not in ROWS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(ROWS)}")
    return text


def _duration(cycle: str) -> str:
    return f"{cycle}s" if cycle.isdecimal() else cycle


def _rows(names: Sequence[str], options: Options) -> Iterator[Row]:
    for name in names:
        row, _, part = name.partition(":")
        yield from ROWS[row](options, part)


def _one_run(name: str, cycle: str, wanted: argparse.Namespace) -> None:
    given = scenario(name, wanted.jobs, cycle, wanted.instances)
    if wanted.peak:
        instances = len(records_of(given).instances.type)
        print(own_peak_bytes(), instances)
    elif wanted.counts:
        _print_counts(name, cycle, wanted)
    else:
        profile = cProfile.Profile()
        profile.runcall(records_of, given)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)


def _print_counts(name: str, cycle: str, wanted: argparse.Namespace) -> None:
    found = counted(scenario(name, wanted.jobs, cycle, wanted.instances), lines=True)
    print(f"{name}, scheduler_cycle {cycle}, {found.jobs:,} jobs on {found.instances:,} instances; a job:")
    for what, count in found.a_job().items():
        print(f"  {what:<20}{count:>10,.2f}")
    for function, lines in found.lines.most_common(25):
        print(f"    {function:<58}{lines / found.jobs:>10,.2f}")


if __name__ == "__main__":
    sys.exit(main())
