"""Write scenarios/genomics_trace.csv: a day of a sequencing laboratory, in the shape of a workflow engine's history.

All of it is made up: the mix of processes, their sizes and run times resemble variant calling from short reads, and
are no recording of anybody's. The numbers come from batchsim's own keyed draws, so that every machine writes the same
bytes::

    python scripts/make_genomics_trace.py
    python scripts/make_genomics_trace.py --check    # writes nothing; exit 1 if the file is not what this writes
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from batchsim.engine.laws import Law, Lognormal, Uniform
from batchsim.engine.randomness import Draws

TRACE = Path(__file__).resolve().parent.parent / "scenarios" / "genomics_trace.csv"
HEADER = "submit,process,sample,cpus,memory_gb,container,realtime_s,exit"
DAY = datetime(2026, 3, 10, tzinfo=UTC)
DRAWS = Draws(2026)
FAILURES = 0.01
"""Share of jobs that fail, and are submitted again a minute later."""


@dataclass(frozen=True)
class Process:
    """One step of the pipeline: what it asks for, how long it takes, how many jobs it is split into."""

    name: str
    vcpus: int
    memory_gib: int
    run: Law
    container: str
    jobs: int = 1


def _about(median_min: float, sigma: float) -> Law:
    return Lognormal(median_min * 60_000, sigma)


STEPS: tuple[tuple[Process, ...], ...] = (
    (
        Process("FASTQC", 1, 2, _about(4, 0.4), "fastqc:0.12", 2),
        Process("FASTP", 4, 7, _about(6, 0.3), "fastp:0.23", 2),
    ),
    (Process("BWAMEM2_MEM", 8, 15, _about(22, 0.35), "bwa-mem2:2.2", 4),),
    (Process("SAMTOOLS_SORT", 4, 14, _about(7, 0.3), "samtools:1.20", 4),),
    (Process("GATK_MARKDUPLICATES", 2, 30, _about(24, 0.35), "gatk:4.5"),),
    (Process("GATK_BASERECALIBRATOR", 2, 7, _about(6, 0.3), "gatk:4.5", 8),),
    (Process("GATK_HAPLOTYPECALLER", 2, 7, _about(14, 0.5), "gatk:4.5", 14),),
    (
        Process("BCFTOOLS_STATS", 1, 3, _about(1.5, 0.4), "bcftools:1.20"),
        Process("ENSEMBLVEP", 2, 30, _about(35, 0.3), "vep:112"),
    ),
)
"""Each step begins when the one before it has ended."""

RUNS = ((9, 10, 12), (14, 40, 10), (19, 5, 8))
"""(hour, minute, samples): when the sequencers hand over a run."""


@dataclass(frozen=True)
class Row:
    """One job of the history."""

    submit_ms: int
    process: Process
    sample: str
    run_ms: int
    exit_code: int = 0

    def text(self) -> str:
        """The row as it stands in the file."""
        submit = (DAY + timedelta(milliseconds=self.submit_ms)).isoformat(timespec="seconds").replace("+00:00", "Z")
        made = self.process
        cells = (submit, made.name, self.sample, made.vcpus, made.memory_gib, made.container, self.run_ms // 1000)
        return ",".join(map(str, (*cells, self.exit_code)))


def history() -> list[Row]:
    """The day's jobs by submission."""
    rows: list[Row] = []
    number = 0
    for hour, minute, samples in RUNS:
        for place in range(samples):
            number += 1
            rows += _sample(f"S{number:03d}", ((hour * 60 + minute) * 60 + 20 * place) * 1000)
    return sorted(rows, key=lambda row: row.submit_ms)


def _sample(name: str, start_ms: int) -> Iterator[Row]:
    """All jobs of one sample, step after step, with what its steps waited for in the recorded day."""
    for number, step in enumerate(STEPS):
        ends_ms = [start_ms]
        for process in step:
            for row in _jobs(process, name, start_ms):
                yield row
                ends_ms.append(row.submit_ms + row.run_ms)
        waited_ms = int(_draw(Uniform(20_000, 240_000), f"{name}/wait", number + 1)[number])
        start_ms = max(ends_ms) + waited_ms


def _jobs(process: Process, sample: str, start_ms: int) -> Iterator[Row]:
    """The jobs of one process; one that fails breaks off half-way and is submitted again."""
    run_ms = _draw(process.run, f"{sample}/{process.name}/run", process.jobs)
    fails = DRAWS.stream("exit", f"{sample}/{process.name}").block(0, process.jobs) < FAILURES
    for index, (length_ms, failed) in enumerate(zip(run_ms.tolist(), fails.tolist(), strict=True)):
        submit_ms = start_ms + 1000 * index
        if failed:
            yield Row(submit_ms, process, sample, length_ms // 2, 1)
            submit_ms += length_ms // 2 + 60_000
        yield Row(submit_ms, process, sample, length_ms)


def _draw(law: Law, key: str, count: int) -> np.ndarray:
    return law.of(DRAWS.stream("genomics", key).block(0, count))


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is not up to date")
    text = "\n".join([HEADER, *(row.text() for row in history())]) + "\n"
    if parser.parse_args().check:
        return int(not TRACE.exists() or TRACE.read_text(encoding="utf-8") != text)
    TRACE.write_text(text, encoding="utf-8", newline="\n")
    print(f"written: {TRACE.name}, {text.count(chr(10)) - 1} jobs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
